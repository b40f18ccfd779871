"""The story of a price: it is watched, it falls while nobody looks, the channel hears of it."""

from __future__ import annotations

import json

from aiohttp import web

HOUR = 3_600


async def test_a_watched_price_that_falls_is_told_across_a_restart(discord, start_host):
    guild = discord.create_guild("Market")
    deals = guild.create_text_channel("deals")
    mod = guild.add_member("mod", roles=[guild.create_role("Mods", ["manage_messages"])])
    price = "49.90"

    async def page(_: web.Request) -> web.Response:
        offer = {"@type": "Offer", "price": price, "priceCurrency": "EUR"}
        data = json.dumps({"@type": "Product", "name": "Brass lamp", "offers": offer})
        return web.Response(
            text=f'<script type="application/ld+json">{data}</script>', content_type="text/html"
        )

    shop = web.Application()
    shop.router.add_get("/lamp", page)
    runner = web.AppRunner(shop, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/lamp"
        host = await start_host("redeye", host={"http_allow": ["127.0.0.0/8"]})

        assert "49.90 EUR" in (await mod.slash(deals, "watch add", url=url)).text
        await discord.advance(HOUR)
        assert deals.messages == []

        price = "39.90"
        await start_host.restart(host)
        await discord.advance(HOUR)
        (alert,) = deals.messages
        assert "Price drop: Brass lamp" in alert.text
        assert "49.90 EUR" in alert.text
        assert "39.90 EUR" in alert.text
        assert alert.embeds[0]["url"] == url
        assert "39.90 EUR" in (await mod.slash(deals, "watch list")).text
    finally:
        await runner.cleanup()

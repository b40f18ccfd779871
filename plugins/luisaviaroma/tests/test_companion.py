"""With redeye and without it."""

from __future__ import annotations

import pytest

pytest.importorskip("chandelier_redeye", reason="redeye is not installed: pip install chandelier-redeye")


async def test_without_redeye_it_works_and_says_so(start_host, market):
    host = await start_host("luisaviaroma")
    await market.mod.react(await market.find(), "🔗")

    assert "80I-GLN001" in (await market.listed()).text
    health = await host.lifecycle.records["luisaviaroma"].plugin.chandelier_health()
    assert health.level == "ok"
    assert "redeye does not run" in health.lines[0]


async def test_with_redeye_links_to_one_product_are_one_watch(start_host, market):
    host = await start_host("luisaviaroma", "redeye")
    health = await host.lifecycle.records["luisaviaroma"].plugin.chandelier_health()
    assert health.lines == ()

    from chandelier_redeye.addresses import identify, page_of

    redeye = host.lifecycle.records["redeye"].plugin
    adapters = await redeye.ctx.hooks.call("redeye_store_adapters")
    links = [
        "https://www.luisaviaroma.com/en-it/p/golden-lantern/men/80I-GLN001?lvrid=_p",
        "http://luisaviaroma.com/en-it/p/golden-lantern/men/80I-GLN001/#sizes",
    ]
    (page,) = {identify(page_of(link), adapters) for link in links}
    assert (page.shop, page.product_id, page.name) == ("LUISAVIAROMA", "80I-GLN001", "Golden Lantern")


async def test_redeyes_own_alerts_are_no_finds(discord, start_host, market, embed):
    await start_host("luisaviaroma", "redeye")
    alert = market.monitor.post(market.guild.bot_member, embeds=[embed()])
    await discord.settle()

    assert alert.reactions == {}


async def test_redeye_may_come_and_go(start_host, market):
    host = await start_host("luisaviaroma", "redeye")
    plugin = host.lifecycle.records["luisaviaroma"].plugin

    await host.disable("redeye")
    assert len((await plugin.chandelier_health()).lines) == 1
    await host.enable("redeye")
    assert (await plugin.chandelier_health()).lines == ()
    await host.reload("luisaviaroma")
    plugin = host.lifecycle.records["luisaviaroma"].plugin
    assert (await plugin.chandelier_health()).lines == ()

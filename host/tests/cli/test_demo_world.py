"""The demo's server and shop, before any bot: what is there, what goes on, and what is for sale."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest

from chandelier.demo.goods import FINDS
from chandelier.demo.life import FIND_SECONDS, live
from chandelier.demo.shop import Shop
from chandelier.demo.world import build
from loopcord import ActError, LocalDiscord


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with Shop() as shop:
        yield shop


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def read(browser: aiohttp.ClientSession, url: str) -> str:
    async with browser.get(url) as response:
        assert response.status == 200
        return await response.text()


def offer(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])["offers"]


async def test_a_changed_price_stands_in_the_json_ld(shop: Shop, browser: aiohttp.ClientSession) -> None:
    assert offer(await read(browser, shop.product_url("lamp")))["price"] == "49.90"

    async with browser.post(shop.product_url("lamp") + "/price", data={"price": "39,9"}) as response:
        assert response.status == 200
        assert str(response.url) == shop.url

    lamp = offer(await read(browser, shop.product_url("lamp")))
    assert (lamp["price"], lamp["priceCurrency"]) == ("39.90", "EUR")


@pytest.mark.parametrize("price", ["", "cheap", "-1", "0", "NaN", "Infinity", "1e9"])
async def test_a_price_that_is_none_is_refused(
    price: str, shop: Shop, browser: aiohttp.ClientSession
) -> None:
    async with browser.post(shop.product_url("lamp") + "/price", data={"price": price}) as response:
        assert response.status == 400

    assert offer(await read(browser, shop.product_url("lamp")))["price"] == "49.90"


async def test_another_site_cannot_change_prices(shop: Shop, browser: aiohttp.ClientSession) -> None:
    async with browser.post(
        shop.product_url("lamp") + "/price",
        data={"price": "1"},
        headers={"Origin": "https://evil.example"},
    ) as response:
        assert response.status == 403

    assert offer(await read(browser, shop.product_url("lamp")))["price"] == "49.90"


async def test_only_moderators_see_the_mod_log(discord: LocalDiscord) -> None:
    market = build(discord)

    assert "view_channel" in market.mod.permissions_in(market.mod_log)
    assert "view_channel" not in market.alice.permissions_in(market.mod_log)
    bot = market.guild.bot_member
    for channel in (market.mod_log, market.forwarded, market.general):
        assert {"view_channel", "send_messages", "embed_links"} <= set(bot.permissions_in(channel))
    with pytest.raises(ActError):
        await market.alice.send(market.mod_log, "hello?")


async def test_the_bot_stands_above_moderators_and_they_above_everybody_else(discord: LocalDiscord) -> None:
    market = build(discord)

    order = [role.name for role in market.guild.roles]

    assert order[:4] == ["@everyone", "Regulars", "Bots", "Mods"]
    assert market.guild.roles[-1] == market.guild.bot_role


async def test_the_monitor_posts_every_find_in_turn_and_people_talk(discord: LocalDiscord) -> None:
    market = build(discord)
    talk_before = len(market.general.messages)
    life = asyncio.create_task(live(market, discord.clock, random.Random(7)))  # noqa: S311
    await discord.advance(FIND_SECONDS * (len(FINDS) - 1))

    finds = market.monitor.messages
    assert {message.embeds[0]["url"] for message in finds} == {find.url for find in FINDS}
    assert {message.author_id for message in finds} == {market.monitor_bot.id}
    assert len(market.general.messages) > talk_before

    life.cancel()
    await asyncio.gather(life, return_exceptions=True)

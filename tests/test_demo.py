"""The demo's promise: the five things that it tells its visitors to try work, in the order of its story.

It runs as visitors see it, on real time; nothing here sleeps, everything waits for what should happen.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from chandelier.cli.installed import Installed
from chandelier.demo import Demo
from chandelier.demo.goods import FINDS
from chandelier.demo.life import find_embed
from loopcord import Message

PATIENCE = 180.0
"""Real seconds that something may take on a busy machine; the shop is looked at every ten."""


@pytest.fixture
async def demo() -> AsyncIterator[Demo]:
    async with Demo(Installed().schemas()) as demo:
        await demo.ready(PATIENCE)
        yield demo


@pytest.fixture
def happens(demo: Demo) -> Callable[[Callable[[], bool]], object]:
    async def happens(what: Callable[[], bool]) -> None:
        assert await demo.discord.until(what, patience=PATIENCE), demo.discord.transcript(40)

    return happens


async def test_a_warning_becomes_a_case(demo: Demo, happens) -> None:
    market = demo.market

    asked = await market.mod.slash(market.general, "warn", member=market.bob, reason="too many candles")
    warned = await asked.answered(patience=PATIENCE)
    await happens(lambda: any("too many candles" in message.text for message in market.mod_log.messages))

    assert "Case #1" in warned.text
    case = await market.mod.slash(market.general, "case view", number=1)
    assert "too many candles" in (await case.answered(patience=PATIENCE)).text
    history = await market.mod.slash(market.general, "history", member=market.bob)
    assert "1 case" in (await history.answered(patience=PATIENCE)).text


async def test_a_forbidden_word_goes_and_the_log_says_why(demo: Demo, happens) -> None:
    market = demo.market

    said = await market.alice.send(market.general, "who wants free nitro?")

    await happens(lambda: said.deleted)
    await happens(lambda: any("free nitro" in message.text for message in market.mod_log.messages))


async def test_an_arrow_forwards_once_and_only_a_moderators(demo: Demo, happens) -> None:
    market = demo.market
    bees, crystals = market.deals.messages

    await market.alice.react(crystals, "➡️")
    await market.mod.react(bees, "➡️")
    await happens(lambda: bool(market.forwarded.messages))
    assert _forwarded(market.forwarded.messages) == [bees.content]

    await market.mod.unreact(bees, "➡️")
    await market.mod.react(bees, "➡️")
    await market.mod.react(crystals, "➡️")
    await happens(lambda: crystals.content in _forwarded(market.forwarded.messages))

    assert _forwarded(market.forwarded.messages) == [bees.content, crystals.content]


async def test_a_changed_price_in_the_shop_is_told(demo: Demo, happens) -> None:
    market, lamp = demo.market, demo.shop.product_url("lamp")

    def from_the_bot() -> list[Message]:
        return [message for message in market.general.messages if message.author_id == demo.discord.bot.id]

    watching = await market.mod.slash(market.general, "watch add", url=lamp)
    await happens(lambda: "49.90" in watching.text)
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(f"{lamp}/price", data={"price": "39.90"}) as answer,
    ):
        assert answer.status == 200

    await happens(lambda: any("39.90" in message.text for message in from_the_bot()))


async def test_a_moderators_link_keeps_a_find(demo: Demo, happens) -> None:
    market = demo.market
    find = market.monitor.post(market.monitor_bot, embeds=[find_embed(FINDS[0])])
    await happens(lambda: "🔗" in find.reactions)

    await market.mod.react(find, "🔗")
    await happens(lambda: "✅" in find.reactions)

    listed = await market.mod.slash(market.general, "luisaviaroma list")
    assert FINDS[0].code in (await listed.answered(patience=PATIENCE)).text


async def test_the_programme_names_what_is_there(demo: Demo) -> None:
    said = "\n".join(demo.programme)

    assert len(demo.programme) == 5
    for name in ("warn", "case", "history", "watch", "luisaviaroma"):
        assert name in demo.command_names()
        assert f"/{name}" in said
    assert all(line in demo.market.welcome.last.content for line in demo.programme)
    await demo.see_page()


def _forwarded(messages: list[Message]) -> list[str]:
    return [message.forwarded["content"] for message in messages if message.forwarded is not None]

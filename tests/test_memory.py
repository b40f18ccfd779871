"""Memory stays flat: 200,000 events through every plugin leave nothing behind."""

from __future__ import annotations

import asyncio
import copy
import gc
import sys
from collections import Counter
from typing import Any

import attrs
import hikari
import pytest

from chandelier import Loader
from chandelier.routing.events import EventRouter

pytestmark = pytest.mark.endurance

WARM_UP = 20_000
MEASURED = 100_000
ROUND = 2000
PEOPLE = 300
"""Fewer than some caches keep, so that they are full after the warm-up."""
GROWTH = 0.02
"""Objects and blocks of memory per event that pass for noise; one leaked event would be dozens."""


@attrs.frozen
class Memory:
    """What is alive: blocks that Python has allocated, and the objects that the collector knows, by type."""

    blocks: int
    objects: Counter[str]

    @classmethod
    def now(cls) -> Memory:
        for _ in range(3):
            gc.collect()
        return cls(sys.getallocatedblocks(), Counter(type(each).__qualname__ for each in gc.get_objects()))


async def capture(monkeypatch: pytest.MonkeyPatch, act: Any) -> dict[str, Any]:
    """The payloads that reach the router while somebody acts."""
    seen: dict[str, Any] = {}
    consume = EventRouter.consume_raw_event

    def witness(self: EventRouter, name: str, shard: Any, payload: Any) -> None:
        seen[name] = copy.deepcopy(payload)
        consume(self, name, shard, payload)

    with monkeypatch.context() as patch:
        patch.setattr(EventRouter, "consume_raw_event", witness)
        await act()
    return seen


async def test_two_hundred_thousand_events_leave_nothing_behind(discord, start_host, monkeypatch) -> None:
    market = discord.create_guild("Market")
    general, board = market.create_text_channel("general"), market.create_text_channel("board")
    mods, alice = market.create_role("Mods"), market.add_member("alice")
    host = await start_host(
        "moderation",
        "reactions",
        "redeye",
        "luisaviaroma",
        config={
            "moderation": {"version": 2, "words": [f"forbidden{number}" for number in range(50)]},
            "reactions": {"version": 2, "channel": board.id, "roles": [mods.id]},
        },
        host={"log_level": "ERROR"},
    )

    handled = 0
    loader = Loader()

    @loader.listener(hikari.GuildMessageCreateEvent, when=lambda payload: payload["id"].endswith("0"))
    @loader.listener(hikari.GuildReactionAddEvent, when=lambda payload: payload["message_id"].endswith("0"))
    async def handle(event: hikari.Event) -> None:
        """Goes the whole way: a model, a task with a time limit, and a handler that waits."""
        nonlocal handled
        await asyncio.sleep(0)
        handled += 1

    await host.binder.bind("core", [loader], host.lifecycle.records["core"].ledger)

    async def act() -> None:
        message = await alice.send(general, "hello")
        await alice.react(message, "👍")
        await alice.edit(message, "hello again")

    payloads = await capture(monkeypatch, act)
    shard = next(iter(host.bot.shards.values()))
    names = ["MESSAGE_CREATE", "MESSAGE_REACTION_ADD", "MESSAGE_UPDATE"]
    assert payloads.keys() >= set(names)
    fed = 0

    async def feed(count: int) -> None:
        nonlocal fed
        for _ in range(count // ROUND):
            for _ in range(ROUND):
                fed += 1
                name = names[fed % 3]
                shape, person = payloads[name], str(10**17 + fed % PEOPLE)
                number = str(10**18 + fed)
                if name == "MESSAGE_REACTION_ADD":
                    event = shape | {"message_id": number, "user_id": person}
                else:
                    author = shape["author"] | {"id": person}
                    event = shape | {"id": number, "author": author, "content": f"what {fed} costs"}
                host.bot.router.consume_raw_event(name, shard, event)
            await asyncio.sleep(0)
            await host.containment.idle()
            await discord.advance(60)

    await feed(WARM_UP)
    before = Memory.now()
    for _ in range(2):
        await feed(MEASURED)
        after = Memory.now()
        grown = (after.objects - before.objects).most_common(10)
        limit = GROWTH * MEASURED
        assert after.blocks - before.blocks < limit, f"blocks grew: {after.blocks - before.blocks}, {grown}"
        assert sum((after.objects - before.objects).values()) < limit, f"objects grew: {grown}"
        before = after
    assert fed >= 200_000
    assert handled > fed / 20

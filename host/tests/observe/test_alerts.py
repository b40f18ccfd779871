"""The owner is told when something needs them: once per cause, not at every wobble, and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from chandelier.observe.alerts import Alerts, Reading
from loopcord import VirtualClock

MINUTE = 60.0


class Watched:
    """A number that the test sets, and what was told about it."""

    def __init__(self, *, cooldown: float = 600) -> None:
        self.clock = VirtualClock()
        self.told: list[str] = []
        self.readings: Sequence[Reading] = ()
        self.alerts = Alerts(self.clock, self.read, self.tell, every=MINUTE, cooldown=cooldown)

    async def read(self) -> Sequence[Reading]:
        return self.readings

    async def tell(self, text: str) -> None:
        self.told.append(text)

    async def goes(self, *values: float) -> list[str]:
        """Look at each value, a minute apart; answers with what was told meanwhile."""
        before = len(self.told)
        for value in values:
            self.readings = [Reading.of("memory", value, 1000, "MB", "Do something.")]
            await self.alerts.look()
            self.clock.advance(MINUTE)
        return self.told[before:]


RAISED = "⚠️ memory is at 1200 MB; the limit is 1000 MB. Do something."
OVER = "✅ Well again: memory is at 700 MB; the limit is 1000 MB."


async def test_one_wobble_is_no_alert_and_what_lasts_is_told_once() -> None:
    watched = Watched()

    assert await watched.goes(500, 1200, 500, 1200) == []
    assert await watched.goes(1200, 1300, 1200, 1200) == [RAISED]
    assert watched.alerts.active == ["memory"]


async def test_near_the_limit_nothing_flaps() -> None:
    watched = Watched()
    assert await watched.goes(1200, 1200) == [RAISED]

    assert await watched.goes(990, 1010, 950, 990, 1010, 1010) == []
    assert await watched.goes(700, 950, 700) == [], "one good look is not enough"
    assert await watched.goes(700) == [OVER]
    assert watched.alerts.active == []


async def test_the_same_cause_is_told_again_only_after_the_cooldown() -> None:
    watched = Watched(cooldown=10 * MINUTE)
    assert await watched.goes(1200, 1200, 700, 700) == [RAISED, OVER]

    assert await watched.goes(1200, 1200, 700, 700) == [], "neither the alert nor its end"
    assert await watched.goes(1200, 1200) == [], "nine minutes after it was told"
    assert await watched.goes(1200, 1200) == [RAISED]


async def test_a_cause_that_is_gone_is_over() -> None:
    watched = Watched()
    watched.readings = [
        Reading(cause="plugin redeye", bad=True, well=False, now="it rests", do="", at_once=True)
    ]
    await watched.alerts.look()
    watched.readings = []
    await watched.alerts.look()

    assert watched.told == ["⚠️ it rests.", "✅ Well again: plugin redeye: it is over."]


# ---- a running host


ALERTS = {
    "memory_mb": 1_000_000,
    "cpu_percent": 10_000,
    "loop_lag_ms": 600_000,
    "latency_ms": 600_000,
    "disk_free_mb": 1,
    "errors_per_minute": 3,
}
BROKEN = """
@loader.command
class Fail(lightbulb.SlashCommand, name="fail", description="Fail"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        raise KeyError("it")

@loader.timer("later")
async def on_later(timer: chandelier.Timer) -> None:
    pass
"""


@pytest.fixture
async def market(discord, start_host, install) -> Any:
    """A market whose owner, olivia, owns the bot, and where a plugin fails at every call."""
    install("broken", BROKEN)
    guild = discord.create_guild("Market")
    general, olivia = guild.create_text_channel("general"), guild.add_member("olivia")
    host = await start_host("broken", host={"owner_ids": [olivia.id], "alerts": ALERTS})
    return host, general, olivia


def said_to(discord: Any, person: Any) -> list[str]:
    """What the bot has written into direct messages."""
    sent = [
        request
        for request in discord.requests
        if request.method == "POST" and request.path.endswith("/messages")
    ]
    return [request.body["content"] for request in sent]


async def test_the_owner_gets_a_message_and_another_when_it_is_over(market, discord) -> None:
    host, general, olivia = market
    for _ in range(3):
        await olivia.slash(general, "fail")
    await host.observatory.alerts.look()
    await discord.advance(5)

    await host.observatory.alerts.look()
    await discord.settle()
    assert said_to(discord, olivia) == [
        "⚠️ failures is at 3 a minute; the limit is 3 a minute. "
        "`chandelier status` and `chandelier logs` say more."
    ]
    assert host.observatory.alerts.active == ["failures"]

    await discord.advance(timedelta(minutes=4).total_seconds())
    assert said_to(discord, olivia)[1:] == [
        "✅ Well again: failures is at 0 a minute; the limit is 3 a minute."
    ]


async def test_a_quarantined_plugin_is_told_at_once_though_the_database_is_away(
    market, discord, monkeypatch
) -> None:
    host, *_ = market

    await host.lifecycle.give_up(host.lifecycle.records["broken"], RuntimeError("cannot go on"))
    monkeypatch.setattr(host.outbox, "outbox", no_database)
    await host.observatory.alerts.look()

    [told] = said_to(discord, None)
    assert told.startswith("⚠️ the plugin broken is quarantined. `/plugins list` says why")


def no_database(_: str) -> Any:
    class Away:
        async def put(self, *_: Any, **__: Any) -> None:
            raise OSError("disk full")

    return Away()


async def test_an_owner_who_takes_no_messages_is_noted_and_not_asked_again(market, discord) -> None:
    host, *_ = market
    discord.fail("POST", "/channels/{channel}/messages", status=403, code=50007, times=1)

    await host.observatory._tell_owners("Something.")
    await discord.settle()

    entry = await only_notice(host, discord)
    assert entry == "done"


async def only_notice(host: Any, discord: Any) -> str:
    from sqlalchemy import select

    from chandelier.storage.tables import OutboxRow

    async with host.database.read() as session:
        [row] = (await session.scalars(select(OutboxRow))).all()
        return row.state


async def test_whoever_waits_for_the_bot_to_be_idle_waits_for_a_look_too() -> None:
    """A test moved the clock on while the database was still being asked, and an end went unnoticed."""
    watched = Watched()
    answer: asyncio.Event = asyncio.Event()

    async def slowly() -> Sequence[Reading]:
        await answer.wait()
        return []

    watched.alerts._read = slowly
    watched.alerts.start()
    await asyncio.sleep(0)
    watched.clock.advance(MINUTE)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    idle = asyncio.create_task(watched.alerts.idle())
    await asyncio.sleep(0)
    assert not idle.done()

    answer.set()
    await idle
    await watched.alerts.stop()

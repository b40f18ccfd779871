"""A real hikari bot with a lightbulb client, connected over sockets, for the stories told here."""

from __future__ import annotations

import asyncio
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

import aiohttp
import hikari
import hikari.impl.buckets
import hikari.impl.rate_limits
import hikari.impl.rest
import hikari.impl.shard
import hikari.internal.time
import lightbulb
import pytest

import loopcord


class Bot:
    """What a test needs of a bot: hikari's app, lightbulb's client and the events it saw."""

    def __init__(self, discord: loopcord.LocalDiscord, watch: tuple[type[Any], ...], **options: Any) -> None:
        options = {
            "token": discord.token,
            "intents": hikari.Intents.ALL,
            "banner": None,
            "logs": None,
            **options,
        }
        self.app = hikari.GatewayBot(rest_url=discord.rest_url, **options)
        self.client = lightbulb.client_from_app(self.app)
        self.seen: list[Any] = []
        self.app.subscribe(hikari.StartingEvent, self.client.start)
        for kind in watch:
            self.app.subscribe(kind, self._remember)

    async def _remember(self, event: hikari.Event) -> None:
        self.seen.append(event)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.seen if isinstance(event, kind)]


@pytest.fixture
async def boot_in() -> AsyncIterator[Callable[..., Coroutine[Any, Any, Bot]]]:
    """Start a bot in a local Discord after ``arrange(bot)`` has given it commands; close it at the end."""
    bots: list[Bot] = []

    async def boot_in(
        discord: loopcord.LocalDiscord,
        arrange: Callable[[Bot], None] | None = None,
        *,
        watch: tuple[type[Any], ...] = (),
        **options: Any,
    ) -> Bot:
        bot = Bot(discord, watch, **options)
        if arrange is not None:
            arrange(bot)
        bots.append(bot)
        await bot.app.start(check_for_updates=False)
        await discord.ready(bot.app.shard_count)
        return bot

    yield boot_in
    for bot in bots:
        if bot.app.is_alive:
            await _close(bot.app)


async def _close(app: hikari.GatewayBot) -> None:
    """Close a bot whose local Discord may be gone.

    hikari's shard loses its cancellation when that meets a failing attempt to reconnect, and goes on
    trying for ever: it is asked again.
    """
    closing = asyncio.ensure_future(app.close())
    while not closing.done():
        await asyncio.wait({closing}, timeout=5)
        for task in asyncio.all_tasks():
            if task.get_name().startswith("keep alive (shard") and not closing.done():
                task.cancel()
    await closing


@pytest.fixture
def boot(discord: loopcord.LocalDiscord, boot_in) -> Callable[..., Coroutine[Any, Any, Bot]]:
    """As ``boot_in``, in the fixture's local Discord."""

    def boot(arrange: Callable[[Bot], None] | None = None, **options: Any) -> Coroutine[Any, Any, Bot]:
        return boot_in(discord, arrange, **options)

    return boot


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client that knows nothing of Discord."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def hikari_on(monkeypatch: pytest.MonkeyPatch) -> Callable[[loopcord.VirtualClock], None]:
    """Let hikari take its time from a world's clock: heartbeats, waits for limits, pauses before a retry.

    It is the real hikari, with another clock: what would take it minutes then takes a few
    ``await discord.advance(…)``, and nothing depends on the speed of the machine.
    """

    def hikari_on(clock: loopcord.VirtualClock) -> None:
        async def sleep_of_shard(seconds: float) -> None:
            # A quarter of a second is how long a shard lets its transport close, which needs no time here.
            await clock.sleep(0 if seconds == 0.25 else seconds)

        async def wait_for(awaitable: Awaitable[Any], timeout: float | None) -> Any:
            if timeout is None:
                return await awaitable
            task = asyncio.ensure_future(awaitable)
            alarm = asyncio.create_task(clock.sleep(timeout))
            await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
            alarm.cancel()
            if not task.done():
                task.cancel()
                raise TimeoutError
            return task.result()

        def now() -> float:
            return clock.now().timestamp()

        ticks = iter(range(1, 1_000_000_000))

        def ticking() -> float:
            # hikari takes an acknowledgement at the very instant of its heartbeat for none.
            return now() + next(ticks) / 1_000_000

        for module, sleep, time in (
            (hikari.impl.buckets, clock.sleep, now),
            (hikari.impl.rate_limits, clock.sleep, now),
            (hikari.impl.rest, clock.sleep, now),
            (hikari.impl.shard, sleep_of_shard, ticking),
        ):
            waits = {**vars(asyncio), "sleep": sleep, "wait_for": wait_for}
            monkeypatch.setattr(module, "asyncio", types.SimpleNamespace(**waits))
            times = {**vars(hikari.internal.time), "time": time}
            monkeypatch.setattr(module, "time", types.SimpleNamespace(**times))

    return hikari_on

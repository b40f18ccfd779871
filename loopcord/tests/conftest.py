"""A real hikari bot with a lightbulb client, connected over sockets, for the stories told here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import hikari
import lightbulb
import pytest

import loopcord

Boot = Callable[..., Coroutine[Any, Any, "Bot"]]


class Bot:
    """What a test needs of a bot: hikari's app, lightbulb's client and the events it saw."""

    def __init__(self, app: hikari.GatewayBot) -> None:
        self.app = app
        self.client = lightbulb.client_from_app(app)
        self.seen: list[hikari.Event] = []
        app.subscribe(hikari.StartingEvent, self.client.start)

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.seen if isinstance(event, kind)]

    async def start(self) -> None:
        await self.app.start(check_for_updates=False)


def make_bot(discord: loopcord.LocalDiscord, *, watch: tuple[type[Any], ...] = (), **options: Any) -> Bot:
    options = {"intents": hikari.Intents.ALL, "banner": None, "logs": None, **options}
    options.setdefault("token", discord.token)
    bot = Bot(hikari.GatewayBot(rest_url=discord.rest_url, **options))

    async def remember(event: hikari.Event) -> None:
        bot.seen.append(event)

    for kind in watch:
        bot.app.subscribe(kind, remember)
    return bot


@pytest.fixture
async def boot(discord: loopcord.LocalDiscord) -> AsyncIterator[Boot]:
    """Start a bot against ``discord`` after `arrange(bot)` has given it commands; close it at the end."""
    bots: list[Bot] = []

    async def _boot(arrange: Callable[[Bot], None] | None = None, **options: Any) -> Bot:
        bot = make_bot(discord, **options)
        if arrange is not None:
            arrange(bot)
        bots.append(bot)
        await bot.start()
        await discord.ready(bot.app.shard_count)
        return bot

    yield _boot
    for bot in bots:
        if bot.app.is_alive:
            await bot.app.close()

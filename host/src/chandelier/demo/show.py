"""Puts the demo together: local Discord, server, shop, the host and the page, from curtain up to the end."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp

import loopcord
from chandelier import running
from chandelier.clock import Clock, SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.demo.life import live
from chandelier.demo.programme import programme
from chandelier.demo.settings import write_config
from chandelier.demo.shop import Shop
from chandelier.demo.world import Market, build
from chandelier.errors import ServiceUnavailable
from chandelier.observe.log import Logs
from loopcord.page import Page

__all__ = ["Demo"]


class Demo:
    """The running demo, an async context manager: entered when everything has been started.

    ``schemas`` are the config schemas of the installed plugins; ``folder`` keeps the host's data, a
    temporary one that goes away at the end unless given; ``seed`` decides what the server's people say.
    """

    discord: loopcord.LocalDiscord
    market: Market
    shop: Shop
    page: Page
    programme: list[str]

    def __init__(
        self,
        schemas: Mapping[str, type[Any]],
        *,
        folder: Path | None = None,
        port: int = 0,
        seed: int = 2026,
    ) -> None:
        self._schemas = schemas
        self._folder = folder
        self._port = port
        self._chance = random.Random(seed)  # noqa: S311 - small talk, not secrets
        self._clock: Clock = SystemClock()
        self._exit = contextlib.AsyncExitStack()
        self._host: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            folder = self._folder
            if folder is None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="chandelier-demo-")))
            self.discord = await stack.enter_async_context(
                loopcord.LocalDiscord(clock=loopcord.SystemClock(), name="Chandelier")
            )
            self.market = build(self.discord)
            self.shop = await stack.enter_async_context(Shop())
            self.programme = programme(self.shop)
            numbered = "\n".join(f"{number}. {line}" for number, line in enumerate(self.programme, 1))
            self.market.welcome.post(self.market.mod, f"**Five things to try**\n{numbered}")
            config = write_config(
                folder, rest_url=self.discord.rest_url, market=self.market, schemas=self._schemas
            )
            deployment = Deployment.read(config, {"CHANDELIER_TOKEN": self.discord.token})
            logs = stack.enter_context(Logs.of(deployment.host(HostConfig), deployment.base))
            self._host = asyncio.create_task(running.run(deployment, logs=logs), name="the host")
            stack.push_async_callback(_end, self._host)
            self.page = await stack.enter_async_context(
                Page(
                    self.discord,
                    self.market.guild,
                    members=self.market.people,
                    channel=self.market.welcome,
                    port=self._port,
                    tips=self.programme,
                    quick_reactions=("➡️", "🔗", "👍"),
                )
            )
            self._exit = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def ready(self, seconds: float = 120.0) -> None:
        """Wait until the bot is connected and has its commands.

        Raises ServiceUnavailable after ``seconds``, and whatever ended the host before.
        """
        assert self._host is not None
        connected = asyncio.create_task(
            self.discord.until(lambda: bool(self.discord.connections and self._commands()), patience=seconds)
        )
        try:
            await asyncio.wait({self._host, connected}, return_when=asyncio.FIRST_COMPLETED)
            if self._host.done():
                await self._host
                raise ServiceUnavailable("the host ended before the bot was connected; its log says why")
            if not connected.result():
                raise ServiceUnavailable(f"the bot was not connected within {seconds:g} seconds")
        finally:
            connected.cancel()
            await asyncio.gather(connected, return_exceptions=True)

    async def see_page(self, seconds: float = 10.0) -> None:
        """Fetch the page once. Raises ServiceUnavailable when it does not answer as a page."""
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=seconds)) as session,
                session.get(self.page.url) as response,
            ):
                fine = response.status == 200 and "<html" in await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ServiceUnavailable(f"the page does not answer: {type(error).__name__}") from error
        if not fine:
            raise ServiceUnavailable(f"the page answers with status {response.status}")

    def command_names(self) -> list[str]:
        """The names of the commands that the bot has registered."""
        return sorted(command["name"] for command in self._commands())

    async def play(self) -> None:
        """Let the server live until cancelled; raises what ends the host, if something does."""
        assert self._host is not None
        life = asyncio.create_task(live(self.market, self._clock, self._chance), name="the server's life")
        try:
            done, _ = await asyncio.wait({self._host, life}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        finally:
            await _end(life)

    def _commands(self) -> list[dict[str, Any]]:
        return [*self.discord.commands(), *self.discord.commands(self.market.guild)]


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is over; its own failure has been seen by whoever waits for it."""
    while not task.done():  # a cancellation can get lost in a library: ask again
        task.cancel()
        await asyncio.wait({task}, timeout=10)
    await asyncio.gather(task, return_exceptions=True)

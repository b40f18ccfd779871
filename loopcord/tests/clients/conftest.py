"""The same bot in two unmodified clients, each in a process of its own, for the stories told here.

discord.py comes with simcord, so its half runs wherever these tests do. discord.js needs Node and a folder
with its `node_modules`; `nox -s clients` installs both clients, in the oldest and the newest version.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import loopcord
from loopcord.pytest_plugin import show_transcript

BOTS = Path(__file__).parent / "bots"
#: Real seconds until a wait for a bot gives up; a sound one on a loaded machine must not fail.
PATIENCE = 60.0
_RUNNING = pytest.StashKey["list[Bot]"]()


class Bot:
    """A bot's process: what it says that it saw, and what it wrote to its standard error."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.seen: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self._ended = False
        self._news = asyncio.Condition()
        self._readers = [asyncio.create_task(self._listen()), asyncio.create_task(self._complaints())]

    async def _listen(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            async with self._news:
                self.seen.append(json.loads(line))
                self._news.notify_all()
        async with self._news:
            self._ended = True
            self._news.notify_all()

    async def _complaints(self) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.errors.append(line.decode(errors="replace"))

    def all(self, what: str) -> list[dict[str, Any]]:
        """Everything of one kind that it saw, in order."""
        return [entry for entry in self.seen if entry["saw"] == what]

    async def saw(self, what: str, *, times: int = 1) -> dict[str, Any]:
        """Wait until it has seen something ``times`` times, and return the last of it."""
        # A timeout shows below as what it is: too little was seen.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: self._ended or len(self.all(what)) >= times)
        assert len(self.all(what)) >= times, (
            f"{'the bot ended and ' if self._ended else ''}did not see {what}"
        )
        return self.all(what)[-1]

    async def stop(self) -> None:
        """End the process; its standard error can be read afterwards."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await asyncio.gather(*self._readers)


def _discord_py() -> tuple[list[str], dict[str, str]]:
    python = os.environ.get("LOOPCORD_DISCORD_PY", sys.executable)
    return [python, str(BOTS / "discord_py.py")], {}


def _discord_js() -> tuple[list[str], dict[str, str]]:
    node, folder = shutil.which("node"), os.environ.get("LOOPCORD_DISCORD_JS", "")
    if node is None:
        pytest.skip("discord.js needs Node, and there is no `node` on the path")
    if not (Path(folder) / "node_modules/discord.js").is_dir():
        pytest.skip(
            "no discord.js: run `nox -s clients`, or name the folder that holds its node_modules in "
            "LOOPCORD_DISCORD_JS"
        )
    return [node, str(BOTS / "discord_js.cjs")], {"NODE_PATH": str(Path(folder) / "node_modules")}


_CLIENTS = {"discord.py": _discord_py, "discord.js": _discord_js}


@pytest.fixture(params=list(_CLIENTS))
def client(request: pytest.FixtureRequest) -> str:
    """The name of the client that the bot is written with."""
    return request.param


@pytest.fixture
async def start(
    client: str, request: pytest.FixtureRequest
) -> AsyncIterator[Callable[..., Coroutine[Any, Any, Bot]]]:
    """Start the bot in a local Discord and wait until it says that it is ready."""
    command, needs = _CLIENTS[client]()
    running: list[Bot] = request.node.stash.setdefault(_RUNNING, [])

    async def start(discord: loopcord.LocalDiscord, **environ: str) -> Bot:
        addresses = {
            "DISCORD_API": discord.api_url,
            "DISCORD_GATEWAY": discord.gateway_url,
            "DISCORD_TOKEN": discord.token,
        }
        process = await asyncio.create_subprocess_exec(
            *command, stdout=PIPE, stderr=PIPE, env={**os.environ, **needs, **addresses, **environ}
        )
        bot = Bot(process)
        running.append(bot)
        await bot.saw("ready")
        await discord.settle()
        return bot

    yield start
    for bot in running:
        await bot.stop()


@pytest.fixture
async def open_world(
    request: pytest.FixtureRequest,
) -> AsyncIterator[Callable[..., Coroutine[Any, Any, loopcord.LocalDiscord]]]:
    """Open a local Discord that starts at the present: these clients look at the machine's clock."""
    async with AsyncExitStack() as stack:

        async def open_world(**options: Any) -> loopcord.LocalDiscord:
            clock = loopcord.VirtualClock(datetime.now(UTC))
            world = loopcord.LocalDiscord(clock=clock, patience=PATIENCE, **options)
            show_transcript(request.node, world)
            return await stack.enter_async_context(world)

        yield open_world


@pytest.fixture
async def discord(
    open_world: Callable[..., Coroutine[Any, Any, loopcord.LocalDiscord]],
) -> loopcord.LocalDiscord:
    """A local Discord for one shard."""
    return await open_world()


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market")
    guild.create_text_channel("general")
    guild.add_member("alice")
    return guild


@pytest.fixture
def general(market: loopcord.Guild) -> loopcord.Channel:
    return market.channel("general")


@pytest.fixture
def alice(market: loopcord.Guild) -> loopcord.Member:
    return next(member for member in market.members if member.name == "alice")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what a bot complained about when its test fails."""
    report = yield
    if report.when == "call" and report.failed:
        for bot in item.stash.get(_RUNNING, []):
            report.sections.append(("standard error of the bot", "".join(bot.errors)))
            report.sections.append(("what the bot saw", "\n".join(map(json.dumps, bot.seen))))
    return report

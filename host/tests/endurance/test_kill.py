"""kill -9 at random moments, with timers and outbox full: nothing is lost, nothing happens twice."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from chandelier import discovery
from chandelier.clock import SystemClock
from chandelier.storage.engine import Database
from chandelier.storage.tables import OutboxRow, TimerRow
from loopcord import Channel, LocalDiscord

pytestmark = pytest.mark.endurance

PATIENCE = 180.0
"""Real seconds that a busy machine may take for a start, or for what is left in the end."""
CHANNEL = "CRASH_CHANNEL"

PLUGIN = f"""
@loader.timer("tick")
async def tick(timer: chandelier.Timer, plugin: Made) -> None:
    await plugin.ctx.outbox.put("say", key=f"tick {{timer.key}}", payload={{}})

@loader.effect("say")
async def say(effect: chandelier.Effect, plugin: Made) -> None:
    channel = int(os.environ["{CHANNEL}"])
    await plugin.ctx.rest.create_message(channel, effect.key, nonce=str(effect.id))

@loader.effect("log", batch=5)
async def log(effects: list[chandelier.Effect], plugin: Made) -> None:
    channel = int(os.environ["{CHANNEL}"])
    said = "\\n".join(effect.key for effect in effects)
    await plugin.ctx.rest.create_message(channel, said, nonce=str(effects[0].id))
"""
METHODS = """
    @hookimpl
    async def chandelier_ready(self):
        self.ctx.spawn(self.decide(), "decide")

    async def decide(self):
        for number in range(4):
            name = f"{time.time_ns()}"
            soon = self.ctx.now() + datetime.timedelta(milliseconds=20 * number)
            async with self.ctx.storage.transaction() as session:
                await self.ctx.timers.schedule("tick", key=name, due=soon, session=session)
                await self.ctx.outbox.put("say", key=name, payload={}, session=session)
                for line in "ab":
                    await self.ctx.outbox.put("log", key=f"{line} {name}", payload={}, session=session)
            await asyncio.sleep(0.005)
"""


class Bot:
    """A bot that is started and killed."""

    def __init__(self, zygote: asyncio.subprocess.Process) -> None:
        self._zygote = zygote
        self.id = 0

    async def start(self) -> None:
        self.id = await self._ask("start")

    async def end(self, how: signal.Signals) -> int:
        os.kill(self.id, how)
        return await self._ask("reap")

    async def _ask(self, what: str) -> int:
        assert self._zygote.stdin is not None and self._zygote.stdout is not None
        self._zygote.stdin.write(f"{what}\n".encode())
        async with asyncio.timeout(PATIENCE):
            return int(await self._zygote.stdout.readline())


@asynccontextmanager
async def zygote(folder: Path, site: Path, **environ: str) -> AsyncIterator[Bot]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHANDELIER_")}
    others = [
        candidate.name for candidate in discovery.candidates() if candidate.name not in {"core", "crash"}
    ]
    without = [word for name in others for word in ("--without", name)]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("zygote.py")),
        "run",
        *without,
        cwd=folder,
        env={**clean, "PYTHONPATH": str(site), "CHANDELIER_LOG_LEVEL": "WARNING", **environ},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Bot(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


class News:
    """Whether anything was said since."""

    def __init__(self, discord: LocalDiscord, channel: Channel) -> None:
        self._discord, self._channel = discord, channel
        self._before = len(channel.messages)

    async def come(self) -> None:
        assert await self._discord.until(
            lambda: len(self._channel.messages) > self._before, patience=PATIENCE
        )


async def left(database: Database) -> int:
    """How many timers and effects of the plugin still wait."""
    async with database.read() as session:
        timers = await session.scalar(
            sa.select(sa.func.count()).select_from(TimerRow).where(TimerRow.plugin == "crash")
        )
        open_ = (
            sa.select(sa.func.count())
            .select_from(OutboxRow)
            .where(OutboxRow.plugin == "crash", OutboxRow.state != "done")
        )
        return (timers or 0) + (await session.scalar(open_) or 0)


async def decided(database: Database) -> set[str]:
    """What was committed, so that it must happen."""
    async with database.read() as session:
        return set(await session.scalars(sa.select(OutboxRow.key).where(OutboxRow.plugin == "crash")))


async def kill_often(
    discord: LocalDiscord, install: Callable[..., str], folder: Path, database_url: str, times: int
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    install("crash", "import datetime, os, time\n" + PLUGIN, methods=METHODS)
    chance = random.Random(f"{times} kills")  # noqa: S311 - a test that fails should fail again
    environ = {
        "CHANDELIER_TOKEN": discord.token,
        "CHANDELIER_REST_URL": discord.rest_url,
        "CHANDELIER_DATABASE_URL": database_url,
        CHANNEL: str(general.id),
    }
    async with zygote(folder, folder / "site", **environ) as bot:
        for number in range(times):
            news = News(discord, general)
            await bot.start()
            if number and chance.random() < 0.25:  # before it is ready, or while it becomes so
                await asyncio.sleep(chance.uniform(0, 0.3))
            else:
                await news.come()
                await asyncio.sleep(chance.uniform(0, 0.08))
            assert await bot.end(signal.SIGKILL) == -signal.SIGKILL

        news = News(discord, general)
        await bot.start()
        database = Database(database_url, data_dir=folder, clock=SystemClock())
        await database.start()
        async with asyncio.timeout(PATIENCE):
            await news.come()
            while await left(database):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.1)
        assert await bot.end(signal.SIGTERM) == 0
        keys = await decided(database)
        assert await left(database) == 0
        await database.close()

    said = Counter(line for message in general.messages for line in message.content.splitlines())
    assert {line: count for line, count in said.items() if count > 1} == {}, "nothing twice"
    assert keys - said.keys() == set(), "nothing lost"
    assert said.keys() - keys == set(), "nothing that was not decided"
    names = {key for key in keys if " " not in key}
    assert {f"{what} {name}" for name in names for what in ("tick", "a", "b")} | names == keys
    assert len(names) > times


async def test_two_hundred_kills(discord: LocalDiscord, install: Callable[..., str], tmp_path: Path) -> None:
    await kill_often(discord, install, tmp_path, f"sqlite:///{tmp_path}/chandelier.db", 200)


@pytest.mark.postgres
async def test_some_kills_on_postgresql(
    discord: LocalDiscord, install: Callable[..., str], tmp_path: Path, postgres_url: str
) -> None:
    await kill_often(discord, install, tmp_path, postgres_url, 20)


SLOW = f"""
async def say(plugin, what, nonce):
    await plugin.ctx.rest.create_message(int(os.environ["{CHANNEL}"]), what, nonce=nonce)

async def wait(what):
    while not os.path.exists(what):
        await asyncio.sleep(0.05)

@loader.effect("stuck")
async def stuck(effect: chandelier.Effect, plugin: Made) -> None:
    await wait("unstuck")
    await say(plugin, effect.key, str(effect.id))

@loader.timer("stuck")
async def stuck_timer(timer: chandelier.Timer, plugin: Made) -> None:
    await wait("unstuck")
    await plugin.ctx.outbox.put("quick", key=timer.key, payload={{}})

@loader.effect("slow")
async def slow(effect: chandelier.Effect, plugin: Made) -> None:
    await wait("told to stop")
    await say(plugin, effect.key, str(effect.id))

@loader.effect("quick")
async def quick(effect: chandelier.Effect, plugin: Made) -> None:
    await say(plugin, effect.key, str(effect.id))
"""
FILL = """
    @hookimpl
    async def chandelier_ready(self):
        async with self.ctx.storage.transaction() as session:
            for kind, count in {"stuck": 2, "slow": 1, "quick": 300}.items():
                for number in range(count):
                    await self.ctx.outbox.put(kind, key=f"{kind} {number}", payload={}, session=session)
            await self.ctx.timers.schedule("stuck", key="stuck timer", due=self.ctx.now(), session=session)
        self.ctx.spawn(self.forever(), "forever")

    async def forever(self):
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                await asyncio.sleep(0.2)  # takes its time, but goes
                raise
"""


async def test_a_stop_with_handlers_under_way_and_a_full_outbox_takes_seconds(
    discord: LocalDiscord, install: Callable[..., str], tmp_path: Path
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    install("crash", "import os\n" + SLOW, methods=FILL)
    database_url = f"sqlite:///{tmp_path}/chandelier.db"
    environ = {
        "CHANDELIER_TOKEN": discord.token,
        "CHANDELIER_REST_URL": discord.rest_url,
        "CHANDELIER_DATABASE_URL": database_url,
        CHANNEL: str(general.id),
    }
    async with zygote(tmp_path, tmp_path / "site", **environ) as bot:
        news = News(discord, general)
        await bot.start()
        await news.come()
        (tmp_path / "told to stop").touch()
        begun = time.monotonic()
        assert await bot.end(signal.SIGTERM) == 0
        assert time.monotonic() - begun < 45, "a service manager's patience is longer"
        said = {message.content for message in general.messages}
        assert "slow 0" in said, "what ends soon may end"
        assert not any("stuck" in what for what in said)

        (tmp_path / "unstuck").touch()
        news = News(discord, general)
        await bot.start()
        await news.come()
        database = Database(database_url, data_dir=tmp_path, clock=SystemClock())
        await database.start()
        async with asyncio.timeout(PATIENCE):
            while await left(database):  # noqa: ASYNC110 - another process does it
                await asyncio.sleep(0.1)
        await database.close()
        assert await bot.end(signal.SIGTERM) == 0

    said = Counter(message.content for message in general.messages)
    assert set(said.values()) == {1}
    assert len(said) == 2 + 1 + 300 + 1

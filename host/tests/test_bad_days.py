"""The database's bad days: people get one clear answer, nothing is lost, and the bot goes on afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url, text

from chandelier.errors import ChandelierError, ServiceUnavailable
from chandelier.record import State
from chandelier.storage import engine
from chandelier.storage.names import version_table
from chandelier.testing import HostStarter

DIARY = """
@loader.command
class Note(lightbulb.SlashCommand, name="note", description="Keep a note and remind me of it"):
    text = lightbulb.string("text", "what")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        due = plugin.ctx.now() + datetime.timedelta(seconds=5)
        where = {"channel": int(ctx.channel_id)}
        async with plugin.ctx.storage.transaction() as session:
            await plugin.ctx.timers.schedule("remind", key=self.text, due=due, payload=where, session=session)
            await plugin.ctx.outbox.put("say", key=f"noted {self.text}", payload=where, session=session)
        await ctx.respond("Noted.")


@loader.timer("remind")
async def remind(timer: chandelier.Timer, plugin: Made) -> None:
    await plugin.ctx.outbox.put("say", key=f"remember {timer.key}", payload=timer.payload)


@loader.effect("say")
async def say(effect: chandelier.Effect, plugin: Made) -> None:
    await plugin.ctx.rest.create_message(effect.payload["channel"], effect.key, nonce=f"diary-{effect.id}")
"""


class Market:
    """A server with a bot that keeps notes."""

    def __init__(self, discord: Any, start: HostStarter) -> None:
        self.discord, self._start = discord, start
        guild = discord.create_guild("Market")
        self.general, self.alice = guild.create_text_channel("general"), guild.add_member("alice")

    async def open(self) -> None:
        self.host = await self._start("diary")

    async def reopen(self) -> None:
        self.host = await self._start.restart(self.host)

    async def note(self, what: str) -> str:
        return (await self.alice.slash(self.general, "note", text=what)).text

    async def later(self) -> None:
        await self.discord.advance(200)

    @property
    def said(self) -> list[str]:
        words = [message.content for message in self.general.messages if message.author_id != self.alice.id]
        return [word for word in words if word.startswith(("noted", "remember"))]

    async def nobody_is_blamed(self) -> None:
        record = self.host.lifecycle.records["diary"]
        assert record.state is State.RUNNING
        assert record.failed == 0

    async def all_is_well(self, *kept: str) -> None:
        """What was promised before and during the trouble happens, once each."""
        assert await self.note("after") == "Noted."
        await self.later()
        expected = [f"{word} {what}" for what in (*kept, "after") for word in ("noted", "remember")]
        assert sorted(self.said) == sorted(expected)
        await self.nobody_is_blamed()


@pytest.fixture
async def market(
    discord: Any, start_host: HostStarter, install: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Market:
    monkeypatch.setattr(engine, "_WRITER_WAIT", 0.2)
    install("diary", "import datetime\n" + DIARY)
    return Market(discord, start_host)


class TestSqlite:
    @pytest.fixture
    def database_url(self, tmp_path: Path) -> str:
        return f"sqlite:///{tmp_path}/notes.db"

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "notes.db"

    async def test_locked_by_another_process(self, market: Market, file: Path) -> None:
        await market.open()
        await market.note("before")
        with locked(file):
            answer = await market.note("lost")
            await market.discord.advance(20)  # the first reminder comes due meanwhile

        assert answer.startswith("The bot's database is busy. Try again in a moment.")
        assert "Reference" in answer
        await market.all_is_well("before")

    async def test_full(self, market: Market, file: Path) -> None:
        await market.open()
        await market.note("before")
        async with market.host.database.transaction() as session:
            pages = await session.scalar(text("PRAGMA page_count"))
            await session.execute(text(f"PRAGMA max_page_count = {pages}"))
        answer = await market.note("x" * 3000)
        await market.discord.advance(20)

        assert "The disk of the bot's database is full" in answer
        async with market.host.database.transaction() as session:
            await session.execute(text("PRAGMA max_page_count = 1000000"))
        await market.all_is_well("before")

    async def test_that_becomes_read_only_while_the_bot_runs(self, market: Market) -> None:
        await market.open()
        await market.note("before")
        async with market.host.database.transaction() as session:
            await session.execute(text("PRAGMA query_only = ON"))
        answer = await market.note("lost")
        await market.discord.advance(20)

        assert "The bot may not write to its database" in answer
        assert market.host.database._writer is not None
        await market.host.database._writer.dispose()  # a new connection, of a file that may be written again
        await market.all_is_well("before")

    async def test_partly_damaged(self, market: Market, file: Path) -> None:
        """What does not need the broken page goes on; what does says so, and the file is left as it is."""
        await market.open()
        await market._start.stop(market.host)
        damage(file, "chandelier_timers")
        await market.open()

        answer = await market.note("lost")
        assert "The bot's database is damaged" in answer
        assert (await market.alice.slash(market.general, "status")).text
        await market.later()
        await market.nobody_is_blamed()

    async def test_of_a_newer_version(self, market: Market, file: Path) -> None:
        await market.open()
        await market._start.stop(market.host)
        with sqlite3.connect(file) as newer:
            table = version_table("chandelier")
            newer.execute(f"UPDATE {table} SET version_num = '9999'")  # noqa: S608 - a name of ours
        newer.close()

        with pytest.raises(ChandelierError, match=r"newer version wrote its tables \(revision 9999"):
            await market._start("diary")


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process holds the write lock."""
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.execute("ROLLBACK")
    other.close()


def damage(file: Path, table: str) -> None:
    """Overwrite the first page of a table."""
    with sqlite3.connect(file) as look:
        (root,) = look.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        (size,) = look.execute("PRAGMA page_size").fetchone()
    look.close()
    with file.open("r+b") as opened:
        opened.seek((root - 1) * size)
        opened.write(b"\xff" * size)


class Wire:
    """What lies between the bot and the database's server, and can be cut."""

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def connect(self) -> None:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        far, forth = await asyncio.open_unix_connection(self._socket)
        self._open |= {back, forth}

        async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(65536):
                    target.write(data)
                    await target.drain()
            except OSError:
                pass
            finally:
                target.transport.abort()

        await asyncio.gather(copy(near, forth), copy(far, back))
        self._open -= {back, forth}


@pytest.mark.postgres
class TestPostgresql:
    @pytest.fixture
    async def wire(self, postgres_url: str) -> AsyncIterator[Wire]:
        wire = Wire(f"{make_url(postgres_url).query['host']}/.s.PGSQL.5432")
        await wire.connect()
        yield wire
        await wire.cut()

    @pytest.fixture
    def database_url(self, postgres_url: str, wire: Wire) -> str:
        return f"postgresql://postgres@127.0.0.1:{wire.port}/{make_url(postgres_url).database}"

    async def test_away_for_a_minute(self, market: Market, wire: Wire) -> None:
        await market.open()
        await market.note("before")
        await wire.cut()
        answer = await market.note("lost")
        await market.discord.advance(60)  # the reminder comes due meanwhile
        assert market.said == ["noted before"]

        assert answer.startswith("The bot's database cannot be reached. Try again in a moment.")
        await market.nobody_is_blamed()
        await wire.connect()
        await market.all_is_well("before")

    async def test_connections_that_the_server_ends(self, market: Market) -> None:
        """An idle connection that is gone is nobody's business: the next statement takes a new one."""
        await market.open()
        await market.note("before")
        with pytest.raises(ServiceUnavailable, match="cannot be reached"):
            async with market.host.database.transaction() as session:
                everyone = "FROM pg_stat_activity WHERE datname = current_database()"
                await session.execute(text(f"SELECT pg_terminate_backend(pid) {everyone}"))

        await market.all_is_well("before")

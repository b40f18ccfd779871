"""Sessions, transactions and column types, the same on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from chandelier.clock import SystemClock
from chandelier.errors import InvalidRequest, PluginError, ServiceUnavailable
from chandelier.storage.engine import Database, normalise_url
from chandelier.storage.tables import KeyRow, OutboxRow, TimerRow

NOW = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
FORUM = sa.Table("forum_posts", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))


def timer(key: str, *, due: datetime = NOW) -> TimerRow:
    return TimerRow(
        plugin="diary", kind="remind", key=key, due_at=due, payload={"for": "alice"}, created_at=NOW
    )


async def keys(database: Database) -> list[str]:
    async with database.storage("diary").read() as session:
        return list(await session.scalars(sa.select(TimerRow.key).order_by(TimerRow.key)))


class TestUrl:
    @pytest.mark.parametrize(
        ("written", "driver"),
        [
            ("sqlite:///data/chandelier.db", "sqlite+aiosqlite"),
            ("postgresql://bot@db/chandelier", "postgresql+asyncpg"),
            ("postgres://bot@db/chandelier", "postgresql+asyncpg"),
        ],
    )
    def test_the_asynchronous_driver_is_chosen_for_the_operator(self, written: str, driver: str) -> None:
        assert normalise_url(written).drivername == driver

    @pytest.mark.parametrize("written", ["mysql://bot:hunter2@db/chandelier", "bot:hunter2@db", "sqlite://"])
    def test_a_url_that_cannot_work_is_refused_without_showing_the_password(self, written: str) -> None:
        with pytest.raises(InvalidRequest, match="sqlite:///") as refusal:
            normalise_url(written)

        assert "hunter2" not in str(refusal.value)

    def test_the_password_is_not_in_the_databases_name_either(self, tmp_path: Path) -> None:
        database = Database("postgresql://bot:hunter2@db/x", data_dir=tmp_path, clock=SystemClock())

        assert "hunter2" not in repr(database)

    async def test_an_unreachable_server_is_an_unavailable_service(self, tmp_path: Path) -> None:
        url = f"postgresql://bot:hunter2@/x?host={tmp_path}"
        database = Database(url, data_dir=tmp_path, clock=SystemClock())

        with pytest.raises(ServiceUnavailable, match="cannot open the database") as refusal:
            await database.start()

        assert "hunter2" not in str(refusal.value)

    async def test_a_missing_driver_is_named_with_how_to_install_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "asyncpg", None)
        database = Database("postgresql://bot@db/x", data_dir=tmp_path, clock=SystemClock())

        with pytest.raises(ServiceUnavailable, match=r"pip install 'chandelier\[postgres\]'"):
            await database.start()

    async def test_a_folder_that_cannot_be_made_is_an_unavailable_service(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file where the folder should be")
        url = f"sqlite:///{tmp_path}/data/chandelier.db"
        database = Database(url, data_dir=tmp_path, clock=SystemClock())

        with pytest.raises(ServiceUnavailable, match=r"cannot open the database .*chandelier\.db"):
            await database.start()

    @pytest.mark.parametrize(
        ("content", "advice"),
        [(b"not a database at all" * 50, "restore a backup"), (None, "another data_dir")],
    )
    async def test_the_refusal_says_what_to_do_and_shows_no_statement(
        self, tmp_path: Path, content: bytes | None, advice: str
    ) -> None:
        """Home Assistant #112787's owners read a stack trace; ours read one sentence."""
        path = tmp_path / "data" / "chandelier.db"
        if content is None:
            (tmp_path / "data").write_text("a file where the folder should be")
        else:
            path.parent.mkdir()
            path.write_bytes(content)
        database = Database(f"sqlite:///{path}", data_dir=tmp_path, clock=SystemClock())

        with pytest.raises(ServiceUnavailable, match=advice) as refusal:
            await database.start()

        assert "SQL" not in str(refusal.value) and "\n" not in str(refusal.value)

    async def test_only_the_bots_own_user_can_read_a_new_database(self, tmp_path: Path) -> None:
        database = Database(
            f"sqlite:///{tmp_path}/data/chandelier.db", data_dir=tmp_path, clock=SystemClock()
        )

        await database.start()
        await database.close()

        assert stat.S_IMODE(database.path.stat().st_mode) == 0o600

    async def test_a_folder_in_the_place_of_the_file_leaves_no_thread_behind(self, tmp_path: Path) -> None:
        """SQLite says so from a thread, which may still be saying it when the loop has ended."""
        threads = set(threading.enumerate())
        (tmp_path / "chandelier.db").mkdir()
        database = Database(f"sqlite:///{tmp_path}/chandelier.db", data_dir=tmp_path, clock=SystemClock())

        with pytest.raises(ServiceUnavailable, match="a folder is where the file should be"):
            await database.start()

        assert set(threading.enumerate()) <= threads

    async def test_storage_that_is_used_before_the_database_is_open_says_so(self, tmp_path: Path) -> None:
        database = Database(f"sqlite:///{tmp_path}/x.db", data_dir=tmp_path, clock=SystemClock())

        with pytest.raises(RuntimeError, match="start"):
            async with database.storage("diary").read():
                pass


class TestReadOnly:
    """The refusal comes at the start, in one line that says what to do, and the file is as it was."""

    @pytest.fixture
    def folder(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as name:  # where somebody else than the owner gets at it, too
            Path(name).chmod(0o755)
            yield Path(name)
            Path(name).chmod(0o755)

    async def refused(self, folder: Path, file: str) -> str:
        database = Database(f"sqlite:///{folder}/{file}", data_dir=folder, clock=SystemClock())
        with somebody_else(), pytest.raises(ServiceUnavailable) as refusal:
            await database.start()
        return str(refusal.value)

    async def written(self, folder: Path) -> bytes:
        database = Database(f"sqlite:///{folder}/x.db", data_dir=folder, clock=SystemClock())
        await database.start()
        async with database.transaction() as session:
            await session.execute(sa.text("CREATE TABLE diary_entries (text TEXT)"))
        await database.close()
        return (folder / "x.db").read_bytes()

    async def test_a_file_that_may_only_be_read(self, folder: Path) -> None:
        before = await self.written(folder)
        (folder / "x.db").chmod(0o444)
        seal(folder)

        assert "the bot's user may" in await self.refused(folder, "x.db")
        assert (folder / "x.db").read_bytes() == before

    async def test_a_file_that_may_not_even_be_read(self, folder: Path) -> None:
        await self.written(folder)
        (folder / "x.db").chmod(0)

        assert "the bot's user may" in await self.refused(folder, "x.db")

    async def test_a_folder_in_which_nothing_can_be_made(self, folder: Path) -> None:
        await self.written(folder)
        seal(folder)

        assert "the bot's user may" in await self.refused(folder, "new.db")


def seal(folder: Path) -> None:
    """Let nobody make anything in a folder."""
    folder.chmod(0o555)


@contextmanager
def somebody_else() -> Iterator[None]:
    """Nobody in particular, because root may write everything; whoever runs the tests otherwise."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


class TestTransactions:
    async def test_a_block_that_ends_is_committed(self, hosted: Database) -> None:
        async with hosted.storage("diary").transaction() as session:
            session.add(timer("birthday"))

        assert await keys(hosted) == ["birthday"]

    async def test_a_block_that_raises_leaves_nothing(self, hosted: Database) -> None:
        with pytest.raises(ZeroDivisionError):
            async with hosted.storage("diary").transaction() as session:
                session.add(timer("birthday"))
                await session.flush()
                _ = 1 / 0

        assert await keys(hosted) == []

    async def test_rows_stay_readable_after_the_commit(self, hosted: Database) -> None:
        async with hosted.storage("diary").transaction() as session:
            row = timer("birthday")
            session.add(row)

        assert (row.key, row.attempts) == ("birthday", 0)
        assert row.id > 0

    async def test_a_reader_does_not_see_what_is_not_committed_and_does_not_wait(
        self, hosted: Database
    ) -> None:
        async with hosted.storage("diary").transaction() as session:
            session.add(timer("birthday"))
            await session.flush()

            assert await keys(hosted) == []

    async def test_a_reader_sees_one_state_while_others_write(self, hosted: Database) -> None:
        async with hosted.storage("diary").read() as reading:
            before = (await reading.scalars(sa.select(TimerRow.key))).all()
            async with hosted.storage("diary").transaction() as session:
                session.add(timer("birthday"))
            after = (await reading.scalars(sa.select(TimerRow.key))).all()

        assert (before, after) == ([], [])
        assert await keys(hosted) == ["birthday"]

    async def test_fifty_writers_at_once_all_succeed(self, hosted: Database) -> None:
        async def write(number: int) -> None:
            async with hosted.storage("diary").transaction() as session:
                count = await session.scalar(sa.select(sa.func.count()).select_from(TimerRow))
                session.add(timer(f"{number:02}"))
                assert count is not None

        await asyncio.gather(*(write(number) for number in range(50)))

        assert await keys(hosted) == [f"{number:02}" for number in range(50)]

    async def test_two_processes_that_read_and_then_write_one_file_do_not_lock_each_other_out(
        self, tmp_path: Path
    ) -> None:
        # Two databases do not know of each other, just like two processes: the bot and `chandelier db`.
        bot, tool = (
            Database(f"sqlite:///{tmp_path}/x.db", data_dir=tmp_path, clock=SystemClock()) for _ in range(2)
        )
        await bot.start()
        await tool.start()
        async with bot.schema_change() as connection:
            await connection.exec_driver_sql("CREATE TABLE diary_pages (number INTEGER)")
            await connection.exec_driver_sql("INSERT INTO diary_pages VALUES (0)")

        async def turn_pages(database: Database) -> None:
            for _ in range(20):
                async with database.storage("diary").transaction() as session:
                    number = await session.scalar(sa.text("SELECT number FROM diary_pages"))
                    await session.execute(sa.text("UPDATE diary_pages SET number = :n"), {"n": number + 1})

        try:
            await asyncio.gather(turn_pages(bot), turn_pages(tool))
            async with bot.storage("diary").read() as session:
                assert await session.scalar(sa.text("SELECT number FROM diary_pages")) == 40
        finally:
            await bot.close()
            await tool.close()

    async def test_a_transaction_inside_a_transaction_is_an_error_instead_of_a_wait_for_ever(
        self, hosted: Database
    ) -> None:
        storage = hosted.storage("diary")
        async with storage.transaction() as session:
            session.add(timer("outer"))
            with pytest.raises(RuntimeError, match="session="):
                async with storage.transaction():
                    pass

        assert await keys(hosted) == ["outer"]

    async def test_the_task_can_write_again_after_a_transaction_failed(self, hosted: Database) -> None:
        storage = hosted.storage("diary")
        for key in ("birthday", "birthday", "party"):
            try:
                async with storage.transaction() as session:
                    session.add(timer(key))
            except IntegrityError:
                continue

        assert await keys(hosted) == ["birthday", "party"]

    async def test_a_cancelled_writer_gives_its_turn_back(self, hosted: Database) -> None:
        inside = asyncio.Event()

        async def hang() -> None:
            async with hosted.storage("diary").transaction() as session:
                session.add(timer("never"))
                await session.flush()
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(hang())
        await inside.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        async with hosted.storage("diary").transaction() as session:
            session.add(timer("after"))
        assert await keys(hosted) == ["after"]

    async def test_a_long_queue_is_waited_for_but_not_one_transaction_that_is_kept_open(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        loop = asyncio.get_running_loop()
        ahead, real = 0.0, loop.time
        monkeypatch.setattr(loop, "time", lambda: real() + ahead)
        database = Database(f"sqlite:///{tmp_path}/x.db", data_dir=tmp_path, clock=SystemClock())
        ends = [asyncio.Event() for _ in range(4)]

        async def write(end: asyncio.Event) -> None:
            async with database.turn():
                await end.wait()

        queue = [asyncio.create_task(write(end)) for end in ends]
        for end, task in zip(ends[:2], queue[:2], strict=True):
            await asyncio.sleep(0)
            ahead += 20
            end.set()
            await task
        ahead += 20  # the third one writes, and the fourth has waited for a minute
        await asyncio.sleep(0)
        assert not queue[3].done()

        ahead += 20
        with pytest.raises(ServiceUnavailable, match="kept open too long"):
            await queue[3]
        ends[2].set()
        await queue[2]

    async def test_changes_in_a_reading_session_are_refused_instead_of_lost(self, hosted: Database) -> None:
        with pytest.raises(RuntimeError, match="transaction"):
            async with hosted.storage("diary").read() as session:
                session.add(timer("birthday"))

    async def test_the_database_itself_refuses_writes_in_a_reading_session(self, hosted: Database) -> None:
        with pytest.raises(DBAPIError, match=r"(?i)read-?only"):
            async with hosted.storage("diary").read() as session:
                await session.execute(sa.delete(TimerRow))

    async def test_an_insert_can_say_what_to_do_on_conflict_on_either_database(
        self, hosted: Database
    ) -> None:
        storage = hosted.storage("chandelier")
        async with storage.transaction() as session:
            for value in ("first", "second"):
                insert = storage.insert(KeyRow).values(name="signing", value=value)
                await session.execute(
                    insert.on_conflict_do_update(index_elements=["name"], set_={"value": value})
                )

        async with storage.read() as session:
            assert await session.scalar(sa.select(KeyRow.value)) == "second"

    async def test_foreign_keys_are_enforced(self, database: Database) -> None:
        async with database.schema_change() as connection:
            await connection.exec_driver_sql("CREATE TABLE diary_parent (id INTEGER PRIMARY KEY)")
            await connection.exec_driver_sql(
                "CREATE TABLE diary_child (id INTEGER PRIMARY KEY REFERENCES diary_parent)"
            )

        with pytest.raises(IntegrityError):
            async with database.storage("diary").transaction() as session:
                await session.execute(sa.text("INSERT INTO diary_child VALUES (1)"))


class TestColumns:
    async def test_moments_come_back_equal_and_in_utc(self, hosted: Database) -> None:
        in_nepal = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
        async with hosted.storage("diary").transaction() as session:
            session.add(timer("birthday", due=in_nepal))

        async with hosted.storage("diary").read() as session:
            due = await session.scalar(sa.select(TimerRow.due_at))
        assert due == NOW
        assert due is not None
        assert due.tzinfo is UTC

    async def test_moments_are_ordered_and_compared_by_the_database(self, hosted: Database) -> None:
        async with hosted.storage("diary").transaction() as session:
            for minutes in (3, 1, 2):
                session.add(timer(str(minutes), due=NOW + timedelta(minutes=minutes)))

        async with hosted.storage("diary").read() as session:
            query = sa.select(TimerRow.key).where(TimerRow.due_at <= NOW + timedelta(minutes=2))
            due = (await session.scalars(query.order_by(TimerRow.due_at))).all()
        assert due == ["1", "2"]

    async def test_a_naive_moment_is_refused(self, hosted: Database) -> None:
        with pytest.raises(StatementError, match="has no time zone"):
            async with hosted.storage("diary").transaction() as session:
                session.add(timer("birthday", due=NOW.replace(tzinfo=None)))

    async def test_json_comes_back_as_it_was_and_none_is_null(self, hosted: Database) -> None:
        payload = {"text": "Zoë ➡️", "ids": [2**53 + 1], "nested": {"none": None, "half": 0.5}}
        async with hosted.storage("diary").transaction() as session:
            session.add(
                OutboxRow(
                    plugin="diary",
                    kind="post",
                    key="1",
                    payload=payload,
                    result=None,
                    next_at=NOW,
                    created_at=NOW,
                )
            )

        async with hosted.storage("diary").read() as session:
            assert await session.scalar(sa.select(OutboxRow.payload)) == payload
            without = sa.select(OutboxRow.id).where(OutboxRow.result.is_(None))
            assert await session.scalar(without) is not None

    async def test_the_largest_snowflake_fits(self, hosted: Database) -> None:
        largest = 2**63 - 1
        settings = sa.text("INSERT INTO chandelier_guild_settings VALUES (:id, 'diary', 1, '{}')")
        async with hosted.storage("chandelier").transaction() as session:
            await session.execute(settings, {"id": largest})

        async with hosted.storage("chandelier").read() as session:
            assert await session.scalar(sa.text("SELECT guild_id FROM chandelier_guild_settings")) == largest


class TestOwnTables:
    @pytest.mark.parametrize(
        "statement",
        [
            sa.select(FORUM),
            sa.select(sa.func.count()).select_from(FORUM),
            sa.select(TimerRow.key).where(TimerRow.id.in_(sa.select(FORUM.c.id))),
            sa.insert(FORUM).values(id=1),
            sa.update(FORUM).values(id=1),
            sa.delete(FORUM),
        ],
        ids=["select", "count", "subquery", "insert", "update", "delete"],
    )
    async def test_a_plugin_cannot_use_another_plugins_table(
        self, hosted: Database, statement: sa.Executable
    ) -> None:
        with pytest.raises(PluginError, match="'diary' used the table 'forum_posts'"):
            async with hosted.storage("diary").transaction() as session:
                await session.execute(statement)


async def test_what_was_committed_survives_the_process_being_killed(tmp_path: Path) -> None:
    story = """
import asyncio, os, signal, sys
from pathlib import Path
import sqlalchemy as sa
from chandelier.clock import SystemClock
from chandelier.storage.engine import Database

async def main():
    database = Database(f"sqlite:///{sys.argv[1]}/x.db", data_dir=Path(sys.argv[1]), clock=SystemClock())
    await database.start()
    async with database.schema_change() as connection:
        await connection.exec_driver_sql("CREATE TABLE diary_entries (text TEXT)")
    async with database.storage("diary").transaction() as session:
        await session.execute(sa.text("INSERT INTO diary_entries VALUES ('committed')"))
    async with database.storage("diary").transaction() as session:
        await session.execute(sa.text("INSERT INTO diary_entries VALUES ('not committed')"))
        os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", story, str(tmp_path)], check=False, env=dict(os.environ)
    )
    assert done.returncode == -signal.SIGKILL

    with sqlite3.connect(tmp_path / "x.db") as left:
        assert left.execute("SELECT text FROM diary_entries").fetchall() == [("committed",)]

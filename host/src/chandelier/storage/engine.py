"""The database: one engine for the host, and for each plugin a `Storage` that sees only its own tables.

SQLite is the embedded default, PostgreSQL comes by changing the URL; what differs between the two stays
in this room.
"""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

from loguru import logger
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from chandelier.clock import Clock
from chandelier.errors import InvalidRequest, ServiceUnavailable
from chandelier.storage.guard import GuardedSession
from chandelier.storage.names import HOST_NAME
from chandelier.storage.trouble import Trouble, advised, answer_to, trouble_of

__all__ = ["Database", "Dialect", "Storage", "normalise_url"]

Dialect = Literal["sqlite", "postgresql"]

_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "sqlite+aiosqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}
_WRITER_WAIT = 30.0
"""Seconds that a transaction waits for a single one before it (SQLite), also for other processes."""

_CONNECT_WITHIN = 10.0
"""Seconds that a server may take to accept a connection."""


def normalise_url(url: str | URL) -> URL:
    """Read a database URL and give it the asynchronous driver.

    Raises InvalidRequest, whose text never holds the password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # ValueError: a port that is no number
        raise InvalidRequest(
            "the database URL cannot be read; write it like sqlite:///data/chandelier.db "
            "or postgresql://user@host/name"
        ) from None
    driver = _DRIVERS.get(parsed.drivername)
    if driver is None:
        raise InvalidRequest(
            f"the database URL names {parsed.drivername!r}; supported are sqlite:///PATH and postgresql://…"
        )
    if driver.startswith("sqlite") and parsed.database in {None, "", ":memory:"}:
        raise InvalidRequest(
            "the database URL names no file: what the bot stores must survive a restart; "
            "write it like sqlite:///data/chandelier.db"
        )
    return parsed.set(drivername=driver)


class Database:
    """The host's database: opened with `start`, closed with `close`; sessions come from `storage`."""

    def __init__(self, url: str | URL, *, data_dir: Path, clock: Clock) -> None:
        """``url`` as operators write it; ``data_dir`` is where backups go, in ``backups/db``."""
        self.url = normalise_url(url)
        # Not of the driver's own: the schema in which the tables are, if it is not the user's default.
        self._search_path = self.url.query.get("search_path")
        self.url = self.url.difference_update_query(["search_path"])
        self.data_dir = data_dir
        self.clock = clock
        self.dialect: Dialect = "sqlite" if self.url.get_backend_name() == "sqlite" else "postgresql"
        self._writer: AsyncEngine | None = None
        self._reader: AsyncEngine | None = None
        self._writing = asyncio.Lock()
        self._tasks_writing: set[asyncio.Task[Any]] = set()
        self._waits: set[asyncio.Timeout] = set()
        self._trouble: Trouble | None = None
        self.recovered: Callable[[], None] = lambda: None
        """Called when the database can be used again after a while in which it could not."""

    def __repr__(self) -> str:
        return f"<Database {self.url.render_as_string(hide_password=True)}>"

    @property
    def path(self) -> Path:
        """The file of a SQLite database."""
        assert self.dialect == "sqlite" and self.url.database
        return Path(self.url.database)

    async def start(self) -> None:
        """Open the database, and make the SQLite file if there is none.

        Raises ServiceUnavailable when it cannot be opened.
        """
        if self._writer is not None:
            return
        try:
            self._make_engines()
            async with self._open(self._writer).connect() as connection:
                await connection.exec_driver_sql("SELECT 1")
        except Exception as error:
            await self.close()
            raise ServiceUnavailable(
                f"cannot open the database {self.url.render_as_string(hide_password=True)}: {advised(error)}"
            ) from error

    def _make_engines(self) -> None:
        if self.dialect == "sqlite":
            _make(self.path)
            self._writer = self._sqlite_engine(begin="BEGIN IMMEDIATE", foreign_keys=True)
            self._reader = self._sqlite_engine(begin="BEGIN", foreign_keys=True, query_only=True)
        else:
            self._writer = self._postgres_engine()
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    async def close(self) -> None:
        """Give every connection back; safe to call twice."""
        writer, reader, self._writer, self._reader = self._writer, self._reader, None, None
        if writer is not None:
            await writer.dispose()
        if reader is not None and self.dialect == "sqlite":
            await reader.dispose()

    def storage(self, plugin: str) -> Storage:
        """The storage of one plugin; the host's own is ``storage("chandelier")``."""
        return Storage(self, plugin)

    @asynccontextmanager
    async def transaction(self, plugin: str = HOST_NAME) -> AsyncGenerator[AsyncSession, None]:
        """See `Storage.transaction`."""
        engine = self._open(self._writer)
        session = self._session(engine, plugin)
        async with self.turn(), self._explained(wrote=True), session, session.begin():
            yield session

    @asynccontextmanager
    async def read(self, plugin: str = HOST_NAME) -> AsyncGenerator[AsyncSession, None]:
        """See `Storage.read`."""
        async with self._explained(wrote=False), self._session(self._open(self._reader), plugin) as session:
            yield session
            if session.new or session.deleted or any(session.is_modified(row) for row in session.dirty):
                raise RuntimeError(
                    "changes were made in storage.read(); use storage.transaction() to keep them"
                )

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection, None]:
        """A connection for reading, below the ORM: for migrations and backups."""
        async with self._open(self._reader).connect() as connection:
            yield connection

    @asynccontextmanager
    async def schema_change(self) -> AsyncGenerator[AsyncConnection, None]:
        """One transaction for DDL: a fresh connection without foreign-key enforcement (SQLite).

        SQLite changes a table by copying and dropping it, and with enforcement on, dropping a parent
        deletes its children (https://www.sqlite.org/lang_altertable.html#otheralter). What would break a
        foreign key is found before the commit instead.
        """
        self._open(self._writer)
        if self.dialect == "postgresql":
            engine = self._postgres_engine(poolclass=NullPool)
        else:
            engine = self._sqlite_engine(begin="BEGIN IMMEDIATE", foreign_keys=False, poolclass=NullPool)
        try:
            async with self.turn(), engine.begin() as connection:
                if self.dialect == "postgresql":
                    await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_WRITER_WAIT:.0f}s'")
                    # Two hosts on one database must not migrate at the same time.
                    await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7264113089411)")
                yield connection
                if self.dialect == "sqlite":
                    check = await connection.exec_driver_sql("PRAGMA foreign_key_check")
                    broken = check.mappings().first()
                    if broken is not None:
                        raise ServiceUnavailable(
                            f"nothing was changed: afterwards a row of {broken['table']} would refer to "
                            f"a row of {broken['parent']} that does not exist"
                        )
        finally:
            await engine.dispose()
            if self.dialect == "postgresql":
                # Pooled connections keep statements that were prepared for the tables as they were.
                await self._open(self._writer).dispose()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None, None]:
        """One transaction per task, and on SQLite one at a time: waiting here is not an error there."""
        task = asyncio.current_task()
        assert task is not None
        if task in self._tasks_writing:
            raise RuntimeError(
                "this task is inside a transaction already and would wait for itself: pass session=… "
                "to what you call, or call it after the transaction"
            )
        self._tasks_writing.add(task)
        try:
            if self.dialect == "postgresql":
                yield
                return
            await self._wait_for_turn()
            try:
                yield
            finally:
                self._writing.release()
                for wait in self._waits:  # a long queue is no trouble as long as it moves
                    if not wait.expired():
                        wait.reschedule(asyncio.get_running_loop().time() + _WRITER_WAIT)
        finally:
            self._tasks_writing.discard(task)

    async def _wait_for_turn(self) -> None:
        wait = asyncio.timeout(_WRITER_WAIT)
        try:
            async with wait:
                self._waits.add(wait)
                await self._writing.acquire()
        except TimeoutError:
            raise ServiceUnavailable(
                f"the database was busy for {_WRITER_WAIT:.0f} s; a transaction is kept open too long"
            ) from None
        finally:
            self._waits.discard(wait)

    @asynccontextmanager
    async def _explained(self, *, wrote: bool) -> AsyncGenerator[None, None]:
        """Say what ails the database: to the person by what is raised, once to the operator by the log.

        Raises ServiceUnavailable for the database's own state, and everything else as it is.
        """
        try:
            yield
        except Exception as error:
            trouble = trouble_of(error)
            if trouble is None or (trouble == "unwritable" and not wrote):
                raise  # what only reads may not write: that is no trouble of the database
            if trouble != self._trouble:
                self._trouble = trouble
                logger.error("the database: {}", advised(error))
            raise answer_to(trouble) from error
        # A full disk can be read; and of a damaged file, some parts always work.
        if self._trouble == "away" or (wrote and self._trouble not in {None, "damaged"}):
            self._trouble = None
            logger.info("the database can be used again")
            self.recovered()

    @staticmethod
    def _open(engine: AsyncEngine | None) -> AsyncEngine:
        if engine is None:
            raise RuntimeError("the database is not open: call Database.start() first")
        return engine

    @staticmethod
    def _session(engine: AsyncEngine, plugin: str) -> AsyncSession:
        return AsyncSession(
            engine, expire_on_commit=False, sync_session_class=GuardedSession, info={"plugin": plugin}
        )

    def _sqlite_engine(
        self, *, begin: str, foreign_keys: bool, query_only: bool = False, **options: Any
    ) -> AsyncEngine:
        engine = create_async_engine(self.url, connect_args={"timeout": _WRITER_WAIT}, **options)
        pragmas = (
            "journal_mode=WAL",
            # A row is the promise of an effect, so a commit must survive a power cut: FULL, not NORMAL.
            "synchronous=FULL",
            f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
            f"query_only={'ON' if query_only else 'OFF'}",
        )

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:  # pyright: ignore[reportUnusedFunction]
            # Python's sqlite3 opens transactions by itself, and not for DDL; we say BEGIN ourselves.
            # https://docs.sqlalchemy.org/en/21/dialects/sqlite.html#pysqlite-serializable
            connection.isolation_level = None
            cursor = connection.cursor()
            for pragma in pragmas:
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def really_begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
            connection.exec_driver_sql(begin)

        return engine

    def _postgres_engine(self, **options: Any) -> AsyncEngine:
        if "poolclass" not in options:
            options["pool_pre_ping"] = True
        # Where a network swallows everything, the driver would wait for a minute.
        connect_args: dict[str, Any] = {"timeout": _CONNECT_WITHIN}
        if self._search_path is not None:
            connect_args["server_settings"] = {"search_path": str(self._search_path)}
        return create_async_engine(self.url, connect_args=connect_args, **options)


class Storage:
    """What a plugin gets: sessions that see the tables whose names start with the plugin's prefix."""

    def __init__(self, database: Database, plugin: str) -> None:
        self._database = database
        self.plugin = plugin

    @property
    def dialect(self) -> Dialect:
        """Which database it is, for the rare statement that must differ."""
        return self._database.dialect

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession, None]:
        """A session for changes: committed at the end, rolled back when the block raises.

        Keep it short, without calls to Discord inside: on SQLite other transactions wait for it. Objects
        stay readable after the commit. Raises RuntimeError when the task already has a transaction, and
        ServiceUnavailable, written for the person who waits, when the database cannot be used now.
        """
        async with self._database.transaction(self.plugin) as session:
            yield session

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[AsyncSession, None]:
        """A session for reading one consistent state; it refuses changes."""
        async with self._database.read(self.plugin) as session:
            yield session

    def insert(self, entity: Any) -> Any:
        """An INSERT that also offers ``on_conflict_do_nothing`` and ``on_conflict_do_update``.

        SQLAlchemy has them per database only; both take the same arguments.
        """
        if self.dialect == "sqlite":
            from sqlalchemy.dialects.sqlite import insert
        else:  # a tenth of SQLAlchemy's import, so only where it is used
            from sqlalchemy.dialects.postgresql import insert
        return insert(entity)


def _make(path: Path) -> None:
    """Make the file of a new database, for the bot's own user only.

    Raises OSError where SQLite would only say that it is "unable to open" the file, and say it from a thread.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        # Not opened to look: closing it would take away SQLite's locks on it, for the whole process
        # (https://www.sqlite.org/howtocorrupt.html).
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path)) from None
        if not os.access(path, os.R_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path)) from None

"""Schema migrations: one Alembic history per plugin, applied in one transaction with its version."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import asynccontextmanager
from typing import Any

import attrs
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from loguru import logger
from sqlalchemy import Connection, inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from chandelier.errors import PluginError
from chandelier.storage.backup import Backups
from chandelier.storage.engine import Database
from chandelier.storage.history import StorageHistory, check_names, folder_of
from chandelier.storage.names import owners, version_table
from chandelier.storage.trouble import in_short

__all__ = ["Migrator", "Revision"]

_ALEMBIC = threading.Lock()
# Alembic's ``op`` is one proxy per process, and our migrations give way to the event loop between
# statements: without this lock two bots in one process would run each other's revisions.


@attrs.frozen
class Revision:
    """One step of a history."""

    id: str
    summary: str


class Migrator:
    """Brings the tables of the host and of plugins from one revision to another."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.backups = Backups(database)

    @property
    def database(self) -> Database:
        """The database whose tables it changes."""
        return self._database

    async def current(self, name: str) -> str | None:
        """The revision that the database has for ``name``; None when it has none."""
        async with self._database.connect() as connection:
            return await connection.run_sync(_current, name)

    async def pending(self, name: str, history: StorageHistory) -> list[Revision]:
        """The steps that `upgrade` would take, oldest first. Raises PluginError as `upgrade` does."""
        script = _script(name, history)
        before = await self._known(name, script)
        return [Revision(step.revision, step.doc) for step in _between(script, before, "head")]

    def check(self, name: str, history: StorageHistory, *, others: Collection[str] = ()) -> None:
        """Judge a history without touching the database.

        Raises PluginError when a table or an index does not start with the plugin's prefix, when it
        falls under the longer prefix of one of ``others`` (plugin names), or when the revisions are not
        one unbroken line.
        """
        check_names(name, history, others)
        _script(name, history)

    async def upgrade(
        self, name: str, history: StorageHistory, to: str = "head"
    ) -> tuple[str | None, str | None]:
        """Apply what is pending, after a backup; returns the revisions before and after.

        All steps and the version are one transaction: either everything is done or nothing. Raises
        PluginError when the history is not sound, when a newer version wrote the database, or when a
        step fails.
        """
        self.check(name, history)
        script = _script(name, history)
        before = await self._known(name, script)
        if to != "head":
            _revision(name, script, to)
        steps = _between(script, before, to)
        if not steps:
            return before, before
        if before is not None:
            await self._back_up(name, steps[-1].revision)
        after = steps[-1].revision
        await self._run(name, script, after, lambda at: script._upgrade_revs(after, at))
        logger.info("Storage of {}: revision {} → {}", name, before or "none", after)
        return before, after

    async def downgrade(self, name: str, history: StorageHistory, to: str) -> tuple[str | None, str | None]:
        """Take steps back to revision ``to`` (``"base"``: no tables), after a backup.

        Returns the revisions before and after; raises PluginError as `upgrade` does.
        """
        script = _script(name, history)
        before = await self._known(name, script)
        target = None if to == "base" else _revision(name, script, to).revision
        if before == target:
            return before, before
        if before is None or (target is not None and not _between(script, target, before)):
            raise PluginError(f"plugin {name!r}: {to} is not before {before or 'base'}; use upgrade")
        await self._back_up(name, target or "base")
        await self._run(name, script, target, lambda at: script._downgrade_revs(to, at))
        logger.info("Storage of {}: revision {} → {}", name, before, target or "none")
        return before, target

    async def differences(self, name: str, history: StorageHistory) -> list[Any]:
        """What Alembic would still have to do so that the tables match the metadata: for tests of plugins."""

        def compare(connection: Connection) -> list[Any]:
            mine = set(owners(inspect(connection).get_table_names()).get(name, ()))
            mine.discard(version_table(name))

            def include(found: str | None, kind: str, _parents: Any) -> bool:
                return kind != "table" or found in mine

            context = MigrationContext.configure(
                connection,
                opts={"version_table": version_table(name), "include_name": include, "compare_type": True},
            )
            return list(compare_metadata(context, history.metadata))

        async with self._database.connect() as connection:
            return await connection.run_sync(compare)

    def revisions(self, name: str, history: StorageHistory) -> list[str]:
        """Every revision that the installed code knows, oldest first."""
        return [step.revision for step in _line(_script(name, history))]

    async def installed(self) -> dict[str, str]:
        """The stored revision of everyone who has tables, whether installed now or not."""
        async with self._database.connect() as connection:
            return await connection.run_sync(_installed)

    async def build(self, connection: AsyncConnection, name: str, history: StorageHistory, to: str) -> None:
        """Build the tables of ``name`` at revision ``to`` from nothing, inside a `schema_change`."""
        script = _script(name, history)
        await connection.run_sync(_migrate, name, script, lambda at: script._upgrade_revs(to, at))

    @asynccontextmanager
    async def schema_change(self) -> AsyncGenerator[AsyncConnection, None]:
        """`Database.schema_change`, alone with Alembic in this process."""
        async with _alone(), self._database.schema_change() as connection:
            yield connection

    async def _known(self, name: str, script: ScriptDirectory) -> str | None:
        """The stored revision, if the installed code knows it."""
        stored = await self.current(name)
        known = [step.revision for step in _line(script)]
        if stored is None or stored in known:
            return stored
        backup = await self.backups.newest(name, known)
        undo = (
            f"chandelier db restore {backup.path} --plugin {name}"
            if backup is not None
            else "a backup of your own: the host has none that this version can read"
        )
        raise PluginError(
            f"plugin {name!r}: a newer version wrote its tables (revision {stored}; this version knows up "
            f"to {known[-1]}). Install the newer version again, or go back with: {undo}"
        )

    async def _back_up(self, name: str, to: str) -> None:
        try:
            await self.backups.take(f"before-{name}-{to}", only=name)
        except (OSError, sqlite3.Error) as error:
            raise PluginError(
                f"plugin {name!r}: no backup could be taken, so nothing was migrated: {error}. "
                f"Make room in {self.backups.folder} and try again"
            ) from error

    async def _run(
        self, name: str, script: ScriptDirectory, after: str | None, steps: Callable[[Any], Any]
    ) -> None:
        try:
            async with self.schema_change() as connection:
                await connection.run_sync(_migrate, name, script, steps)
        except Exception as error:
            raise PluginError(
                f"plugin {name!r}: the migration to revision {after or 'base'} failed and nothing was "
                f"changed: {type(error).__name__}: {in_short(error)}"
            ) from error


def _migrate(connection: Connection, name: str, script: ScriptDirectory, steps: Callable[[Any], Any]) -> None:
    def chosen(at: Any, _context: MigrationContext) -> Any:
        return steps(at)

    context = EnvironmentContext(Config(), script, fn=chosen)
    with context:
        context.configure(
            connection=connection,
            version_table=version_table(name),
            transactional_ddl=True,
            render_as_batch=connection.dialect.name == "sqlite",
        )
        context.run_migrations()


def _installed(connection: Connection) -> dict[str, str]:
    found = {each: _current(connection, each) for each in owners(inspect(connection).get_table_names())}
    return {each: revision for each, revision in found.items() if revision is not None}


def _current(connection: Connection, name: str) -> str | None:
    table = version_table(name)
    if not inspect(connection).has_table(table):
        return None
    return MigrationContext.configure(connection, opts={"version_table": table}).get_current_revision()


def _script(name: str, history: StorageHistory) -> ScriptDirectory:
    folder = folder_of(name, history)
    script = ScriptDirectory(str(folder), version_locations=[str(folder)])
    try:
        heads, bases = script.get_heads(), script.get_bases()
        list(script.walk_revisions())
    except (CommandError, KeyError, SyntaxError, ImportError) as error:
        raise PluginError(f"plugin {name!r}: the revisions in {folder} cannot be read: {error}") from error
    if len(heads) != 1 or len(bases) != 1:
        raise PluginError(
            f"plugin {name!r}: the revisions in {folder} must be one line, but they start at "
            f"{', '.join(bases) or 'nothing'} and end at {', '.join(heads) or 'nothing'}"
        )
    return script


def _revision(name: str, script: ScriptDirectory, wanted: str) -> Script:
    try:
        found = script.get_revision(wanted)
    except CommandError:
        found = None
    if found is None:
        known = ", ".join(step.revision for step in _line(script))
        raise PluginError(f"plugin {name!r} has no revision {wanted!r}; it has {known}")
    return found


def _line(script: ScriptDirectory) -> list[Script]:
    """Every revision, oldest first."""
    return list(reversed(list(script.walk_revisions())))


def _between(script: ScriptDirectory, before: str | None, to: str) -> list[Script]:
    """The steps after ``before`` up to ``to``, oldest first; none when ``to`` is not ahead."""
    line = _line(script)
    ids = [step.revision for step in line]
    end = len(ids) if to == "head" else ids.index(to) + 1
    start = 0 if before is None else ids.index(before) + 1
    return line[start:end]


@asynccontextmanager
async def _alone() -> AsyncGenerator[None, None]:
    """Hold `_ALEMBIC` without blocking the event loop; it also holds between event loops."""
    while not _ALEMBIC.acquire(blocking=False):  # noqa: ASYNC110 - a waiting thread could not be cancelled
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        _ALEMBIC.release()

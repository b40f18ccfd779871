"""Puts a backup back: everything it holds, or the tables of one plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path

import attrs
from loguru import logger

from chandelier.errors import ChandelierError, InvalidRequest, PluginError
from chandelier.storage import postgres_copy, sqlite_copy
from chandelier.storage.backup import Backup
from chandelier.storage.engine import Database
from chandelier.storage.history import StorageHistory
from chandelier.storage.migrations import Migrator

__all__ = ["Restored", "restore", "set_aside"]


@attrs.frozen
class Restored:
    """What `restore` did; ``safety`` is the backup of the state that was replaced."""

    put_back: tuple[str, ...]
    left_alone: tuple[str, ...]
    safety: Backup | None


async def restore(
    database: Database,
    path: Path,
    histories: Mapping[str, StorageHistory],
    *,
    only: str | None = None,
) -> Restored:
    """Make the tables those of the backup at ``path``, in one transaction, after backing up what is there.

    Stop the bot first: what it holds in memory would not know. ``histories`` are those of the host and of
    the installed plugins, by name. With ``only``, other plugins' tables stay as they are. On PostgreSQL
    the installed revisions build the tables again, so a plugin that is not installed is left alone.

    Raises InvalidRequest when the file is no backup or does not hold ``only``, and PluginError when a
    newer version of a plugin wrote it or it does not fit; then nothing has changed.
    """
    migrator = Migrator(database)
    backup = await asyncio.to_thread(migrator.backups.read, path)
    chosen = set(backup.revisions) if only is None else {only}
    if not chosen <= set(backup.revisions):
        raise InvalidRequest(
            f"{path} holds nothing of {only!r}; it holds {', '.join(sorted(backup.revisions))}"
        )
    for name in sorted(chosen & set(histories)):
        known = migrator.revisions(name, histories[name])
        if backup.revisions[name] not in known:
            raise PluginError(
                f"plugin {name!r}: a newer version wrote {path} (revision {backup.revisions[name]}; this "
                f"version knows up to {known[-1]}); install the newer version, then restore"
            )
    safety = await migrator.backups.take("before-restore") if await migrator.installed() else None
    try:
        if database.dialect == "sqlite":
            names = None if only is None else {only}
            async with database.turn():
                await asyncio.to_thread(sqlite_copy.put_back, database.path, path, names)
            left: set[str] = set()
        else:
            left = chosen - set(histories)
            await _rebuild(migrator, database, backup, histories, chosen - left, whole=only is None)
    except ChandelierError:
        raise
    except Exception as error:
        raise PluginError(f"{path} was not restored and nothing was changed: {error}") from error
    done = tuple(sorted(chosen - left))
    logger.info("Restored {} from {}", ", ".join(done) or "nothing", path)
    return Restored(done, tuple(sorted(left)), safety)


async def set_aside(database: Database, path: Path) -> Path | None:
    """Move a damaged SQLite file out of the way of the backup at ``path``; returns where it is now.

    None when it is not damaged, or on PostgreSQL. Raises InvalidRequest when the file at ``path`` is no
    backup; then nothing has changed.
    """
    if database.dialect != "sqlite":
        return None
    await asyncio.to_thread(Migrator(database).backups.read, path)
    if not await asyncio.to_thread(sqlite_copy.damaged, database.path):
        return None
    now = database.clock.now().astimezone(UTC)
    aside = database.path.with_name(f"{database.path.name}.damaged-{now:%Y%m%dT%H%M%SZ}")
    await asyncio.to_thread(sqlite_copy.move, database.path, aside)
    return aside


async def _rebuild(
    migrator: Migrator,
    database: Database,
    backup: Backup,
    histories: Mapping[str, StorageHistory],
    chosen: set[str],
    *,
    whole: bool,
) -> None:
    async with migrator.schema_change() as connection:
        there = await postgres_copy.owned(connection)
        # A whole restore also takes away what was installed after the backup.
        complete = whole and await asyncio.to_thread(postgres_copy.is_complete, backup.path)
        gone = chosen | (set(there) - set(backup.revisions) if complete else set())
        for each in sorted(gone & set(there)):
            await postgres_copy.drop(connection, there[each])
        for name in sorted(chosen):
            await migrator.build(connection, name, histories[name], backup.revisions[name])
            await postgres_copy.load(connection, backup.path, name)

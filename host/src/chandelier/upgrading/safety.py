"""The way back: copies of config and database from before an upgrade, and putting them back exactly."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from loguru import logger

from chandelier.config.deployment import Deployment
from chandelier.errors import ChandelierError, ServiceUnavailable
from chandelier.storage import postgres_copy, sqlite_copy
from chandelier.storage.engine import Database
from chandelier.storage.files import complete
from chandelier.storage.history import StorageHistory
from chandelier.storage.migrations import Migrator
from chandelier.storage.restore import restore
from chandelier.upgrading.journal import Journal, digest, keep_newest, make_folder, save_bytes
from chandelier.upgrading.survey import there_is

__all__ = ["begin", "copy_database", "finish", "resolve", "undo"]

_CONFIG = "config.toml"


async def begin(deployment: Deployment, database: Database, new_text: str, now: datetime) -> Journal:
    """Copy what is there, then write the journal. Raises OSError or a ChandelierError before any change."""
    data_dir = database.data_dir
    folder = await asyncio.to_thread(make_folder, data_dir, now.astimezone(UTC))
    before = await asyncio.to_thread(_read, deployment.path)
    if before is not None:
        await asyncio.to_thread(save_bytes, folder / _CONFIG, before)
    copied, revisions = await copy_database(database, folder)
    journal = Journal(
        started_at=now.isoformat(),
        config=str(deployment.path.absolute()),
        config_before=digest(before),
        config_after=digest(new_text.encode(errors="surrogateescape")) or "",
        folder=str(folder),
        database=None if copied is None else copied.name,
        revisions=revisions,
    )
    await asyncio.to_thread(journal.write, data_dir)
    return journal


async def finish(journal: Journal, database: Database) -> None:
    """All is done: there is no way back any more but by hand, from the copies."""
    await asyncio.to_thread(journal.close, database.data_dir)
    await asyncio.to_thread(keep_newest, database.data_dir)


async def copy_database(database: Database, folder: Path) -> tuple[Path | None, dict[str, str]]:
    """A complete copy in ``folder`` and the revisions in it; no copy when there is nothing to copy."""
    if not await asyncio.to_thread(there_is, database):
        return None, {}
    if database.dialect == "sqlite":
        copied = folder / "chandelier.db"
        await asyncio.to_thread(sqlite_copy.copy, database.path, copied)
        return copied, await asyncio.to_thread(sqlite_copy.revisions, copied)
    await database.start()
    try:
        revisions = await Migrator(database).installed()
        if not revisions:
            return None, {}
        copied = folder / "chandelier.zip"
        async with database.connect() as connection:
            await postgres_copy.dump(connection, copied)
        return copied, revisions
    finally:
        await database.close()


async def resolve(
    database: Database, histories: Mapping[str, StorageHistory]
) -> tuple[Journal, list[str]] | None:
    """Undo an upgrade that was interrupted; None when there was none. Raises as ``undo``."""
    journal = await asyncio.to_thread(Journal.read, database.data_dir)
    if journal is None:
        return None
    return journal, await undo(journal, database, histories)


async def undo(journal: Journal, database: Database, histories: Mapping[str, StorageHistory]) -> list[str]:
    """Put config and database back as they were; may be repeated after a crash in the middle.

    Returns what could not be put back because somebody changed it meanwhile, one line each. Raises
    ServiceUnavailable with what to do when it fails; the journal stays then.
    """
    try:
        said = await asyncio.to_thread(_put_config_back, journal)
        if database.dialect == "sqlite":
            await asyncio.to_thread(_put_file_back, journal, database.path)
        else:
            await _put_rows_back(journal, database, histories)
    except (OSError, ChandelierError) as error:
        raise ServiceUnavailable(
            f"the upgrade of {journal.started_at} could not be undone: {error}. Everything from before is in "
            f"{journal.folder}. Put that right and run chandelier upgrade, which tries again"
        ) from error
    await asyncio.to_thread(journal.close, database.data_dir)
    logger.info("The upgrade of {} was undone", journal.started_at)
    return said


def _put_config_back(journal: Journal) -> list[str]:
    path, copied = Path(journal.config), Path(journal.folder) / _CONFIG
    now = digest(_read(path))
    if now == journal.config_before:
        return []
    if now != journal.config_after:
        return [f"{path} was changed by someone else meanwhile and is left alone; as it was: {copied}"]
    if journal.config_before is None:
        path.unlink()
    else:
        save_bytes(path, copied.read_bytes())
    return []


def _put_file_back(journal: Journal, path: Path) -> None:
    for suffix in ("-wal", "-shm"):  # they belong to what goes away
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    if journal.database is None:
        path.unlink(missing_ok=True)
        return
    with complete(path) as part:
        shutil.copyfile(Path(journal.folder) / journal.database, part)
        part.chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o600)


async def _put_rows_back(
    journal: Journal, database: Database, histories: Mapping[str, StorageHistory]
) -> None:
    """On PostgreSQL: the tables of everyone whose revision changed, and the host's, with guilds' settings."""
    await database.start()
    try:
        migrator = Migrator(database)
        now = await migrator.installed()
        new = now.keys() - journal.revisions.keys()
        if new:
            async with migrator.schema_change() as connection:
                there = await postgres_copy.owned(connection)
                for name in sorted(new):
                    await postgres_copy.drop(connection, there[name])
        if journal.database is None:
            return
        for name, revision in sorted(journal.revisions.items()):
            if name in histories and (now.get(name) != revision or name == "chandelier"):
                await restore(database, Path(journal.folder) / journal.database, histories, only=name)
    finally:
        await database.close()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None

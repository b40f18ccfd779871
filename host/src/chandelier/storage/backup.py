"""Backups of the database: taken before every migration, listed, and found again when one is needed."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path

import attrs
from loguru import logger

from chandelier.errors import InvalidRequest
from chandelier.storage import postgres_copy, sqlite_copy
from chandelier.storage.engine import Database

__all__ = ["Backup", "Backups"]

_NAME = re.compile(r"(?P<number>\d{4,})-(?P<at>\d{8}T\d{6}Z)-(?P<label>.+)")
_SUFFIX = {"sqlite": ".db", "postgresql": ".zip"}
_AUTOMATIC = "before-"
"""Labels that start so are the host's own; only those are ever deleted."""


@attrs.frozen
class Backup:
    """A backup that is there: where, when, why, and which revision of which plugin it holds."""

    path: Path
    taken_at: datetime
    label: str
    revisions: Mapping[str, str]


class Backups:
    """The folder ``<data>/backups/db``: a copy of the file on SQLite, a zip of CSV files on PostgreSQL."""

    def __init__(self, database: Database, *, keep: int = 20) -> None:
        """Of the backups that the host takes by itself the newest ``keep`` stay."""
        self._database = database
        self._keep = keep
        self.folder = database.data_dir / "backups" / "db"

    async def take(self, label: str, *, only: str | None = None) -> Backup:
        """Back up everything, or on PostgreSQL the tables of the plugin ``only``; says so in the log.

        On SQLite a backup is always the whole file. The file appears when it is complete and on disk.
        """
        now = self._database.clock.now().astimezone(UTC)
        path = await asyncio.to_thread(self._next_path, now, re.sub(r"[^\w.-]+", "-", label))
        if self._database.dialect == "sqlite":
            await asyncio.to_thread(sqlite_copy.copy, self._database.path, path)
        else:
            async with self._database.connect() as connection:
                await postgres_copy.dump(connection, path, only=only)
        backup = await asyncio.to_thread(self.read, path)
        logger.info("Backed up the database to {} (revisions: {})", path, _listed(backup.revisions))
        await asyncio.to_thread(self._prune)
        return backup

    async def all(self) -> list[Backup]:
        """Every backup of this kind of database, newest first."""
        return await asyncio.to_thread(lambda: [self.read(path) for path in self._paths()])

    async def newest(self, name: str, known: Collection[str]) -> Backup | None:
        """The newest backup in which plugin ``name`` is at one of the ``known`` revisions."""
        for backup in await self.all():
            if backup.revisions.get(name) in known:
                return backup
        return None

    def read(self, path: Path) -> Backup:
        """What a backup holds (blocking). Raises InvalidRequest when it is not a backup for this database."""
        suffix = _SUFFIX[self._database.dialect]
        named = _NAME.fullmatch(path.stem)
        try:
            if path.suffix != suffix:
                raise ValueError(f"backups of {self._database.dialect} end in {suffix}")
            if not path.is_file():
                raise ValueError("there is no such file")
            read = sqlite_copy.revisions if suffix == ".db" else postgres_copy.revisions
            revisions = read(path)
            if not revisions:
                raise ValueError("it holds no tables of the host or of a plugin")
        except (OSError, ValueError, sqlite3.Error) as error:
            raise InvalidRequest(f"{path} is not a backup that can be restored: {error}") from error
        if named is None:
            return Backup(path, datetime.fromtimestamp(path.stat().st_mtime, UTC), path.stem, revisions)
        taken_at = datetime.strptime(named["at"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return Backup(path, taken_at, named["label"], revisions)

    def _paths(self) -> list[Path]:
        found = [
            (int(named["number"]), path)
            for path in self.folder.glob("*" + _SUFFIX[self._database.dialect])
            if (named := _NAME.fullmatch(path.stem))
        ]
        return [path for _, path in sorted(found, reverse=True)]

    def _next_path(self, now: datetime, label: str) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        # The key of component ids and the guilds' settings are in there: nobody else may read it.
        self.folder.chmod(0o700)
        numbers = [
            int(named["number"]) for path in self.folder.iterdir() if (named := _NAME.match(path.name))
        ]
        suffix = _SUFFIX[self._database.dialect]
        return self.folder / f"{max(numbers, default=0) + 1:04}-{now:%Y%m%dT%H%M%SZ}-{label}{suffix}"

    def _prune(self) -> None:
        automatic = [
            path
            for path in self._paths()
            if (named := _NAME.fullmatch(path.stem)) and named["label"].startswith(_AUTOMATIC)
        ]
        for path in automatic[self._keep :]:
            path.unlink()


def _listed(revisions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {revision}" for name, revision in sorted(revisions.items()))

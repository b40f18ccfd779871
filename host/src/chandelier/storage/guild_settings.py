"""What guilds changed of a plugin's config: stored with the schema version it was written at."""

from __future__ import annotations

import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from loguru import logger
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.config.migrations import ConfigMigration, migrated
from chandelier.errors import PluginError
from chandelier.storage.backup import Backups
from chandelier.storage.engine import Database
from chandelier.storage.names import HOST_NAME
from chandelier.storage.setting_changes import SettingChanges
from chandelier.storage.tables import GuildSettingsRow

__all__ = ["GuildSettings"]


class GuildSettings:
    """Reads, writes and migrates guild settings; it does not judge values, the schema does that before."""

    def __init__(self, database: Database) -> None:
        self._storage = database.storage(HOST_NAME)
        self._backups = Backups(database)
        self.changes = SettingChanges(database)
        """Who changed what, for `/config history` and `/config undo`."""

    async def lock(self, guild_id: int, plugin: str, session: AsyncSession) -> None:
        """Let nobody else change these settings until the session's transaction ends.

        Without it two people who change different settings at once could both start from what was there
        before, and one change would be lost. On SQLite a transaction alone sees to that.
        """
        if self._storage.dialect == "postgresql":
            # A lock on the row would not do: before the first change there is none.
            key = zlib.crc32(f"{guild_id}/{plugin}".encode())
            await session.execute(select(func.pg_advisory_xact_lock(key)))

    async def get(
        self, guild_id: int, plugin: str, *, session: AsyncSession | None = None
    ) -> tuple[int, dict[str, Any]] | None:
        """The schema version and the values that a guild set; None when it set nothing.

        With ``session`` the values are read in that transaction: do so to change what is there.
        """
        async with self._reading(session) as reading:
            row = await reading.get(GuildSettingsRow, (guild_id, plugin), populate_existing=True)
            return None if row is None else (row.version, dict(row.values))

    async def set(
        self,
        guild_id: int,
        plugin: str,
        version: int,
        values: Mapping[str, Any],
        *,
        session: AsyncSession | None = None,
    ) -> None:
        """Replace what a guild set by ``values`` (JSON-ready); without any, nothing stays stored."""
        async with self._writing(session) as writing:
            if not values:
                await writing.execute(
                    delete(GuildSettingsRow).where(
                        GuildSettingsRow.guild_id == guild_id, GuildSettingsRow.plugin == plugin
                    )
                )
                return
            changed = {"version": version, "values": dict(values)}
            insert = self._storage.insert(GuildSettingsRow).values(
                guild_id=guild_id, plugin=plugin, **changed
            )
            await writing.execute(
                insert.on_conflict_do_update(index_elements=["guild_id", "plugin"], set_=changed)
            )

    async def all(self, plugin: str) -> dict[int, tuple[int, dict[str, Any]]]:
        """The schema version and the values of every guild that set something of ``plugin``."""
        async with self._storage.read() as session:
            rows = await session.scalars(select(GuildSettingsRow).where(GuildSettingsRow.plugin == plugin))
            return {row.guild_id: (row.version, dict(row.values)) for row in rows}

    async def migrate(self, plugin: str, migrations: Sequence[ConfigMigration], target: int) -> int:
        """Bring every guild's settings of ``plugin`` to version ``target``, up or down.

        Values and version change in one transaction, after a backup; returns how many guilds changed.
        Raises PluginError, and changes nothing, when a step fails or a newer version wrote the settings.
        """
        versions = {version for version, _ in (await self.all(plugin)).values()} - {target}
        if not versions:
            return 0
        await self._refuse_newer(plugin, max(versions), migrations, target)
        label = f"{_label(plugin)}{target}-from-{max(versions)}"
        await self._backups.take(label, only=HOST_NAME)
        async with self._storage.transaction() as session:
            query = select(GuildSettingsRow).where(
                GuildSettingsRow.plugin == plugin, GuildSettingsRow.version != target
            )
            rows = (await session.scalars(query.with_for_update())).all()
            for row in rows:
                try:
                    row.values = migrated(
                        row.values, current=row.version, target=target, migrations=migrations
                    )
                except PluginError as error:
                    raise PluginError(
                        f"plugin {plugin!r}, settings of guild {row.guild_id}: {error}"
                    ) from error
                row.version = target
        logger.info("Settings of {} migrated to version {} in {} guilds", plugin, target, len(rows))
        return len(rows)

    async def _refuse_newer(
        self, plugin: str, found: int, migrations: Sequence[ConfigMigration], target: int
    ) -> None:
        known = {migration.to_version for migration in migrations}
        if found <= target or found in known:
            return
        undo = "a backup of your own: the host has none from before"
        for backup in await self._backups.all():
            if backup.label.startswith(_label(plugin)) and backup.label.endswith(f"-from-{target}"):
                undo = f"chandelier db restore {backup.path} --plugin {HOST_NAME} (all of the host's tables)"
                break
        raise PluginError(
            f"plugin {plugin!r}: a newer version wrote the settings of some guilds (version {found}; this "
            f"version knows up to {target}). Install the newer version again, or go back with: {undo}"
        )

    @asynccontextmanager
    async def _reading(self, session: AsyncSession | None) -> AsyncGenerator[AsyncSession, None]:
        if session is not None:
            yield session
            return
        async with self._storage.read() as own:
            yield own

    @asynccontextmanager
    async def _writing(self, session: AsyncSession | None) -> AsyncGenerator[AsyncSession, None]:
        if session is not None:
            yield session
            return
        async with self._storage.transaction() as own:
            yield own


def _label(plugin: str) -> str:
    return f"before-{plugin}-settings-"

"""Bringing a plugin's data to the versions its code wants, and back when that code does not start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from loguru import logger

from chandelier.config.deployment import Deployment
from chandelier.config.migrations import ConfigMigration
from chandelier.config.schema import config_version
from chandelier.errors import PluginError
from chandelier.loading import Description
from chandelier.storage.engine import Database
from chandelier.storage.guild_settings import GuildSettings
from chandelier.storage.history import StorageHistory, check_names, is_current
from chandelier.storage.names import HOST_NAME

if TYPE_CHECKING:
    from chandelier.storage.migrations import Migrator

__all__ = ["Upgrades"]

Undo = Callable[[], Awaitable[object]]


class Upgrades:
    """Storage, config file and guild settings of plugins; every step is remembered with its way back."""

    def __init__(
        self, deployment: Deployment, database: Database, settings: GuildSettings, *, automatic: bool
    ) -> None:
        self._deployment = deployment
        self._database = database
        self._settings = settings
        self._automatic = automatic
        self._undo: dict[str, list[Undo]] = {}

    @cached_property
    def migrator(self) -> Migrator:
        """Made, and Alembic loaded, when there is something to migrate."""
        from chandelier.storage.migrations import Migrator

        return Migrator(self._database)

    async def build_own(self, history: StorageHistory) -> None:
        """Bring the host's own tables up to date."""
        if not await is_current(self._database, HOST_NAME, history):
            await self.migrator.upgrade(HOST_NAME, history)

    async def upgrade(self, name: str, description: Description, others: Collection[str]) -> None:
        """Bring everything of one plugin up to date.

        ``others`` are the names of the other plugins. Raises PluginError when a step fails, when a newer
        version wrote the data, or when something is due and migrations are not automatic.
        """
        self._undo[name] = []
        if description.history is not None:
            check_names(name, description.history, others)
            if not await is_current(self._database, name, description.history):
                await self._upgrade_storage(name, description.history)
        if description.schema is not None:
            self._upgrade_file(name, description.schema, description.config_migrations)
            await self._upgrade_settings(name, description.schema, description.config_migrations)

    async def undo(self, name: str) -> None:
        """Put back the rows and the text that were there before the last ``upgrade`` of a plugin.

        An inverse that drops a column or rounds a number would lose what the upgrade only hid. Every step is
        tried, also after one that fails; that one is raised.
        """
        problems: list[Exception] = []
        for step in reversed(self._undo.pop(name, [])):
            try:
                await step()
            except Exception as error:  # noqa: BLE001 - the other steps are worth taking
                problems.append(error)
        if problems:
            raise problems[0]

    async def _upgrade_storage(self, name: str, history: StorageHistory) -> None:
        self.migrator.check(name, history)
        if not self._automatic and await self.migrator.pending(name, history):
            raise PluginError("its tables are not up to date and auto_migrate is off: chandelier db upgrade")
        before, after = await self.migrator.upgrade(name, history)
        if before != after:
            self._undo[name].append(lambda: self._storage_back(name, history, before))

    async def _storage_back(self, name: str, history: StorageHistory, before: str | None) -> None:
        backup = await self.migrator.backups.newest(name, {before}) if before is not None else None
        if backup is None:
            await self.migrator.downgrade(name, history, before or "base")
            return
        from chandelier.storage.restore import restore

        await restore(self._database, backup.path, {name: history}, only=name)

    def _upgrade_file(self, name: str, schema: type, steps: Sequence[ConfigMigration]) -> None:
        versioned = {name: (schema, steps)}
        if not self._automatic and self._deployment.pending(versioned):
            raise PluginError(
                "its config is of an older version and auto_migrate is off: chandelier config migrate"
            )
        text = self._deployment.file.text
        for change in self._deployment.migrate(versioned):
            logger.info("config: {}", change)
            written = self._deployment.file.text

            async def go_back(before: int = change.before, written: str = written) -> None:
                if self._deployment.file.text == written:
                    self._deployment.put_back(text)
                else:  # another plugin's section was migrated meanwhile
                    self._deployment.migrate(versioned, targets={name: before})

            self._undo[name].append(go_back)

    async def _upgrade_settings(self, name: str, schema: type, steps: Sequence[ConfigMigration]) -> None:
        stored = await self._settings.all(name)
        if not await self._settings.migrate(name, steps, config_version(schema)):
            return

        async def go_back() -> None:
            for guild_id, (version, values) in stored.items():
                await self._settings.set(guild_id, name, version, values)

        self._undo[name].append(go_back)

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
    """Storage, config file and guild settings of plugins; every step is remembered with its inverse."""

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
        """Take back what the last ``upgrade`` of a plugin did, with that version's own inverses."""
        for step in reversed(self._undo.pop(name, [])):
            await step()

    async def _upgrade_storage(self, name: str, history: StorageHistory) -> None:
        self.migrator.check(name, history)
        if not self._automatic and await self.migrator.pending(name, history):
            raise PluginError("its tables are not up to date and auto_migrate is off: chandelier db upgrade")
        before, after = await self.migrator.upgrade(name, history)
        if before != after:
            self._undo[name].append(lambda: self.migrator.downgrade(name, history, before or "base"))

    def _upgrade_file(self, name: str, schema: type, steps: Sequence[ConfigMigration]) -> None:
        versioned = {name: (schema, steps)}
        if not self._automatic and self._deployment.pending(versioned):
            raise PluginError(
                "its config is of an older version and auto_migrate is off: chandelier config migrate"
            )
        for change in self._deployment.migrate(versioned):
            logger.info("config: {}", change)

            async def go_back(before: int = change.before) -> None:
                self._deployment.migrate(versioned, targets={name: before})

            self._undo[name].append(go_back)

    async def _upgrade_settings(self, name: str, schema: type, steps: Sequence[ConfigMigration]) -> None:
        stored = {version for version, _ in (await self._settings.all(name)).values()}
        await self._settings.migrate(name, steps, config_version(schema))
        if stored and min(stored) < config_version(schema):
            self._undo[name].append(lambda: self._settings.migrate(name, steps, min(stored)))

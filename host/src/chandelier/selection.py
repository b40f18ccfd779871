"""Which of the installed plugins take part, and whether the deployment's config fits them."""

from __future__ import annotations

import importlib
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from loguru import logger

from chandelier import discovery
from chandelier.config.host import HostConfig
from chandelier.config.migrations import ConfigMigration
from chandelier.config.problems import ConfigError
from chandelier.discovery import Candidate
from chandelier.errors import PluginError
from chandelier.record import State
from chandelier.storage.names import HOST_NAME

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["ESSENTIAL", "Selection"]

ESSENTIAL = "core"
"""The plugin of the host's own commands; it cannot be disabled."""


class Selection:
    """Finds plugins for one host: all that are installed, without some, or only some."""

    def __init__(self, host: Host, without: Collection[str], only: Collection[str] | None) -> None:
        self._host = host
        self._without = set(without)
        self._only = None if only is None else {*only, ESSENTIAL}
        self._installed: Sequence[Candidate] = ()

    async def load(self) -> None:
        """Import what is installed and is to run."""
        self._installed = discovery.candidates()
        for name in sorted(self._without - {candidate.name for candidate in self._installed}):
            logger.warning("no plugin named {} is installed, so none is left out for that name", name)
        found = [
            candidate
            for candidate in self._installed
            if candidate.name not in self._without and (self._only is None or candidate.name in self._only)
        ]
        self._host.lifecycle.add(found)
        self._host.whose.learn()
        await self._tell_of_abandoned()
        disabled = await self._host.state.disabled() - {ESSENTIAL}
        for record in self._host.lifecycle.records.values():
            if record.name in disabled:
                record.enabled, record.state, record.reason = False, State.STOPPED, "disabled"
            elif record.state is State.FOUND:
                self._host.lifecycle.load(record)

    async def _tell_of_abandoned(self) -> None:
        """A plugin that was uninstalled keeps its data: nothing is lost, and nobody wonders where it went."""
        there = {candidate.name for candidate in self._installed}
        for name in sorted((await self._host.upgrades.migrator.installed()).keys() - there - {HOST_NAME}):
            logger.warning(
                "the plugin {} is not installed; its data is kept and is there again when it comes back", name
            )

    async def check_config(self) -> None:
        """Bring the file up to date, and judge it with everybody's schema; raises ConfigError."""
        described: dict[str, tuple[type[Any], Sequence[ConfigMigration]]] = {}
        for record in self._host.in_state(State.LOADED):
            assert record.description is not None
            if (schema := record.description.schema) is None:
                continue
            versioned = (schema, record.description.config_migrations)
            try:
                self._host.deployment.preview({record.name: versioned})
            except PluginError as error:  # a migration that is missing or fails is the plugin's defect
                await self._host.lifecycle.give_up(record, error)
            else:
                described[record.name] = versioned
        if self._host.config.auto_migrate:
            for change in self._host.deployment.migrate(described):
                logger.info("config: {}", change)
                await self._host.audit.record("config.migrate", subject=str(change))
        schemas = {name: schema for name, (schema, _) in described.items()}
        _, problems, warnings = self._host.deployment.check(
            {HOST_NAME: HostConfig, **schemas}, also=[candidate.name for candidate in self._installed]
        )
        for warning in warnings:
            logger.warning("config: {}", warning)
        if problems:
            raise ConfigError(problems)

    def look_again(self) -> dict[str, Candidate]:
        """What is installed now, by name; what is new is known from here on, and waits to be enabled."""
        importlib.invalidate_caches()
        installed = {candidate.name: candidate for candidate in discovery.candidates()}
        allowed = installed.keys() - self._without
        if self._only is not None:
            allowed &= self._only
        self._host.lifecycle.add(
            installed[name] for name in sorted(allowed - self._host.lifecycle.records.keys())
        )
        return installed

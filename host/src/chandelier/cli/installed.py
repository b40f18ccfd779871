"""The installed plugins as the command line needs them: judged, loaded one by one, described.

A plugin that cannot be loaded costs its own commands and schema, never the command line.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import attrs
import click

from chandelier.cli.patience import told_when_slow
from chandelier.clock import SystemClock
from chandelier.config.migrations import ConfigMigration
from chandelier.discovery import Candidate, candidates
from chandelier.errors import PluginError
from chandelier.hooks import Hooks
from chandelier.loading import Description, describe, import_plugin
from chandelier.storage.history import StorageHistory

__all__ = ["Installed", "InstalledPlugin"]

_HOOK_TIMEOUT = 10.0
"""Seconds; only asynchronous hooks are limited, and the command line calls none."""


@attrs.frozen(kw_only=True)
class InstalledPlugin:
    """One installed plugin: what its metadata says, and what it says itself if it could be loaded."""

    candidate: Candidate
    description: Description | None = None
    problem: str | None = None
    """Why it cannot run: refused before import, or failed while it was loaded."""

    @property
    def name(self) -> str:
        """The plugin's name."""
        return self.candidate.name


class Installed:
    """What is installed beside the host, found out once, when first asked."""

    def __init__(self) -> None:
        self._hooks = Hooks(SystemClock(), timeout=_HOOK_TIMEOUT)

    @functools.cached_property
    def plugins(self) -> tuple[InstalledPlugin, ...]:
        """Every plugin, ordered by name, the broken ones with their problem."""
        return tuple(self._load(candidate) for candidate in candidates())

    def schemas(self) -> Mapping[str, type[Any]]:
        """The config schemas of the plugins that could be loaded, by plugin name."""
        return {
            plugin.name: plugin.description.schema
            for plugin in self.plugins
            if plugin.description is not None and plugin.description.schema is not None
        }

    def config_migrations(self) -> Mapping[str, tuple[ConfigMigration, ...]]:
        """The config migrations of the plugins that have a schema, by plugin name."""
        return {
            plugin.name: plugin.description.config_migrations
            for plugin in self.plugins
            if plugin.description is not None and plugin.description.schema is not None
        }

    def histories(self) -> Mapping[str, StorageHistory]:
        """The storage histories of the plugins that store something, by plugin name."""
        return {
            plugin.name: plugin.description.history
            for plugin in self.plugins
            if plugin.description is not None and plugin.description.history is not None
        }

    def commands(self) -> tuple[dict[str, click.Command], list[str]]:
        """The commands that plugins add, by name, and what went wrong, one line each.

        The first plugin (by name) to add a command of a name keeps it.
        """
        found: dict[str, click.Command] = {}
        owners: dict[str, str] = {}
        trouble: list[str] = []
        for plugin in self.plugins:
            if plugin.problem is not None:
                trouble.append(f"plugin {plugin.name} is left out: {plugin.problem}")
                continue
            group = click.Group(plugin.name)
            try:
                self._hooks.call_now(plugin.name, "chandelier_cli", group=group)
            except Exception as error:  # noqa: BLE001 - one plugin's mistake must not take the command line away
                trouble.append(f"plugin {plugin.name}: its commands are missing: {_say(error)}")
                continue
            for name, command in group.commands.items():
                if name in owners:
                    trouble.append(f"plugin {plugin.name}: {owners[name]} already has a command {name!r}")
                else:
                    found[name], owners[name] = command, plugin.name
        return found, trouble

    def _load(self, candidate: Candidate) -> InstalledPlugin:
        if candidate.verdict is not None:
            return InstalledPlugin(candidate=candidate, problem=candidate.verdict)
        try:
            with told_when_slow(candidate):
                self._hooks.register(candidate.name, import_plugin(candidate))
                return InstalledPlugin(candidate=candidate, description=describe(self._hooks, candidate))
        except PluginError as error:
            self._hooks.unregister(candidate.name)
            return InstalledPlugin(candidate=candidate, problem=str(error))


def _say(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"

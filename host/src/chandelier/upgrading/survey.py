"""What an upgrade would change: sections of ``config.toml``, tables, and guilds' settings. Only reads."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection, inspect, text

from chandelier.config.deployment import Change, Deployment
from chandelier.config.host import HostConfig
from chandelier.config.migrations import ConfigMigration
from chandelier.config.schema import config_version
from chandelier.errors import PluginError
from chandelier.loading import Description
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY, StorageHistory
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME
from chandelier.storage.tables import GuildSettingsRow, PluginStateRow

__all__ = ["Settings", "Survey", "Tables", "disabled", "histories", "survey", "there_is", "versioned"]

Descriptions = Mapping[str, Description]
"""What the plugins that take part say about themselves, by name."""


@attrs.frozen
class Tables:
    """The tables of one plugin, or of the host, and the steps they are behind."""

    plugin: str
    before: str | None
    after: str
    steps: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.plugin}: tables {self.before or 'none'} → {self.after} ({'; '.join(self.steps)})"


@attrs.frozen
class Settings:
    """What guilds changed of one plugin's config, and the versions it is behind."""

    plugin: str
    guilds: int
    before: int
    after: int

    def __str__(self) -> str:
        guilds = "1 guild" if self.guilds == 1 else f"{self.guilds} guilds"
        return f"{self.plugin}: settings of {guilds}, version {self.before} → {self.after}"


@attrs.frozen(kw_only=True)
class Survey:
    """Everything that is due."""

    config: tuple[Change, ...]
    text: str
    """``config.toml`` as it is."""
    new_text: str
    """``config.toml`` as it will be."""
    tables: tuple[Tables, ...]
    settings: tuple[Settings, ...]

    @property
    def lines(self) -> list[str]:
        """What is due, one line each."""
        return [str(each) for each in (*self.config, *self.tables, *self.settings)]

    def diff(self, name: str) -> str:
        """The change of the config file called ``name`` as a unified diff; empty without a change."""
        lines = difflib.unified_diff(
            self.text.splitlines(keepends=True),
            self.new_text.splitlines(keepends=True),
            f"{name} (now)",
            f"{name} (after)",
        )
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)

    def to_json(self, name: str) -> dict[str, Any]:
        """The same as JSON-ready data."""
        return {
            "config": [change.to_json() for change in self.config],
            "config_diff": self.diff(name),
            "tables": [attrs.asdict(each) for each in self.tables],
            "settings": [attrs.asdict(each) for each in self.settings],
        }


async def survey(deployment: Deployment, database: Database, plugins: Descriptions) -> Survey:
    """Find out what is due for the host and these plugins.

    Raises ConfigError and PluginError as the migrations would, also for what is newer than the code.
    """
    changes, new_text = deployment.preview(versioned(plugins))
    tables: list[Tables] = []
    settings: list[Settings] = []
    if await asyncio.to_thread(there_is, database):
        await database.start()
        try:
            migrator = Migrator(database)
            for name, history in histories(plugins).items():
                steps = await migrator.pending(name, history)
                if steps:
                    words = tuple(f"{step.id} {step.summary}" for step in steps)
                    tables.append(Tables(name, await migrator.current(name), steps[-1].id, words))
            async with database.connect() as connection:
                settings = _settings(await connection.run_sync(_stored_versions), plugins)
        finally:
            await database.close()
    else:
        for name, history in histories(plugins).items():
            revisions = Migrator(database).revisions(name, history)
            tables.append(Tables(name, None, revisions[-1], tuple(revisions)))
    return Survey(
        config=tuple(changes),
        text=deployment.file.text,
        new_text=new_text,
        tables=tuple(tables),
        settings=tuple(settings),
    )


async def disabled(database: Database) -> set[str]:
    """The plugins that the owner disabled, whichever version of the host wrote that down."""
    if not await asyncio.to_thread(there_is, database):
        return set()
    await database.start()
    try:
        async with database.connect() as connection:
            return await connection.run_sync(_disabled)
    finally:
        await database.close()


def there_is(database: Database) -> bool:
    """Whether there is a database to look into; opening a SQLite file would make one (blocking)."""
    return database.dialect != "sqlite" or database.path.exists()


def histories(plugins: Descriptions) -> dict[str, StorageHistory]:
    """The storage histories of the host, which comes first, and of the plugins."""
    theirs = {name: each.history for name, each in plugins.items() if each.history is not None}
    return {HOST_NAME: HOST_HISTORY, **theirs}


def versioned(plugins: Descriptions) -> dict[str, tuple[type[Any], Sequence[ConfigMigration]]]:
    """The config schemas with their migrations, of the host and of the plugins."""
    theirs = {
        name: (each.schema, each.config_migrations)
        for name, each in plugins.items()
        if each.schema is not None
    }
    return {HOST_NAME: (HostConfig, ()), **theirs}


def _settings(stored: Collection[tuple[str, int, int]], plugins: Descriptions) -> list[Settings]:
    found: list[Settings] = []
    for name, description in plugins.items():
        if description.schema is None:
            continue
        target = config_version(description.schema)
        mine = [(version, guilds) for plugin, version, guilds in stored if plugin == name]
        newer = [version for version, _ in mine if version > target]
        if newer:
            raise PluginError(
                f"plugin {name!r}: a newer version wrote the settings of some guilds (version {max(newer)}; "
                f"this version knows up to {target}). Install the newer version again"
            )
        older = [(version, guilds) for version, guilds in mine if version < target]
        if older:
            found.append(Settings(name, sum(guilds for _, guilds in older), min(older)[0], target))
    return found


def _stored_versions(connection: Connection) -> list[tuple[str, int, int]]:
    name = GuildSettingsRow.__tablename__
    if not inspect(connection).has_table(name):
        return []
    query = f"SELECT plugin, version, count(*) FROM {name} GROUP BY plugin, version"  # noqa: S608 - a constant
    return [(plugin, version, guilds) for plugin, version, guilds in connection.execute(text(query))]


def _disabled(connection: Connection) -> set[str]:
    name = PluginStateRow.__tablename__
    if not inspect(connection).has_table(name):
        return set()
    return set(connection.scalars(text(f"SELECT plugin FROM {name} WHERE NOT enabled")))  # noqa: S608 - same

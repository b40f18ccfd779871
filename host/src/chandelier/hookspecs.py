"""The contract: every hook the host knows. A plugin implements those it needs, sync or async.

The host calls hooks one plugin at a time, each under a timeout and contained: an implementation that
raises or hangs costs its own plugin, never another. Arguments are passed by name; leave out what you
do not need.
"""

# Specifications have no bodies, only what implementations must look like.
# pyright: reportReturnType=false

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
import pluggy

from chandelier.config.migrations import ConfigMigration
from chandelier.personal import AskedBy, Erasure, PersonalExport
from chandelier.plugin import Health, Manifest, StatusSection
from chandelier.routing.loader import Loader
from chandelier.storage.history import StorageHistory

__all__ = ["hookimpl", "hookspec"]

hookspec = pluggy.HookspecMarker("chandelier")
hookimpl = pluggy.HookimplMarker("chandelier")


@hookspec
def chandelier_manifest() -> Manifest:
    """The plugin's static facts: intents, cache, permissions, personal data. Required."""


@hookspec
def chandelier_config_schema() -> type[Any]:
    """The class, made with ``@chandelier.schema(version=…)``, of the plugin's config section."""


@hookspec
def chandelier_config_migrations() -> Sequence[ConfigMigration]:
    """Steps between versions of the config section, oldest first, each with its inverse."""


@hookspec
def chandelier_storage() -> StorageHistory:
    """Where the plugin's Alembic revisions are and which metadata they build."""


@hookspec
def chandelier_hookspecs() -> Sequence[object]:
    """Classes or modules whose hook specifications this plugin publishes for other plugins."""


@hookspec
def chandelier_loaders() -> Sequence[Loader]:
    """Commands, listeners, tasks, components, timers and effects of the plugin."""


@hookspec
async def chandelier_ready() -> None:
    """The bot is connected, commands are synced, this plugin is running."""


@hookspec
async def chandelier_stopping() -> None:
    """The plugin is about to be stopped; it may still use Discord."""


@hookspec
async def chandelier_config_changed(old: Any, new: Any, guild_id: int | None) -> None:
    """The plugin's config changed: the deployment's (guild_id None) or one guild's."""


@hookspec
async def chandelier_health() -> Health:
    """How well the plugin does what it is for; asked for by `/plugins` and the doctor."""


@hookspec
async def chandelier_status(guild_id: int) -> StatusSection | None:
    """The plugin's section of `/status` in a guild."""


@hookspec
async def chandelier_export_person(user_id: int) -> Mapping[str, Any] | PersonalExport:
    """All that the plugin stores about a person, as JSON-ready data; with files, as a `PersonalExport`."""


@hookspec
async def chandelier_erase_person(user_id: int, by: AskedBy) -> int | Erasure:
    """Erase what the plugin stores about a person; returns how many records were, or an `Erasure`.

    ``by`` is ``"person"`` or ``"owner"``: what others rely on may be kept from the person, and the `Erasure`
    says what and why; the bot's owner has weighed it. Called again after a crash.
    """


@hookspec
def chandelier_cli(group: click.Group) -> None:
    """Add commands to the `chandelier` command line: ``@group.command()``."""

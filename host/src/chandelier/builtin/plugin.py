"""The plugin ``core``: what every deployment has, whatever else is installed."""

from __future__ import annotations

from collections.abc import Sequence

from chandelier.builtin.settings import CoreConfig
from chandelier.hookspecs import hookimpl
from chandelier.plugin import Manifest, Plugin
from chandelier.routing.loader import Loader

__all__ = ["Core"]


class Core(Plugin[CoreConfig]):
    """`/status`, `/plugins`, `/help` and `/config`."""

    @hookimpl
    def chandelier_manifest(self) -> Manifest:
        """What the plugin is and needs."""
        return Manifest(summary="The host's own commands: status, plugins, help and config.")

    @hookimpl
    def chandelier_config_schema(self) -> type[CoreConfig]:
        """``[plugins.core]``."""
        return CoreConfig

    @hookimpl
    def chandelier_loaders(self) -> Sequence[Loader]:
        """Its commands."""
        from chandelier.builtin import config, plugins, status
        from chandelier.builtin import help as help_command

        return [status.loader, plugins.loader, help_command.loader, config.loader]

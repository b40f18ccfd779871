"""The plugin ``core``: what every deployment has, whatever else is installed."""

from __future__ import annotations

from collections.abc import Sequence

import hikari

from chandelier.hookspecs import hookimpl
from chandelier.languages import Messages
from chandelier.plugin import Capability, Manifest, Plugin
from chandelier.routing.loader import Loader

__all__ = ["Core"]

_ = Messages(__package__)


class Core(Plugin[None]):
    """`/status`, `/plugins`, `/help` and `/config`."""

    @hookimpl
    def chandelier_manifest(self) -> Manifest:
        """What the plugin is and needs."""
        return Manifest(
            summary="The host's own commands: status, plugins, help, config, access and audit.",
            capabilities=(
                Capability("config", _("Change this server's settings"), hikari.Permissions.MANAGE_GUILD),
                Capability("access", _("Change who may do what"), hikari.Permissions.MANAGE_GUILD),
                Capability("audit", _("See who changed what"), hikari.Permissions.VIEW_AUDIT_LOG),
            ),
        )

    @hookimpl
    def chandelier_loaders(self) -> Sequence[Loader]:
        """Its commands."""
        from chandelier.builtin import access, audit, config, plugins, status, tidy
        from chandelier.builtin import help as help_command

        return [
            status.loader,
            plugins.loader,
            help_command.loader,
            config.loader,
            access.loader,
            audit.loader,
            tidy.loader,
        ]

    @hookimpl
    async def chandelier_ready(self) -> None:
        """What is done every day is done from now on."""
        from chandelier.builtin import tidy

        await tidy.schedule(self.ctx)

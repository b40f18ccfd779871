"""The plugin ``core``: what every deployment has, whatever else is installed."""

from __future__ import annotations

from collections.abc import Sequence

import hikari

from chandelier.builtin.settings import CoreConfig
from chandelier.hookspecs import hookimpl
from chandelier.languages import Messages
from chandelier.plugin import Capability, Manifest, PersonalData, Plugin
from chandelier.routing.loader import Loader
from chandelier.services.own_data import KINDS

__all__ = ["Core"]

_ = Messages(__package__)


class Core(Plugin[CoreConfig]):
    """`/status`, `/plugins`, `/help`, `/config`, `/privacy` and `/feedback`."""

    def __init__(self) -> None:
        from chandelier.builtin.config.drafts import Drafts
        from chandelier.builtin.config.typed import Names

        self.drafts = Drafts()
        """What people typed into `/config` and may correct."""
        self.names = Names()

    @hookimpl
    def chandelier_manifest(self) -> Manifest:
        """What the plugin is and needs."""
        return Manifest(
            summary="The host's own commands: how it is, help, settings, access, privacy and feedback.",
            capabilities=(
                Capability("config", _("Change this server's settings"), hikari.Permissions.MANAGE_GUILD),
                Capability("access", _("Change who may do what"), hikari.Permissions.MANAGE_GUILD),
                Capability("audit", _("See who changed what"), hikari.Permissions.VIEW_AUDIT_LOG),
            ),
            personal_data=(
                *KINDS,
                PersonalData(
                    what=_("what you told the bot's owner with /feedback"),
                    why=_("so that the owner can read and answer it"),
                    kept=_("for the time that the owner has set, half a year unless they chose another"),
                ),
                PersonalData(
                    what=_("that you asked for an erasure, while some of it is still to be done"),
                    why=_("so that every plugin does its part, also one that does not run now"),
                    kept=_("until it is done; then only that there was one, and not whose"),
                ),
            ),
        )

    @hookimpl
    def chandelier_config_schema(self) -> type[CoreConfig]:
        """``[plugins.core]``."""
        return CoreConfig

    @hookimpl
    def chandelier_loaders(self) -> Sequence[Loader]:
        """Its commands."""
        from chandelier.builtin import access, alerts, audit, config, feedback, plugins, privacy, status, tidy
        from chandelier.builtin import help as help_command

        return [
            status.loader,
            plugins.loader,
            help_command.loader,
            config.loader,
            access.loader,
            privacy.loader,
            feedback.loader,
            audit.loader,
            tidy.loader,
            alerts.loader,
        ]

    @hookimpl
    async def chandelier_ready(self) -> None:
        """What is done every day is done from now on."""
        from chandelier.builtin import tidy

        await tidy.schedule(self.ctx)

"""The plugin as the host sees it: what it needs, what it declares, how it is."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hikari

import chandelier
from chandelier_redeye.config import MIGRATIONS, RedeyeConfig
from chandelier_redeye.hookspecs import RedeyeHooks
from chandelier_redeye.tables import HISTORY
from chandelier_redeye.watches import Watches

__all__ = ["Redeye"]

_ = chandelier.Messages(__package__)


class Redeye(chandelier.Plugin[RedeyeConfig]):
    """Watches product pages and tells a channel when a price changes."""

    watches: Watches

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self._chance = chance

    async def setup(self, ctx: chandelier.PluginContext[RedeyeConfig]) -> None:
        """Make the watches; their timers are in the database already."""
        await super().setup(ctx)
        self.watches = Watches(ctx, self._chance)

    @chandelier.hookimpl
    def chandelier_manifest(self) -> chandelier.Manifest:
        """Needs no messages: people use commands, the rest comes from shops."""
        return chandelier.Manifest(
            summary="Watches product pages and tells a channel when a price changes.",
            intents=hikari.Intents.GUILDS,
            permissions=hikari.Permissions.VIEW_CHANNEL
            | hikari.Permissions.SEND_MESSAGES
            | hikari.Permissions.EMBED_LINKS
            | hikari.Permissions.READ_MESSAGE_HISTORY,
            capabilities=(
                chandelier.Capability(
                    # A watch makes the bot post in a channel.
                    "watch",
                    _("Watch product pages"),
                    hikari.Permissions.MANAGE_MESSAGES,
                ),
            ),
            personal_data=(
                chandelier.PersonalData(
                    what="who added a watch (user id)",
                    why="so that a server's staff can ask them about it",
                    kept="until the watch is removed",
                    on_erasure="the watch itself, without who added it, because it is the server's",
                ),
            ),
        )

    @chandelier.hookimpl
    def chandelier_config_schema(self) -> type[RedeyeConfig]:
        """The section ``[plugins.redeye]``."""
        return RedeyeConfig

    @chandelier.hookimpl
    def chandelier_config_migrations(self) -> Sequence[chandelier.ConfigMigration]:
        """Version 1 to 2 and back."""
        return MIGRATIONS

    @chandelier.hookimpl
    def chandelier_storage(self) -> chandelier.StorageHistory:
        """The watches."""
        return HISTORY

    @chandelier.hookimpl
    def chandelier_hookspecs(self) -> Sequence[object]:
        """``redeye_store_adapters``."""
        return (RedeyeHooks,)

    @chandelier.hookimpl
    def chandelier_loaders(self) -> Sequence[chandelier.Loader]:
        """`/watch`, the timer and the alerts."""
        from chandelier_redeye.commands import loader  # they name this class, so they come after it

        return (loader,)

    @chandelier.hookimpl
    def redeye_running(self) -> bool:
        """For companions."""
        return True

    @chandelier.hookimpl
    async def chandelier_health(self) -> chandelier.Health:
        """Degraded when alerts are lost, or when not one page can be read."""
        seen = await self.watches.overview()
        lines: list[str] = []
        if seen.failing:
            lines.append(
                _(
                    "{failing} of {total} pages could not be read lately; see `/watch list`.",
                    failing=seen.failing,
                    total=seen.total,
                )
            )
        if seen.undelivered:
            lines.append(
                _.count(
                    "The last alert of {n} watch could not be posted; see `/watch list`.",
                    "The last alert of {n} watches could not be posted; see `/watch list`.",
                    seen.undelivered,
                )
            )
        bad = seen.undelivered > 0 or (seen.total > 0 and seen.failing == seen.total)
        level = chandelier.HealthLevel.DEGRADED if bad else chandelier.HealthLevel.OK
        return chandelier.Health(level, tuple(lines))

    @chandelier.hookimpl
    async def chandelier_status(self, guild_id: int) -> chandelier.StatusSection | None:
        """How many pages this server watches."""
        seen = await self.watches.overview(guild_id)
        if not seen.total:
            return None
        lines = [_.count("{n} page watched", "{n} pages watched", seen.total)]
        if seen.failing:
            lines.append(_("{number} blocked or unreadable at the moment", number=seen.failing))
        return chandelier.StatusSection(_("Watched prices"), tuple(lines))

    @chandelier.hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """The watches that a person added."""
        return {
            "watches_added": [
                {"guild": one.guild_id, "number": one.number, "url": one.url, "at": one.added_at.isoformat()}
                for one in await self.watches.added_by(user_id)
            ]
        }

    @chandelier.hookimpl
    async def chandelier_erase_person(self, user_id: int) -> int:
        """Forget who added a watch; the watch itself is the server's."""
        return await self.watches.forget_person(user_id)

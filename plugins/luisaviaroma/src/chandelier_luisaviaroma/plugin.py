"""The plugin as the host sees it: what it needs, what it declares, how it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import hikari

import chandelier
from chandelier_luisaviaroma.config import MIGRATIONS, LuisaviaromaConfig
from chandelier_luisaviaroma.products import Products
from chandelier_luisaviaroma.shop import StoreAdapter
from chandelier_luisaviaroma.tables import HISTORY

__all__ = ["Luisaviaroma"]

_ = chandelier.Messages(__package__)


class Luisaviaroma(chandelier.Plugin[LuisaviaromaConfig]):
    """Keeps the products that a monitor bot posts and a moderator picks with 🔗."""

    products: Products
    troubles: set[str]
    """What kept reactions from being read or added, in words for the owner; gone when it works again."""

    async def setup(self, ctx: chandelier.PluginContext[LuisaviaromaConfig]) -> None:
        """Open the stored products."""
        await super().setup(ctx)
        self.products = Products(ctx)
        self.troubles = set()

    @chandelier.hookimpl
    def chandelier_manifest(self) -> chandelier.Manifest:
        """Needs messages, because monitors post embeds, and reactions."""
        return chandelier.Manifest(
            summary="Keeps the LUISAVIAROMA products that a monitor posts and a moderator picks with 🔗.",
            intents=hikari.Intents.GUILDS
            | hikari.Intents.GUILD_MESSAGES
            | hikari.Intents.MESSAGE_CONTENT
            | hikari.Intents.GUILD_MESSAGE_REACTIONS,
            # Roles and channels' overwrites decide who is a moderator; people are never cached for it.
            cache=hikari.api.CacheComponents.GUILDS
            | hikari.api.CacheComponents.ROLES
            | hikari.api.CacheComponents.GUILD_CHANNELS,
            permissions=hikari.Permissions.VIEW_CHANNEL
            | hikari.Permissions.READ_MESSAGE_HISTORY
            | hikari.Permissions.ADD_REACTIONS,
            capabilities=(
                chandelier.Capability(
                    "store", _("Pick, list and remove products"), hikari.Permissions.MANAGE_MESSAGES
                ),
            ),
            personal_data=(
                chandelier.PersonalData(
                    what="who stored a product (user id)",
                    why="so that a server's staff can ask them about it",
                    kept="until the product is removed",
                    on_erasure="the product itself, without who stored it, because it is the server's",
                ),
            ),
        )

    @chandelier.hookimpl
    def chandelier_config_schema(self) -> type[LuisaviaromaConfig]:
        """The section ``[plugins.luisaviaroma]``."""
        return LuisaviaromaConfig

    @chandelier.hookimpl
    def chandelier_config_migrations(self) -> Sequence[chandelier.ConfigMigration]:
        """Version 1 to 2 and back."""
        return MIGRATIONS

    @chandelier.hookimpl
    def chandelier_storage(self) -> chandelier.StorageHistory:
        """The stored products."""
        return HISTORY

    @chandelier.hookimpl
    def chandelier_loaders(self) -> Sequence[chandelier.Loader]:
        """Posts, reactions, and `/luisaviaroma`."""
        # They name this class, so they come after it.
        from chandelier_luisaviaroma import commands, picking

        return (picking.loader, commands.loader)

    @chandelier.hookimpl(optionalhook=True)
    def redeye_store_adapters(self) -> Sequence[StoreAdapter]:
        """For redeye: links to the same product are one watch. Without redeye nobody asks."""
        return (StoreAdapter(),)

    @chandelier.hookimpl
    async def chandelier_health(self) -> chandelier.Health:
        """Says what Discord does not let us do, and whether redeye is there."""
        lines = sorted(self.troubles)
        if not await self.ctx.hooks.call("redeye_running"):
            lines.append(
                _(
                    "redeye does not run, so prices are not watched; for `/watch` install chandelier-redeye "
                    "and enable it."
                )
            )
        level = chandelier.HealthLevel.DEGRADED if self.troubles else chandelier.HealthLevel.OK
        return chandelier.Health(level, tuple(lines))

    @chandelier.hookimpl
    async def chandelier_status(self, guild_id: int) -> chandelier.StatusSection | None:
        """How many products this server keeps."""
        count = await self.products.count(guild_id)
        if not count:
            return None
        return chandelier.StatusSection(
            "LUISAVIAROMA", (_.count("{n} product stored", "{n} products stored", count),)
        )

    @chandelier.hookimpl
    async def chandelier_export_person(self, user_id: int) -> Mapping[str, Any]:
        """What a person stored."""
        return {
            "products_stored": [
                {"guild": one.guild_id, "product": one.product_id, "at": one.stored_at.isoformat()}
                for one in await self.products.stored_by(user_id)
            ]
        }

    @chandelier.hookimpl
    async def chandelier_erase_person(self, user_id: int) -> int:
        """Forget who stored a product; the product itself is the server's."""
        return await self.products.forget_person(user_id)

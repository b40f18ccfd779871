"""`/watch` for people, and what the host calls by itself: timers, alerts, buttons."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

import hikari
import lightbulb

import chandelier
from chandelier_redeye import alerts, listing
from chandelier_redeye.addresses import LONGEST_URL, identify, page_of
from chandelier_redeye.plugin import Redeye
from chandelier_redeye.watches import CHECK

__all__ = ["loader"]

_ = chandelier.Messages(__package__)

DEFAULT: Final = hikari.Permissions.MANAGE_MESSAGES
"""Who may watch when no rule of the guild decides: a watch makes the bot post in a channel."""

_POST: Final = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.SEND_MESSAGES

loader = chandelier.Loader()
watch = lightbulb.Group(
    "watch",
    "Watch product pages and hear when a price changes",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=DEFAULT,
)
loader.command(watch)


@watch.register
class Add(lightbulb.SlashCommand, name="add", description="Watch the price on a product page"):
    """`/watch add`."""

    capability = "watch"
    examples = ("/watch add url:https://shop.example/lamp channel:#deals",)
    url = lightbulb.string("url", "The page of the product", max_length=LONGEST_URL)
    channel = lightbulb.channel(
        "channel",
        "Where alerts go",
        default=None,
        channel_types=[hikari.ChannelType.GUILD_TEXT, hikari.ChannelType.GUILD_NEWS],
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Redeye) -> None:
        assert ctx.guild_id is not None
        page = page_of(self.url)
        if self.channel is not None:
            _check_may_post(self.channel)
        config = await plugin.ctx.config_for(ctx.guild_id)
        channel_id = self.channel.id if self.channel is not None else config.alert_channel or ctx.channel_id
        if channel_id == ctx.channel_id:
            _check_bot_may_post(ctx.interaction.app_permissions)
        await ctx.defer(ephemeral=True)
        page = identify(page, await plugin.ctx.hooks.call("redeye_store_adapters"))
        added = await plugin.watches.add(
            page, guild_id=ctx.guild_id, channel_id=int(channel_id), added_by=ctx.user.id
        )
        await ctx.respond(embed=listing.added(added, config.interval), **alerts.NO_MENTIONS)


@watch.register
class List(lightbulb.SlashCommand, name="list", description="What is watched, and how the pages are"):
    """`/watch list`."""

    capability = "watch"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Redeye) -> None:
        assert ctx.guild_id is not None
        embed, rows = await listing.page(plugin, ctx.guild_id, 0)
        await ctx.respond(embed=embed, components=rows, ephemeral=True, **alerts.NO_MENTIONS)


async def suggest(ctx: lightbulb.AutocompleteContext[int], plugin: Redeye) -> None:
    """Offer the guild's watches by number or by words of their title."""
    guild_id = ctx.interaction.guild_id
    typed = str(ctx.focused.value or "").strip().casefold()
    found = [] if guild_id is None else await plugin.watches.of_guild(guild_id)
    offered = [
        (f"#{one.number} {one.title}"[:100], one.number)
        for one in found
        if typed in one.title.casefold() or str(one.number).startswith(typed)
    ]
    await ctx.respond(offered[:25])


@watch.register
class Remove(lightbulb.SlashCommand, name="remove", description="Stop watching a page"):
    """`/watch remove`."""

    capability = "watch"
    examples = ("/watch remove number:3",)
    number = lightbulb.integer(
        "number",
        "The watch's number, as `/watch list` shows it",
        min_value=1,
        autocomplete=cast("Any", suggest),
    )

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Redeye) -> None:
        assert ctx.guild_id is not None
        gone = await plugin.watches.remove(ctx.guild_id, self.number)
        title = alerts.plain(gone.title)
        text = _("I no longer watch #{number}, {title}.", number=gone.number, title=title)
        await ctx.respond(text, ephemeral=True, **alerts.NO_MENTIONS)


@loader.component("page", capability="watch")
async def turn_page(press: chandelier.ComponentPress, plugin: Redeye) -> None:
    """Show another page of the list."""
    assert press.guild_id is not None
    embed, rows = await listing.page(plugin, press.guild_id, int(press.payload))
    await press.respond(embed=embed, components=rows, edit=True, **alerts.NO_MENTIONS)


@loader.timer(CHECK)
async def check(timer: chandelier.Timer, plugin: Redeye) -> datetime | None:
    """Look at a page that is due."""
    return await plugin.watches.check(int(timer.payload["guild"]), int(timer.payload["number"]))


@loader.effect(alerts.ALERT)
async def alert(effect: chandelier.Effect, plugin: Redeye) -> Mapping[str, Any]:
    """Post an alert; what keeps it from being posted is kept with the watch, for `/watch list`."""
    where = int(effect.payload["guild"]), int(effect.payload["number"])
    try:
        posted = await alerts.post(plugin.ctx, effect)
    except (hikari.ForbiddenError, hikari.NotFoundError) as error:
        gone = isinstance(error, hikari.NotFoundError)
        trouble = listing.CHANNEL_GONE if gone else listing.CHANNEL_CLOSED
        await plugin.watches.note_delivery(*where, trouble)
        raise
    await plugin.watches.note_delivery(*where, None)
    return posted


@loader.listener(hikari.GuildLeaveEvent)
async def left(event: hikari.GuildLeaveEvent, plugin: Redeye) -> None:
    """A server that removed the bot is no longer watched for."""
    await plugin.watches.forget_guild(event.guild_id)


def _check_may_post(channel: hikari.PartialChannel) -> None:
    """Nobody makes the bot post where they may not post themselves."""
    permissions = getattr(channel, "permissions", hikari.Permissions.NONE)
    if hikari.Permissions.ADMINISTRATOR not in permissions and _POST & ~permissions:
        raise chandelier.NotAllowed(
            _(
                "You may not write in {channel} yourself, so alerts cannot go there. Choose another channel.",
                channel=f"<#{channel.id}>",
            )
        )


def _check_bot_may_post(permissions: hikari.Permissions | None) -> None:
    wanted = _POST | hikari.Permissions.EMBED_LINKS
    if permissions is None or hikari.Permissions.ADMINISTRATOR in permissions or not wanted & ~permissions:
        return
    raise chandelier.InvalidRequest(
        _(
            "I may not post embeds in this channel, so alerts would be lost. Give me Send Messages and "
            "Embed Links here, or name another channel."
        )
    )

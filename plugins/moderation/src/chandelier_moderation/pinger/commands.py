"""`/pinger`: where pings are reported, which of them, and who may ping without being reported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.config import MOST_EXCEPTIONS
from chandelier_moderation.pinger.cards import settings_card
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

_NEEDED = (
    (hikari.Permissions.VIEW_CHANNEL, _("View Channel")),
    (hikari.Permissions.SEND_MESSAGES, _("Send Messages")),
    (hikari.Permissions.EMBED_LINKS, _("Embed Links")),
)
_WRITTEN_IN = [hikari.ChannelType.GUILD_TEXT, hikari.ChannelType.GUILD_NEWS]
_LEFT_OUT = [
    *_WRITTEN_IN,
    hikari.ChannelType.GUILD_CATEGORY,
    hikari.ChannelType.GUILD_FORUM,
    hikari.ChannelType.GUILD_MEDIA,
    hikari.ChannelType.GUILD_VOICE,
    hikari.ChannelType.GUILD_STAGE,
    hikari.ChannelType.GUILD_PUBLIC_THREAD,
    hikari.ChannelType.GUILD_PRIVATE_THREAD,
    hikari.ChannelType.GUILD_NEWS_THREAD,
]

_pinger = lightbulb.Group(
    "pinger",
    "Reports of pings by people who may not",
    contexts=[hikari.ApplicationContextType.GUILD],
    default_member_permissions=hikari.Permissions.MANAGE_GUILD,
)


async def _change(ctx: lightbulb.Context, plugin: ModerationPlugin, changes: Mapping[str, Any]) -> None:
    assert ctx.guild_id is not None
    config = await plugin.ctx.configure(ctx.guild_id, changes, by=int(ctx.user.id))
    await ctx.respond(embed=settings_card(config), ephemeral=True)


@_pinger.register
class PingerSet(lightbulb.SlashCommand, name="set", description="Say where pings are reported, and which"):
    """``/pinger set``."""

    capability = "pinger"
    examples = ("/pinger set channel:#staff", "/pinger set here:False")
    channel = lightbulb.channel("channel", "Where", default=None, channel_types=_WRITTEN_IN)
    everyone = lightbulb.boolean("everyone", "Whether @everyone is reported", default=None)
    here = lightbulb.boolean("here", "Whether @here is reported", default=None)
    roles = lightbulb.boolean("roles", "Whether mentions of roles are reported", default=None)
    bots = lightbulb.boolean("bots", "Whether pings by bots and webhooks are reported", default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Change what was given."""
        named = {
            "pinger_channel": None if self.channel is None else int(self.channel.id),
            "pinger_everyone": self.everyone,
            "pinger_here": self.here,
            "pinger_roles": self.roles,
            "pinger_bots": self.bots,
        }
        changes = {name: value for name, value in named.items() if value is not None}
        if not changes:
            raise chandelier.InvalidRequest(
                _("Give at least one of `channel`, `everyone`, `here`, `roles`, `bots`.")
            )
        if self.channel is not None:
            await _check_channel(ctx, plugin, int(self.channel.id))
        await _change(ctx, plugin, changes)


@_pinger.register
class PingerOff(lightbulb.SlashCommand, name="off", description="Report no pings any more"):
    """``/pinger off``."""

    capability = "pinger"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Forget the channel; the rest stays as it is."""
        await _change(ctx, plugin, {"pinger_channel": None})


@_pinger.register
class PingerShow(lightbulb.SlashCommand, name="show", description="Show the pinger's settings"):
    """``/pinger show``."""

    capability = "pinger"

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Show what is in force."""
        config = await plugin.ctx.config_for(ctx.guild_id or 0)
        await ctx.respond(embed=settings_card(config), ephemeral=True)


@_pinger.register
class PingerAllow(lightbulb.SlashCommand, name="allow", description="Let the members of a role ping"):
    """``/pinger allow``."""

    capability = "pinger"
    examples = ("/pinger allow role:@Staff", "/pinger allow role:@Staff allowed:False")
    role = lightbulb.role("role", "Whose members are never reported")
    allowed = lightbulb.boolean("allowed", "False takes it back", default=True)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Put the role on the list, or take it off."""
        if self.role.id == ctx.guild_id:
            raise chandelier.InvalidRequest(
                _("Everybody has @everyone; `/pinger off` is what you are looking for.")
            )
        config = await plugin.ctx.config_for(ctx.guild_id or 0)
        listed = _listed(config.pinger_allowed, int(self.role.id), there=self.allowed)
        await _change(ctx, plugin, {"pinger_allowed": listed})


@_pinger.register
class PingerExclude(
    lightbulb.SlashCommand, name="exclude", description="Leave a channel, a category or a role out"
):
    """``/pinger exclude``."""

    capability = "pinger"
    examples = (
        "/pinger exclude channel:#events",
        "/pinger exclude role:@LFG",
        "/pinger exclude role:@LFG excluded:False",
    )
    channel = lightbulb.channel(
        "channel",
        "Where pings are not reported; its threads, too",
        default=None,
        channel_types=_LEFT_OUT,
    )
    role = lightbulb.role("role", "Pings of this role are not reported", default=None)
    excluded = lightbulb.boolean("excluded", "False takes it back", default=True)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Put it on its list, or take it off."""
        config = await plugin.ctx.config_for(ctx.guild_id or 0)
        changes: dict[str, Any] = {}
        if self.channel is not None:
            changes["pinger_excluded_channels"] = _listed(
                config.pinger_excluded_channels, int(self.channel.id), there=self.excluded
            )
        if self.role is not None:
            if self.role.id == ctx.guild_id:
                raise chandelier.InvalidRequest(
                    _("`/pinger set everyone:False` leaves @everyone out, `here:False` @here.")
                )
            changes["pinger_excluded_roles"] = _listed(
                config.pinger_excluded_roles, int(self.role.id), there=self.excluded
            )
        if not changes:
            raise chandelier.InvalidRequest(_("Give a `channel` or a `role`."))
        await _change(ctx, plugin, changes)


def _listed(now: tuple[int, ...], one: int, *, there: bool) -> list[int]:
    others = [other for other in now if other != one]
    if not there:
        return others
    if len(others) >= MOST_EXCEPTIONS:
        raise chandelier.InvalidRequest(
            _("There are {most} on that list already; take one off first.", most=MOST_EXCEPTIONS)
        )
    return [*others, one]


async def _check_channel(ctx: lightbulb.Context, plugin: ModerationPlugin, channel_id: int) -> None:
    assert ctx.guild_id is not None
    me = await plugin.ctx.rest.fetch_member(ctx.guild_id, plugin.ctx.bot_id)
    person = await chandelier.person_in_channel(plugin.ctx, me, channel_id)
    if hikari.Permissions.ADMINISTRATOR in person.permissions:
        return
    missing = [name for permission, name in _NEEDED if permission not in person.permissions]
    if missing:
        raise chandelier.InvalidRequest(
            _(
                "I cannot write in {channel}. I need there: {permissions}.",
                channel=f"<#{channel_id}>",
                permissions=_.join(", ", missing),
            )
        )


loader.command(_pinger)

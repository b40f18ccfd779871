"""`/lockdown` and `/slowmode`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

import hikari
import lightbulb

import chandelier
from chandelier_moderation.acting.commands import suggest_moments
from chandelier_moderation.acting.requests import until
from chandelier_moderation.bulk.place_cards import place_card
from chandelier_moderation.bulk.slowmodes import LONGEST
from chandelier_moderation.cards import has_words
from chandelier_moderation.cases import Draft
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages("chandelier_moderation")

REASON_LENGTH = 500
"""Characters; it also goes to Discord's audit log, which takes 512."""
_GUILD_ONLY = [hikari.ApplicationContextType.GUILD]
_STAFF = hikari.Permissions.MANAGE_CHANNELS
_WAIT = re.compile(r"(?:[0-9]{1,6}\s*(?:s|secs?|seconds?|m|mins?|minutes?|h|hours?)\s*)+")
_SUGGESTED = cast("Any", suggest_moments)
_T = hikari.ChannelType
_OWN = [_T.GUILD_TEXT, _T.GUILD_NEWS, _T.GUILD_VOICE, _T.GUILD_STAGE, _T.GUILD_FORUM, _T.GUILD_MEDIA]
"""Channels that have permissions of their own; threads have their parent's."""


def _until() -> Any:
    return lightbulb.string(
        "duration",
        "For how long or until when, such as 30m or tomorrow 9:00",
        default=None,
        autocomplete=_SUGGESTED,
    )


_lockdown = lightbulb.Group(
    "lockdown",
    "Let nobody but staff write, and restore it exactly",
    contexts=_GUILD_ONLY,
    default_member_permissions=_STAFF,
)
loader.command(_lockdown)


@_lockdown.register
class LockChannel(lightbulb.SlashCommand, name="channel", description="Lock one channel"):
    """``/lockdown channel``."""

    capability = "lockdown"
    examples = ("/lockdown channel", "/lockdown channel channel:#general duration:30m reason:heated")
    channel = lightbulb.channel("channel", "Which; this one if left out", channel_types=_OWN, default=None)
    duration = _until()
    reason = lightbulb.string("reason", "Why", max_length=REASON_LENGTH, default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Write the case; the outbox does the rest."""
        channel_id = ctx.channel_id if self.channel is None else self.channel.id
        if self.channel is None:
            here = await plugin.ctx.rest.fetch_channel(channel_id)
            if not isinstance(here, hikari.PermissibleGuildChannel):
                raise chandelier.InvalidRequest(
                    _("A thread has the permissions of its channel: name the channel to lock it.")
                )
        await _act(
            ctx, plugin, "lockdown", channel_id, self.reason, self.duration, details={"scope": "channel"}
        )


@_lockdown.register
class LockCategory(
    lightbulb.SlashCommand, name="category", description="Lock a category and all channels in it"
):
    """``/lockdown category``."""

    capability = "lockdown"
    examples = ("/lockdown category category:Trading duration:2h",)
    category = lightbulb.channel("category", "Which", channel_types=[_T.GUILD_CATEGORY])
    duration = _until()
    reason = lightbulb.string("reason", "Why", max_length=REASON_LENGTH, default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Write the case; the outbox does the rest."""
        await _act(
            ctx,
            plugin,
            "lockdown",
            self.category.id,
            self.reason,
            self.duration,
            details={"scope": "category"},
        )


@_lockdown.register
class LockServer(
    lightbulb.SlashCommand, name="server", description="Lock every channel that members can see"
):
    """``/lockdown server``."""

    capability = "lockdown"
    examples = ("/lockdown server reason:raid",)
    duration = _until()
    reason = lightbulb.string("reason", "Why", max_length=REASON_LENGTH, default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Write the case; the outbox does the rest."""
        await _act(
            ctx,
            plugin,
            "lockdown",
            ctx.guild_id or 0,
            self.reason,
            self.duration,
            details={"scope": "server"},
        )


@_lockdown.register
class LockEnd(lightbulb.SlashCommand, name="end", description="End a lockdown: everything becomes as it was"):
    """``/lockdown end``; without a case it is the one that holds this channel, or the only one."""

    capability = "lockdown"
    examples = ("/lockdown end", "/lockdown end case:12", "/lockdown end everything:True")
    case = lightbulb.integer("case", "The lockdown's case", min_value=1, max_value=2**31 - 1, default=None)
    everything = lightbulb.boolean("everything", "End every lockdown of this server", default=False)
    reason = lightbulb.string("reason", "Why", max_length=REASON_LENGTH, default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Find which is meant and write the case; the outbox does the rest."""
        guild_id = int(ctx.guild_id or 0)
        held = await plugin.bulk.locks.active(guild_id)
        if not held:
            raise chandelier.InvalidRequest(_("No channel of this server is locked."))
        numbers = [lock.number for lock in held]
        here = [lock.number for lock in held if int(ctx.channel_id) in lock.channels]
        number = None
        if not self.everything:
            wanted = [self.case] if self.case in numbers else here or numbers
            if len(wanted) != 1 or (self.case is not None and self.case not in numbers):
                raise chandelier.InvalidRequest(
                    _(
                        "Say which lockdown with its case: {cases}.",
                        cases=", ".join(f"#{number}" for number in numbers),
                    )
                )
            number = wanted[0]
        target = guild_id
        if number is not None:
            target = (await plugin.book.get(guild_id, number)).target_id
        await _act(ctx, plugin, "unlock", target, self.reason, None, undoes=number)


@loader.command
class Slowmode(
    lightbulb.SlashCommand,
    name="slowmode",
    description="Let people wait between two messages, for good or for a time",
    contexts=_GUILD_ONLY,
    default_member_permissions=_STAFF,
):
    """``/slowmode``."""

    capability = "slowmode"
    examples = ("/slowmode wait:30s", "/slowmode wait:2m channel:#general duration:1h", "/slowmode wait:0")
    wait = lightbulb.string("wait", "How long people wait, such as 30s, 2m or 6h; 0 ends it")
    channel = lightbulb.channel("channel", "Which; this one if left out", channel_types=_OWN, default=None)
    duration = _until()
    reason = lightbulb.string("reason", "Why", max_length=REASON_LENGTH, default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: ModerationPlugin) -> None:
        """Write the case; the outbox does the rest."""
        wait = self.wait.strip().casefold()
        seconds = 0 if wait in ("0", "off") else _seconds(wait)
        if seconds > LONGEST:
            raise chandelier.InvalidRequest(_("Discord lets people wait at most 6 hours (6h)."))
        channel_id = ctx.channel_id if self.channel is None else self.channel.id
        await _act(
            ctx, plugin, "slowmode", channel_id, self.reason, self.duration, details={"seconds": seconds}
        )


async def _act(
    ctx: lightbulb.Context,
    plugin: ModerationPlugin,
    action: str,
    target_id: int,
    reason: str | None,
    duration: str | None,
    *,
    details: Mapping[str, Any] | None = None,
    undoes: int | None = None,
) -> None:
    """Write the case and answer; the outbox does the rest."""
    config = await plugin.ctx.config_for(ctx.guild_id or 0)
    expires_at = None if duration is None else await until(plugin, int(ctx.guild_id or 0), duration)
    case, new = await plugin.book.open(
        Draft(
            guild_id=int(ctx.guild_id or 0),
            action=action,
            target_id=int(target_id),
            channel_id=int(target_id) if target_id != ctx.guild_id else None,
            moderator_id=int(ctx.user.id),
            reason=reason.strip() if reason is not None and has_words(reason) else "",
            source=f"interaction-{ctx.interaction.id}",
            log_channel_id=config.log_channel,
            tell_member=False,
            details=details or {},
            expires_at=expires_at,
            undoes=undoes,
        )
    )
    case = await plugin.effects.outcome(case)
    await ctx.respond(embed=place_card(case, new=new), ephemeral=True)


def _seconds(text: str) -> int:
    """How long people wait: seconds, or like ``1m30s``."""
    if text.isascii() and text.isdecimal():
        return int(text[:9])
    parts = re.findall(r"([0-9]{1,6})\s*([smh])[a-z]*\s*", text) if _WAIT.fullmatch(text) else []
    if not parts:
        raise chandelier.InvalidRequest(
            _("I cannot read “{text}” as a wait. Write it like `30s`, `2m`, `1m30s` or `6h`.", text=text[:50])
        )
    return sum(int(number) * {"s": 1, "m": 60, "h": 3_600}[unit] for number, unit in parts)

"""From a moderator's request to a case: whoever asks, by command, menu or form, is checked alike here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import attrs
import hikari

import chandelier
from chandelier_moderation.acting.durations import parse_until, zone_of
from chandelier_moderation.cards import has_words
from chandelier_moderation.cases import Draft
from chandelier_moderation.tables import Case

if TYPE_CHECKING:
    from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["NICK_LENGTH", "REASON_LENGTH", "Asked", "ask", "check_role", "until"]

_ = chandelier.Messages("chandelier_moderation")

REASON_LENGTH: Final = 1_000
"""Characters of a reason: it has to fit a field of an embed (1,024)."""
NICK_LENGTH: Final = 32
"""https://discord.com/developers/docs/resources/user#usernames-and-nicknames"""

TOLD: Final = frozenset({"warn", "timeout", "untimeout", "kick", "ban", "softban"})
"""What a member is told about; the rest they see by themselves, or it is not for them."""
_NEEDS_MEMBER: Final = frozenset({"warn", "timeout", "untimeout", "kick", "nick", "role_give", "role_take"})


@attrs.frozen(kw_only=True)
class Asked:
    """What a moderator wants done to somebody."""

    action: str
    target: hikari.User
    """A `hikari.Member` where they are one."""
    actor: hikari.Member
    source: str
    """Names the request: the same one is carried out once."""
    reason: str = ""
    expires_at: datetime | None = None
    details: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    role: hikari.Role | None = None
    tells: bool = True
    more: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    """Further fields of the case, such as the message that it is about."""


async def until(plugin: ModerationPlugin, guild_id: int, text: str) -> datetime:
    """The moment that a moderator wrote, in the server's time zone; raises InvalidRequest."""
    zone = zone_of((await plugin.ctx.config_for(guild_id)).time_zone)
    return parse_until(text, plugin.ctx.now(), zone)


async def ask(plugin: ModerationPlugin, asked: Asked) -> tuple[Case, bool]:
    """Check a request, open its case and wait for what comes of it; answers the case and whether it is new.

    Raises NotAllowed naming the rule of the hierarchy, or InvalidRequest when it cannot be.
    """
    guild_id, target, action = int(asked.actor.guild_id), asked.target, asked.action
    reason = asked.reason.strip()
    if len(reason) > REASON_LENGTH:
        raise chandelier.InvalidRequest(_("The reason is too long; {most} letters fit.", most=REASON_LENGTH))
    if reason and not has_words(reason):
        reason = ""
    await _check_target(plugin, asked)
    config = await plugin.ctx.config_for(guild_id)
    details = dict(asked.details)
    if asked.role is not None:
        details["role"] = str(int(asked.role.id))
    case, new = await plugin.book.open(
        Draft(
            guild_id=guild_id,
            action=action,
            target_id=int(target.id),
            moderator_id=int(asked.actor.id),
            reason=reason,
            source=asked.source,
            log_channel_id=config.log_channel,
            tell_member=asked.tells
            and action in TOLD
            and config.tell_member == "always"
            and not target.is_bot,
            details=details,
            expires_at=asked.expires_at,
            points=config.warn_points if action == "warn" else 0,
            **asked.more,
        )
    )
    case = await plugin.effects.outcome(case)
    if case.message_id is not None:  # somebody may have reported it
        await plugin.bulk.picks.settle(case.message_id, "handled", int(asked.actor.id), case.number)
    return case, new


async def _check_target(plugin: ModerationPlugin, asked: Asked) -> None:
    target, actor = asked.target, asked.actor
    if isinstance(target, hikari.Member):
        if asked.action != "note":  # a word about somebody does nothing to them
            await plugin.check_hierarchy(actor, target)
    elif asked.action in _NEEDS_MEMBER:
        raise chandelier.InvalidRequest(
            _(
                "{name} is not a member of this server; `/ban` and `/note` work all the same.",
                name=target.username,
            )
        )
    elif target.id == plugin.ctx.bot_id or target.id == actor.id:
        me = chandelier.Standing(int(plugin.ctx.bot_id))
        chandelier.check_hierarchy(
            actor=chandelier.Standing(int(actor.id)), target=chandelier.Standing(int(target.id)), bot=me
        )
    if asked.action == "warn" and target.is_bot:
        raise chandelier.InvalidRequest(_("Bots read no warnings; change their roles instead."))
    if asked.role is not None:
        await check_role(plugin, asked.role, actor)


async def check_role(plugin: ModerationPlugin, role: hikari.Role, actor: hikari.Member) -> None:
    """Nobody gives or takes a role that is not below their own: else a moderator could promote friends."""
    if role.is_managed or role.id == actor.guild_id:
        raise chandelier.InvalidRequest(_("Nobody can give or take this role: Discord itself manages it."))
    mine, theirs = await chandelier.fetch_standings(plugin.ctx.rest, actor.guild_id, plugin.ctx.bot_id, actor)
    guild = await plugin.ctx.rest.fetch_guild(actor.guild_id)
    now = guild.roles.get(role.id)
    if now is None:
        raise chandelier.InvalidRequest(_("That role no longer exists."))
    place = chandelier.Standing(0, top_role_position=now.position, top_role_id=int(now.id))
    if not theirs.is_above(place):
        raise chandelier.NotAllowed(_("That role is not below your highest role."))
    if not mine.is_above(place):
        raise chandelier.NotAllowed(_("That role is not below my highest role; an admin can move mine up."))

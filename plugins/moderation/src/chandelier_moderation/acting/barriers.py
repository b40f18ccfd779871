"""Which of Discord's rules keeps the bot from acting on a member: asked before the member is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import hikari

import chandelier
from chandelier_moderation.tables import Case

__all__ = ["ALERTS", "NEEDS", "UNREACHABLE", "WORDS", "find_barrier", "need_of"]

_ = chandelier.Messages("chandelier_moderation")

NEEDS: Final[Mapping[str, hikari.Permissions]] = {
    "ban": hikari.Permissions.BAN_MEMBERS,
    "unban": hikari.Permissions.BAN_MEMBERS,
    "softban": hikari.Permissions.BAN_MEMBERS,
    "kick": hikari.Permissions.KICK_MEMBERS,
    "timeout": hikari.Permissions.MODERATE_MEMBERS,
    "untimeout": hikari.Permissions.MODERATE_MEMBERS,
    "nick": hikari.Permissions.MANAGE_NICKNAMES,
    "role_give": hikari.Permissions.MANAGE_ROLES,
    "role_take": hikari.Permissions.MANAGE_ROLES,
}
"""The permission that the bot needs for each kind of action on a member."""

_ABOVE: Final = frozenset({"ban", "softban", "kick", "timeout", "untimeout", "nick"})
"""What needs a higher role than the member's. https://discord.com/developers/docs/topics/permissions"""
_ROLES: Final = frozenset({"role_give", "role_take"})

UNREACHABLE: Final = "unreachable"
"""Discord did not answer for hours."""

WORDS: Final[Mapping[str, str]] = {
    "owner": _("They own this server"),
    "itself": _("I do nothing to myself"),
    "rank": _("My highest role is not above theirs"),
    "admin": _("Discord lets nobody time out administrators"),
    "role_gone": _("The role no longer exists"),
    "role_rank": _("The role is not below my highest role"),
    "role_managed": _("Discord or an integration manages the role"),
    "absent": _("They are not in the server"),
    "no_account": _("There is no such account"),
    "banned": _("They were banned before, so they were not let back in"),
    "over": _("Its time was over before it could begin"),
    "missing": _("I am not in the server, or no longer allowed to look"),
    "needs_ban_members": _("I need Ban Members"),
    "needs_kick_members": _("I need Kick Members"),
    "needs_moderate_members": _("I need Moderate Members"),
    "needs_manage_nicknames": _("I need Manage Nicknames"),
    "needs_manage_roles": _("I need Manage Roles"),
    "needs_manage_channels": _("I need Manage Channels and View Channel there"),
    "needs_overwrites": _("I need Manage Permissions and View Channel there"),
    "channel_gone": _("The channel no longer exists"),
    "no_slowmode": _("Such a channel has no slowmode"),
    "partly": _("Not everywhere"),
    "refused": _("Discord refused it"),
    UNREACHABLE: _("Discord did not answer in time"),
    "unknown": _("This version does not know the action"),
}
"""What is kept in ``act_trouble`` as people read it."""


ALERTS: Final[Mapping[str, str]] = {
    "stuck": _("I cannot end this. I try again every hour for a day"),
    "left": _("I could not end this in a day of trying: please do it by hand"),
    "loop": _("Somebody or another bot undoes this whenever I give it back after they rejoin, so I stopped"),
    "kept_off": _("They rejoined, and I cannot give this back"),
}
"""What moderators are alerted to, as they read it."""


def need_of(action: str) -> str:
    """The code of a missing permission."""
    name = NEEDS[action].name or ""
    return f"needs_{name.lower()}"


async def find_barrier(rest: hikari.api.RESTClient, bot_id: int, case: Case) -> str | None:
    """The code (a key of `WORDS`) of the rule that forbids a case's action now; None when none is known.

    Asks Discord anew each time: roles may have changed since the moderator was checked.
    """
    if case.action not in NEEDS:
        return None
    try:
        guild = await rest.fetch_guild(case.guild_id)
        bot = await rest.fetch_member(case.guild_id, bot_id)
    except (hikari.NotFoundError, hikari.ForbiddenError):
        return "missing"
    permissions = chandelier.permissions_of(bot, roles=guild.roles, owner_id=guild.owner_id)
    if NEEDS[case.action] & ~permissions:
        return need_of(case.action)
    me = chandelier.standing_of(bot, roles=guild.roles, owner_id=guild.owner_id)
    if case.action in _ROLES:
        return _role_barrier(guild, me, case)
    if case.action not in _ABOVE:
        return None
    if case.target_id == bot_id:
        return "itself"
    if case.target_id == guild.owner_id:
        return "owner"
    try:
        target = await rest.fetch_member(case.guild_id, case.target_id)
    except hikari.NotFoundError:
        return None
    theirs = chandelier.permissions_of(target, roles=guild.roles, owner_id=guild.owner_id)
    if case.action == "timeout" and hikari.Permissions.ADMINISTRATOR in theirs:
        return "admin"
    they = chandelier.standing_of(target, roles=guild.roles, owner_id=guild.owner_id)
    return None if me.is_above(they) else "rank"


def _role_barrier(guild: hikari.RESTGuild, me: chandelier.Standing, case: Case) -> str | None:
    role = guild.roles.get(hikari.Snowflake(case.details.get("role", 0)))
    if role is None:
        return "role_gone"
    if role.is_managed or role.id == guild.id:
        return "role_managed"
    as_standing = chandelier.Standing(0, top_role_position=role.position, top_role_id=int(role.id))
    return None if me.is_above(as_standing) else "role_rank"

"""What raid mode will do, chosen from the settings when it begins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari

import chandelier
from chandelier_moderation.bulk.places import STAFF
from chandelier_moderation.config import ModerationConfig

__all__ = ["measures_of"]

_POWERS = (
    STAFF
    | hikari.Permissions.KICK_MEMBERS
    | hikari.Permissions.BAN_MEMBERS
    | hikari.Permissions.MANAGE_ROLES
    | hikari.Permissions.MANAGE_NICKNAMES
    | hikari.Permissions.MANAGE_WEBHOOKS
    | hikari.Permissions.MENTION_ROLES
)
"""A role that gives one of these holds nobody."""


async def measures_of(
    ctx: chandelier.PluginContext[ModerationConfig], guild_id: int, config: ModerationConfig
) -> dict[str, Any]:
    """What raid mode does, as a server's settings have it; ids are text."""
    return {
        "slowmode": config.raid_slowmode,
        "lock": config.raid_lock,
        "channels": [str(channel_id) for channel_id in config.raid_channels],
        "invites": config.raid_invites,
        "dms": config.raid_dms,
        "hold": config.raid_hold,
        "role": None if config.raid_role is None else str(config.raid_role),
        **await _instead(ctx, guild_id, config),
    }


async def _instead(
    ctx: chandelier.PluginContext[ModerationConfig], guild_id: int, config: ModerationConfig
) -> Mapping[str, str]:
    """What else is done where newcomers would get a role with which one moderates: anybody may join.

    Who may change settings could else give themselves every role below the bot's.
    """
    if config.raid_hold != "role" or config.raid_role is None:
        return {}
    role = ctx.cache.get_role(config.raid_role)
    if role is None:
        roles = {int(each.id): each for each in await ctx.rest.fetch_roles(guild_id)}
        role = roles.get(config.raid_role)
    if role is None or not role.permissions & _POWERS:
        return {}
    return {"hold": "timeout", "unfit": str(config.raid_role)}

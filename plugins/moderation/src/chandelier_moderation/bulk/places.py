"""Which channels a lockdown means, and what it changes in each, read from one look at the server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import hikari

import chandelier
from chandelier_moderation.bulk.overwrites import (
    ROLE,
    SPOKEN,
    USER,
    WRITTEN,
    Bits,
    Change,
    is_private,
    lock_changes,
)

__all__ = ["STAFF", "Place", "places_of"]

P = hikari.Permissions
STAFF = P.ADMINISTRATOR | P.MANAGE_GUILD | P.MANAGE_CHANNELS | P.MANAGE_MESSAGES | P.MODERATE_MEMBERS
"""A role with one of these in the server is the staff's: what it is allowed in a channel stays."""

_SPEAKING = (
    hikari.ChannelType.GUILD_VOICE,
    hikari.ChannelType.GUILD_STAGE,
    hikari.ChannelType.GUILD_CATEGORY,
)


@attrs.frozen
class Place:
    """A channel that is locked."""

    channel_id: int
    changes: Sequence[Change]
    """Empty when nobody may write there anyway."""


async def places_of(
    rest: hikari.api.RESTClient, bot_id: int, guild_id: int, scope: str, target_id: int
) -> Sequence[Place]:
    """The channels of a ``channel``, a ``category`` (with itself) or the ``server``, in their order.

    In a server, channels that only its staff sees are left out. Raises NotFoundError for a server that is
    gone; a channel that is gone gives no place.
    """
    guild = await rest.fetch_guild(guild_id)
    channels = await rest.fetch_guild_channels(guild_id)
    me = await rest.fetch_member(guild_id, bot_id)
    held = chandelier.permissions_of(me, roles=guild.roles, owner_id=guild.owner_id)
    free = P.ADMINISTRATOR in held
    staff = {int(role.id) for role in guild.roles.values() if role.permissions & STAFF}
    keep = staff | {int(role_id) for role_id in me.role_ids}
    base = guild.roles[hikari.Snowflake(guild_id)].permissions
    viewers = [int(role.id) for role in guild.roles.values() if role.permissions & P.VIEW_CHANNEL]
    found: list[Place] = []
    for channel in channels:
        if not isinstance(channel, hikari.PermissibleGuildChannel):
            continue
        overwrites = _overwrites(channel)
        if scope == "server":
            wanted = not is_private(overwrites, everyone=guild_id, base=int(base), keep=keep, viewers=viewers)
        else:
            parent = channel.parent_id if scope == "category" else None
            wanted = target_id in (channel.id, parent)
        if not wanted:
            continue
        bits = (WRITTEN | SPOKEN) if channel.type in _SPEAKING else WRITTEN
        changes = lock_changes(
            overwrites,
            everyone=guild_id,
            bot=int(bot_id),
            keep=keep,
            bits=int(bits if free else bits & held),
            own=0 if free else int(WRITTEN & held),
        )
        found.append(Place(int(channel.id), changes))
    return found


def _overwrites(channel: hikari.PermissibleGuildChannel) -> Mapping[int, tuple[int, Bits]]:
    role = hikari.PermissionOverwriteType.ROLE
    return {
        int(each.id): (ROLE if each.type == role else USER, Bits(int(each.allow), int(each.deny)))
        for each in channel.permission_overwrites.values()
    }

"""What a member may do in a channel, from the cache where it has the answer and from Discord where not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import hikari

from chandelier.services.access import Person, permissions_of

__all__ = ["in_channel", "person_in_channel"]


class _Reaches(Protocol):
    """The two parts of a plugin's context that are needed here."""

    rest: hikari.api.RESTClient
    cache: hikari.api.Cache


async def person_in_channel(ctx: _Reaches, member: hikari.Member, channel_id: hikari.Snowflakeish) -> Person:
    """A member with their permissions in a channel, its overwrites applied.

    ``ctx`` is a plugin's context. A channel that the bot cannot see counts as one without overwrites.
    Raises what Discord answers when the guild cannot be fetched.
    """
    guild = ctx.cache.get_guild(member.guild_id)
    if guild is not None:
        roles, owner_id = guild.get_roles(), guild.owner_id
    else:
        fetched = await ctx.rest.fetch_guild(member.guild_id)
        roles, owner_id = fetched.roles, fetched.owner_id
    permissions = permissions_of(member, roles=roles, owner_id=owner_id)
    if hikari.Permissions.ADMINISTRATOR not in permissions:
        permissions = _with_overwrites(permissions, member, await _overwrites(ctx, channel_id))
    return Person(
        guild_id=member.guild_id, user_id=member.id, role_ids=member.role_ids, permissions=permissions
    )


def in_channel(
    member: hikari.Member,
    *,
    roles: Mapping[hikari.Snowflake, hikari.Role],
    owner_id: hikari.Snowflakeish,
    overwrites: Mapping[hikari.Snowflake, hikari.PermissionOverwrite],
) -> hikari.Permissions:
    """A member's permissions in a channel of which everything is known already."""
    permissions = permissions_of(member, roles=roles, owner_id=owner_id)
    if hikari.Permissions.ADMINISTRATOR in permissions:
        return permissions
    return _with_overwrites(permissions, member, overwrites)


async def _overwrites(
    ctx: _Reaches, channel_id: hikari.Snowflakeish
) -> Mapping[hikari.Snowflake, hikari.PermissionOverwrite]:
    try:
        channel = await _channel(ctx, channel_id)
        if isinstance(channel, hikari.GuildThreadChannel):  # threads have those of their parent
            channel = await _channel(ctx, channel.parent_id)
    except (hikari.NotFoundError, hikari.ForbiddenError):
        return {}
    return channel.permission_overwrites if isinstance(channel, hikari.PermissibleGuildChannel) else {}


async def _channel(ctx: _Reaches, channel_id: hikari.Snowflakeish) -> Any:
    return ctx.cache.get_guild_channel(channel_id) or await ctx.rest.fetch_channel(channel_id)


def _with_overwrites(
    permissions: hikari.Permissions,
    member: hikari.Member,
    overwrites: Mapping[hikari.Snowflake, hikari.PermissionOverwrite],
) -> hikari.Permissions:
    """In Discord's order: @everyone, roles together, the member.

    https://discord.com/developers/docs/topics/permissions#permission-overwrites
    """
    everyone = overwrites.get(member.guild_id)
    roles = [overwrites[role_id] for role_id in member.role_ids if role_id in overwrites]
    own = overwrites.get(member.id)
    for group in ([everyone] if everyone else [], roles, [own] if own else []):
        for overwrite in group:
            permissions &= ~overwrite.deny
        for overwrite in group:
            permissions |= overwrite.allow
    return permissions

"""What a member may do in a channel, from the cache where it has the answer and from Discord where not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari

import chandelier

__all__ = ["guild_name", "person_in_channel"]

Context = chandelier.PluginContext[Any]


async def person_in_channel(
    ctx: Context, member: hikari.Member, channel_id: hikari.Snowflake
) -> chandelier.Person:
    """A member with their permissions in a channel, its overwrites applied."""
    guild = ctx.cache.get_guild(member.guild_id)
    if guild is not None:
        roles, owner_id = guild.get_roles(), guild.owner_id
    else:
        fetched = await ctx.rest.fetch_guild(member.guild_id)
        roles, owner_id = fetched.roles, fetched.owner_id
    permissions = chandelier.permissions_of(member, roles=roles, owner_id=owner_id)
    if hikari.Permissions.ADMINISTRATOR not in permissions:
        permissions = _with_overwrites(permissions, member, await _overwrites(ctx, channel_id))
    return chandelier.Person(
        guild_id=member.guild_id, user_id=member.id, role_ids=member.role_ids, permissions=permissions
    )


async def guild_name(ctx: Context, guild_id: int) -> str:
    """What the guild is called now."""
    guild = ctx.cache.get_guild(guild_id)
    return guild.name if guild is not None else (await ctx.rest.fetch_guild(guild_id)).name


async def _overwrites(
    ctx: Context, channel_id: hikari.Snowflake
) -> Mapping[hikari.Snowflake, hikari.PermissionOverwrite]:
    channel: hikari.PartialChannel | None = ctx.cache.get_guild_channel(channel_id)
    try:
        if channel is None:
            channel = await ctx.rest.fetch_channel(channel_id)
        if isinstance(channel, hikari.GuildThreadChannel):  # threads have those of their parent
            channel = ctx.cache.get_guild_channel(channel.parent_id) or await ctx.rest.fetch_channel(
                channel.parent_id
            )
    except (hikari.NotFoundError, hikari.ForbiddenError):
        return {}  # a channel we cannot see: what the roles say has to do
    return channel.permission_overwrites if isinstance(channel, hikari.PermissibleGuildChannel) else {}


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

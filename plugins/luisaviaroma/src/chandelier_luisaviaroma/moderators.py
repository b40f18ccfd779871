"""What a member may do in a channel, from the cache where it has the answer and from Discord where not."""

from __future__ import annotations

from typing import Any

import hikari

import chandelier

__all__ = ["person_in"]


async def person_in(
    ctx: chandelier.PluginContext[Any], member: hikari.Member, channel_id: hikari.Snowflake
) -> chandelier.Person:
    """A member with their permissions in a channel, its overwrites applied in Discord's order.

    https://discord.com/developers/docs/topics/permissions#permission-overwrites
    """
    guild = ctx.cache.get_guild(member.guild_id)
    if guild is not None:
        roles, owner_id = guild.get_roles(), guild.owner_id
    else:
        fetched = await ctx.rest.fetch_guild(member.guild_id)
        roles, owner_id = fetched.roles, fetched.owner_id
    permissions = chandelier.permissions_of(member, roles=roles, owner_id=owner_id)
    if hikari.Permissions.ADMINISTRATOR not in permissions:
        channel = await _permissible(ctx, channel_id)
        overwrites = channel.permission_overwrites if channel is not None else {}
        held = [overwrites[role_id] for role_id in member.role_ids if role_id in overwrites]
        for group in ([overwrites.get(member.guild_id)], held, [overwrites.get(member.id)]):
            known = [overwrite for overwrite in group if overwrite is not None]
            for overwrite in known:
                permissions &= ~overwrite.deny
            for overwrite in known:
                permissions |= overwrite.allow
    return chandelier.Person(
        guild_id=member.guild_id, user_id=member.id, role_ids=member.role_ids, permissions=permissions
    )


async def _permissible(
    ctx: chandelier.PluginContext[Any], channel_id: hikari.Snowflake
) -> hikari.PermissibleGuildChannel | None:
    """The channel whose overwrites count: a thread has those of its parent."""
    try:
        channel = ctx.cache.get_guild_channel(channel_id) or await ctx.rest.fetch_channel(channel_id)
        if isinstance(channel, hikari.GuildThreadChannel):
            parent = channel.parent_id
            channel = ctx.cache.get_guild_channel(parent) or await ctx.rest.fetch_channel(parent)
    except (hikari.NotFoundError, hikari.ForbiddenError):
        return None  # we cannot see it, so what the roles say has to do
    return channel if isinstance(channel, hikari.PermissibleGuildChannel) else None

"""Channels, roles and rules by what people type: mentions, ids or names."""

from __future__ import annotations

import re
from collections.abc import Iterable

import hikari
import lightbulb

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.store import key_of
from chandelier_moderation.enforcing.typed import items_of
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["resolve_channels", "resolve_roles", "suggest_rules"]

_ = chandelier.Messages("chandelier_moderation")

_ID = re.compile(r"<(?:#|@&)(\d{15,20})>|(\d{15,20})")


async def resolve_channels(
    ctx: chandelier.PluginContext[ModerationConfig], guild_id: int, text: str
) -> list[str]:
    """Ids of channels and categories. Raises InvalidRequest for what is none of this server's."""
    if not text.strip():
        return []
    known = ctx.cache.get_guild_channels_view_for_guild(guild_id)
    channels: Iterable[hikari.PartialChannel] = list(known.values()) or await ctx.rest.fetch_guild_channels(
        guild_id
    )
    return _resolve(text, {str(channel.id): channel.name or "" for channel in channels}, _("channel"), "#")


async def resolve_roles(
    ctx: chandelier.PluginContext[ModerationConfig], guild_id: int, text: str
) -> list[str]:
    """Ids of roles. Raises InvalidRequest for what is none of this server's."""
    if not text.strip():
        return []
    known = ctx.cache.get_roles_view_for_guild(guild_id)
    roles = list(known.values()) or await ctx.rest.fetch_roles(guild_id)
    return _resolve(text, {str(role.id): role.name for role in roles}, _("role"), "@")


def _resolve(text: str, known: dict[str, str], what: str, sign: str) -> list[str]:
    spaced = _ID.sub(lambda match: f",{match[1] or match[2]},", text)
    found: list[str] = []
    for item in items_of(spaced):
        if item in known:
            found.append(item)
            continue
        name = item.removeprefix(sign).casefold()
        named = [id_ for id_, label in known.items() if label.casefold() == name]
        if len(named) != 1:
            raise chandelier.InvalidRequest(
                _("There is no {what} “{name}” in this server.", what=what, name=item)
                if not named
                else _("There are several named “{name}”; mention the one you mean.", name=item)
            )
        found += named
    return list(dict.fromkeys(found))


async def suggest_rules(ctx: lightbulb.AutocompleteContext[str], plugin: ModerationPlugin) -> None:
    """Offer the server's rules by a part of their name."""
    guild_id = ctx.interaction.guild_id
    rules = () if guild_id is None else (await plugin.automod.guilds.store.rules(guild_id)).rules
    typed = key_of(str(ctx.focused.value or ""))
    await ctx.respond([rule.name for rule in rules if typed in key_of(rule.name)][:25])

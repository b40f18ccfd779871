"""Hears of what moderators do by hand, and has what was missed looked for when a guild comes (back)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari

import chandelier
from chandelier_moderation.casebook.entries import TYPES
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()


def _about_members(entry: Mapping[str, Any]) -> bool:
    return entry.get("action_type") in TYPES and entry.get("user_id") != entry.get("target_id")


@loader.listener(hikari.AuditLogEntryCreateEvent, when=_about_members)
async def adopt(event: hikari.AuditLogEntryCreateEvent, plugin: ModerationPlugin) -> None:
    """Somebody acted on a member, through the bot or by hand."""
    await plugin.adoption.take(event.entry)


@loader.listener(hikari.GuildAvailableEvent, hikari.GuildJoinEvent)
async def look_back(
    event: hikari.GuildAvailableEvent | hikari.GuildJoinEvent, plugin: ModerationPlugin
) -> None:
    """At the start, and whenever the connection was lost for too long, something may have been missed."""
    await plugin.adoption.missed(int(event.guild_id))


@loader.timer("audit")
async def catch_up(timer: chandelier.Timer, plugin: ModerationPlugin) -> None:
    """Look for what was missed in one guild."""
    await plugin.adoption.catch_up(int(timer.key))

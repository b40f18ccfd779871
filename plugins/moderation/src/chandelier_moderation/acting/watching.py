"""From Discord and the host's clock to `Upkeep`: joins, changes and lifted bans, timers and their effects."""

from __future__ import annotations

import hikari

import chandelier
from chandelier_moderation.acting.terms import EVERYBODY, TERM, VERIFY
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()


@loader.listener(hikari.MemberCreateEvent, hikari.MemberUpdateEvent)
async def member_changed(
    event: hikari.MemberCreateEvent | hikari.MemberUpdateEvent, plugin: ModerationPlugin
) -> None:
    """Somebody joined, or their roles or timeout may be others now."""
    await plugin.upkeep.noticed(event.guild_id, event.user_id)


@loader.listener(hikari.BanDeleteEvent)
async def ban_lifted(event: hikari.BanDeleteEvent, plugin: ModerationPlugin) -> None:
    """A ban was lifted, by us or by hand."""
    await plugin.upkeep.noticed(event.guild_id, event.user_id)


@loader.timer(TERM)
async def term_is_up(timer: chandelier.Timer, plugin: ModerationPlugin) -> None:
    """A case ends, or has to be renewed."""
    await plugin.upkeep.due(timer)


@loader.effect("term")
async def carry_on(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """End it or renew it."""
    await plugin.upkeep.carry_on(effect)


@loader.timer(EVERYBODY)
async def started(timer: chandelier.Timer, plugin: ModerationPlugin) -> None:
    """The bot has started."""
    await plugin.upkeep.look_at_everybody()


@loader.timer(VERIFY)
async def verify(timer: chandelier.Timer, plugin: ModerationPlugin) -> None:
    """What happened to a member has come to rest."""
    await plugin.upkeep.verify(timer)

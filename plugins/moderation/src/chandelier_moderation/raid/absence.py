"""Finds who joined during a raid while the bot was not there to hear of it, and has them held as well.

Discord tells nobody afterwards who joined meanwhile, and a raid brings old accounts, too: so the whole list
of members is read, a part at a time, in servers where raid mode is on and in no other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import attrs
import hikari

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.raid.raids import Raids
from chandelier_moderation.together import Together

__all__ = ["ABSENCE", "Absence"]

ABSENCE: Final = "raid_absence"
"""Kind of the timer; its key is the guild's id."""
AT_ONCE: Final = 5_000
"""Members that are read in one go: five pages, and a handler has half a minute.
https://discord.com/developers/docs/resources/guild#list-guild-members"""
NEXT: Final = timedelta(seconds=1)


@attrs.frozen
class _Reading:
    """How far a list was read, for one run of the timer: one that was set anew begins anew."""

    timer_id: int
    members: AsyncIterator[hikari.Member]


class Absence:
    """Looks through the members of servers in which raid mode is on, whenever the bot comes (back)."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], raids: Raids) -> None:
        self._ctx = ctx
        self._raids = raids
        self._readings: dict[int, _Reading] = {}
        self._back = Together[int](self._have_looked)

    async def start(self) -> None:
        """Look in the guilds that were there before the plugin; the others come with their events."""
        await self._have_looked([int(guild_id) for guild_id in self._ctx.cache.get_guilds_view()])

    async def over(self, guild_id: int) -> None:
        """The bot is back in a guild: have its members looked through if raid mode is on.

        After a start there are thousands of them at once: they are asked for together.
        """
        await self._back.put(guild_id)

    async def _have_looked(self, guild_ids: Sequence[int]) -> None:
        for guild_id in sorted(set(guild_ids) & await self._raids.guilds()):
            subject, now = f"guild/{guild_id}", self._ctx.now()
            await self._ctx.timers.schedule(ABSENCE, key=str(guild_id), due=now, subject=subject)

    async def look(self, timer: chandelier.Timer) -> datetime | None:
        """Write down the next part of those who joined since raid mode began; answers when to go on."""
        guild_id, now = int(timer.key), self._ctx.now()
        raid, reading = await self._raids.current(guild_id), self._readings.get(guild_id)
        if raid is None or raid.ends_at <= now:  # nobody is held any more
            self._readings.pop(guild_id, None)
            return None
        if reading is None or reading.timer_id != timer.id:
            reading = _Reading(timer.id, self._ctx.rest.fetch_members(guild_id))
            self._readings[guild_id] = reading
        people: list[tuple[int, datetime]] = []
        looked_at = 0
        try:
            async for member in reading.members:
                looked_at += 1
                joined = member.joined_at
                if joined is not None and joined > raid.started_at and not member.is_bot:
                    people.append((int(member.id), joined))
                if looked_at == AT_ONCE:
                    break
        except (hikari.ForbiddenError, hikari.NotFoundError) as error:
            self._ctx.log.warning("who joined guild {} meanwhile cannot be known: {}", guild_id, error)
        finally:  # what was read is not read again, so it has to be written down, whatever comes next
            del self._readings[guild_id]
            if people:
                await self._raids.note(raid, people)
            self._readings[guild_id] = reading
        if looked_at == AT_ONCE:
            return now + NEXT
        del self._readings[guild_id]
        return None

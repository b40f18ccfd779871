"""Takes in who joins: many at once are looked at and written down together, in one turn at the database.

Discord hands a raid over as one event for each member, and on SQLite every transaction waits for the one
before it. So a join only stands in line here: whoever's turn it is does it for all who stand there.
"""

from __future__ import annotations

from collections.abc import Sequence

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.raid.raids import Join, Raids
from chandelier_moderation.turns import Turns

__all__ = ["Arrivals"]


class Arrivals:
    """Who joined lately and is not written down yet, by guild."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], raids: Raids) -> None:
        self._ctx = ctx
        self._raids = raids
        self._line: dict[int, list[Join]] = {}
        self._turns = Turns[int]()

    async def add(self, guild_id: int, user_id: int) -> None:
        """Somebody joined; returns when that is written down.

        Raises what the database says. Then they stay in line, and the next who joins tries it for them, too.
        """
        mine = Join(user_id, self._ctx.now())
        self._line.setdefault(guild_id, []).append(mine)
        async with self._turns.of(guild_id):
            if mine.done:  # by one of those whose turn was before
                return
            people = list(self._line[guild_id])
            await self._take_in(guild_id, people)
            for join in people:
                join.done = True
            self._line[guild_id] = self._line[guild_id][len(people) :]

    async def _take_in(self, guild_id: int, people: Sequence[Join]) -> None:
        raid, too_many = await self._raids.joined(guild_id, people)
        if raid is not None or too_many is None:
            return
        config = await self._ctx.config_for(guild_id)
        if config.raid_start == "itself":
            raid, new = await self._raids.begin(guild_id, by=self._ctx.bot_id, rate=too_many)
            if not new:  # somebody has started it in this moment, without knowing of these
                await self._raids.note(raid, [(join.user_id, join.at) for join in people])
            return
        # One question in the time that counts, however many join.
        slot = int(self._ctx.now().timestamp()) // max(config.raid_seconds, 60)
        payload = {"guild": str(guild_id), "joins": too_many, "seconds": config.raid_seconds}
        await self._ctx.outbox.put("raid_ask", key=f"{guild_id}-{slot}", payload=payload)

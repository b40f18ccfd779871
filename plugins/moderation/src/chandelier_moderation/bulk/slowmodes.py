"""Slowmode: sets a channel's, for good or for a time, and puts back exactly what was before.

Slowmodes for a time may overlap. Each remembers what it replaced; one that ends under another hands what it
remembers to that one, so that the last to end leaves the channel as it was before all of them.
"""

from __future__ import annotations

import hikari
from sqlalchemy import select

import chandelier
from chandelier_moderation.acting.actions import Outcome, audit_reason
from chandelier_moderation.bulk.tables import Slowed
from chandelier_moderation.cases import Book
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["LONGEST", "Slowmodes"]

LONGEST = 21_600
"""Seconds. https://discord.com/developers/docs/resources/channel#channel-object-channel-structure"""


class Slowmodes:
    """Carries out the action ``slowmode``."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        self._ctx = ctx
        self._book = book

    async def carry_out(self, case: Case, uncertain: bool) -> Outcome:
        """Set the slowmode of the channel ``target_id`` to ``details["seconds"]``.

        With ``undoes`` it is what was before that case's, unless somebody has set another one since.
        """
        try:
            channel = await self._ctx.rest.fetch_channel(case.target_id)
            now = _slowmode(channel)
            if now is None:
                return Outcome("failed", "no_slowmode")
            if "before" not in case.details:  # else an interrupted attempt has written it down
                await self._plan(case, now)
            if case.details["seconds"] != now:
                await self._ctx.rest.edit_channel(
                    case.target_id,
                    rate_limit_per_user=case.details["seconds"],
                    reason=await audit_reason(self._ctx, case),
                )
        except hikari.NotFoundError:
            if case.undoes is not None:  # and with it what there was to put back
                await self._end(case)
            return Outcome("failed", "channel_gone")
        except hikari.ForbiddenError:
            return Outcome("failed", "needs_manage_channels")
        if case.undoes is not None:
            await self._end(case)
        same = case.details["before"] == case.details["seconds"]
        return Outcome("already" if same else "done")

    async def _plan(self, case: Case, now: int) -> None:
        """Write down what the channel has and gets, before it is changed."""
        seconds = case.details.get("seconds", 0) if case.undoes is None else await self._taken_back(case, now)
        if case.undoes is None and case.expires_at is not None:
            row = self._ctx.storage.insert(Slowed).values(
                guild_id=case.guild_id,
                number=case.number,
                channel_id=case.target_id,
                before=now,
                after=seconds,
            )
            async with self._ctx.storage.transaction() as session:
                await session.execute(row.on_conflict_do_nothing())
        await self._book.keep(case, {"before": now, "seconds": seconds})

    async def _taken_back(self, case: Case, now: int) -> int:
        """What the channel gets when the case ``undoes`` ends, which is what it has if others changed it."""
        async with self._ctx.storage.transaction() as session:
            mine = await session.get(Slowed, (case.guild_id, case.undoes))
            if mine is not None:
                later = select(Slowed).where(
                    Slowed.channel_id == mine.channel_id, Slowed.number > mine.number
                )
                over = await session.scalar(later.order_by(Slowed.number).limit(1))
                if over is not None:
                    over.before = mine.before
                    await session.delete(mine)
                    return now
                before, after = mine.before, mine.after
                await session.delete(mine)
                return before if now == after else now
        ended = await self._book.get(case.guild_id, case.undoes or 0)
        before, after = ended.details.get("before", now), ended.details.get("seconds")
        return before if now == after else now

    async def _end(self, case: Case) -> None:
        ended = await self._book.find(case.guild_id, case.undoes or 0)
        if ended is not None and ended.ended_at is None:
            how = "expired" if case.moderator_id == self._ctx.bot_id else "lifted"
            await self._book.note(ended, ended_at=self._ctx.now(), ended_how=how)


def _slowmode(channel: hikari.PartialChannel) -> int | None:
    """Seconds; None for a channel that has none."""
    found = getattr(channel, "rate_limit_per_user", None)
    return None if found is None else int(found.total_seconds())

"""The room: what is done to many at once or to a whole channel, with its parts in one place."""

from __future__ import annotations

import chandelier
from chandelier_moderation.acting.actions import Handler, Outcome
from chandelier_moderation.bulk.batches import Batches
from chandelier_moderation.bulk.locks import Locks
from chandelier_moderation.bulk.personal import BulkPeople
from chandelier_moderation.bulk.picks import Picks
from chandelier_moderation.bulk.runner import Runner
from chandelier_moderation.bulk.slowmodes import Slowmodes
from chandelier_moderation.bulk.undo import Undoing
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.effects import Effects
from chandelier_moderation.tables import Case

__all__ = ["Bulk"]


class Bulk:
    """Batches, lockdowns and slowmodes of one bot."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, effects: Effects) -> None:
        self._ctx = ctx
        self._book = book
        self.batches = Batches(ctx.storage, ctx.outbox, ctx.timers, ctx.clock)
        self.runner = Runner(ctx, book, self.batches)
        self.locks = Locks(ctx, book)
        self.slowmodes = Slowmodes(ctx, book)
        self.picks = Picks(ctx)
        self.people = BulkPeople(ctx.storage, self.picks)
        self.undoing = Undoing(ctx, book, self.batches)
        effects.rows_for_log.append(self.undoing.button)
        for action, handler in (
            ("lockdown", self.locks.lock),
            ("unlock", self.locks.unlock),
            ("slowmode", self.slowmodes.carry_out),
        ):
            effects.actions.add(action, self._timed(handler))

    def _timed(self, handler: Handler) -> Handler:
        """A lockdown or slowmode for a time gets the timer that ends it before it begins."""

        async def carry_out(case: Case, uncertain: bool) -> Outcome | None:
            if case.expires_at is not None and case.ended_at is None:
                await self._ctx.timers.schedule(
                    "place_ends",
                    key=f"{case.guild_id}-{case.number}",
                    due=case.expires_at,
                    payload={"guild": str(case.guild_id), "number": case.number},
                    subject=f"guild/{case.guild_id}/channel/{case.target_id}",
                )
            return await handler(case, uncertain)

        return carry_out

    async def time_is_up(self, guild_id: int, number: int) -> None:
        """End a lockdown or slowmode whose time has come, unless it was ended before."""
        case = await self._book.find(guild_id, number)
        if case is None or case.ended_at is not None:
            return
        config = await self._ctx.config_for(guild_id)
        await self._book.open(
            Draft(
                guild_id=guild_id,
                action="unlock" if case.action == "lockdown" else case.action,
                target_id=case.target_id,
                channel_id=case.channel_id,
                moderator_id=int(self._ctx.bot_id),
                reason=f"Its time was over (case #{number})",
                source=f"end-{number}",
                log_channel_id=config.log_channel,
                tell_member=False,
                undoes=number,
            )
        )

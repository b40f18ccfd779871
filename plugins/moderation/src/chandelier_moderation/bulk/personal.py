"""What this room holds about people: who was in a batch, who wrote and who reported a message.

Besides, what somebody's own permissions in a locked channel were: they come back when the lockdown ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import func, select, update

import chandelier
from chandelier_moderation.bulk.overwrites import USER
from chandelier_moderation.bulk.picks import Picks
from chandelier_moderation.bulk.tables import Batch, BatchTarget, LockedChannel, Pick

__all__ = ["BulkPeople"]

_ = chandelier.Messages("chandelier_moderation")


@attrs.frozen
class BulkPeople:
    """Exports and erases people in batches and reports."""

    storage: chandelier.Storage
    picks: Picks

    async def export(self, user_id: int) -> Mapping[str, Any]:
        """Every batch and every remembered message that names a person, as JSON-ready data."""
        of_target = (
            select(BatchTarget, Batch)
            .join(Batch, Batch.key == BatchTarget.batch)
            .where(BatchTarget.target_id == user_id)
        )
        async with self.storage.read() as session:
            targeted = (await session.execute(of_target)).all()
            asked = (await session.scalars(select(Batch).where(Batch.moderator_id == user_id))).all()
        return {
            "batches": [
                {**_batch(batch), "role": "member", "outcome": target.state, "case": target.number}
                for target, batch in targeted
            ]
            + [{**_batch(batch), "role": "moderator"} for batch in asked],
            "reports": [_pick(pick, user_id) for pick in await self.picks.of_person(user_id)],
            "locked": await self._locked(user_id),
        }

    async def erase(self, user_id: int, by: str) -> chandelier.Erasure:
        """Take a person out; what moderators rely on only when the bot's owner decides so.

        The account of a batch keeps its number of people: a number stands where somebody was. What somebody
        may do in a locked channel is kept in any case: without it they would not get it back.
        """
        reported = await self.picks.erase(user_id, written=by == "owner")
        held = len(await self._locked(user_id))
        what, why = _("what you may do in locked channels"), _("you get it back when the lockdown ends")
        locked = (chandelier.Kept(count=held, what=what, why=why),) if held else ()
        if by != "owner":
            return chandelier.Erasure(erased=reported, kept=(*await self._kept(user_id), *locked))
        nobody = update(BatchTarget).where(BatchTarget.target_id == user_id)
        moderators = update(Batch).where(Batch.moderator_id == user_id)
        silent = {"synchronize_session": False}
        async with self.storage.transaction() as session:
            targets: Any = await session.execute(
                nobody.values(target_id=-1 - BatchTarget.position).execution_options(**silent)
            )
            asked: Any = await session.execute(moderators.values(moderator_id=0).execution_options(**silent))
        return chandelier.Erasure(erased=reported + targets.rowcount + asked.rowcount, kept=locked)

    async def _locked(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """The locked channels where somebody has permissions of their own, and what they were."""
        async with self.storage.read() as session:
            rows = (await session.scalars(select(LockedChannel))).all()
        return [
            {"guild": str(row.guild_id), "channel": str(row.channel_id), **change}
            for row in rows
            for change in row.changes
            if change["kind"] == USER and change["id"] == str(user_id)
        ]

    async def _kept(self, user_id: int) -> tuple[chandelier.Kept, ...]:
        of_target = select(func.count()).select_from(BatchTarget).where(BatchTarget.target_id == user_id)
        of_moderator = select(func.count()).select_from(Batch).where(Batch.moderator_id == user_id)
        of_author = select(func.count()).select_from(Pick).where(Pick.author_id == user_id)
        async with self.storage.read() as session:
            batches = await session.scalar(of_target) or 0
            asked = await session.scalar(of_moderator) or 0
            messages = await session.scalar(of_author) or 0
        fair, known = (
            _("a server's moderators have to be able to act fairly"),
            _("a server has to know who acted"),
        )
        kept = [
            (batches, _("mass bans and the like that you were part of"), fair),
            (asked, _("mass bans and the like that you asked for"), known),
            (messages, _("messages of yours that were reported, for 7 days"), fair),
        ]
        return tuple(chandelier.Kept(count=count, what=what, why=why) for count, what, why in kept if count)


def _batch(batch: Batch) -> dict[str, Any]:
    return {"guild": str(batch.guild_id), "action": batch.action, "at": batch.created_at.isoformat()}


def _pick(pick: Pick, user_id: int) -> dict[str, Any]:
    shown = {"guild": str(pick.guild_id), "message": str(pick.message_id), "at": pick.picked_at.isoformat()}
    if pick.author_id == user_id:
        return {**shown, "role": "author", "content": pick.content, "files": list(pick.attachments)}
    if str(user_id) not in pick.reporters:
        return {**shown, "role": "moderator", "state": pick.state}
    return {**shown, "role": "reporter", "why": pick.reporters.get(str(user_id), "")}

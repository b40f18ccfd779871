"""What members tell the bot's owners: kept for a time, brought by the outbox, answered."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.clock import Clock
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages
from chandelier.personal import AskedBy, Erasure
from chandelier.services.outbox import Outbox
from chandelier.storage.engine import Database
from chandelier.storage.tables import FeedbackRow

__all__ = ["ANSWER", "BRING", "LONGEST", "Feedback"]

_ = Messages(__package__)

BRING: Final = "feedback"
"""The effect that brings feedback to one owner."""
ANSWER: Final = "feedback-answer"
"""The effect that brings an answer to who wrote."""
LONGEST: Final = 1500
"""Characters of feedback, and of an answer: with who and where it fits into one embed."""
AT_MOST: Final = 3
"""How often one person may write within ``WITHIN``."""
WITHIN: Final = timedelta(hours=1)


class Feedback:
    """The feedback of one bot."""

    name = "feedback"

    def __init__(self, database: Database, clock: Clock, outbox: Outbox, *, days: int) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self._kept = timedelta(days=days)

    async def check_pace(self, user_id: int) -> None:
        """Raise InvalidRequest when a person has written as often as they may."""
        since = self._clock.now() - WITHIN
        query = select(func.count(), func.min(FeedbackRow.sent_at)).where(
            FeedbackRow.person_id == user_id, FeedbackRow.sent_at > since
        )
        async with self._database.read() as session:
            count, first = (await session.execute(query)).one()
        if count >= AT_MOST:
            minutes = max(1, -int(-(first - since).total_seconds() // 60))
            raise InvalidRequest(
                _.count(
                    "Not so fast: try again in a minute.", "Not so fast: try again in {n} minutes.", minutes
                )
            )

    async def write(
        self, user_id: int, text: str, *, guild_id: int | None, locale: str, owners: Iterable[int]
    ) -> str:
        """Keep what a member wrote and have it brought to every owner; returns its reference.

        Raises InvalidRequest when there is nothing in it, or when they wrote too often.
        """
        text = text.replace("\x00", "").strip()[:LONGEST]
        if not text:
            raise InvalidRequest(_("There is nothing in it. Write a few words."))
        await self.check_pace(user_id)
        async with self._database.transaction() as session:
            row = FeedbackRow(
                person_id=user_id,
                guild_id=guild_id,
                locale=locale,
                text=text,
                sent_at=self._clock.now(),
                delivered=False,
            )
            session.add(row)
            await session.flush()
            for owner in sorted(owners):
                await self._outbox.put(
                    BRING,
                    key=f"{row.id}-{owner}",
                    payload={"feedback": row.id, "owner": str(owner)},
                    session=session,
                )
        return row.reference

    async def get(self, number: int) -> FeedbackRow | None:
        """One piece of feedback; None when its time is over, or who wrote it had it erased."""
        async with self._database.read() as session:
            return await session.get(FeedbackRow, number)

    async def all(self, *, limit: int = 1000) -> Sequence[FeedbackRow]:
        """All feedback, the newest first."""
        async with self._database.read() as session:
            query = select(FeedbackRow).order_by(FeedbackRow.id.desc()).limit(limit)
            return (await session.scalars(query)).all()

    async def brought(self, number: int, *, trouble: str | None = None) -> None:
        """Note that an owner has it, or why one does not."""
        async with self._database.transaction() as session:
            row = await session.get(FeedbackRow, number)
            if row is not None and trouble is None:
                row.delivered = True
            elif row is not None:
                row.trouble = trouble

    async def answer(self, number: int, text: str, *, owner: int) -> FeedbackRow:
        """Keep an owner's answer and have it brought to who wrote.

        Raises InvalidRequest when there is nothing in it, or nothing left to answer to.
        """
        text = text.replace("\x00", "").strip()[:LONGEST]
        if not text:
            raise InvalidRequest(_("There is nothing in it. Write a few words."))
        async with self._database.transaction() as session:
            row = await session.get(FeedbackRow, number, with_for_update=True)
            if row is None:
                raise InvalidRequest(
                    _("That feedback is gone: its time was over, or who wrote it had it erased.")
                )
            now = self._clock.now()
            row.answer, row.answered_by, row.answered_at, row.answer_delivered = text, owner, now, None
            key = f"{number}-{now.timestamp():.6f}"
            await self._outbox.put(ANSWER, key=key, payload={"feedback": number}, session=session)
        return row

    async def answered(self, number: int, *, delivered: bool) -> None:
        """Note whether the answer reached who wrote."""
        change = update(FeedbackRow).where(FeedbackRow.id == number).values(answer_delivered=delivered)
        async with self._database.transaction() as session:
            await session.execute(change.execution_options(synchronize_session=False))

    async def tidy(self) -> None:
        """Forget what has been kept for long enough."""
        old = delete(FeedbackRow).where(FeedbackRow.sent_at < self._clock.now() - self._kept)
        async with self._database.transaction() as session:
            await session.execute(old.execution_options(synchronize_session=False))

    # ---- personal data

    async def export_person(self, user_id: int, session: AsyncSession) -> Any:
        """What a person wrote, and what was answered."""
        query = select(FeedbackRow).where(FeedbackRow.person_id == user_id).order_by(FeedbackRow.id)
        return [
            {
                "reference": row.reference,
                "server": str(row.guild_id) if row.guild_id is not None else None,
                "text": row.text,
                "sent_at": row.sent_at.isoformat(),
                "answer": row.answer,
            }
            for row in await session.scalars(query)
        ]

    async def erase_person(self, user_id: int, by: AskedBy, session: AsyncSession) -> Erasure:
        """Forget what a person wrote."""
        gone = await session.execute(
            delete(FeedbackRow)
            .where(FeedbackRow.person_id == user_id)
            .returning(FeedbackRow.id)
            .execution_options(synchronize_session=False)
        )
        return Erasure(erased=len(gone.all()))

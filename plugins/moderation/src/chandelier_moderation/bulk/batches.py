"""The book of batches: who is to be acted on in one request, and what became of each of them.

A batch is a row with a row per person before anything happens. What happens to a person is a case, so that
here stand only those without one: it was so already, the hierarchy refused, or no case could be opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

import chandelier
from chandelier_moderation.bulk.tables import Batch, BatchTarget
from chandelier_moderation.tables import Case

__all__ = ["CHUNK", "FRESH", "Account", "Batches", "Entry", "Proposed"]

_ = chandelier.Messages("chandelier_moderation")

CHUNK = 10
"""People that one effect looks at: so many stand in line before what is to be done meanwhile."""
FRESH = timedelta(hours=1)
"""How long a preview may be confirmed: roles and bans change."""
FIRST_LOOK = timedelta(seconds=2)
"""Until the progress is shown for the first time."""


@attrs.frozen
class Proposed:
    """One person of a batch that is about to be written down."""

    target_id: int
    state: str = "waiting"
    why: str | None = None
    undoes: int | None = None


@attrs.frozen
class Entry:
    """What became of one person."""

    target_id: int
    outcome: str
    """``waiting``, ``done``, ``already``, ``refused`` or ``failed``."""
    why: str | None = None
    """As ``Messages.keep`` gives it."""
    number: int | None = None


@attrs.frozen
class Account:
    """A batch and what became of everybody in it, in their order."""

    batch: Batch
    entries: Sequence[Entry]

    def of(self, outcome: str) -> list[Entry]:
        """Those with this outcome."""
        return [entry for entry in self.entries if entry.outcome == outcome]

    @property
    def complete(self) -> bool:
        """Whether nobody waits."""
        return not self.of("waiting")


class Batches:
    """Reads and writes batches; their effects go to the outbox in the same transaction."""

    def __init__(
        self,
        storage: chandelier.Storage,
        outbox: chandelier.Outbox,
        timers: chandelier.Timers,
        clock: chandelier.Clock,
    ) -> None:
        self._storage = storage
        self._outbox = outbox
        self._timers = timers
        self._clock = clock

    async def write(
        self, key: str, targets: Sequence[Proposed], *, start: bool = False, **columns: Any
    ) -> Batch:
        """Write a batch down, once. It waits to be confirmed; with ``start`` it is carried out at once."""
        now = self._clock.now()
        async with self._storage.transaction() as session:
            row = self._storage.insert(Batch).values(key=key, state="proposed", created_at=now, **columns)
            made = await session.execute(row.on_conflict_do_nothing().returning(Batch.key))
            new = made.first() is not None
            batch = await session.get_one(Batch, key)
            if not new:
                return batch
            for position, target in enumerate(targets):
                session.add(
                    BatchTarget(
                        batch=key,
                        target_id=target.target_id,
                        position=position,
                        state=target.state,
                        why=target.why,
                        undoes=target.undoes,
                    )
                )
            await session.flush()
            if start:
                await self._start(session, batch)
            return batch

    async def start(self, key: str) -> tuple[Batch, bool]:
        """Carry out what was proposed; False when it was started or cancelled before.

        Raises InvalidRequest when there is no such batch, or it was proposed too long ago.
        """
        async with self._storage.transaction() as session:
            batch = await self._known(session, key)
            if batch.state != "proposed":
                return batch, False
            if self._clock.now() - batch.created_at > FRESH:
                raise chandelier.InvalidRequest(
                    _("This preview is more than an hour old, and much may have changed. Ask for a new one.")
                )
            await self._start(session, batch)
            return batch, True

    async def cancel(self, key: str) -> bool:
        """Put what was proposed aside; False when it was started before."""
        async with self._storage.transaction() as session:
            batch = await self._known(session, key)
            if batch.state == "proposed":
                batch.state, batch.done_at = "cancelled", self._clock.now()
            return batch.state == "cancelled"

    async def account(self, key: str) -> Account:
        """What became of everybody so far. Raises InvalidRequest when there is no such batch."""
        async with self._storage.read() as session:
            batch = await session.get(Batch, key)
            if batch is None:
                raise chandelier.InvalidRequest(
                    _("This was too long ago: nothing about it is kept any more.")
                )
            of_case = and_(Case.guild_id == batch.guild_id, Case.number == BatchTarget.number)
            rows = (
                await session.execute(
                    select(BatchTarget, Case.act, Case.act_trouble)
                    .outerjoin(Case, of_case)
                    .where(BatchTarget.batch == key)
                    .order_by(BatchTarget.position)
                )
            ).all()
        return Account(batch, [_entry(row, act, trouble) for row, act, trouble in rows])

    async def chunk(self, key: str, first: int) -> Sequence[BatchTarget]:
        """Those of one effect who still wait."""
        query = select(BatchTarget).where(
            BatchTarget.batch == key,
            BatchTarget.position >= first,
            BatchTarget.position < first + CHUNK,
            BatchTarget.state == "waiting",
        )
        async with self._storage.read() as session:
            return (await session.scalars(query.order_by(BatchTarget.position))).all()

    async def go_on(self, key: str) -> None:
        """Promise the next part of a batch, unless one is under way or nobody waits.

        One at a time: the outbox takes what was put first, and a deletion would wait for a thousand bans.
        """
        waiting = select(BatchTarget.position).where(BatchTarget.batch == key, BatchTarget.state == "waiting")
        async with self._storage.read() as session:
            positions = (await session.scalars(waiting.order_by(BatchTarget.position))).all()
        for first in dict.fromkeys(position - position % CHUNK for position in positions):
            entry = await self._outbox.get("batch", f"{key}-{first}")
            if entry is None:
                async with self._storage.transaction() as session:
                    await self._put_part(session, key, first)
                return
            if entry.state not in ("failed", "done"):
                return

    async def settle(self, target: BatchTarget, **columns: Any) -> None:
        """Write down what became of a person."""
        change = update(BatchTarget).where(
            BatchTarget.batch == target.batch, BatchTarget.target_id == target.target_id
        )
        async with self._storage.transaction() as session:
            await session.execute(change.values(**columns).execution_options(synchronize_session=False))

    async def note(self, key: str, **columns: Any) -> None:
        """Record something of a batch."""
        change = update(Batch).where(Batch.key == key).values(**columns)
        async with self._storage.transaction() as session:
            await session.execute(change.execution_options(synchronize_session=False))

    async def undone(self, guild_id: int, numbers: Sequence[int]) -> Mapping[int, int]:
        """How many inverses were tried of those cases that may still be undone; others are left out."""
        query = select(Case.undoes, Case.act).where(Case.guild_id == guild_id, Case.undoes.in_(numbers))
        async with self._storage.read() as session:
            found = (await session.execute(query)).all()
        over = {undoes for undoes, act in found if act != "failed"}
        tried = dict.fromkeys((number for number in numbers if number not in over), 0)
        for undoes, act in found:
            if act == "failed" and undoes in tried:
                tried[undoes] += 1
        return tried

    async def superseded(self, guild_id: int, numbers: Sequence[int]) -> set[int]:
        """Which bans (or lifted bans) of a batch no longer count: something newer happened to the person."""
        later = aliased(Case)
        newer = exists().where(
            later.guild_id == guild_id,
            later.target_id == Case.target_id,
            later.number > Case.number,
            later.action.in_(("ban", "unban")),
            later.act == "done",
        )
        query = select(Case.number).where(
            Case.guild_id == guild_id, Case.number.in_(numbers), or_(Case.ended_at.is_not(None), newer)
        )
        async with self._storage.read() as session:
            return set(await session.scalars(query))

    async def _start(self, session: AsyncSession, batch: Batch) -> None:
        batch.state = "running"
        await self._put_part(session, batch.key, 0)
        if batch.log_channel_id is not None:
            await self._outbox.put("batch_log", key=batch.key, payload={"batch": batch.key}, session=session)
        await self._timers.schedule(
            "batch",
            key=batch.key,
            due=self._clock.now() + FIRST_LOOK,
            subject=f"guild/{batch.guild_id}/batch",
            session=session,
        )

    async def _put_part(self, session: AsyncSession, key: str, first: int) -> None:
        payload = {"batch": key, "first": first}
        await self._outbox.put("batch", key=f"{key}-{first}", payload=payload, session=session)

    async def _known(self, session: AsyncSession, key: str) -> Batch:
        batch = await session.get(Batch, key, with_for_update=True)
        if batch is None:
            raise chandelier.InvalidRequest(_("This was too long ago: nothing about it is kept any more."))
        return batch


def _entry(row: BatchTarget, act: str | None, trouble: str | None) -> Entry:
    if row.state != "opened":
        return Entry(row.target_id, row.state, row.why, row.number)
    outcome = {"done": "done", "already": "already", "failed": "failed"}.get(act or "", "waiting")
    return Entry(row.target_id, outcome, trouble if outcome == "failed" else None, row.number)

"""Which due rows of a table this process carries out: claimed with a lease, so that no two processes do.

On PostgreSQL several processes share the tables. A claim ends by the database's clock, because theirs may
differ; it is renewed while its row is under way, and others take the row over when it ran out. SQLite is
for one process: what is claimed when it starts was left by one that has died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import attrs
from sqlalchemy import ColumnElement, DateTime, and_, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.clock import SystemClock
from chandelier.storage.columns import UtcDateTime
from chandelier.storage.engine import Storage
from chandelier.storage.tables import OutboxRow, TimerRow

__all__ = ["LEASE", "UNCLAIMED", "Claims", "Dues", "Skip"]

LEASE = 60.0
"""Real seconds until others take over the rows of a process that died; a living one renews in time."""
UNCLAIMED: Final[Mapping[str, None]] = {"claimed_by": None, "claimed_until": None}
"""Column values of a row that anyone may take."""

RowT = TypeVar("RowT", bound=TimerRow | OutboxRow)


@attrs.frozen
class Skip:
    """Rows that a look leaves out."""

    plugins: Sequence[str]
    """Plugins that have as many under way as they may."""
    kinds: Sequence[tuple[str, str]]
    """(plugin, kind) pairs that nobody carries out now."""

    def where(self, plugin: Any, kind: Any) -> list[ColumnElement[bool]]:
        """The conditions that leave them out, on these columns."""
        return [
            *([plugin.not_in(self.plugins)] if self.plugins else []),
            *([tuple_(plugin, kind).not_in(self.kinds)] if self.kinds else []),
        ]


@attrs.frozen
class Dues(Generic[RowT]):
    """What one look at the table found."""

    rows: Sequence[RowT]
    """Rows that are due and not claimed, the longest due first."""
    later: datetime | None
    """When the first row comes due that is not yet; None when there is none."""


class Claims(Generic[RowT]):
    """One process's claims on the rows of a table whose column ``due`` says when, if ``conditions`` hold.

    ``holder`` names the process, and is never used by another one, not even by its successor. ``lease`` is
    in real seconds.
    """

    def __init__(
        self,
        storage: Storage,
        due: Any,
        *conditions: ColumnElement[bool],
        holder: str,
        lease: float | None = None,
    ) -> None:
        self._storage = storage
        self._table: Any = due.class_
        self._due = due
        self._conditions = conditions
        self.holder = holder
        self.lease = LEASE if lease is None else lease
        self._patient_until = 0.0

    @property
    def shared(self) -> bool:
        """Whether other processes may carry out rows of the table too."""
        return self._storage.dialect == "postgresql"

    async def look(self, now: datetime, *, skip: Skip, limit: int) -> Dues[RowT]:
        """Read which rows are due and free, at most ``limit``, without those to skip."""
        table, due = self._table, self._due
        open_ = (*self._conditions, *skip.where(table.plugin, table.kind))
        ready = select(table).where(*open_, due <= now, self._free())
        async with self._storage.read() as session:
            rows = (await session.scalars(ready.order_by(due, table.id).limit(limit))).all()
            later = await session.scalar(select(func.min(due)).where(*open_, due > now))
        return Dues(rows, later)

    async def take(
        self, now: datetime, ids: Sequence[int], session: AsyncSession, **values: Any
    ) -> dict[int, RowT]:
        """Claim those of the rows that are still due and free, and set ``values``.

        Returns them by id, as they were before. Others' claims, and rows that others are just changing, are
        left alone without waiting for them.
        """
        table = self._table
        still = select(table).where(table.id.in_(ids), *self._conditions, self._due <= now, self._free())
        if self.shared:
            still = still.with_for_update(skip_locked=True)
        rows: Sequence[RowT] = (await session.scalars(still)).all()
        taken = {row.id: row for row in rows}
        if taken:
            mine = {"claimed_by": self.holder, "claimed_until": self._moment(self.lease)}
            change = update(table).where(table.id.in_(taken)).values(**mine, **values)
            await session.execute(change.execution_options(synchronize_session=False))
        return taken

    async def renew(self) -> None:
        """Keep what this process holds for another lease."""
        await self._change(self._table.claimed_by == self.holder, claimed_until=self._moment(self.lease))

    async def release(self, *, but: Collection[tuple[str, str, str]] = ()) -> None:
        """Give back everything that this process holds, except for these (plugin, kind, key)."""
        table = self._table
        kept = [tuple_(table.plugin, table.kind, table.key).not_in(list(but))] if but else []
        await self._change(and_(table.claimed_by == self.holder, *kept), **UNCLAIMED)

    async def begin(self) -> None:
        """On SQLite, forget the claims of the process that had the database before."""
        if self.shared:
            return
        table = self._table
        async with self._storage.read() as session:
            if await session.scalar(select(table.id).where(table.claimed_by.is_not(None)).limit(1)) is None:
                return
        await self._change(table.claimed_by.is_not(None), **UNCLAIMED)

    def named(self, row: RowT) -> Any:
        """The statement that gives back a row of that name: one scheduled anew inherits the claim."""
        table = self._table
        same = (table.plugin == row.plugin, table.kind == row.kind, table.key == row.key)
        return update(table).where(*same, table.claimed_by == self.holder).values(**UNCLAIMED)

    def be_patient(self) -> None:
        """The database was away, and every lease may have run out: take over none before all could renew."""
        self._patient_until = asyncio.get_running_loop().time() + self.lease / 2

    def _free(self) -> ColumnElement[bool]:
        until = self._table.claimed_until
        if not self.shared or asyncio.get_running_loop().time() < self._patient_until:
            return until.is_(None)
        return or_(until.is_(None), until < self._moment(0))

    def _moment(self, ahead: float) -> Any:
        """A moment by the database's clock; SQLite's is this machine's."""
        if self.shared:
            return func.clock_timestamp(type_=DateTime(timezone=True)) + timedelta(seconds=ahead)
        return literal(SystemClock().now() + timedelta(seconds=ahead), UtcDateTime)

    async def _change(self, condition: Any, **values: Any) -> None:
        change = update(self._table).where(condition).values(**values)
        async with self._storage.transaction() as session:
            await session.execute(change.execution_options(synchronize_session=False))

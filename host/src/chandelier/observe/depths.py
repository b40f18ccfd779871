"""What waits in the database, and how large it is: read when somebody looks, in one short transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import case, func, select, text

from chandelier.clock import Clock
from chandelier.storage.engine import Database
from chandelier.storage.tables import OutboxRow, TimerRow
from chandelier.storage.trouble import in_short

__all__ = ["LATE", "Depths", "read_depths"]

LATE: Final = timedelta(minutes=1)
"""What has been due for longer than this is late: carrying out what is due takes moments."""
ANSWER_WITHIN: Final = 3.0
"""Real seconds, since whoever scrapes or asks for readiness waits."""


@attrs.frozen(kw_only=True)
class Depths:
    """The queues by (queue, plugin, state), and the database's size."""

    rows: Mapping[tuple[str, str, str], int] = attrs.Factory(dict[tuple[str, str, str], int])
    """Timers are all that are set; those due, and late, are counted again. The outbox has the states of its
    rows, and counts those late again."""
    database_bytes: int | None = None
    problem: str | None = None
    """Why the database did not answer; then nothing else is known."""

    def total(self, queue: str, state: str) -> int:
        """Of all plugins together."""
        return sum(n for (name, _, kind), n in self.rows.items() if (name, kind) == (queue, state))


async def read_depths(database: Database, clock: Clock) -> Depths:
    """Look into the database; what goes wrong is part of the answer."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN):
            return await _read(database, clock)
    except TimeoutError:
        return Depths(problem=f"it did not answer within {ANSWER_WITHIN:g} seconds")
    except Exception as error:  # noqa: BLE001 - whatever the driver says
        return Depths(problem=in_short(error))


async def _read(database: Database, clock: Clock) -> Depths:
    now = clock.now()
    late = now - LATE
    rows: dict[tuple[str, str, str], int] = {}
    timers = select(
        TimerRow.plugin,
        func.count(),
        _count_if(TimerRow.due_at <= now),
        _count_if(TimerRow.due_at <= late),
    ).group_by(TimerRow.plugin)
    effects = select(
        OutboxRow.plugin, OutboxRow.state, func.count(), _count_if(OutboxRow.next_at <= late)
    ).group_by(OutboxRow.plugin, OutboxRow.state)
    async with database.read() as session:
        for plugin, every, due, overdue in (await session.execute(timers)).all():
            rows["timers", plugin, "set"] = every
            rows["timers", plugin, "due"] = int(due or 0)
            rows["timers", plugin, "late"] = int(overdue or 0)
        for plugin, state, every, overdue in (await session.execute(effects)).all():
            rows["outbox", plugin, state] = every
            if state in {"waiting", "started"}:
                rows["outbox", plugin, "late"] = rows.get(("outbox", plugin, "late"), 0) + int(overdue or 0)
        size = (
            await session.scalar(text("SELECT pg_database_size(current_database())"))
            if database.dialect == "postgresql"
            else None
        )
    if size is None:
        size = await asyncio.to_thread(_file_bytes, database.path)
    return Depths(rows=rows, database_bytes=int(size))


def _count_if(condition: Any) -> Any:
    return func.sum(case((condition, 1), else_=0))


def _file_bytes(path: Path) -> int:
    """The SQLite file with what is not yet written back into it."""
    total = 0
    for file in (path, path.with_name(f"{path.name}-wal")):
        try:
            total += file.stat().st_size
        except FileNotFoundError:
            continue
    return total

"""Durable timers: a plugin says when it wants to be called, and it is, also after a restart or a failure."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from loguru import logger
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.clock import Clock
from chandelier.services.due import (
    DueRunner,
    Dues,
    PluginNotRunning,
    Skip,
    backoff,
    reason,
    unexplained,
)
from chandelier.services.payload import storable
from chandelier.storage.commits import after_commit
from chandelier.storage.engine import Database, Storage
from chandelier.storage.names import HOST_NAME
from chandelier.storage.tables import TimerRow

__all__ = ["PluginNotRunning", "Scheduler", "Timer", "TimerDispatch", "Timers"]

FIRST_RETRY: Final = timedelta(seconds=30)
LONGEST_RETRY: Final = timedelta(hours=1)


@attrs.frozen
class Timer:
    """A timer as its handler sees it."""

    id: int
    kind: str
    key: str
    due: datetime
    payload: Mapping[str, Any]
    attempts: int
    """How often in a row its handler has failed before."""


TimerDispatch = Callable[[str, Timer], Awaitable[datetime | None]]
"""Calls the handler of a plugin; raises what it raises, `PluginNotRunning` when there is none now."""


class Timers:
    """One plugin's timers. A timer is named by its kind and key; there is at most one of each name."""

    def __init__(self, plugin: str, storage: Storage, clock: Clock, kick: Callable[[], None]) -> None:
        self._plugin = plugin
        self._storage = storage
        self._clock = clock
        self._kick = kick

    async def schedule(
        self,
        kind: str,
        *,
        key: str,
        due: datetime,
        payload: Mapping[str, Any] | None = None,
        session: AsyncSession | None = None,
    ) -> None:
        """Have the handler of ``kind`` called at ``due`` (aware), instead of when it was to be called before.

        With ``session`` it happens exactly if that transaction is committed; without, at once. ``payload``
        is JSON-ready data of any size that one row should have. Raises ValueError for a naive ``due``.
        """
        if due.tzinfo is None:
            raise ValueError(f"due={due!r} has no time zone: use aware datetimes, for example ctx.now()")
        values = {
            "due_at": due,
            "payload": storable(payload, f"the payload of timer {kind} {key}"),
            "attempts": 0,
            "last_error": None,
            "created_at": self._clock.now(),
        }
        insert = self._storage.insert(TimerRow).values(plugin=self._plugin, kind=kind, key=key, **values)
        async with self._transaction(session) as changes:
            # A new row, hence a new id: the end of a run under way then does not end this timer.
            await changes.execute(self._named(delete(TimerRow), kind, key))
            await changes.execute(
                insert.on_conflict_do_update(index_elements=["plugin", "kind", "key"], set_=values)
            )

    async def cancel(self, kind: str, key: str, *, session: AsyncSession | None = None) -> bool:
        """Forget a timer; answers whether there was one. A run under way goes on, but it is the last."""
        async with self._transaction(session) as changes:
            gone = await changes.execute(self._named(delete(TimerRow), kind, key).returning(TimerRow.id))
            return gone.first() is not None

    async def pending(self, kind: str | None = None) -> list[Timer]:
        """The timers that are set, of one kind or all, the next due first; those under way as well."""
        query = select(TimerRow).where(TimerRow.plugin == self._plugin)
        if kind is not None:
            query = query.where(TimerRow.kind == kind)
        async with self._storage.read() as session:
            rows = await session.scalars(query.order_by(TimerRow.due_at, TimerRow.id))
            return [_timer(row) for row in rows]

    @asynccontextmanager
    async def _transaction(self, session: AsyncSession | None) -> AsyncGenerator[AsyncSession]:
        if session is not None:
            yield session
            after_commit(session, self._kick)
            return
        async with self._storage.transaction() as own:
            yield own
        self._kick()

    def _named(self, statement: Any, kind: str, key: str) -> Any:
        return statement.where(
            TimerRow.plugin == self._plugin, TimerRow.kind == kind, TimerRow.key == key
        ).execution_options(synchronize_session=False)


class Scheduler(DueRunner[TimerRow]):
    """Calls the handlers of timers when they are due, those that came due while the host was down at once.

    A handler that fails is called again after 30 s, then twice as long each time up to an hour, as often as
    it takes; what it did before it failed is its own business, so handlers are written to be called twice.
    """

    def __init__(self, database: Database, clock: Clock, dispatch: TimerDispatch) -> None:
        super().__init__(database.storage(HOST_NAME), clock, name="scheduler")
        self._database = database
        self._dispatch = dispatch

    def timers(self, plugin: str) -> Timers:
        """The timers of one plugin."""
        return Timers(plugin, self._database.storage(plugin), self._clock, self.kick)

    async def _look(self, now: datetime, *, skip: Skip, limit: int) -> Dues[TimerRow]:
        known = skip.where(TimerRow.plugin, TimerRow.kind)
        due = select(TimerRow).where(TimerRow.due_at <= now, *known)
        async with self._storage.read() as session:
            rows = (await session.scalars(due.order_by(TimerRow.due_at, TimerRow.id).limit(limit))).all()
            later = await session.scalar(
                select(func.min(TimerRow.due_at)).where(TimerRow.due_at > now, *known)
            )
        return Dues(rows, later)

    async def _carry_out(self, row: TimerRow) -> None:
        if not await self._still_due(row):
            return
        try:
            with self._in_handler(row):
                again = await self._dispatch(row.plugin, _timer(row))
            _check_progress(again, row.due_at)
        except PluginNotRunning:
            self._park(row)
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise  # the host stops; the row is as it was
            # The plugin was stopped in the middle of it: that is not the handler's failure.
            await self._again(row, self._clock.now() + FIRST_RETRY, row.attempts, row.last_error)
        except Exception as error:  # noqa: BLE001 - a handler may raise anything
            pause = backoff(row.attempts + 1, FIRST_RETRY, LONGEST_RETRY)
            logger.bind(plugin=row.plugin).opt(exception=unexplained(error)).warning(
                "timer {} {} failed, again in {}: {}", row.kind, row.key, pause, reason(error)
            )
            await self._again(row, self._clock.now() + pause, row.attempts + 1, reason(error))
        else:
            if again is None:
                await self._persist(row, _of(delete(TimerRow), row))
            else:
                await self._again(row, again, 0, None)

    async def _still_due(self, row: TimerRow) -> bool:
        """Whether the row is as it was found: since then it may have been cancelled, moved or carried out."""
        same = select(TimerRow.id).where(TimerRow.id == row.id, TimerRow.due_at == row.due_at)
        async with self._storage.read() as session:
            return await session.scalar(same) is not None

    async def _again(self, row: TimerRow, due: datetime, attempts: int, error: str | None) -> None:
        change = _of(update(TimerRow), row).values(due_at=due, attempts=attempts, last_error=error)
        await self._persist(row, change)


def _of(statement: Any, row: TimerRow) -> Any:
    """Only the very row that was carried out: one scheduled anew meanwhile has another id."""
    return statement.where(TimerRow.id == row.id).execution_options(synchronize_session=False)


def _check_progress(again: Any, due: datetime) -> None:
    """Refuse an answer that would call the handler again and again without end."""
    if again is None:
        return
    if not isinstance(again, datetime) or again.tzinfo is None:
        raise TypeError(
            f"the handler returned {again!r}; return an aware datetime to be called again, or None"
        )
    if again <= due:
        raise ValueError(f"the handler asked to be called again at {again}, which is not after {due}")


def _timer(row: TimerRow) -> Timer:
    return Timer(row.id, row.kind, row.key, row.due_at, row.payload, row.attempts)

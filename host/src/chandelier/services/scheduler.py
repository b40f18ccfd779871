"""Durable timers: a plugin says when it wants to be called, and it is, also after a restart or a failure."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
from loguru import logger
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.clock import Clock
from chandelier.services.claims import UNCLAIMED, Claims
from chandelier.services.due import (
    DueRunner,
    PluginNotRunning,
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
        subject: str | None = None,
        session: AsyncSession | None = None,
    ) -> None:
        """Have the handler of ``kind`` called at ``due`` (aware), instead of when it was to be called before.

        With ``session`` it happens exactly if that transaction is committed; without, at once. ``payload``
        is JSON-ready data of any size that one row should have. ``subject`` says what the timer is about,
        see `cancel_all`. Raises ValueError for a naive ``due``.
        """
        if due.tzinfo is None:
            raise ValueError(f"due={due!r} has no time zone: use aware datetimes, for example ctx.now()")
        values = {
            "subject": _subject(subject),
            "due_at": due,
            "payload": storable(payload, f"the payload of timer {kind} {key}"),
            "attempts": 0,
            "last_error": None,
            "created_at": self._clock.now(),
        }
        insert = self._storage.insert(TimerRow).values(plugin=self._plugin, kind=kind, key=key)
        async with self._transaction(session) as changes:
            # A new row, hence a new id: the end of a run under way then does not end this timer. The claim
            # of that run stays, so that no other process calls the handler beside it.
            old = self._named(delete(TimerRow), kind, key)
            claimed = old.returning(TimerRow.claimed_by, TimerRow.claimed_until)
            claim = (await changes.execute(claimed)).first()
            if claim is not None:
                values |= {"claimed_by": claim.claimed_by, "claimed_until": claim.claimed_until}
            insert = insert.values(**values)
            await changes.execute(
                insert.on_conflict_do_update(index_elements=["plugin", "kind", "key"], set_=values)
            )

    async def cancel(self, kind: str, key: str, *, session: AsyncSession | None = None) -> bool:
        """Forget a timer; answers whether there was one. A run under way goes on, but it is the last."""
        async with self._transaction(session) as changes:
            gone = await changes.execute(self._named(delete(TimerRow), kind, key).returning(TimerRow.id))
            return gone.first() is not None

    async def cancel_all(self, subject: str, *, session: AsyncSession | None = None) -> int:
        """Forget every timer about ``subject`` and what belongs to it; answers how many there were.

        Subjects are written like paths: cancelling ``guild/7`` also cancels ``guild/7/member/9``, but not
        ``guild/77``. Runs under way go on, but they are the last.
        """
        subject = _subject(subject) or ""
        if not subject:
            raise ValueError("name a subject: '' would be every timer")
        # '0' comes right after '/': the range holds what begins with the subject and a slash.
        within = and_(TimerRow.subject > f"{subject}/", TimerRow.subject < f"{subject}0")
        about = delete(TimerRow).where(
            TimerRow.plugin == self._plugin, or_(TimerRow.subject == subject, within)
        )
        async with self._transaction(session) as changes:
            gone: Any = await changes.execute(about.execution_options(synchronize_session=False))
            return gone.rowcount

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

    def __init__(
        self,
        database: Database,
        clock: Clock,
        dispatch: TimerDispatch,
        *,
        holder: str | None = None,
        lease: float | None = None,
    ) -> None:
        """``holder`` and ``lease`` (in real seconds): see `Claims`."""
        storage = database.storage(HOST_NAME)
        claims = Claims[TimerRow](
            storage, TimerRow.due_at, holder=holder or secrets.token_hex(8), lease=lease
        )
        super().__init__(storage, clock, claims, name="scheduler")
        self._database = database
        self._dispatch = dispatch

    def timers(self, plugin: str) -> Timers:
        """The timers of one plugin."""
        return Timers(plugin, self._database.storage(plugin), self._clock, self.kick)

    async def _carry_out(self, rows: Sequence[TimerRow]) -> None:
        (row,) = rows
        try:
            with self._in_handler(rows):
                again = await self._dispatch(row.plugin, _timer(row))
            _check_progress(again, row.due_at)
        except PluginNotRunning:
            self._park(row)
            await self._persist(rows, self._claims.named(row))
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
                await self._record(row, _of(delete(TimerRow), row))
            else:
                await self._again(row, again, 0, None)

    async def _again(self, row: TimerRow, due: datetime, attempts: int, error: str | None) -> None:
        change = _of(update(TimerRow), row).where(TimerRow.claimed_by == self._claims.holder)
        values = {"due_at": due, "attempts": attempts, "last_error": error, **UNCLAIMED}
        await self._record(row, change.values(**values))

    async def _record(self, row: TimerRow, change: Any) -> None:
        if not await self._persist([row], change):  # cancelled meanwhile, or scheduled anew with our claim
            await self._persist([row], self._claims.named(row))


def _subject(subject: str | None) -> str | None:
    """A subject without a slash at its end, so that it is written in one way."""
    return None if subject is None else subject.rstrip("/")


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

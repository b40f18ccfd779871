"""The loop under the scheduler and the outbox: carries out rows of a table when they are due.

Rows are the truth, so a crash loses nothing. Each row is carried out once at a time, plugins do not hold
each other up, and no failure, not even the database's, ends the loop.
"""

from __future__ import annotations

import abc
import asyncio
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import attrs
import hikari
from loguru import logger
from sqlalchemy import ColumnElement, tuple_

from chandelier.clock import Clock
from chandelier.errors import ChandelierError
from chandelier.storage.engine import Storage
from chandelier.storage.tables import OutboxRow, TimerRow

__all__ = [
    "DueRunner",
    "Dues",
    "PluginNotRunning",
    "Skip",
    "backoff",
    "one_line",
    "reason",
    "unexplained",
]

AT_ONCE: Final = 16
"""How many rows are carried out at the same time."""
PER_PLUGIN: Final = 4
"""How many of one plugin, so that its slow ones leave room for the others'."""

_LONGEST_SLEEP: Final = timedelta(hours=6)
"""Look at least this often while rows wait: the wall clock, which they name, can be set while we sleep."""
_DATABASE_RETRY: Final = timedelta(seconds=5)
_DATABASE_RETRY_LONGEST: Final = timedelta(minutes=5)
_REASON_LENGTH: Final = 500


class PluginNotRunning(ChandelierError):
    """Nobody is there to carry out this kind of row now; the row waits for ``wake``."""


RowT = TypeVar("RowT", bound=TimerRow | OutboxRow)
Identity = tuple[str, str, str]


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
    """Rows that are due, the longest due first."""
    later: datetime | None
    """When the first row comes due that is not yet; None when there is none."""


def backoff(failures: int, first: timedelta, longest: timedelta, factor: int = 2) -> timedelta:
    """How long to wait after so many failures in a row: ``first``, then ``factor`` times as long each."""
    return min(longest, first * factor ** min(max(failures - 1, 0), 32))


def one_line(text: str) -> str:
    """The first line of what went wrong, short enough to keep with a row."""
    line = text.partition("\n")[0][:_REASON_LENGTH]
    # PostgreSQL keeps neither NUL nor lone surrogates.
    return line.replace("\x00", "").encode("utf-8", "replace").decode()


def reason(error: BaseException) -> str:
    """One line about a failure."""
    return one_line(f"{type(error).__name__}: {error}")


def unexplained(error: Exception) -> Exception | None:
    """The error when its traceback is worth a place in the log: not when it says itself what happened."""
    return None if isinstance(error, ChandelierError | hikari.HikariError) else error


class DueRunner(abc.ABC, Generic[RowT]):
    """Starts rows as tasks when they are due; what a row is and what carrying it out means is the subclass's.

    Within one process a (plugin, kind, key) is carried out once at a time. There is no order among rows
    that are due together.
    """

    def __init__(self, storage: Storage, clock: Clock, *, name: str) -> None:
        self._storage = storage
        self._clock = clock
        self._name = name
        self._running: dict[Identity, asyncio.Task[None]] = {}
        self._handling: set[Identity] = set()
        self._pausing: set[Identity] = set()
        self._parked: set[tuple[str, str]] = set()
        self._kicked = asyncio.Event()
        self._moved = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._loop: asyncio.Task[None] | None = None
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at: datetime | None = None
        self._news = 0
        self.started = 0
        """How many rows have been started so far; grows only."""

    @abc.abstractmethod
    async def _look(self, now: datetime, *, skip: Skip, limit: int) -> Dues[RowT]:
        """Read which rows are due, at most ``limit`` of them, without those to skip."""

    @abc.abstractmethod
    async def _carry_out(self, row: RowT) -> None:
        """The whole way of one row, to the record of what came of it."""

    async def start(self) -> None:
        """Begin; what came due while nothing ran is carried out now. Does nothing when it runs already."""
        if self._loop is None:
            self._parked.clear()
            self._loop = asyncio.create_task(self._run(), name=f"chandelier: {self._name}")

    async def stop(self, *, grace: float = 5.0) -> None:
        """Start nothing more, let what runs finish for ``grace`` real seconds, then cancel it.

        What was cancelled is carried out again after the next start.
        """
        loop, self._loop = self._loop, None
        if loop is None:
            return
        loop.cancel()
        await asyncio.wait([loop])
        self._set_alarm(None)
        running = list(self._running.values())
        if running and grace > 0:
            # Real time, not the injected clock's: it is the operator who waits.
            await asyncio.wait(running, timeout=grace)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        self._release_waiters(self._waiters)

    def wake(self) -> None:
        """Look again now, also at rows whose plugin was not running: the app calls it when one starts."""
        self._parked.clear()
        self.kick()

    def kick(self) -> None:
        """Look again now: a row was added or changed."""
        self._news += 1
        self._kicked.set()

    async def idle(self, *, handlers: bool = True) -> None:
        """Return when everything due by now has been carried out; at once when not started.

        What waits for the clock, because the database fails, is not waited for.
        With ``handlers=False`` a plugin's code that is under way does not count, for a host that knows by
        itself which of it waits for the clock.
        """
        while self._loop is not None:
            news = self._news
            looked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(looked)
            self._kicked.set()
            await looked
            waits = self._pausing if handlers else self._pausing | self._handling
            if not self._running.keys() <= waits:
                self._moved.clear()
                await self._moved.wait()
            elif news == self._news:
                return  # while we looked, nothing was added, changed or finished

    def _park(self, row: RowT) -> None:
        """Leave this plugin's rows of this kind alone until `wake`."""
        self._parked.add((row.plugin, row.kind))

    @contextmanager
    def _in_handler(self, row: RowT) -> Generator[None]:
        """While the plugin's own code is under way."""
        identity = _identity(row)
        self._handling.add(identity)
        self._moved.set()
        try:
            yield
        finally:
            self._handling.discard(identity)

    async def _persist(self, row: RowT, statement: Any) -> int:
        """Execute a change, and do not give up: without a record the row would be carried out twice.

        Returns how many rows it changed.
        """
        failures = 0
        while True:
            try:
                async with self._storage.transaction() as session:
                    result: Any = await session.execute(statement)
                    return result.rowcount
            except Exception as error:  # noqa: BLE001 - whatever the database says
                failures += 1
                pause = backoff(failures, _DATABASE_RETRY, _DATABASE_RETRY_LONGEST)
                logger.error(
                    "{}: cannot write to the database, again in {}: {}", self._name, pause, reason(error)
                )
                self._pausing.add(_identity(row))
                self._moved.set()
                try:
                    await self._clock.sleep(pause.total_seconds())
                finally:
                    self._pausing.discard(_identity(row))

    async def _run(self) -> None:
        failures = 0
        while True:
            self._kicked.clear()
            waiters, self._waiters = self._waiters, []
            try:
                later = await self._start_due()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever the database says
                failures += 1
                pause = backoff(failures, _DATABASE_RETRY, _DATABASE_RETRY_LONGEST)
                later = self._clock.now() + pause
                logger.error(
                    "{}: cannot read the database, again in {}: {}", self._name, pause, reason(error)
                )
            self._set_alarm(later)
            # One turn, so that the alarm waits on the clock before anyone hears that we are done looking.
            await asyncio.sleep(0)
            self._release_waiters(waiters)
            await self._kicked.wait()

    async def _start_due(self) -> datetime | None:
        """Start what is due and fits; returns when to look again, None to wait for a kick."""
        while True:
            free = AT_ONCE - len(self._running)
            if free <= 0:
                return None  # each that ends kicks
            held = Counter(plugin for plugin, _, _ in self._running)
            skip = Skip(
                plugins=[plugin for plugin, count in held.items() if count >= PER_PLUGIN],
                kinds=list(self._parked),
            )
            # The running ones may be among those found.
            found = await self._look(self._clock.now(), skip=skip, limit=free + len(self._running))
            before = self.started
            for row in found.rows:
                if len(self._running) < AT_ONCE and held[row.plugin] < PER_PLUGIN and self._start(row):
                    held[row.plugin] += 1
            if self.started == before:
                return found.later

    def _start(self, row: RowT) -> bool:
        identity = _identity(row)
        if identity in self._running or (row.plugin, row.kind) in self._parked:
            return False
        self.started += 1
        task = asyncio.create_task(self._contained(row), name=f"{row.plugin}: {row.kind} {row.key}")
        self._running[identity] = task
        task.add_done_callback(lambda _: self._ended(identity))
        return True

    async def _contained(self, row: RowT) -> None:
        try:
            await self._carry_out(row)
        except Exception as error:  # noqa: BLE001 - one row must not end the loop
            logger.opt(exception=error).error(
                "{}: {} {} of plugin {} is set aside until the plugin or the host starts again",
                *(self._name, row.kind, row.key, row.plugin),
            )
            self._park(row)

    def _ended(self, identity: Identity) -> None:
        del self._running[identity]
        self._moved.set()
        self.kick()

    def _set_alarm(self, at: datetime | None) -> None:
        if at == self._alarm_at and (self._alarm is None or not self._alarm.done()):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at = None, at
        if at is not None:
            self._alarm = asyncio.create_task(self._ring(at), name=f"chandelier: {self._name}, alarm")

    async def _ring(self, at: datetime) -> None:
        pause = min(at - self._clock.now(), _LONGEST_SLEEP)
        await self._clock.sleep(pause.total_seconds())
        self.kick()

    def _release_waiters(self, waiters: list[asyncio.Future[None]]) -> None:
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._moved.set()


def _identity(row: TimerRow | OutboxRow) -> Identity:
    return (row.plugin, row.kind, row.key)

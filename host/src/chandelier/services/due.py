"""The loop under the scheduler and the outbox: carries out rows of a table when they are due.

Rows are the truth, so a crash loses nothing. Each row is claimed first and carried out once at a time,
plugins do not hold each other up, and no failure, not even the database's, ends the loop.
"""

from __future__ import annotations

import abc
import asyncio
import contextlib
from collections import Counter
from collections.abc import Generator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

import hikari
from loguru import logger

from chandelier.clock import Clock
from chandelier.errors import ChandelierError
from chandelier.services.claims import Claims, Dues, Skip
from chandelier.services.records import PATIENCE, Recorder
from chandelier.storage.engine import Storage
from chandelier.storage.tables import OutboxRow, TimerRow

__all__ = [
    "DueRunner",
    "PluginNotRunning",
    "backoff",
    "one_line",
    "reason",
    "unexplained",
]

AT_ONCE: Final = 16
"""How many handlers are under way at the same time."""
PER_PLUGIN: Final = 4
"""How many of one plugin, so that its slow ones leave room for the others'."""
LOOK: Final = 100
"""How many rows one look reads: more than can be under way, because several may go to one handler."""

_OTHERS_BUSY: Final = timedelta(seconds=1)
"""When to look again at rows that another process was just changing."""

_LONGEST_SLEEP: Final = timedelta(hours=6)
"""Look at least this often while rows wait: the wall clock, which they name, can be set while we sleep."""
_RENEWED_AFTER_TROUBLE: Final = 1.0
"""Real seconds: sooner than others, who wait, take over."""
_DATABASE_RETRY: Final = timedelta(seconds=5)
_DATABASE_RETRY_LONGEST: Final = timedelta(minutes=1)
_REASON_LENGTH: Final = 500


class PluginNotRunning(ChandelierError):
    """Nobody is there to carry out this kind of row now; the row waits for ``wake``."""


RowT = TypeVar("RowT", bound=TimerRow | OutboxRow)
Identity = tuple[str, str, str]


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

    A (plugin, kind, key) is carried out once at a time, whatever process does it. There is no order among
    rows that are due together.
    """

    def __init__(self, storage: Storage, clock: Clock, claims: Claims[RowT], *, name: str) -> None:
        self._storage = storage
        self._clock = clock
        self._claims = claims
        self._name = name
        self._records = Recorder(storage)
        self._running: dict[Identity, asyncio.Task[None]] = {}
        self._owners: dict[asyncio.Task[None], str] = {}
        self._handling: set[Identity] = set()
        self._pausing: set[Identity] = set()
        self._parked: set[tuple[str, str]] = set()
        self._kicked = asyncio.Event()
        self._moved = asyncio.Event()
        self._waiters: list[asyncio.Future[None]] = []
        self._loop: asyncio.Task[None] | None = None
        self._beat: asyncio.Task[None] | None = None
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_at: datetime | None = None
        self._news = 0
        self.started = 0
        """How many handlers have been started so far; grows only."""

    @abc.abstractmethod
    async def _carry_out(self, rows: Sequence[RowT]) -> None:
        """The whole way of rows that one handler gets, to the record of what came of them."""

    def _units(self, rows: Sequence[RowT]) -> list[list[RowT]]:
        """Which of these rows go to a handler together; each alone, unless the subclass says otherwise."""
        return [[row] for row in rows]

    async def start(self) -> None:
        """Begin; what came due while nothing ran is carried out now. Does nothing when it runs already."""
        if self._loop is None:
            self._parked.clear()
            self._loop = asyncio.create_task(self._run(), name=f"chandelier: {self._name}")
            if self._claims.shared:
                self._beat = asyncio.create_task(self._renew(), name=f"chandelier: {self._name}, claims")

    async def stop(self, *, grace: float = 5.0) -> None:
        """Start nothing more, let what runs finish for ``grace`` real seconds, then cancel it.

        What was cancelled is carried out again after the next start, or at once by another process.
        """
        loop, self._loop = self._loop, None
        if loop is None:
            return
        loop.cancel()
        await asyncio.wait([loop])
        self._set_alarm(None)
        running = set(self._running.values())
        if running and grace > 0:
            # Real time, not the injected clock's: it is the operator who waits.
            await asyncio.wait(running, timeout=grace)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        if self._beat is not None:
            self._beat.cancel()
            await asyncio.wait([self._beat])
            self._beat = None
        with contextlib.suppress(Exception):  # they run out by themselves
            async with asyncio.timeout(max(grace, 1.0)):
                await self._records.close()
                await self._claims.release()
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

    @contextlib.contextmanager
    def _in_handler(self, rows: Sequence[RowT]) -> Generator[None]:
        """While the plugin's own code is under way."""
        identities = {_identity(row) for row in rows}
        self._handling |= identities
        self._moved.set()
        try:
            yield
        finally:
            self._handling -= identities

    async def _persist(self, rows: Sequence[RowT], statement: Any) -> int:
        """Execute a change, and do not give up: without a record the rows would be carried out twice.

        Returns how many rows it changed.
        """
        identities = {_identity(row) for row in rows}
        failures = 0
        while True:
            try:
                return await self._records.write(statement)
            except Exception as error:  # noqa: BLE001 - whatever the database says
                failures += 1
                pause = backoff(failures, _DATABASE_RETRY, _DATABASE_RETRY_LONGEST)
                logger.error(
                    "{}: cannot write to the database, again in {}: {}", self._name, pause, reason(error)
                )
                self._pausing |= identities
                self._moved.set()
                try:
                    await self._clock.sleep(pause.total_seconds())
                finally:
                    self._pausing -= identities

    async def _run(self) -> None:
        failures = 0
        begun = False
        while True:
            self._kicked.clear()
            waiters, self._waiters = self._waiters, []
            try:
                if not begun:
                    await self._claims.begin()
                    begun = True
                if failures:  # a claim may have been committed although we were told that it failed
                    await self._claims.release(but=self._running)
                later = await self._start_due()
                failures = 0
            except Exception as error:  # noqa: BLE001 - whatever the database says
                failures += 1
                pause = backoff(failures, _DATABASE_RETRY, _DATABASE_RETRY_LONGEST)
                later = self._clock.now() + pause
                self._claims.be_patient()
                logger.error("{}: cannot use the database, again in {}: {}", self._name, pause, reason(error))
            self._set_alarm(later)
            # One turn, so that the alarm waits on the clock before anyone hears that we are done looking.
            await asyncio.sleep(0)
            self._release_waiters(waiters)
            await self._kicked.wait()

    async def _start_due(self) -> datetime | None:
        """Start what is due and fits; returns when to look again, None to wait for a kick."""
        while True:
            if len(self._owners) >= AT_ONCE:
                return None  # each that ends kicks
            held = Counter(self._owners.values())
            skip = Skip(
                plugins=[plugin for plugin, count in held.items() if count >= PER_PLUGIN],
                kinds=list(self._parked),
            )
            now = self._clock.now()
            async with asyncio.timeout(PATIENCE):
                found = await self._look(now, skip=skip, limit=LOOK)
                units = self._that_fit(found.rows)
                if not units:
                    return found.later
                taken = await self._take(now, units)
            started = False
            for unit in units:
                rows = [taken[row.id] for row in unit if row.id in taken]
                if rows:
                    self._start(rows)
                    started = True
            if not started:  # other processes had them first, or are just changing them
                soon = now + _OTHERS_BUSY
                return soon if found.later is None else min(found.later, soon)

    async def _look(self, now: datetime, *, skip: Skip, limit: int) -> Dues[RowT]:
        """Read which rows are due and free."""
        return await self._claims.look(now, skip=skip, limit=limit)

    async def _take(self, now: datetime, units: Sequence[Sequence[RowT]]) -> dict[int, RowT]:
        """Claim rows in one transaction; returns those that are ours now, by id, as they were before."""
        async with self._storage.transaction() as session:
            return await self._claims.take(now, [row.id for unit in units for row in unit], session)

    def _that_fit(self, rows: Sequence[RowT]) -> list[list[RowT]]:
        """What of the rows found can be started beside what runs."""
        held = Counter(self._owners.values())
        fit: list[list[RowT]] = []
        free = [
            row
            for row in rows
            if _identity(row) not in self._running and (row.plugin, row.kind) not in self._parked
        ]
        for unit in self._units(free):
            plugin = unit[0].plugin
            if len(self._owners) + len(fit) < AT_ONCE and held[plugin] < PER_PLUGIN:
                held[plugin] += 1
                fit.append(unit)
        return fit

    def _start(self, rows: Sequence[RowT]) -> None:
        self.started += 1
        first = rows[0]
        task = asyncio.create_task(self._contained(rows), name=f"{first.plugin}: {first.kind} {first.key}")
        self._owners[task] = first.plugin
        for row in rows:
            self._running[_identity(row)] = task
        task.add_done_callback(lambda _: self._ended(task, rows))

    async def _contained(self, rows: Sequence[RowT]) -> None:
        try:
            await self._carry_out(rows)
        except Exception as error:  # noqa: BLE001 - one row must not end the loop
            row = rows[0]
            logger.opt(exception=error).error(
                "{}: {} {} of plugin {} is set aside until the plugin or the host starts again",
                *(self._name, row.kind, row.key, row.plugin),
            )
            self._park(row)
            for row in rows:
                await self._persist(rows, self._claims.named(row))

    def _ended(self, task: asyncio.Task[None], rows: Sequence[RowT]) -> None:
        del self._owners[task]
        for row in rows:
            del self._running[_identity(row)]
        self._moved.set()
        self.kick()

    async def _renew(self) -> None:
        """Keep the claims alive, and look: other processes' rows may have become free without a word.

        Real time, not the injected clock's: it is a matter between processes.
        """
        pause = self._claims.lease / 3
        while True:
            await asyncio.sleep(pause)
            pause = self._claims.lease / 3
            try:
                if self._owners:
                    async with asyncio.timeout(PATIENCE):
                        await self._claims.renew()
            except Exception as error:  # noqa: BLE001 - whatever the database says
                logger.warning("{}: cannot renew its claims: {}", self._name, reason(error))
                pause = min(pause, _RENEWED_AFTER_TROUBLE)
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

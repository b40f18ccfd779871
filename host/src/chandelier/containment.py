"""Running plugins' code so that its failures stay its own: every piece of work is owned and timed."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from weakref import WeakSet

import attrs

from chandelier.barrier import discard, end, held, translated
from chandelier.clock import Clock
from chandelier.errors import PluginError
from chandelier.hooks import HookTimeout

__all__ = ["Containment", "ParkingClock"]

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""For references that people read to each other: no 0, O, 1, I, L or U."""

LAST_THINGS = 5.0
"""Seconds of the host's clock for the last things of work that took too long; then nobody waits for it."""


@attrs.define(eq=False)
class _Job:
    """One piece of a plugin's work under way."""

    owner: str
    what: str
    work: Coroutine[Any, Any, Any]
    limit: float
    deadline: float
    started: float
    caller: asyncio.Task[Any] | None
    """The task that waits for it."""
    reported: bool
    """Whether a failure is reported, because nobody waits for it."""
    parked: int = 0
    timed_out: bool = False
    ended: bool = False
    """It counts no longer: it has ended, or nobody waits for it any more."""
    waiter: asyncio.Future[None] | None = None
    """What the caller waits on."""

    def plain(self, error: BaseException) -> Exception | None:
        """What the work raised, as an Exception; None for what has to go on up, see `translated`."""
        if self.timed_out and isinstance(error, asyncio.CancelledError):
            return HookTimeout(
                f"{self.what} of plugin {self.owner} did not finish within {self.limit:g} seconds "
                "and was cancelled"
            )
        return translated(error)

    def goes_on(self) -> HookTimeout:
        """What is said of work that was cancelled at its limit and has not ended another limit later."""
        return HookTimeout(
            f"{self.what} of plugin {self.owner} goes on although it was cancelled: its code catches "
            "CancelledError, or everything"
        )


_OWNER: contextvars.ContextVar[str | None] = contextvars.ContextVar("chandelier_owner", default=None)
_CURRENT: contextvars.ContextVar[_Job | None] = contextvars.ContextVar("chandelier_job", default=None)


@attrs.define(eq=False)
class Tally:
    """What one owner's work has cost so far: wall seconds, and pieces of work."""

    seconds: float = 0.0
    finished: int = 0


class Containment:
    """Starts plugins' work as tasks, cancels what takes too long, and reports what fails.

    ``report`` is called with (owner, what, error, reference) for every failure of started work;
    ``choose`` picks one character of an alphabet at random.
    """

    def __init__(
        self,
        clock: Clock,
        report: Callable[[str, str, BaseException, str], None],
        *,
        timeout: float,
        choose: Callable[[str], str],
    ) -> None:
        self._clock = clock
        self._report = report
        self._choose = choose
        self.timeout = timeout
        """Seconds of the host's clock that a piece of work may take when it names no limit of its own."""
        self.tallies: dict[str, Tally] = {}
        self.measure: Callable[[str, str, float], object] = lambda _owner, _what, _seconds: None
        """Told (owner, what, seconds) when a piece of work has ended."""
        self._jobs: dict[asyncio.Task[Any], _Job] = {}
        self._background: dict[asyncio.Task[Any], str] = {}
        self._left: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._some = asyncio.Event()
        self._active = 0
        self._quiet = asyncio.Event()
        self._quiet.set()
        self._sweeper: asyncio.Task[None] | None = None

    def reference(self) -> str:
        """A short name for one failure, shown to the person and written to the log."""
        return "".join(self._choose(ALPHABET) for _ in range(6))

    def start(
        self, owner: str, what: str, work: Coroutine[Any, Any, Any], *, timeout: float | None = None
    ) -> asyncio.Task[Any]:
        """Run ``work`` as a task of ``owner``; a failure is reported, never raised."""
        return self._launch(owner, what, work, timeout, reported=True)

    async def run(
        self, owner: str, what: str, work: Coroutine[Any, Any, Any], *, timeout: float | None = None
    ) -> Any:
        """Run ``work`` as a task of ``owner`` and return its result.

        Raises what the work raises, as an Exception, and HookTimeout when it takes too long, also when it
        does not end although it is cancelled then. A caller that is cancelled cancels the work.
        """
        task = self._launch(owner, what, work, timeout, asyncio.current_task())
        if task.done():
            return task.result()
        job = self._jobs[task]
        waiter = job.waiter = asyncio.get_running_loop().create_future()
        task.add_done_callback(lambda _: None if waiter.done() else waiter.set_result(None))
        try:
            await waiter
        except asyncio.CancelledError:
            self._left |= await end((task,))
            raise
        if not task.done():
            raise job.goes_on()
        return task.result()

    async def see_through(
        self, owner: str, what: str, work: Coroutine[Any, Any, Any], *, timeout: float
    ) -> Any:
        """As `run`, but when the caller is cancelled the work goes on to its end; its failure is reported.

        Raises PluginError when the work itself is cancelled.
        """
        task = self._launch(owner, what, work, timeout, asyncio.current_task())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():
                raise PluginError(f"{what} was interrupted: the bot is being stopped") from None

            def ended(task: asyncio.Task[Any]) -> None:
                if not task.cancelled() and isinstance(error := task.exception(), Exception):
                    self.failed(owner, what, error)

            task.add_done_callback(ended)
            raise

    def watch(self, owner: str, what: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run background ``work`` that may go on for ever; a failure is reported, never raised."""
        context = contextvars.copy_context()
        context.run(_OWNER.set, owner)
        context.run(_CURRENT.set, None)  # it is not part of the job that starts it, which may end before
        name = f"{owner}: {what}"
        task = asyncio.create_task(self._watched(owner, what, work), name=name, context=context)
        self._background[task] = owner

        def ended(task: asyncio.Task[Any]) -> None:
            del self._background[task]
            discard(work)

        task.add_done_callback(ended)
        return task

    def failed(self, owner: str, what: str, error: Exception) -> None:
        """Report a failure of an owner's code that ran as part of something else."""
        self._report(owner, what, error, self.reference())

    def running(self, owner: str) -> list[asyncio.Task[Any]]:
        """The tasks of an owner that are under way."""
        return [task for task, job in self._jobs.items() if job.owner == owner]

    def owner_of(self, task: asyncio.Task[Any] | None) -> str | None:
        """Whose work a task is, if it is a piece of somebody's; any thread may ask."""
        job = self._jobs.get(task) if task is not None else None
        return job.owner if job is not None else self._background.get(task) if task is not None else None

    @property
    def owner(self) -> str | None:
        """Whose work the calling code is part of."""
        return _OWNER.get()

    @property
    def timed_out(self) -> bool:
        """Whether the calling work is being cancelled because it took too long."""
        job = _CURRENT.get()
        return job is not None and job.timed_out

    async def cancel(self, owner: str) -> None:
        """Cancel an owner's work and wait for its end; the caller, and what waits for the caller, goes on."""
        waiting: set[asyncio.Task[Any] | None] = set()
        task = asyncio.current_task()
        while task is not None and task not in waiting:
            waiting.add(task)
            task = self._jobs[task].caller if task in self._jobs else None
        self._left |= await end(
            task for task in self.running(owner) if task not in waiting and task not in self._left
        )

    async def end_background(self, owner: str) -> None:
        """End everything that `watch` started for an owner, all at the same time."""
        here = asyncio.current_task()
        tasks = [task for task, of in self._background.items() if of == owner and task is not here]
        self._left |= await end(task for task in tasks if task not in self._left)

    async def end(self, task: asyncio.Task[Any]) -> None:
        """End one task, unless it has been left behind before, for not wanting to end."""
        if task not in self._left:
            self._left |= await end((task,))

    async def idle(self) -> None:
        """Return when all work that is under way waits for the clock, or there is none."""
        await self._quiet.wait()

    async def close(self) -> None:
        """Cancel everything."""
        jobs = [task for task in self._jobs if task not in self._left]
        await end([*jobs, *([self._sweeper] if self._sweeper else [])])
        self._sweeper = None

    def _launch(
        self,
        owner: str,
        what: str,
        work: Coroutine[Any, Any, Any],
        timeout: float | None,
        caller: asyncio.Task[Any] | None = None,
        *,
        reported: bool = False,
    ) -> asyncio.Task[Any]:
        limit = self.timeout if timeout is None else timeout
        deadline, started = self._clock.monotonic() + limit, time.perf_counter()
        job = _Job(owner, what, work, limit, deadline, started, caller, reported)
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep(), name="chandelier: time limits")
        self._count(+1)
        task = _start_eagerly(self._measured(job), f"{owner}: {what}")
        if task.done():
            job.ended = True
            self._count(-1)
        else:
            self._jobs[task] = job
            task.add_done_callback(self._forget)
            self._some.set()
        return task

    async def _measured(self, job: _Job) -> Any:
        token, owner = _CURRENT.set(job), _OWNER.set(job.owner)
        tally = self.tallies.setdefault(job.owner, Tally())
        try:
            return await job.work
        except BaseException as error:
            plain = job.plain(error)
            if plain is not None and job.reported:
                self.failed(job.owner, job.what, plain)
                return None
            if plain is None or plain is error:
                raise
            raise plain from error
        finally:
            tally.finished += 1
            _OWNER.reset(owner)
            seconds = time.perf_counter() - job.started
            tally.seconds += seconds
            self.measure(job.owner, job.what, seconds)
            _CURRENT.reset(token)

    async def _watched(self, owner: str, what: str, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await held(work)
        except Exception as error:  # noqa: BLE001 - containment is the point
            self.failed(owner, what, error)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        job = self._jobs.pop(task)
        discard(job.work)
        self._discount(job)

    def _discount(self, job: _Job) -> None:
        if not job.ended and not job.parked:
            self._count(-1)
        job.ended = True

    def _count(self, change: int) -> None:
        self._active += change
        if self._active:
            self._quiet.clear()
        else:
            self._quiet.set()

    async def _sweep(self) -> None:
        while True:
            if not self._jobs:
                self._some.clear()
                await self._some.wait()
            earliest = min(job.deadline for job in self._jobs.values())
            await self._clock.sleep(max(0.05, earliest - self._clock.monotonic()))
            now = self._clock.monotonic()
            for task, job in list(self._jobs.items()):
                if job.deadline > now:
                    continue
                if not job.timed_out:
                    job.timed_out = True
                    job.deadline = now + min(job.limit, LAST_THINGS)
                else:
                    job.deadline = now + job.limit
                    self._give_up(job)
                task.cancel()

    def _give_up(self, job: _Job) -> None:
        self._discount(job)
        if job.waiter is not None and not job.waiter.done():
            job.waiter.set_result(None)  # who waits for it tells
        else:
            self.failed(job.owner, job.what, job.goes_on())

    def park(self, job: _Job, change: int) -> None:
        """Note that a job waits for the clock (+1) or goes on (-1).

        A task that a job has left behind no longer counts for it.
        """
        before = bool(job.parked)
        job.parked += change
        if before != bool(job.parked) and not job.ended:
            self._count(-1 if job.parked else +1)
        above = self._jobs.get(job.caller) if job.caller is not None else None
        if above is not None:
            self.park(above, change)


class ParkingClock:
    """The clock that plugins get: a job that sleeps on it counts as idle until it wakes."""

    def __init__(self, clock: Clock, containment: Containment) -> None:
        self._clock = clock
        self._containment = containment

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._clock.now()

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` of the host's clock."""
        job = _CURRENT.get()
        if job is None:
            await self._clock.sleep(seconds)
            return
        self._containment.park(job, +1)
        try:
            await self._clock.sleep(seconds)
        finally:
            self._containment.park(job, -1)


def _start_eagerly(work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
    """A task that runs at once up to its first wait where Python can do that (3.12 and later)."""
    if sys.version_info >= (3, 12):
        return asyncio.Task(work, loop=asyncio.get_running_loop(), name=name, eager_start=True)
    return asyncio.create_task(work, name=name)

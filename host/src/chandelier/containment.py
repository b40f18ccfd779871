"""Running plugins' code so that its failures stay its own: every piece of work is owned and timed."""

from __future__ import annotations

import asyncio
import contextvars
import sys
import time
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

import attrs

from chandelier.clock import Clock
from chandelier.hooks import HookTimeout

__all__ = ["Containment", "ParkingClock"]

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""For references that people read to each other: no 0, O, 1, I, L or U."""


@attrs.define(eq=False)
class _Job:
    """One piece of a plugin's work under way."""

    owner: str
    what: str
    limit: float
    deadline: float
    started: float
    parked: int = 0
    timed_out: bool = False

    def too_late(self) -> HookTimeout:
        """What is said of work that was cancelled at its limit."""
        return HookTimeout(
            f"{self.what} of plugin {self.owner} did not finish within {self.limit:g} seconds "
            "and was cancelled"
        )


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
        self._jobs: dict[asyncio.Task[Any], _Job] = {}
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
        return self._launch(owner, what, self._reported(owner, what, work), timeout)

    async def run(
        self, owner: str, what: str, work: Coroutine[Any, Any, Any], *, timeout: float | None = None
    ) -> Any:
        """Run ``work`` as a task of ``owner`` and return its result.

        Raises what the work raises, and HookTimeout when it takes too long. A caller that is cancelled
        cancels the work.
        """
        task = self._launch(owner, what, work, timeout)
        try:
            return await task
        except asyncio.CancelledError:
            task.cancel()
            raise

    def watch(self, owner: str, what: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run background ``work`` that may go on for ever; a failure is reported, never raised."""
        return asyncio.create_task(self._watched(owner, what, work), name=f"{owner}: {what}")

    def running(self, owner: str) -> list[asyncio.Task[Any]]:
        """The tasks of an owner that are under way."""
        return [task for task, job in self._jobs.items() if job.owner == owner]

    @property
    def timed_out(self) -> bool:
        """Whether the calling work is being cancelled because it took too long."""
        job = _CURRENT.get()
        return job is not None and job.timed_out

    async def cancel(self, owner: str) -> None:
        """Cancel an owner's work and wait until it has ended; the calling task is left alone."""
        tasks = [task for task in self.running(owner) if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def idle(self) -> None:
        """Return when all work that is under way waits for the clock, or there is none."""
        await self._quiet.wait()

    async def close(self) -> None:
        """Cancel everything."""
        tasks = [*self._jobs, *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._sweeper = None

    def _launch(
        self, owner: str, what: str, work: Coroutine[Any, Any, Any], timeout: float | None
    ) -> asyncio.Task[Any]:
        limit = self.timeout if timeout is None else timeout
        job = _Job(owner, what, limit, self._clock.monotonic() + limit, time.perf_counter())
        if self._sweeper is None:
            self._sweeper = asyncio.create_task(self._sweep(), name="chandelier: time limits")
        self._count(+1)
        task = _start_eagerly(self._measured(job, work), f"{owner}: {what}")
        if task.done():
            self._count(-1)
        else:
            self._jobs[task] = job
            task.add_done_callback(self._forget)
            self._some.set()
        return task

    async def _measured(self, job: _Job, work: Coroutine[Any, Any, Any]) -> Any:
        token = _CURRENT.set(job)
        tally = self.tallies.setdefault(job.owner, Tally())
        try:
            return await work
        except asyncio.CancelledError:
            if not job.timed_out:
                raise
            raise job.too_late() from None
        finally:
            tally.finished += 1
            tally.seconds += time.perf_counter() - job.started
            _CURRENT.reset(token)

    async def _reported(self, owner: str, what: str, work: Coroutine[Any, Any, Any]) -> None:
        job = _CURRENT.get()
        try:
            await work
        except asyncio.CancelledError:
            if job is None or not job.timed_out:
                raise
            self._report(owner, what, job.too_late(), self.reference())
        except Exception as error:  # noqa: BLE001 - containment is the point
            self._report(owner, what, error, self.reference())

    async def _watched(self, owner: str, what: str, work: Coroutine[Any, Any, Any]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - containment is the point
            self._report(owner, what, error, self.reference())

    def _forget(self, task: asyncio.Task[Any]) -> None:
        job = self._jobs.pop(task)
        if not job.parked:
            self._count(-1)

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
                if job.deadline <= now and not job.timed_out:
                    job.timed_out = True
                    task.cancel()

    def park(self, job: _Job, change: int) -> None:
        """Note that a job waits for the clock (+1) or goes on (-1)."""
        before = bool(job.parked)
        job.parked += change
        if before != bool(job.parked):
            self._count(-1 if job.parked else +1)


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

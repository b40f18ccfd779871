"""Time as the local Discord knows it: virtual (moves only when told) or the system's.

A bot under test takes its time from the same clock, so that a reminder due in a week is one
``await discord.advance(7 * 86400)`` away and nothing in a test sleeps.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

__all__ = ["Clock", "SystemClock", "VirtualClock"]


class Clock(Protocol):
    """What loopcord, and a bot that shares its time, ask of a clock."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return when ``seconds`` have passed on this clock."""
        ...


class VirtualClock:
    """A clock that stands still until :meth:`loopcord.LocalDiscord.advance` moves it.

    ``start`` must be aware; it defaults to 2026-01-01T00:00Z.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start if start is not None else datetime(2026, 1, 1, tzinfo=UTC)
        if self._start.tzinfo is None:
            raise ValueError("VirtualClock(start=…) needs an aware datetime; give it tzinfo=UTC")
        self._elapsed = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    @property
    def sleepers(self) -> int:
        """How many coroutines wait on this clock."""
        return sum(1 for _, _, future in self._sleepers if not future.done())

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been moved by ``seconds``; zero or less only yields."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, next(self._order), future))
        await future

    def next_deadline(self) -> float | None:
        """When the next sleeper is due, in seconds since the start; None when nobody sleeps."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def move_to(self, elapsed: float) -> None:
        """Set the time (seconds since the start, never backwards) and wake whoever is due by then."""
        self._elapsed = max(self._elapsed, elapsed)
        while self._sleepers and self._sleepers[0][0] <= self._elapsed:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)

    def advance(self, seconds: float) -> None:
        """Move by ``seconds`` at once, without settling; tests want ``discord.advance`` instead."""
        self.move_to(self._elapsed + seconds)


class SystemClock:
    """Real time, for a live demo."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since this clock was made."""
        return time.monotonic() - self._began

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """The system's monotonic clock, in seconds."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep ``seconds`` of real time."""
        await asyncio.sleep(seconds)

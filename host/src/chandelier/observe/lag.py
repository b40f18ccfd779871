"""How late the event loop is: a task that asks to be woken, and looks at how much later it was.

This is real time on purpose, whatever clock the host has: a blocked loop is blocked on the machine.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from chandelier.barrier import end

__all__ = ["LoopLag"]

EVERY: Final = 0.5
"""Real seconds between two looks: a block of that length is certain to be seen."""
_RECENT: Final = 120
"""Looks, of about a minute, over which the worst is told."""


class LoopLag:
    """Measures while started; ``late`` is told the seconds of each look."""

    def __init__(self, late: Callable[[float], None]) -> None:
        self._late = late
        self._recent: deque[float] = deque(maxlen=_RECENT)
        self._task: asyncio.Task[None] | None = None

    @property
    def worst(self) -> float:
        """The most seconds that the loop was late within the last minute."""
        return max(self._recent, default=0.0)

    def start(self) -> None:
        """Begin to measure."""
        if self._task is None:
            self._task = asyncio.create_task(self._measure(), name="chandelier: loop lag")

    async def stop(self) -> None:
        """Measure no more."""
        if self._task is not None:
            await end((self._task,))
            self._task = None

    def note(self, seconds: float) -> None:
        """Count one look at how late the loop was."""
        self._recent.append(seconds)
        self._late(seconds)

    async def _measure(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + EVERY
            await asyncio.sleep(EVERY)
            self.note(max(0.0, loop.time() - due))

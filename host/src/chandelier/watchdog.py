"""Notices that the event loop is blocked, and says which plugin blocks it and at which line.

A plugin that computes for long, or waits without ``await``, keeps the whole bot from doing anything, its log
included. So a thread of its own looks: the loop gives signs of life, and when one does not come, the thread
reads the stack of the loop's thread. What it cannot see is code that never gives the interpreter's lock back,
as some libraries written in C do; that is told as soon as it ends.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

import attrs
from loguru import logger

from chandelier.storage.names import HOST_NAME
from chandelier.whose import Whose

__all__ = ["Lag", "Watchdog", "place"]

TICK = 0.25
"""Real seconds between two signs of life of the loop, and between two looks of the thread."""
NOTICED = 0.25
"""Real seconds of delay from which on it is found out whose it is."""
LOUDER = (1, 5, 30, 150, 900)
"""How many times the limit a block has lasted when it is told, and told again."""


MOST_SIGHTS = 100
"""So many of the last looks at a block are kept."""


@attrs.define
class Lag:
    """How much one plugin (or ``host``) has delayed the event loop."""

    blocks: int = 0
    """How often, for `NOTICED` seconds or more."""
    seconds: float = 0.0
    """For how many real seconds in all."""
    longest: float = 0.0
    """The longest of them, in seconds."""
    where: str = ""
    """The place in the code of the last one: function, file and line."""


@attrs.frozen
class _Sight:
    """What the thread saw while the loop was blocked."""

    owner: str
    where: str


class Watchdog:
    """Watches the loop that `start` is called on.

    ``owner_of`` says whose work a task is, ``blocked`` is told (plugin, what) on the loop after each block of
    ``limit`` seconds or more. ``now`` is real time in seconds, ``spent`` the processor time of this process.
    """

    def __init__(
        self,
        whose: Whose,
        owner_of: Callable[[asyncio.Task[Any] | None], str | None],
        blocked: Callable[[str, str], None],
        *,
        limit: float,
        now: Callable[[], float] = time.perf_counter,
        spent: Callable[[], float] = time.process_time,
    ) -> None:
        self._whose = whose
        self._owner_of = owner_of
        self._blocked = blocked
        self._limit = limit
        self._now = now
        self._spent = spent
        self._lags: dict[str, Lag] = {}
        self.lag = 0.0
        """Seconds by which the loop's last sign of life was late."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._loop_thread = 0
        self._ended = threading.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._lock = threading.Lock()
        """Held by whoever reads or changes what follows."""
        self._sights: list[_Sight] = []
        self._told = 0
        self._looked: tuple[float, float] = (0.0, 0.0)

    @property
    def lags(self) -> Mapping[str, Lag]:
        """How much each plugin has delayed the loop so far, and ``host`` for what is no plugin's."""
        return self._lags

    def start(self) -> None:
        """Watch the running loop, with a thread of its own."""
        self.attach()
        # Inside a copy of the context, so that what is logged goes where this host's logs go.
        context = contextvars.copy_context()
        self._thread = threading.Thread(
            target=context.run, args=(self._watch,), name="chandelier: watchdog", daemon=True
        )
        self._thread.start()

    def attach(self) -> None:
        """Let the running loop give signs of life; `look` then sees whether it does."""
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._looked = (self._now(), self._spent())
        self._expect()

    def stop(self) -> None:
        """Watch no more; twice is harmless."""
        self._ended.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._loop = None

    def look(self) -> None:
        """Look once whether the loop still turns; called by the thread, or by a test in its place."""
        now, spent = self._now(), self._spent()
        before, spent_before = self._looked
        self._looked = (now, spent)
        with self._lock:
            if now - before > 4 * TICK and spent - spent_before < (now - before) / 2:
                # This thread slept too long as well, and nobody computed meanwhile: the machine stood still.
                self._due = now + TICK
                return
            late = now - self._due
            sight = self._see() if late >= NOTICED else None
            if sight is None:
                return
            self._sights.append(sight)
            del self._sights[:-MOST_SIGHTS]
            tell = self._told < len(LOUDER) and late >= self._limit * LOUDER[self._told]
            self._told += tell
        if tell:
            self._tell(sight, late)

    # ---- on the loop

    def _expect(self) -> None:
        assert self._loop is not None
        self._due = self._now() + TICK
        self._timer = self._loop.call_later(TICK, self._alive)

    def _alive(self) -> None:
        """The loop turns (again)."""
        with self._lock:
            late = self.lag = max(0.0, self._now() - self._due)
            sights, told = self._sights, self._told
            self._sights, self._told = [], 0
            self._expect()
        if not sights or late < NOTICED:
            return
        # The last one may be of somebody who only came next, so whoever was seen most is meant.
        [(owner, _)] = Counter(sight.owner for sight in sights).most_common(1)
        sight = next(sight for sight in reversed(sights) if sight.owner == owner)
        lag = self._lags.setdefault(sight.owner, Lag())
        lag.blocks += 1
        lag.seconds += late
        lag.longest = max(lag.longest, late)
        lag.where = sight.where
        if late < self._limit:
            return
        what = f"it blocked the event loop for {late:.1f} seconds at {sight.where}"
        log = logger.bind(plugin=None if sight.owner == HOST_NAME else sight.owner)
        if told:
            log.warning("the event loop turns again after {:.1f} seconds", late)
        else:
            log.error("plugin {}: {}", sight.owner, what)
        self._blocked(sight.owner, what)

    # ---- in the thread

    def _watch(self) -> None:
        while not self._ended.wait(TICK):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - what it looks at changes meanwhile
                logger.opt(exception=error).debug("the watchdog could not look")

    def _see(self) -> _Sight | None:
        """Whose code the loop's thread is in, and where: the innermost frame of a plugin counts."""
        frame = sys._current_frames().get(self._loop_thread)
        if frame is None or self._loop is None:
            return None
        innermost, outer = frame, frame
        while outer is not None:
            owner = self._whose.module(outer.f_globals.get("__name__", ""))
            if owner is not None:
                return _Sight(owner, place(outer))
            outer = outer.f_back
        owner = self._owner_of(asyncio.current_task(self._loop))
        return _Sight(owner or HOST_NAME, place(innermost))

    def _tell(self, sight: _Sight, late: float) -> None:
        if sight.owner == HOST_NAME:
            logger.error(
                "the event loop has been blocked for {:.1f} seconds at {}, which is no plugin's code. Nobody "
                "is answered meanwhile.",
                late,
                sight.where,
            )
            return
        logger.bind(plugin=sight.owner).error(
            "plugin {} has blocked the event loop for {:.1f} seconds at {}. Nobody is answered meanwhile. "
            "If it does not end, restart the bot without it: chandelier run --without {}",
            sight.owner,
            late,
            sight.where,
            sight.owner,
        )


def place(frame: FrameType) -> str:
    """Where code is: function, file and line."""
    code = frame.f_code
    return f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})"

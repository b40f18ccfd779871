"""Telling the owners when something needs them: once per cause, not at every wobble, and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from typing import Final

import attrs
from loguru import logger

from chandelier.barrier import end
from chandelier.clock import Clock

__all__ = ["Alarm", "Alerts", "News", "Reading"]

LOOKS: Final = 2
"""Looks in a row that must find something bad, or well again, before anybody hears of it."""
WELL_BELOW: Final = 0.9
"""Part of the limit below which a number is well again; in between, what was so far goes on."""


@attrs.frozen(kw_only=True)
class Reading:
    """What one look at one cause found."""

    cause: str
    """Names it in logs, metrics and `chandelier status`; one alert at a time for each."""
    bad: bool
    well: bool
    now: str
    """How it is, in words: ``memory is at 1203 MB; the limit is 1000 MB``."""
    do: str
    """What an owner can do about it."""
    at_once: bool = False
    """Whether one look is enough: it is no number that wobbles."""

    @classmethod
    def of(cls, cause: str, value: float, limit: float, unit: str, do: str) -> Reading:
        """A number that should stay below a limit."""
        return cls(
            cause=cause,
            bad=value >= limit,
            well=value < limit * WELL_BELOW,
            now=f"{cause} is at {value:.0f} {unit}; the limit is {limit:.0f} {unit}",
            do=do,
        )


class News(StrEnum):
    """What is worth telling after a look."""

    RAISED = "raised"
    RECOVERED = "recovered"


class Alarm:
    """The state of one cause."""

    def __init__(self, cooldown: float) -> None:
        self._cooldown = cooldown
        self._bad = 0
        self._well = 0
        self._told_at: float | None = None
        self._told = False
        self.active = False

    def look(self, reading: Reading, now: float) -> News | None:
        """Take in one look at ``now`` (seconds); answers what is to be told, if anything."""
        wanted = 1 if reading.at_once else LOOKS
        self._bad = self._bad + 1 if reading.bad else 0
        self._well = self._well + 1 if reading.well else 0
        if self._bad >= wanted:
            self.active = True
        if self.active and self._well >= wanted:
            self.active = False
            told, self._told = self._told, False
            return News.RECOVERED if told else None
        if self.active and not self._told and not self._cools(now):
            self._told, self._told_at = True, now
            return News.RAISED
        return None

    def _cools(self, now: float) -> bool:
        return self._told_at is not None and now - self._told_at < self._cooldown


class Alerts:
    """Looks at everything from time to time, and tells what is news.

    ``read`` answers how everything is; a cause that it no longer names is over. ``tell`` gets texts.
    """

    def __init__(
        self,
        clock: Clock,
        read: Callable[[], Awaitable[Sequence[Reading]]],
        tell: Callable[[str], Awaitable[None]],
        *,
        every: float,
        cooldown: float,
    ) -> None:
        self._clock = clock
        self._read = read
        self._tell = tell
        self._every = every
        self._cooldown = cooldown
        self._alarms: dict[str, Alarm] = {}
        self._task: asyncio.Task[None] | None = None
        self._resting = asyncio.Event()
        self._resting.set()

    @property
    def active(self) -> list[str]:
        """The causes that need somebody now."""
        return sorted(cause for cause, alarm in self._alarms.items() if alarm.active)

    def start(self) -> None:
        """Begin to look."""
        if self._task is None:
            self._task = asyncio.create_task(self._go_on(), name="chandelier: alerts")

    async def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            await end((self._task,))
            self._task = None

    async def idle(self) -> None:
        """Return when no look is under way."""
        await self._resting.wait()

    async def look(self) -> None:
        """Look once, and tell what is news."""
        readings = {reading.cause: reading for reading in await self._read()}
        for cause in self._alarms.keys() - readings.keys():
            readings[cause] = Reading(
                cause=cause, bad=False, well=True, now=f"{cause}: it is over", do="", at_once=True
            )
        now = self._clock.monotonic()
        for cause, reading in readings.items():
            alarm = self._alarms.get(cause)
            if alarm is None:
                if not reading.bad:
                    continue
                alarm = self._alarms[cause] = Alarm(self._cooldown)
            news = alarm.look(reading, now)
            if news is News.RAISED:
                logger.warning("alert: {}", reading.now)
                await self._tell(f"⚠️ {reading.now}. {reading.do}".rstrip())
            elif news is News.RECOVERED:
                logger.info("alert over: {}", reading.now)
                await self._tell(f"✅ Well again: {reading.now}.")

    async def _go_on(self) -> None:
        while True:
            await self._clock.sleep(self._every)
            self._resting.clear()
            try:
                await self.look()
            except Exception as error:  # noqa: BLE001 - the next look may succeed
                logger.opt(exception=error).error("could not look after the alerts")
            finally:
                self._resting.set()

"""Telling systemd how the service is: ready, alive, stopping; nothing where no service manager asks.

Source of the protocol: sd_notify(3) and sd_watchdog_enabled(3), a datagram of lines to NOTIFY_SOCKET.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping

from loguru import logger

from chandelier.barrier import end
from chandelier.clock import Clock

__all__ = ["ServiceManager"]


class ServiceManager:
    """The service manager that started this process, as its environment names it."""

    def __init__(self, environ: Mapping[str, str], clock: Clock) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._every = _watchdog(environ)
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def ready(self, status: str) -> None:
        """The service is at work; from now on it also says that it is alive, if that is asked for."""
        self.say(f"READY=1\nSTATUS={_one_line(status)}")
        if self._address is not None and self._every is not None and self._task is None:
            self._task = asyncio.create_task(self._go_on(self._every), name="chandelier: watchdog of systemd")

    async def stopping(self) -> None:
        """The service has begun to stop."""
        self.say("STOPPING=1\nSTATUS=stopping")
        if self._task is not None:
            await end((self._task,))
            self._task = None

    def say(self, lines: str) -> None:
        """Send lines as they are. A manager that does not listen costs a line in the log."""
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notes:
                notes.setblocking(False)
                notes.sendto(lines.encode(), self._address)
        except OSError as error:
            logger.debug("the service manager was not told {!r}: {}", lines, error)

    async def _go_on(self, every: float) -> None:
        """Say so from the event loop itself: when that hangs, the silence is what the watchdog is for."""
        while True:
            self.say("WATCHDOG=1")
            await self._clock.sleep(every)


def _address(named: str) -> str | None:
    if not hasattr(socket, "AF_UNIX") or not named:
        return None
    if named.startswith("@"):  # Linux' abstract names, which begin with a zero
        return f"\0{named[1:]}"
    return named if named.startswith("/") else None


def _watchdog(environ: Mapping[str, str]) -> float | None:
    """Seconds between two signs of life: half of what the manager waits for, as it recommends."""
    meant = environ.get("WATCHDOG_PID", "")
    wanted = environ.get("WATCHDOG_USEC", "")
    if not wanted.isdecimal() or int(wanted) == 0 or (meant and meant != str(os.getpid())):
        return None
    return int(wanted) / 1_000_000 / 2


def _one_line(text: str) -> str:
    return " ".join(text.split())

"""Knowing that nothing more will happen: barriers, quiet loops and idle probes instead of sleeps.

One round asks, in this order: has every gateway client read everything sent to it, is no REST request
being answered, is every in-process bot idle by its own account, has the event loop nothing left to
run. When a full round has changed nothing, the world has settled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from .errors import SettleError

__all__ = ["IdleProbe", "Settler"]

IdleProbe = Callable[[], Awaitable[Any]]

#: A loop that is still busy after this many turns in one round is asked again in the next round.
_TURNS = 2_000
#: Quiet turns in a row that count as quiet: one for the loop itself, more for data crossing loopback.
_QUIET_TURNS = 3
#: Without a look into the loop (uvloop), so many turns per round.
_BLIND_TURNS = 25


class Settler:
    """Waits until a full round changes nothing; every waiter shares one round at a time."""

    def __init__(
        self,
        *,
        barriers: Callable[[], list[Callable[[], Awaitable[None]]]],
        busy: Callable[[], bool],
        patience: Callable[[], float],
    ) -> None:
        self._barriers = barriers
        self._busy = busy
        self._patience = patience
        self._probes: list[IdleProbe] = []
        self._changes = 0
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()

    @property
    def has_probes(self) -> bool:
        """Whether some bot tells by itself when it is idle."""
        return bool(self._probes)

    def note(self) -> None:
        """Something happened: an event, a request, a connection."""
        self._changes += 1
        self._changed.set()

    def add_probe(self, probe: IdleProbe) -> Callable[[], None]:
        """Await ``probe`` in every round; returns what removes it."""
        self._probes.append(probe)

        def remove() -> None:
            if probe in self._probes:
                self._probes.remove(probe)

        return remove

    async def settle(self) -> None:
        """Return when a full round has changed nothing.

        Raises:
            SettleError: after ``patience`` real seconds.
        """
        patience = self._patience()
        try:
            async with asyncio.timeout(patience), self._lock:
                while True:
                    before = self._changes
                    for barrier in self._barriers():
                        await barrier()
                    for probe in list(self._probes):
                        await probe()
                    await _quiet()
                    if self._changes == before and not self._busy():
                        return
        except TimeoutError:
            raise SettleError(
                f"the bot did not come to rest within {patience:g} s: it keeps acting, or a "
                "connected client stopped reading its gateway; see discord.transcript()"
            ) from None

    async def until(self, predicate: Callable[[], bool], *, patience: float | None = None) -> bool:
        """Wait until ``predicate()`` holds, asked again after every change; False after ``patience``.

        ``patience`` is in real seconds and defaults to the settler's own.
        """
        try:
            async with asyncio.timeout(self._patience() if patience is None else patience):
                while not predicate():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return predicate()
        return True


async def _quiet() -> None:
    """Let the event loop run until it has nothing that is ready.

    ``_ready`` is asyncio's private queue of callbacks; there is no public way to ask whether a loop is
    idle. It is only read, and a loop without it gets a fixed number of turns instead.
    """
    ready: Any = getattr(asyncio.get_running_loop(), "_ready", None)
    if ready is None:
        for _ in range(_BLIND_TURNS):
            await asyncio.sleep(0)
        return
    quiet = 0
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        quiet = 0 if ready else quiet + 1
        if quiet >= _QUIET_TURNS:
            return

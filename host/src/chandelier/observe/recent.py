"""The last lines of a running host's log, kept in memory for whoever asks, and new ones as they come."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
from loguru import logger

from chandelier.errors import InvalidRequest
from chandelier.observe.log import LEVELS

if TYPE_CHECKING:
    from loguru import Record

__all__ = ["KEPT", "RecentLogs", "Wanted"]

KEPT: Final = 2000
"""Entries; about a megabyte."""
_LONGEST: Final = 8000
"""Characters of a message or a traceback that are kept."""

Entry = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Wanted:
    """Which entries somebody wants to see."""

    plugin: str | None = None
    level: str | None = None
    """The least important level; None for all."""

    def __attrs_post_init__(self) -> None:
        if self.level is not None and self.level not in LEVELS:
            raise InvalidRequest(f"there is no log level {self.level!r}; there are {', '.join(LEVELS)}")

    def fits(self, entry: Entry) -> bool:
        """Whether an entry is one of them."""
        if self.plugin is not None and entry["plugin"] != self.plugin:
            return False
        return self.level is None or logger.level(entry["level"]).no >= logger.level(self.level).no


@attrs.define(eq=False)
class _Follower:
    wanted: Wanted
    loop: asyncio.AbstractEventLoop
    news: asyncio.Event = attrs.Factory(asyncio.Event)
    waiting: deque[Entry] = attrs.Factory(lambda: deque[Entry](maxlen=KEPT))
    missed: int = 0


class RecentLogs:
    """Takes entries from `Logs.add`; whoever follows too slowly misses some, and is told how many."""

    def __init__(self) -> None:
        self._kept: deque[Entry] = deque(maxlen=KEPT)
        self._followers: list[_Follower] = []

    def take(self, _record: Record, entry: Mapping[str, Any]) -> None:
        """Keep an entry; called in any thread."""
        short = {key: value[:_LONGEST] if isinstance(value, str) else value for key, value in entry.items()}
        self._kept.append(short)
        for follower in list(self._followers):
            if follower.wanted.fits(short):
                if len(follower.waiting) == KEPT:
                    follower.missed += 1
                follower.waiting.append(short)
                follower.loop.call_soon_threadsafe(follower.news.set)

    def last(self, count: int, wanted: Wanted) -> list[Entry]:
        """The last ``count`` entries that are wanted, the oldest first."""
        found = [entry for entry in list(self._kept) if wanted.fits(entry)]
        return found[-count:] if count > 0 else []

    async def follow(self, count: int, wanted: Wanted) -> AsyncGenerator[Entry]:
        """The last ``count`` entries, and then new ones as they come, for ever; none is lost in between."""
        follower = _Follower(wanted, asyncio.get_running_loop())
        self._followers.append(follower)
        try:
            for entry in self.last(count, wanted):
                yield entry
            while True:
                await follower.news.wait()
                follower.news.clear()
                missed, follower.missed = follower.missed, 0
                if missed:
                    yield {
                        "level": "WARNING",
                        "plugin": None,
                        "message": f"{missed} entries are left out here",
                    }
                while follower.waiting:
                    yield follower.waiting.popleft()
        finally:
            self._followers.remove(follower)

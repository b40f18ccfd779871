"""What came before, for rules that count: messages of a member within a time, and their repeats.

Kept in memory and bounded: a restart forgets a few seconds of counting, which no one can plan with.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Hashable
from datetime import datetime

import attrs

__all__ = ["Counts", "Seen"]

MOST_KEPT = 50_000
"""Members (or guilds) per process whose last messages are known; those heard of longest ago are forgotten."""


@attrs.frozen
class Seen:
    """One thing that counted: a message, or a member who joined."""

    at: datetime
    channel_id: int
    id: int


class Counts:
    """Windows of time, one per key."""

    def __init__(self, most_kept: int = MOST_KEPT) -> None:
        self._windows: OrderedDict[Hashable, deque[Seen]] = OrderedDict()
        self._most_kept = most_kept

    def __len__(self) -> int:
        return len(self._windows)

    def add(
        self, key: Hashable, seen: Seen, *, within: float, most: int, channels: int = 1
    ) -> tuple[Seen, ...]:
        """Count one more; when that makes more than ``most`` within so many seconds, all of them.

        With ``channels`` they have to be in so many different ones. What was given back counts no more:
        the next to be given back are as many again. The same id counts once.
        """
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = deque()
            if len(self._windows) > self._most_kept:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(key)
        while window and (seen.at - window[0].at).total_seconds() > within:
            window.popleft()
        if any(other.id == seen.id for other in window):
            return ()
        window.append(seen)
        if len(window) <= most or len({other.channel_id for other in window}) < channels:
            return ()
        del self._windows[key]
        return tuple(window)

"""What Discord remembers of people and messages that simcord has no place for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

__all__ = ["Memory"]


class Memory:
    """Closed direct messages, blocks, when messages were pinned, who wrote last in slow channels."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._latest: datetime | None = None
        #: People who take direct messages from nobody they share only a guild with.
        self.closed_dms: set[int] = set()
        #: (who blocks, whom)
        self.blocks: set[tuple[int, int]] = set()
        #: ISO 8601 instants by message id.
        self.pinned_at: dict[int, str] = {}
        self._wrote_at: dict[tuple[int, int], datetime] = {}

    def instant(self) -> str:
        """Now, as ISO 8601, and never twice the same.

        Pages of pins and archived threads are cut at such instants, so that two rows of one instant
        would lose one of them. Discord's clock runs by itself; a virtual one stands still.
        """
        now = self._now()
        if self._latest is not None and now <= self._latest:
            now = self._latest + timedelta(microseconds=1)
        self._latest = now
        return now.isoformat()

    def wrote(self, channel_id: int, user_id: int) -> None:
        """Note that somebody wrote in a channel with slow mode."""
        self._wrote_at[(channel_id, user_id)] = self._now()

    def wait(self, channel_id: int, user_id: int, slowmode: int) -> float:
        """Seconds until somebody may write in a channel again."""
        last = self._wrote_at.get((channel_id, user_id))
        if last is None:
            return 0.0
        return max(0.0, (last + timedelta(seconds=slowmode) - self._now()).total_seconds())

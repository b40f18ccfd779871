"""The arithmetic of one rate limit: how many requests, in which window, and when it is free again.

Times are whole microseconds, so that the same instant always gives the same answer. Nothing here knows
HTTP or a clock; :mod:`loopcord.ratelimits` asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

__all__ = ["Bucket", "Limit", "Taken", "bucket_for"]

SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """So many ``requests`` in so many ``seconds``.

    A *fixed* window (default) begins with its first request, ends ``seconds`` later and gives everything
    back at once: ``X-RateLimit-Reset`` is the same for all of its requests. A *sliding* one gives one
    request back every ``seconds / requests``, and its reset moves on with each request. Routes that name
    the same ``bucket`` share it, within the same channel, guild or webhook.

    Raises:
        ValueError: without a request or a microsecond to count.
    """

    requests: int
    seconds: float
    bucket: str | None = None
    sliding: bool = False

    def __post_init__(self) -> None:
        if self.requests < 1 or round(self.seconds * SECOND) < self.requests:
            raise ValueError(f"a limit of {self.requests} request(s) in {self.seconds} s counts nothing")


class Taken(NamedTuple):
    """What one request did to a bucket; times in microseconds of whatever clock was asked."""

    allowed: bool
    remaining: int
    #: When the bucket is whole again.
    reset: int
    #: How long a refused request should wait; 0 when it was allowed.
    retry_after: int


class Bucket(Protocol):
    """Counts the requests of one limit."""

    limit: Limit

    def take(self, now: int) -> Taken:
        """Let one request in, if there is room at ``now``."""
        ...

    def whole(self, now: int) -> bool:
        """Whether nothing is used at ``now``, so that the bucket may as well be forgotten."""
        ...


class _Fixed:
    """Everything comes back at the end of a window that the first request began."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._length = round(limit.seconds * SECOND)
        self._end = 0
        self._used = 0

    def take(self, now: int) -> Taken:
        if now >= self._end:
            self._end, self._used = now + self._length, 0
        if self._used >= self.limit.requests:
            return Taken(False, 0, self._end, self._end - now)
        self._used += 1
        return Taken(True, self.limit.requests - self._used, self._end, 0)

    def whole(self, now: int) -> bool:
        return now >= self._end


class _Sliding:
    """One request comes back at a time (the generic cell rate algorithm)."""

    def __init__(self, limit: Limit) -> None:
        self.limit = limit
        self._each = round(limit.seconds * SECOND / limit.requests)
        self._whole_at = 0

    def take(self, now: int) -> Taken:
        start, room = max(self._whole_at, now), self._each * self.limit.requests
        after = start + self._each
        if after - now > room:
            return Taken(False, 0, self._whole_at, after - now - room)
        self._whole_at = after
        return Taken(True, (room - (after - now)) // self._each, after, 0)

    def whole(self, now: int) -> bool:
        return now >= self._whole_at


def bucket_for(limit: Limit) -> Bucket:
    """A fresh bucket of the limit's kind."""
    return _Sliding(limit) if limit.sliding else _Fixed(limit)

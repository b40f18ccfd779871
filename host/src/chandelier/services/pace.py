"""How often a person may ask for something that costs more than a moment."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from chandelier.clock import Clock
from chandelier.errors import InvalidRequest
from chandelier.languages import Messages

__all__ = ["Pace"]

_ = Messages(__package__)
_REMEMBERED: Final = 10_000
"""People that are remembered at most; whoever asked longest ago is forgotten first."""


class Pace:
    """At most so many times within so many seconds, for each person; forgotten with the process."""

    def __init__(self, clock: Clock, times: int, seconds: float) -> None:
        self._clock = clock
        self._times = times
        self._seconds = seconds
        self._taken: OrderedDict[int, deque[float]] = OrderedDict()

    def take(self, user_id: int) -> None:
        """Count once more for a person. Raises InvalidRequest with when to come back."""
        now = self._clock.monotonic()
        taken = self._taken.setdefault(user_id, deque())
        self._taken.move_to_end(user_id)
        while len(self._taken) > _REMEMBERED:
            self._taken.popitem(last=False)
        while taken and now - taken[0] >= self._seconds:
            taken.popleft()
        if len(taken) >= self._times:
            minutes = max(1, -int(-(self._seconds - (now - taken[0])) // 60))
            raise InvalidRequest(
                _.count(
                    "Not so fast: try again in a minute.", "Not so fast: try again in {n} minutes.", minutes
                )
            )
        taken.append(now)

"""One plugin's circuit breaker: how much may go wrong before it is quarantined, and when it is tried again.

Closed, the plugin runs, and failures are counted. Open, it rests. After the rest it runs on trial
(half-open), with a smaller budget; only when a while has passed without trouble is the past forgotten. So a
plugin which starts well and fails soon after is tried ever more rarely.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum

import attrs

__all__ = ["Breaker", "Budget", "Phase"]

RETRY_FIRST, RETRY_LAST = 30.0, 3600.0
"""Seconds before a quarantined plugin is tried again: the first time, and at most."""
TRIAL_SHARE = 5
"""On trial a plugin has a fifth of the budget."""


@attrs.frozen
class Budget:
    """How much may go wrong with one plugin before it is quarantined."""

    failures: int = 25
    window: float = 60.0
    """Seconds of the host's clock within which so many failures are too many."""
    blocks: int = 3
    blocks_window: float = 900.0
    """Seconds of the host's clock within which a plugin that blocks the event loop so often has to rest."""


class Phase(StrEnum):
    """The phases of a circuit breaker."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class Breaker:
    """Counts what goes wrong with one plugin. Moments are those of the host's monotonic clock, in seconds."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.attempts = 0
        """How often in a row it has been quarantined."""
        self._failures: deque[float] = deque(maxlen=budget.failures)
        self._blocks: deque[float] = deque(maxlen=budget.blocks)
        self._open = False
        self._rest = 0.0
        self._trial_since: float | None = None

    def phase(self, now: float) -> Phase:
        """Where it is now."""
        if self._open:
            return Phase.OPEN
        return Phase.HALF_OPEN if self.trial_ends(now) is not None else Phase.CLOSED

    def trial_ends(self, now: float) -> float | None:
        """In how many seconds the past will be forgotten; None when there is none to forget."""
        if self._trial_since is None:
            return None
        left = self._trial_since + max(self.budget.window, self._rest) - now
        if left > 0:
            return left
        self.reset()
        return None

    def failed(self, now: float) -> str | None:
        """Count a failure; answers why the plugin has to rest, if it has to."""
        self._failures.append(now)
        allowed = self.budget.failures
        if self.trial_ends(now) is not None:
            allowed = max(1, allowed // TRIAL_SHARE)
        recent = sum(moment >= now - self.budget.window for moment in self._failures)
        if recent < allowed:
            return None
        return f"{_times(recent, 'failure')} within {self.budget.window:g} seconds"

    def blocked(self, now: float) -> str | None:
        """Count a blocked event loop; answers why the plugin has to rest, if it has to."""
        self._blocks.append(now)
        allowed = 1 if self.trial_ends(now) is not None else self.budget.blocks
        recent = sum(moment >= now - self.budget.blocks_window for moment in self._blocks)
        if recent < allowed:
            return None
        return (
            f"it blocked the whole bot {_times(recent, 'time')} within {self.budget.blocks_window:g} seconds"
        )

    def trip(self, now: float) -> float:
        """Open it; answers the seconds to rest, twice as many each time until a trial goes well."""
        self.trial_ends(now)  # when the last trial went well, this is the first time again
        self._open, self._trial_since = True, None
        self._failures.clear()
        self._blocks.clear()
        self._rest = min(RETRY_LAST, RETRY_FIRST * 2 ** min(self.attempts, 16))
        self.attempts += 1
        return self._rest

    def started(self, now: float) -> None:
        """The plugin runs: on trial when it has rested before."""
        if self._open:
            self._open, self._trial_since = False, now

    def reset(self) -> None:
        """Forget the past: a trial went well, or the owner says that the cause is gone."""
        self.attempts, self._open, self._rest, self._trial_since = 0, False, 0.0, None
        self._failures.clear()
        self._blocks.clear()


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"

"""prometheus-client's metrics with a bound on how many series one of them may have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from prometheus_client import Counter, Gauge, Histogram

__all__ = ["MOST_SERIES", "OTHER", "BoundedCounter", "BoundedGauge", "BoundedHistogram"]

MOST_SERIES: Final = 100
"""Combinations of label values that one metric may have; a server that scrapes keeps each for months."""
OTHER: Final = "other"
"""Stands for every combination beyond the bound."""


class _Bounded:
    """Keeps a metric from growing a series for every member who ever wrote something."""

    _labelnames: Sequence[str]

    def labels(self, *values: Any, **named: Any) -> Any:
        """The series of these label values; beyond the bound, the one that stands for all others."""
        names = self._labelnames
        key = tuple(str(value) for value in (values or [named.get(name) for name in names]))
        seen: set[tuple[str, ...]] = self.__dict__.setdefault("_seen", set())
        if key not in seen:
            if len(seen) >= MOST_SERIES:
                return super().labels(*[OTHER] * len(names))  # pyright: ignore[reportAttributeAccessIssue]
            seen.add(key)
        return super().labels(*values, **named)  # pyright: ignore[reportAttributeAccessIssue]


class BoundedCounter(_Bounded, Counter):
    """Something that only grows."""


class BoundedGauge(_Bounded, Gauge):
    """Something that goes up and down."""


class BoundedHistogram(_Bounded, Histogram):
    """How something is spread."""

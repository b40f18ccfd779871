"""What every benchmark prints: both figures of one run, and their ratio."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

import attrs

__all__ = ["Row", "percentile", "show"]


@attrs.frozen
class Row:
    """One comparison; ``aim`` says in words what the ratio should be."""

    name: str
    unit: str
    bare: float
    ours: float
    ratio: float
    aim: str


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which ``part`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def paired(name: str, unit: str, bare: Sequence[float], ours: Sequence[float], aim: str) -> Row:
    """A row of medians; the ratio is the median of the pairs' ratios, so a drifting machine cancels out."""
    ratios = [mine / theirs for theirs, mine in zip(bare, ours, strict=True)]
    return Row(name, unit, statistics.median(bare), statistics.median(ours), statistics.median(ratios), aim)


def show(rows: Sequence[Row]) -> None:
    """Print a table."""
    print(f"{'':44} {'bare':>12} {'ours':>12} {'ratio':>7}  aim")
    for row in rows:
        print(f"{row.name:44} {row.bare:12,.3f} {row.ours:12,.3f} {row.ratio:7.2f}  {row.aim} ({row.unit})")

"""Durations in files of rules: `90s`, `1h30m`, `2d`, `3w`."""

from __future__ import annotations

import re
from datetime import timedelta

__all__ = ["read_span", "write_span"]

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"(?:\d{1,9}[wdhms]\s*)+")
_PART = re.compile(r"(\d+)([wdhms])")


def read_span(text: str) -> timedelta:
    """The duration that a text names. Raises ValueError when it names none."""
    if not _SPAN.fullmatch(text.strip().casefold()):
        raise ValueError(f"{text!r} is no duration; write it as 90s, 1h30m, 2d or 3w")
    seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(text.casefold()))
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any duration can be") from None


def write_span(span: timedelta) -> str:
    """The text of a duration, in whole seconds."""
    left = int(span.total_seconds())
    parts: list[str] = []
    for unit, seconds in _UNITS.items():
        number, left = divmod(left, seconds)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"

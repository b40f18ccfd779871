"""Durations in words and back: a setting with a unit is typed as `2h 30m`, and shown in words."""

from __future__ import annotations

import re
from typing import Final, Literal, get_args

from chandelier.languages import Message, Messages

__all__ = ["Unit", "in_words", "read_duration", "written"]

_ = Messages(__package__)

Unit = Literal["seconds", "minutes", "hours", "days"]
"""What a number counts."""

_SECONDS: Final = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
_SHORT: Final = (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
_PART: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*([a-zµ]+)", re.IGNORECASE)
_MEANS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "secondo", "secondi"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuto", "minuti"), 60),
    **dict.fromkeys(("h", "hour", "hours", "ora", "ore"), 3_600),
    **dict.fromkeys(("d", "day", "days", "g", "giorno", "giorni"), 86_400),
    **dict.fromkeys(("w", "week", "weeks", "settimana", "settimane"), 604_800),
}
assert tuple(_SECONDS) == get_args(Unit)


def read_duration(text: str, unit: Unit) -> float | int | None:
    """What ``2h 30m`` or ``90 minutes`` is in a unit; None when it is no duration with units in it."""
    total, end = 0.0, 0
    stripped = text.strip()
    for part in _PART.finditer(stripped):
        size = _MEANS.get(part.group(2).casefold())
        between = stripped[end : part.start()].strip(" ,")
        if size is None or between not in ("", "and", "e"):
            return None
        total, end = total + float(part.group(1).replace(",", ".")) * size, part.end()
    if end == 0 or stripped[end:].strip():
        return None
    value = total / _SECONDS[unit]
    return int(value) if value.is_integer() else value


def written(value: float, unit: Unit) -> str:
    """A number of units as one would type it: ``2h 30m``; as the bare number when it is no whole second."""
    seconds = value * _SECONDS[unit]
    if seconds != int(seconds) or seconds <= 0:
        return str(value)
    return " ".join(f"{count}{name}" for name, count in _parts(int(seconds)))


def in_words(value: float, unit: Unit) -> Message:
    """A number of units in words, at most three of them: ``2 hours 30 minutes``."""
    seconds = value * _SECONDS[unit]
    if seconds != int(seconds) or seconds < 0:
        return _("{number} seconds", number=round(seconds, 3))
    words = [_counted(name, count) for name, count in _parts(int(seconds))] or [_counted("s", 0)]
    whole = words[0]
    for word in words[1:]:
        whole = _("{bigger} {smaller}", bigger=whole, smaller=word)
    return whole


def _parts(seconds: int) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for name, size in _SHORT:
        count, seconds = divmod(seconds, size)
        if count:
            found.append((name, count))
    return found


def _counted(name: str, count: int) -> Message:
    if name == "d":
        return _.count("one day", "{n} days", count)
    if name == "h":
        return _.count("one hour", "{n} hours", count)
    if name == "m":
        return _.count("one minute", "{n} minutes", count)
    return _.count("one second", "{n} seconds", count)

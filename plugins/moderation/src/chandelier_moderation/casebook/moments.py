"""Reads moments of the past as people type them: a day, a day and a time, or how long ago."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import chandelier

__all__ = ["past"]

_ = chandelier.Messages(__package__)

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def past(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """The moment that somebody typed: ``2026-01-31``, ``2026-01-31 18:30`` (in ``zone``), or ``7d`` ago.

    Raises InvalidRequest with what can be typed.
    """
    text = text.strip()
    unit = _UNITS.get(text[-1:].lower())
    try:
        if unit is not None and text[:-1].isdecimal():
            return now - timedelta(**{unit: int(text[:-1])})
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise chandelier.InvalidRequest(
            _(
                "{text} is no time that I can read. Write a day like 2026-01-31, a moment like "
                "2026-01-31 18:30, or how long ago: 30m, 12h, 7d, 2w.",
                text=text[:40] or "''",
            )
        ) from None

"""Durations and moments as people write them: ``90m``, ``1h30m``, ``3 weeks``, ``until tomorrow 18:00``."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import chandelier

__all__ = ["LONGEST", "SHORTEST", "is_zone", "parse_length", "parse_until", "zone_of"]

_ = chandelier.Messages("chandelier_moderation")

SHORTEST: Final = timedelta(seconds=10)
LONGEST: Final = timedelta(days=5 * 366)
"""What is to last longer needs no end; it also keeps every moment far from the end of the calendar."""
MOST_LETTERS: Final = 100

_UNITS: Final = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "secondo", "secondi"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "minuto", "minuti"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "ora", "ore"), 3600),
    **dict.fromkeys(("d", "day", "days", "g", "giorno", "giorni"), 86_400),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks", "settimana", "settimane"), 7 * 86_400),
}
_MONTHS: Final = {
    **dict.fromkeys(("mo", "mos", "month", "months", "mese", "mesi"), 1),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years", "anno", "anni"), 12),
}
_ONE: Final = frozenset({"a", "an", "one", "un", "uno", "una"})
_DAYS: Final = {
    name: number
    for number, names in enumerate(
        (
            ("monday", "mon", "lunedì", "lunedi"),
            ("tuesday", "tue", "martedì", "martedi"),
            ("wednesday", "wed", "mercoledì", "mercoledi"),
            ("thursday", "thu", "giovedì", "giovedi"),
            ("friday", "fri", "venerdì", "venerdi"),
            ("saturday", "sat", "sabato"),
            ("sunday", "sun", "domenica"),
        )
    )
    for name in names
}
_AHEAD: Final = {"today": 0, "oggi": 0, "tomorrow": 1, "domani": 1}

_FILLERS: Final = re.compile(r"^(?:for|per|until|till|til|fino\s+a|fino\s+al|next|on)\s+")
_PART: Final = re.compile(r"(\d{1,9}(?:[.,]\d{1,3})?|[^\W\d]{1,3}(?=\s))\s*([^\W\d]+)")
_BETWEEN: Final = re.compile(r"(?:\s*(?:,|and|&|e|\+)\s+|\s*)")
_CLOCK: Final = re.compile(r"(?:at\s+|alle\s+)?(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?")
_STAMP: Final = re.compile(r"<t:(\d{1,12})(?::[a-z])?>")
_DATE: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


def zone_of(name: str) -> tzinfo:
    """A time zone by its name in the IANA database, such as ``Europe/Rome``; UTC when there is none such."""
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # a path, a folder, no such name
        return UTC


def is_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    return name == "UTC" or zone_of(name) is not UTC


def parse_until(text: str, now: datetime, zone: tzinfo = UTC) -> datetime:
    """The moment (in UTC) at which what somebody wrote ends.

    Lengths count from ``now``; days, dates and times of day are those of ``zone``, and without a time of day
    a day means its beginning. A time of day alone is the next one. Months and years are the calendar's.
    Raises InvalidRequest with examples when it cannot be read, or when it is over, too short or too long.
    """
    written = " ".join(text.casefold().split())
    found = None
    if 0 < len(written) <= MOST_LETTERS:
        try:
            found = _read(written, now.astimezone(zone))
        except (ValueError, OverflowError):  # the 31st of February, the year 20000
            found = None
    if found is None:
        raise chandelier.InvalidRequest(
            _(
                "I cannot read “{text}” as a duration. Write it like `90m`, `1h30m`, `2d`, `3 weeks`, "
                "`until tomorrow 18:00`, `friday 9:00` or `2027-01-31 12:00`.",
                text=text[:MOST_LETTERS].replace("`", "ˋ"),
            )
        )
    end = found.astimezone(UTC)
    if end <= now:
        raise chandelier.InvalidRequest(
            _("That is over already: {when}.", when=f"<t:{int(end.timestamp())}:f>")
        )
    if end < now + SHORTEST:
        raise chandelier.InvalidRequest(_("That is too short; it has to be at least ten seconds."))
    if end > now + LONGEST:
        raise chandelier.InvalidRequest(_("That is too long; five years are the most."))
    return end


def parse_length(text: str, now: datetime) -> timedelta | None:
    """How long ``90m`` or ``2 weeks and 1 day`` is, from ``now`` on; None when it is no length."""
    written = " ".join(text.casefold().split())
    if not 0 < len(written) <= MOST_LETTERS:
        return None
    end = _length(written, now)
    return None if end is None or end > now + LONGEST else end - now


def _read(text: str, here: datetime) -> datetime | None:
    stamp = _STAMP.fullmatch(_FILLERS.sub("", text))
    if stamp is not None:
        return datetime.fromtimestamp(int(stamp[1]), UTC)
    while (shorter := _FILLERS.sub("", text)) != text:
        text = shorter
    return _length(text, here) or _iso(text, here) or _day(text, here)


def _length(text: str, here: datetime) -> datetime | None:
    """``1h30m``, ``2 weeks and 1 day``, ``a month``: seconds of real time, then months of the calendar."""
    seconds, months, position, parts = 0.0, 0, 0, 0
    while position < len(text):
        if parts:
            between = _BETWEEN.match(text, position)
            position = between.end() if between else position
        part = _PART.match(text, position)
        if part is None:
            return None
        number = 1.0 if part[1] in _ONE else _number(part[1])
        if number is None:
            return None
        if part[2] in _UNITS:
            seconds += number * _UNITS[part[2]]
        elif part[2] in _MONTHS and number == int(number):
            months += int(number) * _MONTHS[part[2]]
        else:
            return None
        position, parts = part.end(), parts + 1
    if not parts:
        return None
    # What is longer than any allowed one is only ever compared with it.
    seconds, months = min(seconds, 2 * LONGEST.total_seconds()), min(months, 12 * 12)
    return (_later(here, months) if months else here).astimezone(UTC) + timedelta(seconds=seconds)


def _number(text: str) -> float | None:
    return float(text.replace(",", ".")) if text[0].isdigit() and text.isascii() else None


def _later(here: datetime, months: int) -> datetime:
    """The same day and time of day so many months later, or the last day of a shorter month."""
    year, month = divmod(here.year * 12 + here.month - 1 + months, 12)
    for day in range(here.day, 0, -1):
        try:
            return here.replace(year=year, month=month + 1, day=day)
        except ValueError:
            if day <= 28:
                raise
    raise AssertionError("every month has a first day")


def _iso(text: str, here: datetime) -> datetime | None:
    """``2027-01-31T12:00Z`` and the like, with an offset of its own."""
    if not re.match(r"\d{4}-\d{2}-\d{2}t", text):
        return None
    read = datetime.fromisoformat(text.upper())
    return read if read.tzinfo is not None else read.replace(tzinfo=here.tzinfo)


def _day(text: str, here: datetime) -> datetime | None:
    """``tomorrow 18:00``, ``friday``, ``2027-01-31 9:30``, ``6pm``."""
    first, _space, rest = text.partition(" ")
    date = _DATE.fullmatch(first)
    if first in _AHEAD:
        day = here + timedelta(days=_AHEAD[first])
    elif first in _DAYS:
        day = here + timedelta(days=(_DAYS[first] - here.weekday() - 1) % 7 + 1)
    elif date is not None:
        day = here.replace(year=int(date[1]), month=int(date[2]), day=int(date[3]))
    else:
        time = _time(text, here)
        return (
            time
            if time is None or time.astimezone(UTC) > here.astimezone(UTC)
            else _time(text, _next_day(here))
        )
    if not rest:
        return day.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return _time(rest, day)


def _next_day(here: datetime) -> datetime:
    return here + timedelta(days=1)  # the calendar's: arithmetic within one zone is about its clocks


def _time(text: str, day: datetime) -> datetime | None:
    clock = _CLOCK.fullmatch(text)
    if clock is None or (clock[2] is None and clock[3] is None and not text.startswith(("at", "alle"))):
        return None
    hour, minute, half = int(clock[1]), int(clock[2] or 0), clock[3]
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)

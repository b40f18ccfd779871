"""Pages of long lists: what a request may ask of them, and which rows each one has.

Whoever walks them, with any limit, gets every row once and comes to an end.
Source: https://discord.com/developers/docs/reference#snowflake-ids-in-pagination
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from .rules.forms import Form, Integer, Kind, Moment, Snowflake, moment

__all__ = ["Page", "archive", "ascending", "asked", "asked_of_archive", "flag", "newest_first"]


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it was asked for: at most ``limit`` rows on one side of a snowflake, or around it."""

    limit: int
    before: int | None = None
    after: int | None = None
    around: int | None = None


def asked(
    query: Mapping[str, Any], size: tuple[int, int], *, cursors: Sequence[str] = ("before", "after")
) -> Page:
    """Read a page from a query; ``size`` is the most of one page, and what it is without ``limit``.

    Raises:
        BackendError: 400/50035 when something in it is no number or out of bounds.
    """
    kinds: dict[str, Kind] = {"limit": Integer(1, size[0]), **dict.fromkeys(cursors, Snowflake())}
    checked = _check(query, kinds)
    found = {name: int(checked[name]) for name in cursors if name in checked}
    return Page(checked.get("limit", size[1]), **found)


def asked_of_archive(query: Mapping[str, Any], size: tuple[int, int]) -> tuple[int, datetime | None]:
    """Read a page that is cut at an instant: its limit and, if any, the instant.

    Raises:
        BackendError: 400/50035 when something in it is no number, no instant or out of bounds.
    """
    checked = _check(query, {"limit": Integer(1, size[0]), "before": Moment()})
    return checked.get("limit", size[1]), moment(checked.get("before"))


def _check(query: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    form = Form()
    checked = {name: kind.check(query[name], (name,), form) for name, kind in kinds.items() if name in query}
    form.refuse()
    return checked


def flag(query: Mapping[str, Any], name: str) -> bool:
    """A boolean of a query: ``True``, ``true`` or ``1``.

    Source: https://discord.com/developers/docs/reference#boolean-query-strings
    """
    return str(query.get(name, "")) in ("True", "true", "1")


def ascending(keys: Sequence[int], page: Page) -> Sequence[int]:
    """The page of ``keys`` (sorted), lowest first; with ``before``, ``after`` is not heeded."""
    if page.before is not None:
        end = bisect_left(keys, page.before)
        return keys[max(0, end - page.limit) : end]
    start = bisect_right(keys, page.after) if page.after is not None else 0
    return keys[start : start + page.limit]


def newest_first(keys: Sequence[int], page: Page, shown: Callable[[int], bool] = lambda _: True) -> list[int]:
    """The page of ``keys`` (sorted), highest first: what is next to the cursor, on its side.

    Of a page ``around`` a key about half is below it. ``shown`` says which keys count at all; it is
    asked only about those that come into question.
    """

    def rising(start: int, count: int) -> list[int]:
        return list(islice(filter(shown, (keys[i] for i in range(start, len(keys)))), count))

    def falling(end: int, count: int) -> list[int]:
        return list(islice(filter(shown, (keys[i] for i in range(end - 1, -1, -1))), count))

    if page.around is not None:
        at = bisect_left(keys, page.around)
        below = falling(at, page.limit // 2)
        return [*reversed(rising(at, page.limit - len(below))), *below]
    if page.after is not None:
        return rising(bisect_right(keys, page.after), page.limit)[::-1]
    return falling(bisect_left(keys, page.before) if page.before is not None else len(keys), page.limit)


def archive(
    rows: Sequence[tuple[datetime, int]], limit: int, before: datetime | None
) -> tuple[list[int], bool]:
    """The ids of the newest ``rows`` before an instant, newest first, and whether there are more."""
    older = sorted((row for row in rows if before is None or row[0] < before), reverse=True)
    return [key for _, key in older[:limit]], len(older) > limit

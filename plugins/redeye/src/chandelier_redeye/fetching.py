"""One look at a page: what it says about its product, or in which way it failed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

import attrs

import chandelier
from chandelier_redeye.pace import host_of
from chandelier_redeye.reading import Reading, read_page

__all__ = ["Failure", "Problem", "look"]

_ = chandelier.Messages(__package__)

_MOST_BYTES: Final = 6 * 1024 * 1024
_LONGEST_RETRY_AFTER: Final = timedelta(days=1)
_REFUSALS: Final = frozenset({401, 402, 403, 407, 429, 451, 503})
"""Statuses with which shops turn bots away; that says nothing about the product."""
_HEADERS: Final = {
    "Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.1",
    "Accept-Language": "en,*;q=0.5",
}


class Problem(StrEnum):
    """How a page failed. Neither says that the product is gone."""

    BLOCKED = "blocked"
    """The shop does not let us see the page."""
    UNREADABLE = "unreadable"
    """The page did not come, or does not tell its price."""


@attrs.frozen
class Failure:
    """A look that told nothing."""

    problem: Problem
    text: str
    """For members: what happened, such as "shop.example answered 403"."""
    read: bool = False
    """Whether the page came and its content is the trouble."""
    retry_after: timedelta | None = None
    """How long the shop asks to be left alone."""


async def look(http: chandelier.HttpClient, url: str, *, timeout: float, now: datetime) -> Reading | Failure:
    """Fetch a page and read its product; ``timeout`` is in seconds.

    A page that answers but states neither a price nor that the product is sold out is a Failure too.
    Raises nothing for what the shop does; InvalidRequest when the address may not be fetched at all.
    """
    try:
        response = await http.get(url, headers=_HEADERS, max_bytes=_MOST_BYTES, timeout=timeout)
    except chandelier.ServiceUnavailable as error:
        return Failure(Problem.UNREADABLE, chandelier.message_of(error))
    if response.status != 200:
        refused = response.status in _REFUSALS
        return Failure(
            Problem.BLOCKED if refused else Problem.UNREADABLE,
            _("{host} answered {status}", host=host_of(url), status=response.status),
            retry_after=_retry_after(response.headers.get("Retry-After"), now),
        )
    # Parsing a large page takes tens of milliseconds, in which nobody else would be answered.
    reading = await asyncio.to_thread(_read, response)
    if not reading.understood:
        return Failure(Problem.UNREADABLE, reading.why or _("the page states no price"), read=True)
    return reading


def _read(response: chandelier.HttpResponse) -> Reading:
    return read_page(response.text(), response.url)


def _retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Retry-After in both its forms (RFC 9110, section 10.2.3), bounded."""
    if value is None:
        return None
    try:
        if value.strip().isdigit():
            pause = timedelta(seconds=min(int(value), 10**9))
        else:
            moment = parsedate_to_datetime(value)
            pause = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(pause, _LONGEST_RETRY_AFTER) if pause > timedelta(0) else None

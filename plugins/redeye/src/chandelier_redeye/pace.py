"""Politeness: how long each host is left in peace between two requests, whoever asks."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import attrs

__all__ = ["Pace", "host_of"]


def host_of(url: str) -> str:
    """The host (and port) that a URL's requests go to."""
    return urlsplit(url).netloc.rpartition("@")[2].lower()


@attrs.define
class _Host:
    free_at: datetime
    """When a request without a place may be made, after all those that have one."""
    booked: dict[Hashable, datetime] = attrs.Factory(dict)


class Pace:
    """Hands out places in each host's queue. Kept in memory: after a restart the queues form anew."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}

    def place(self, host: str, who: Hashable, *, now: datetime, gap: timedelta) -> datetime | None:
        """None when ``who`` may ask the host now; else the moment that is theirs, to come back at."""
        self._tidy(now)
        queue = self._hosts.setdefault(host, _Host(now))
        mine = queue.booked.get(who)
        if mine is not None:
            if mine > now:
                return mine
            del queue.booked[who]
            return None
        place = max(queue.free_at, now)
        queue.free_at = place + gap
        if place <= now:
            return None
        queue.booked[who] = place
        return place

    def leave(self, host: str, who: Hashable) -> None:
        """Give a place back; nobody moves up, which is only the politer for it."""
        if host in self._hosts:
            self._hosts[host].booked.pop(who, None)

    def _tidy(self, now: datetime) -> None:
        """Forget hosts that nobody queues for, so that memory stays bounded by what is watched."""
        for host in [h for h, queue in self._hosts.items() if queue.free_at <= now and not queue.booked]:
            del self._hosts[host]

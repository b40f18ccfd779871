"""Keeps a browser in step: tells it what changed in its view since the last time it was told.

A view is computed anew after every change of the world and only the difference travels, so that the
page needs no knowledge of gateway events and cannot drift from what it shows.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from ._messages import messages
from ._world import people, world

__all__ = ["Changes", "View"]


class Changes:
    """Wakes everyone who waits for the local Discord to change."""

    def __init__(self) -> None:
        self._count = 0
        self._people = 0
        self._closed = False
        self._waiters: set[asyncio.Future[None]] = set()

    @property
    def count(self) -> int:
        """How many changes there have been; compare two readings to learn whether one was missed."""
        return self._count

    @property
    def people(self) -> int:
        """How many of the changes may have been of members or roles."""
        return self._people

    @property
    def closed(self) -> bool:
        """Whether the page has been closed, after which nobody waits any more."""
        return self._closed

    def notify(self, *, people: bool = False) -> None:
        """Something changed, perhaps members or roles: wake all who wait."""
        self._count += 1
        self._people += people
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def close(self) -> None:
        """Wake everyone for the last time."""
        self._closed = True
        self.notify()

    async def wait(self, seen: int, seconds: float) -> bool:
        """Return True as soon as the count is past ``seen``, False after ``seconds`` of real time."""
        if self._count > seen or self._closed:
            return True
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            await asyncio.wait_for(waiter, seconds)
        except TimeoutError:
            return False
        finally:
            self._waiters.discard(waiter)
        return True

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Whether ``condition`` came true within ``seconds`` of real time, checked at every change."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while not condition():
            seen, left = self._count, deadline - loop.time()
            if left <= 0 or self._closed or not await self.wait(seen, left):
                return condition()
        return True


class View:
    """One browser's view: a member in a channel, and what that browser already knows of it."""

    def __init__(
        self, backend: Any, changes: Changes, guild_id: int, viewer_id: int, channel_id: int, limit: int
    ) -> None:
        self._backend = backend
        self._changes = changes
        self._guild_id = guild_id
        self._viewer_id = viewer_id
        self._channel_id = channel_id
        self._limit = limit
        self._world = ""
        self._people: tuple[int, dict[str, Any]] = (-1, {})
        self._known: dict[str, str] = {}
        self._older: bool | None = None

    def sees(self, channel_id: int) -> bool:
        """Whether this view is of ``channel_id``."""
        return channel_id == self._channel_id

    @property
    def viewer_id(self) -> int:
        """The member whose view this is."""
        return self._viewer_id

    def news(self) -> Mapping[str, Any]:
        """What is new since the last call: ``world`` and ``chat``, each left out when unchanged.

        ``chat`` is ``{"upsert": [message…], "remove": [id…], "older": bool}``.
        """
        news: dict[str, Any] = {}
        if self._people[0] != self._changes.people:
            self._people = (self._changes.people, people(self._backend, self._guild_id))
        around = world(self._backend, self._guild_id, self._viewer_id, self._channel_id) | self._people[1]
        packed = json.dumps(around)
        if packed != self._world:
            self._world = packed
            news["world"] = around
        chat = messages(self._backend, self._guild_id, self._viewer_id, self._channel_id, self._limit)
        now = {row["id"]: json.dumps(row) for row in chat["messages"]}
        upsert = [row for row in chat["messages"] if self._known.get(row["id"]) != now[row["id"]]]
        remove = [key for key in self._known if key not in now]
        if upsert or remove or chat["older"] != self._older:
            news["chat"] = {"upsert": upsert, "remove": remove, "older": chat["older"]}
        self._known, self._older = now, chat["older"]
        return news

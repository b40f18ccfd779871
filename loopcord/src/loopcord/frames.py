"""An outbox that hands out what belongs together, and WebSocket frames that are written together.

One system call for a burst of events, not one for each: that is most of what sending them costs.
Source: https://datatracker.ietf.org/doc/html/rfc6455#section-5.2
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Iterable

from aiohttp import WSMsgType

__all__ = ["Outbox", "framed"]

Item = tuple[WSMsgType, bytes, int]

#: A burst is written in parts of at most so many payloads, so that one client does not keep the loop.
_TOGETHER = 128

_FINAL = 0x80


class Outbox:
    """What is to be sent, in order: payloads by the batch, everything else alone."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._waiting: asyncio.Future[None] | None = None

    def put_nowait(self, item: Item) -> None:
        """Queue one item."""
        self._items.append(item)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def get(self) -> tuple[WSMsgType, list[bytes], int]:
        """Wait for something to send: (BINARY, payloads, 0), or one control frame's (kind, [data], code)."""
        while not self._items:
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        kind, data, code = self._items.popleft()
        batch = [data]
        if kind is WSMsgType.BINARY:
            while self._items and self._items[0][0] is WSMsgType.BINARY and len(batch) < _TOGETHER:
                batch.append(self._items.popleft()[1])
        return kind, batch, code


def framed(payloads: Iterable[bytes], kind: WSMsgType) -> bytes:
    """Payloads as unmasked data frames of one kind, TEXT or BINARY, one after the other."""
    first = _FINAL | kind.value
    parts: list[bytes] = []
    for payload in payloads:
        length = len(payload)
        if length < 126:
            parts.append(struct.pack("!BB", first, length))
        elif length < 1 << 16:
            parts.append(struct.pack("!BBH", first, 126, length))
        else:
            parts.append(struct.pack("!BBQ", first, 127, length))
        parts.append(payload)
    return b"".join(parts)

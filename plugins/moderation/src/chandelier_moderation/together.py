"""Things that are written or asked one by one and come in numbers: those that wait share one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

__all__ = ["Together"]

ItemT = TypeVar("ItemT")


class Together(Generic[ItemT]):
    """Hands items to a writer, as many together as have come while it wrote the ones before."""

    def __init__(self, write: Callable[[Sequence[ItemT]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[tuple[ItemT, asyncio.Future[None]]] = []
        self._lock = asyncio.Lock()

    async def put(self, item: ItemT) -> None:
        """Return when the item is written; raises what the writer raises."""
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, written))
        await self.drain()
        await written

    async def drain(self) -> None:
        """Return when everything that waits by now is written, or has failed."""
        async with self._lock:
            batch, self._waiting = self._waiting, []
            if not batch:
                return
            try:
                await self._write([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - each who waits is told, whatever it is
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                        written.exception()  # who was cancelled meanwhile does not ask for it
            except BaseException:  # only we are cancelled: the next one writes for the others
                self._waiting[:0] = batch
                raise
            else:
                for _, written in batch:
                    if not written.done():
                        written.set_result(None)

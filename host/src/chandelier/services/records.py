"""Records of what came of timers and effects, those of one moment written in one transaction."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from chandelier.storage.engine import Storage

__all__ = ["PATIENCE", "Recorder"]

PATIENCE: Final = 60.0
"""Real seconds to wait for the database; a network that swallows everything would be waited for for ever."""
_MOST: Final = 100


class Recorder:
    """Executes statements for many tasks, as many as wait in each transaction.

    A commit costs the database a write to the disk, and a busy moment has dozens of them.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._waiting: list[tuple[Any, asyncio.Future[int]]] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, statement: Any) -> int:
        """Execute a change and return how many rows it changed, once it is committed.

        Raises what the database says to this very statement, TimeoutError when it says nothing.
        """
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((statement, done))
        if self._task is None:
            self._task = asyncio.create_task(self._drain(), name="chandelier: records")
        return await done

    async def close(self) -> None:
        """Return when everything that was given is written or refused."""
        while (task := self._task) is not None:
            await asyncio.wait({task})

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
                if not await self._commit(batch) and len(batch) > 1:
                    for one in batch:  # whose fault it is shows when each is alone
                        await self._commit([one], last=True)
        finally:
            self._task = None

    async def _commit(self, batch: list[tuple[Any, asyncio.Future[int]]], *, last: bool = False) -> bool:
        try:
            async with asyncio.timeout(PATIENCE), self._storage.transaction() as session:
                counts = [await _rows_changed(session, statement) for statement, _ in batch]
        except Exception as error:  # noqa: BLE001 - whatever the database says, its asker is told
            if last or len(batch) == 1:
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
            return False
        for (_, done), count in zip(batch, counts, strict=True):
            if not done.done():  # whoever waited may have been cancelled
                done.set_result(count)
        return True


async def _rows_changed(session: Any, statement: Any) -> int:
    result: Any = await session.execute(statement)
    return result.rowcount

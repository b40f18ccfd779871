"""A database that outlives the host's restarts, and time that only the test moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chandelier.services.due import DueRunner
from chandelier.services.outbox import EffectDispatch, OutboxWorker
from chandelier.services.scheduler import Scheduler, TimerDispatch
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME
from loopcord import VirtualClock


class WallClock(VirtualClock):
    """A clock on the wall: someone can set it, and sleepers do not notice."""

    ahead = timedelta()

    def now(self) -> datetime:
        return super().now() + self.ahead


async def nothing(**_: Any) -> None:
    """What a process that was killed does."""


class World:
    """One machine: its clock, its database, and the hosts that run on it one after the other."""

    def __init__(self, database: Database, clock: WallClock, stack: AsyncExitStack) -> None:
        self.database = database
        self.clock = clock
        self._stack = stack
        self._runners: list[DueRunner] = []

    def now(self) -> datetime:
        return self.clock.now()

    async def scheduler(self, dispatch: TimerDispatch) -> Scheduler:
        """A started scheduler that calls ``dispatch``; stopped after the test."""
        return await self.begin(Scheduler(self.database, self.clock, dispatch))

    async def worker(self, dispatch: EffectDispatch) -> OutboxWorker:
        """A started outbox worker that calls ``dispatch``; stopped after the test."""
        return await self.begin(OutboxWorker(self.database, self.clock, dispatch))

    async def crash(self, runner: DueRunner) -> None:
        """Kill the process that ``runner`` is in: nothing under way can finish, be recorded or given back."""
        holder, runner._claims.release = runner._claims.holder, nothing
        await runner.stop(grace=0)
        if self.database.dialect == "postgresql":  # where others wait for the lease: so much later is it now
            async with self.database.transaction() as session:
                for table in ("timers", "outbox"):
                    past = f"UPDATE chandelier_{table} SET claimed_until = now() - interval '1 second'"  # noqa: S608
                    await session.execute(text(f"{past} WHERE claimed_by = :holder"), {"holder": holder})
        self._runners.remove(runner)

    async def wait(self, seconds: float, *, handlers: bool = True) -> None:
        """Let time pass, everyone doing what is due at each moment on the way."""
        target = self.clock.elapsed + seconds
        await self.settle(handlers=handlers)
        while (deadline := self.clock.next_deadline()) is not None and deadline <= target:
            self.clock.move_to(deadline)
            await self.settle(handlers=handlers)
        self.clock.move_to(target)
        await self.settle(handlers=handlers)

    async def settle(self, *, handlers: bool = True) -> None:
        for runner in self._runners:
            await runner.idle(handlers=handlers)

    async def begin(self, runner: Any) -> Any:
        """Start a runner; it is stopped after the test."""
        await runner.start()
        self._runners.append(runner)
        self._stack.push_async_callback(runner.stop, grace=0)
        return runner


@pytest.fixture
async def world(database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    clock = WallClock()
    database = Database(database_url, data_dir=tmp_path, clock=clock)
    await database.start()
    await Migrator(database).upgrade(HOST_NAME, HOST_HISTORY)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        yield World(database, clock, stack)

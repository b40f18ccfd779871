"""Several processes on one PostgreSQL database: nothing is done twice or lost, also when one dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chandelier.services.claims import Skip
from chandelier.services.due import DueRunner
from chandelier.services.outbox import Effect, OutboxWorker
from chandelier.services.scheduler import Scheduler, Timer
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME

from .conftest import WallClock, World

pytestmark = pytest.mark.postgres
MINUTE = timedelta(minutes=1)


class Processes:
    """Machines with connections of their own to one database; time is one for all."""

    def __init__(self, url: str, folder: Path, stack: AsyncExitStack) -> None:
        self._url, self._folder, self._stack = url, folder, stack
        self.clock = WallClock()

    async def another(self) -> World:
        database = Database(self._url, data_dir=self._folder, clock=self.clock)
        await database.start()
        self._stack.push_async_callback(database.close)
        await Migrator(database).upgrade(HOST_NAME, HOST_HISTORY)
        return World(database, self.clock, self._stack)


@pytest.fixture
async def processes(postgres_url: str, tmp_path: Path) -> AsyncIterator[Processes]:
    async with AsyncExitStack() as stack:
        yield Processes(postgres_url, tmp_path, stack)


class Ledger:
    """What handlers did, and who they were; one that dies stops in the middle."""

    def __init__(self, expected: int) -> None:
        self.begun: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.expected = expected
        self.changed = asyncio.Event()

    async def until(self, condition: Any, *runners: DueRunner) -> None:
        """Wait; ``runners`` look again meanwhile, as they do by themselves where time goes on."""
        async with asyncio.timeout(180):
            while not condition():
                for runner in runners:
                    runner.kick()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), 0.2)

    def note(self, tally: Counter[str], key: str) -> None:
        tally[key] += 1
        self.change()

    def change(self) -> None:
        """Wake everybody who waits for something."""
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    @property
    def complete(self) -> bool:
        return len(self.done) == self.expected


async def test_two_processes_share_500_timers_and_one_is_killed(processes: Processes) -> None:
    ledger = Ledger(500)
    dying: set[str] = set()

    def handler(name: str) -> Any:
        async def dispatch(plugin: str, timer: Timer) -> None:
            ledger.note(ledger.begun, name)
            # Whichever is faster here: the second waits with its part until the first has had its own.
            if name == "second" and ledger.begun["second"] > 60:
                await ledger.until(lambda: bool(dying))
            if name == "first" and ledger.begun["first"] > 60:
                dying.add(timer.key)
                ledger.change()
                await asyncio.Event().wait()
            ledger.note(ledger.done, timer.key)

        return dispatch

    one, two = await processes.another(), await processes.another()
    timers = [Scheduler(one.database, one.clock, handler("")).timers(f"plugin{n}") for n in range(4)]
    async with one.database.transaction() as session:
        for number in range(500):
            due = one.now() - MINUTE
            await timers[number % 4].schedule("look", key=f"{number}", due=due, session=session)

    first, second = await asyncio.gather(one.scheduler(handler("first")), two.scheduler(handler("second")))
    await ledger.until(lambda: dying and len(ledger.done) == 500 - len(dying), first, second)
    await one.crash(first)
    await ledger.until(lambda: ledger.complete, second)
    await two.settle()

    assert set(ledger.done.values()) == {1}, "none runs twice"
    assert min(ledger.begun["first"], ledger.begun["second"]) > 50, "they share the work"
    assert sum(ledger.begun.values()) == 500 + len(dying), "only what died is begun again"
    async with two.database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM chandelier_timers")) == 0


async def test_two_processes_share_150_effects_and_one_is_killed(processes: Processes) -> None:
    ledger = Ledger(150)
    wall: Counter[str] = Counter()
    dying: set[str] = set()

    def handler(name: str) -> Any:
        async def dispatch(plugin: str, effect: Effect) -> Mapping[str, Any]:
            ledger.note(ledger.begun, name)
            if name == "second" and ledger.begun["second"] > 20:
                await ledger.until(lambda: bool(dying))
            if not (effect.uncertain and effect.key in wall):
                wall[effect.key] += 1
            if name == "first" and ledger.begun["first"] > 20:  # posted, and dies before it is recorded
                dying.add(effect.key)
                ledger.change()
                await asyncio.Event().wait()
            ledger.note(ledger.done, effect.key)
            return {}

        return dispatch

    one, two = await processes.another(), await processes.another()
    first = await one.worker(handler("first"))
    async with one.database.transaction() as session:
        for number in range(150):
            outbox = first.outbox(f"plugin{number % 4}")
            await outbox.put("post", key=f"{number}", payload={}, session=session)
    second = await two.worker(handler("second"))
    await ledger.until(lambda: dying and len(ledger.done) == 150 - len(dying), first, second)
    await one.crash(first)
    await ledger.until(lambda: ledger.complete, second)
    await two.settle()

    assert set(wall.values()) == {1} and len(wall) == 150
    async with two.database.read() as session:
        states = await session.execute(text("SELECT DISTINCT state, claimed_by FROM chandelier_outbox"))
        assert [tuple(row) for row in states] == [("done", None)]


class Pair:
    """Two processes; the first runs a handler that goes on until the test lets it end."""

    def __init__(self, one: World, two: World) -> None:
        self.one, self.two = one, two
        self.calls: list[str] = []
        self.go_on = asyncio.Event()
        self.running = asyncio.Event()

    async def begin(self, **options: Any) -> None:
        async def long(plugin: str, timer: Timer) -> None:
            self.calls.append("first")
            self.running.set()
            await self.go_on.wait()

        async def short(plugin: str, timer: Timer) -> None:
            self.calls.append("second")

        self.first = Scheduler(self.one.database, self.one.clock, long, **options)
        await self.first.timers("redeye").schedule("look", key="lamp", due=self.one.now())
        await self.one.begin(self.first)
        await self.running.wait()
        self.second = await self.two.scheduler(short)

    async def held_until(self) -> Any:
        async with self.two.database.read() as session:
            return await session.scalar(text("SELECT claimed_until FROM chandelier_timers"))

    async def run_out(self) -> None:
        async with self.two.database.transaction() as session:
            await session.execute(text("UPDATE chandelier_timers SET claimed_until = now() - interval '1 s'"))


@pytest.fixture
async def pair(processes: Processes) -> Pair:
    return Pair(await processes.another(), await processes.another())


async def test_a_batch_that_may_have_happened_is_taken_as_a_whole_or_not_at_all(processes: Processes) -> None:
    """Two halves of it would each have another first effect, hence another nonce."""
    one = await processes.another()
    handed: list[list[str]] = []

    async def dies(plugin: str, effects: list[Effect]) -> None:
        await asyncio.Event().wait()

    async def dispatch(plugin: str, effects: list[Effect]) -> None:
        handed.append([effect.key for effect in effects])

    def batches_of_three(plugin: str, kind: str) -> int:
        return 3

    first = await one.begin(OutboxWorker(one.database, one.clock, dies, batches_of_three))
    async with one.database.transaction() as session:
        for key in "abc":
            await first.outbox("log").put("line", key=key, payload={}, session=session)
    await one.settle(handlers=False)
    await one.crash(first)

    two = await processes.another()
    async with one.database.transaction() as session:  # another process is just taking a part of it
        await session.execute(text("SELECT 1 FROM chandelier_outbox WHERE key = 'b' FOR UPDATE"))
        second = await two.begin(OutboxWorker(two.database, two.clock, dispatch, batches_of_three))
        await two.settle()
        assert handed == []
    await two.wait(2)
    assert handed == [["a", "b", "c"]]
    assert second.started == 1


async def test_what_one_process_runs_the_other_leaves_alone(pair: Pair) -> None:
    await pair.begin()
    pair.second.kick()
    await pair.two.settle()
    assert pair.calls == ["first"]

    pair.go_on.set()
    await pair.one.settle()
    await pair.two.settle()
    assert pair.calls == ["first"]


async def test_a_timer_set_anew_while_one_process_runs_it_is_not_run_by_the_other_meanwhile(
    pair: Pair,
) -> None:
    await pair.begin()
    await pair.second.timers("redeye").schedule("look", key="lamp", due=pair.two.now())
    await pair.two.settle()
    assert pair.calls == ["first"]

    pair.go_on.set()
    await pair.one.settle()
    pair.second.kick()
    await pair.two.settle()
    assert len(pair.calls) == 2
    assert await pair.second.timers("redeye").pending() == []


async def test_a_lease_is_renewed_while_the_handler_runs(pair: Pair) -> None:
    await pair.begin(lease=0.3)
    before = await pair.held_until()
    async with asyncio.timeout(60):
        while await pair.held_until() == before:  # noqa: ASYNC110 - the database cannot tell us
            await asyncio.sleep(0.05)

    pair.go_on.set()
    await pair.one.settle()


async def test_a_lease_that_ran_out_is_taken_over(pair: Pair) -> None:
    await pair.begin()
    pair.first._claims.release = _never
    await pair.run_out()
    pair.second.kick()
    await pair.two.settle()

    assert pair.calls == ["first", "second"]


async def test_after_an_outage_everyone_may_renew_before_anyone_takes_over(pair: Pair) -> None:
    """Every lease runs out while the database is away, although its holder lives."""
    await pair.begin()
    await pair.run_out()
    pair.second._claims.be_patient()
    await pair.second.timers("redeye").schedule("look", key="desk", due=pair.two.now())
    await pair.two.settle()
    assert pair.calls == ["first", "second"], "what nobody held is carried out: the desk, not the lamp"

    await pair.first._claims.renew()
    pair.second._claims._patient_until = 0.0
    found = await pair.second._claims.look(pair.two.now(), skip=Skip([], []), limit=9)
    assert found.rows == []


async def test_a_process_that_stops_gives_its_claims_back(pair: Pair) -> None:
    await pair.begin()
    await pair.first.stop(grace=0)
    pair.second.kick()
    await pair.two.settle()

    assert pair.calls == ["first", "second"]


async def _never(**_: Any) -> None:
    """A process that was killed gives nothing back."""

"""Plugins' work is owned, timed and reported; nothing of it reaches anyone else."""

from __future__ import annotations

import asyncio

import pytest

import loopcord
from chandelier.containment import Containment, ParkingClock
from chandelier.hooks import HookTimeout


class Desk:
    """A containment with a virtual clock, and what was reported to it."""

    def __init__(self) -> None:
        self.clock = loopcord.VirtualClock()
        self.reports: list[tuple[str, str, str]] = []
        self.containment = Containment(
            self.clock, self._report, timeout=30, choose=lambda letters: letters[0]
        )

    def _report(self, owner: str, what: str, error: BaseException, reference: str) -> None:
        self.reports.append((owner, what, f"{type(error).__name__}: {error}"))

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
async def desk():
    desk = Desk()
    yield desk
    await desk.containment.close()


async def test_a_failure_is_reported_with_its_owner_and_goes_no_further(desk: Desk) -> None:
    async def fail() -> None:
        raise RuntimeError("no such table")

    task = desk.containment.start("moderation", "listener on_message", fail())
    await asyncio.wait({task})

    assert desk.reports == [("moderation", "listener on_message", "RuntimeError: no such table")]
    assert task.exception() is None
    assert desk.containment.tallies["moderation"].finished == 1


async def test_what_takes_too_long_is_cancelled_and_reported(desk: Desk) -> None:
    ended = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    task = desk.containment.start("slow", "task poll", hang(), timeout=5)
    await desk.pass_time(4.9)
    assert not task.done()
    await desk.pass_time(0.2)
    await asyncio.wait({task})

    assert ended == [True]
    assert desk.reports == [
        (
            "slow",
            "task poll",
            "HookTimeout: task poll of plugin slow did not finish within 5 seconds and was cancelled",
        )
    ]


async def test_work_that_is_waited_for_gives_its_result_or_its_error(desk: Desk) -> None:
    async def answer() -> int:
        return 42

    async def hang() -> None:
        await asyncio.Event().wait()

    assert await desk.containment.run("a", "sum", answer()) == 42
    waiting = asyncio.create_task(desk.containment.run("a", "wait", hang()))
    await desk.pass_time(0)
    await desk.pass_time(31)
    with pytest.raises(HookTimeout, match="within 30 seconds"):
        await waiting
    assert desk.reports == []


async def test_idle_means_nothing_runs_or_all_waits_for_the_clock(desk: Desk) -> None:
    clock, gate = ParkingClock(desk.clock, desk.containment), asyncio.Event()

    async def work_then_sleep() -> None:
        await gate.wait()
        await clock.sleep(10)

    desk.containment.start("a", "work", work_then_sleep())
    idle = asyncio.create_task(desk.containment.idle())
    await desk.pass_time(0)
    assert not idle.done()
    gate.set()
    await asyncio.wait_for(idle, 60)
    await desk.pass_time(10)
    await asyncio.wait_for(desk.containment.idle(), 60)
    assert desk.containment.running("a") == []


async def test_stopping_one_owner_leaves_the_others_alone(desk: Desk) -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    mine = desk.containment.start("mine", "wait", hang())
    theirs = desk.containment.start("theirs", "wait", hang())
    await desk.pass_time(0)

    await desk.containment.cancel("mine")

    assert mine.cancelled() and not theirs.done()
    assert desk.reports == []


async def test_work_that_is_cancelled_before_it_began_leaves_no_warning(desk: Desk) -> None:
    async def wait() -> None:  # before 3.12 a task begins in the next turn of the loop
        await asyncio.Event().wait()

    asked = asyncio.create_task(desk.containment.run("a", "command", wait()))
    await asyncio.sleep(0)
    background = desk.containment.watch("a", "background", wait())
    desk.containment.start("a", "listener", wait())
    background.cancel()
    asked.cancel()
    await desk.containment.cancel("a")
    await asyncio.gather(background, asked, return_exceptions=True)

    assert desk.reports == []  # and pytest fails on the warning that a coroutine was never awaited


async def test_who_waits_for_work_that_does_not_end_is_not_held_up_beyond_its_limit(desk: Desk) -> None:
    """A command whose code catches everything must still be answered, and a stop must not wait for it."""
    let_go = asyncio.Event()

    async def cling() -> None:
        while not let_go.is_set():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue

    waiting = asyncio.create_task(desk.containment.run("a", "command", cling(), timeout=10))
    await desk.pass_time(0)
    await desk.pass_time(10)
    assert not waiting.done(), "it has five seconds for its last things"
    await desk.pass_time(5)

    with pytest.raises(HookTimeout, match="goes on although it was cancelled"):
        await waiting
    await desk.containment.idle()
    let_go.set()
    await desk.containment.cancel("a")
    assert desk.containment.running("a") == []

"""A blocked event loop is noticed from outside, and the plugin and the line that block it are named."""

from __future__ import annotations

import asyncio
import linecache
import threading
from collections.abc import Callable
from typing import Any

import pytest
from loguru import logger

from chandelier.record import State
from chandelier.watchdog import TICK, Watchdog


class Clocks:
    """Real time and processor time, both as the test says."""

    def __init__(self) -> None:
        self.now, self.spent = 1000.0, 10.0

    def pass_time(self, seconds: float, *, computing: bool = True) -> None:
        self.now += seconds
        self.spent += seconds if computing else 0.0


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def lines():
    """What is logged, from any thread."""
    said: list[str] = []
    sink = logger.add(lambda message: said.append(str(message).strip()), format="{level} {message}")
    yield said
    logger.remove(sink)


BLOCKER = """
import threading
IN_IT, GO_ON = threading.Event(), threading.Event()

def work_hard():
    IN_IT.set()
    GO_ON.wait()  # the loop's thread stands here

@loader.command
class Block(lightbulb.SlashCommand, name="block", description="Block the loop"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        work_hard()
        await ctx.respond("There.")
"""


def watch_in_place_of_the_thread(host: Any, clocks: Clocks) -> Watchdog:
    """The host's own watchdog with other clocks, and looks only when the test says so."""
    host.watchdog.stop()
    watchdog = Watchdog(
        host.whose,
        host.containment.owner_of,
        host.lifecycle.note_block,
        limit=2.0,
        now=lambda: clocks.now,
        spent=lambda: clocks.spent,
    )
    watchdog.attach()
    return watchdog


def while_blocked(module: Any, looks: Callable[[], None]) -> threading.Thread:
    """Run ``looks`` in a thread while the plugin stands in its line, then let it go on."""
    module.IN_IT.clear()
    module.GO_ON.clear()

    def run() -> None:
        module.IN_IT.wait()
        try:
            looks()
        finally:
            module.GO_ON.set()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


async def signs_of_life(watchdog: Watchdog) -> None:
    """Until the loop has given its next sign of life, which is due in real time."""
    expected = watchdog._timer
    while watchdog._timer is expected:  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(TICK / 5)


async def test_the_line_is_named_while_it_blocks_and_the_plugin_is_quarantined_when_it_does_so_again(
    discord, start_host, install, clocks: Clocks, lines: list[str]
) -> None:
    install("blocker", BLOCKER)
    install("greeter")
    guild = discord.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    host = await start_host("blocker", "greeter")
    watchdog = watch_in_place_of_the_thread(host, clocks)
    record = host.lifecycle.records["blocker"]
    import made_blocker

    told_meanwhile: list[str] = []

    def looks() -> None:
        for _ in range(8):
            clocks.pass_time(0.5)
            watchdog.look()
        told_meanwhile.extend(line for line in lines if "has blocked the event loop" in line)

    for times in (1, 2, 3):
        thread = while_blocked(made_blocker, looks)
        await alice.slash(general, "block")
        thread.join()
        await signs_of_life(watchdog)
        await discord.settle()
        assert watchdog.lags["blocker"].blocks == times

    place = f"work_hard ({made_blocker.__file__}:"
    assert told_meanwhile[0].startswith("ERROR plugin blocker has blocked the event loop for 2.")
    assert place in told_meanwhile[0]
    assert "chandelier run --without blocker" in told_meanwhile[0]
    line = int(told_meanwhile[0].partition(place)[2].partition(")")[0])
    assert "GO_ON.wait()" in linecache.getline(made_blocker.__file__, line)
    assert record.state is State.QUARANTINED
    assert (
        "it blocked the whole bot 3 times within 900 seconds; the last: it blocked the event" in record.reason
    )
    assert host.lifecycle.records["greeter"].state is State.RUNNING
    assert watchdog.lags["blocker"].seconds >= 3 * 3.5
    assert list(watchdog.lags) == ["blocker"]
    watchdog.stop()


async def test_short_delays_are_numbers_only_and_a_machine_that_stood_still_is_nobodys_fault(
    clocks: Clocks, lines: list[str]
) -> None:
    class Nobody:
        def module(self, name: str) -> None:
            return None

    blocks: list[str] = []
    watchdog = Watchdog(
        Nobody(),  # all it is asked
        lambda task: "library user",
        lambda name, what: blocks.append(name),
        limit=2.0,
        now=lambda: clocks.now,
        spent=lambda: clocks.spent,
    )
    watchdog.attach()

    clocks.pass_time(TICK + 1.0, computing=False)
    watchdog.look()
    await signs_of_life(watchdog)
    assert watchdog.lags == {}, "the thread slept for as long, and the processor did nothing"

    for _ in range(4):
        clocks.pass_time(0.25)
        watchdog.look()
    await signs_of_life(watchdog)
    assert watchdog.lags["library user"].blocks == 1, "whose task it is counts where no frame is a plugin's"
    assert watchdog.lags["library user"].seconds == pytest.approx(0.75)
    assert blocks == [] and lines == []

    clocks.pass_time(TICK + 30.0)  # one look only, when the interpreter's lock is free again
    watchdog.look()
    await signs_of_life(watchdog)
    assert blocks == ["library user"]
    assert any("blocked the event loop for 30" in line for line in lines)
    watchdog.stop()


async def test_the_thread_itself_tells_while_the_loop_stands_and_ends_with_the_host(
    start_host, install, lines: list[str]
) -> None:
    install("blocker", BLOCKER)
    host = await start_host("blocker", host={"block_limit": 0.5})
    import made_blocker

    def looks() -> None:
        for _ in range(600):
            if any("plugin blocker has blocked the event loop" in line for line in lines):
                return
            threading.Event().wait(0.1)

    thread = while_blocked(made_blocker, looks)
    made_blocker.work_hard()
    thread.join()
    assert any("plugin blocker has blocked the event loop" in line for line in lines)

    await start_host.stop(host)
    assert not any("watchdog" in thread.name for thread in threading.enumerate())

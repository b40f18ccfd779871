"""Plugins cannot raise their way out of the host, nor refuse to end (llm #1280: one broken one kills all)."""

from __future__ import annotations

import asyncio

import hikari
import pytest

from chandelier import barrier
from chandelier.barrier import end, held, holding
from chandelier.breaker import RETRY_FIRST, Budget
from chandelier.containment import Containment, ParkingClock
from chandelier.errors import PluginError
from chandelier.record import State
from loopcord import VirtualClock

MESSAGES = "hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT"
GREETER = """
@loader.command
class Hello(lightbulb.SlashCommand, name="hello", description="Say hello"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("Hello.")
"""
CANCELS_ITSELF = "task = asyncio.create_task(asyncio.sleep(0)); task.cancel(); await task"
WAYS_OUT = {
    "exit": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "panic": ("raise type('PanicException', (BaseException,), {})('index out of bounds')", "PanicException"),
    "generator": ("raise GeneratorExit", "GeneratorExit"),
    "cancellation": (CANCELS_ITSELF, "it was cancelled, and not by the host"),
}
EVERY_WAY = pytest.mark.parametrize(("way", "words"), WAYS_OUT.values(), ids=WAYS_OUT)


@pytest.fixture
def market(discord):
    guild = discord.create_guild("Market")
    return guild, guild.create_text_channel("general"), guild.add_member("alice")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes on although it was cancelled is not waited for."""
    monkeypatch.setattr(barrier, "PATIENCE", 0.01)
    monkeypatch.setattr(barrier, "ASKED_AGAIN", (0.01,))


# ---- ways out


@EVERY_WAY
async def test_what_a_plugin_raises_is_an_exception_to_everyone_above(way: str, words: str) -> None:
    space: dict = {"asyncio": asyncio}
    exec(f"async def work():\n    {way}", space)  # noqa: S102 - our own line of code

    with pytest.raises(PluginError, match=words):
        await held(space["work"]())


def test_the_operators_second_ctrl_c_passes() -> None:
    with pytest.raises(KeyboardInterrupt), holding():
        raise KeyboardInterrupt


async def test_a_cancellation_by_somebody_else_passes() -> None:
    task = asyncio.create_task(held(asyncio.Event().wait()))
    await asyncio.sleep(0)

    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()


def test_a_coroutine_that_nobody_awaits_any_more_can_be_closed() -> None:
    class Pending:
        def __await__(self):
            yield

    work = held(Pending())
    work.send(None)
    work.close()


@pytest.mark.parametrize(
    ("body", "methods"),
    [
        ("raise SystemExit('no licence')", ""),
        ("", "def __init__(self):\n    raise SystemExit('no licence')"),
        ("", "async def setup(self, ctx):\n    raise SystemExit('no licence')"),
        ("", "@hookimpl\ndef chandelier_config_schema(self):\n    raise SystemExit('no licence')"),
    ],
    ids=["import", "class", "setup", "description"],
)
async def test_a_plugin_that_exits_at_start_is_quarantined_and_the_rest_runs(
    start_host, install, market, body: str, methods: str
) -> None:
    install("quitter", body, methods=methods)
    install("greeter", GREETER)
    _, general, alice = market
    host = await start_host("quitter", "greeter")

    record = host.lifecycle.records["quitter"]
    assert record.state is State.QUARANTINED
    assert "SystemExit: no licence" in record.reason
    assert (await alice.slash(general, "hello")).text == "Hello."


@EVERY_WAY
async def test_a_handler_cannot_end_the_host(start_host, install, market, way: str, words: str) -> None:
    install(
        "quitter",
        f"""
@loader.command
class Quit(lightbulb.SlashCommand, name="quit", description="Leave"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        {way}

@loader.listener(hikari.GuildMessageCreateEvent)
async def leave(event: hikari.GuildMessageCreateEvent) -> None:
    {way}
""",
        methods=f"@hookimpl\nasync def chandelier_status(self, guild_id):\n    {way}",
        intents=MESSAGES,
    )
    _, general, alice = market
    host = await start_host("quitter")
    record = host.lifecycle.records["quitter"]

    asked = await alice.slash(general, "quit")
    assert "Something went wrong on my side" in asked.text
    assert record.failed == 1 and words in record.last_error
    await alice.send(general, "good morning")
    assert record.failed == 2 and "listener leave" in record.last_error
    assert "quitter" in (await alice.slash(general, "status")).text
    assert host.bot.is_alive


async def test_background_work_tasks_and_filters_cannot_end_it_either(
    discord, start_host, install, market
) -> None:
    install(
        "quitter",
        """
@loader.listener(hikari.GuildMessageCreateEvent, when=lambda payload: exit(1))
async def hear(event: hikari.GuildMessageCreateEvent, plugin: Made) -> None:
    if event.is_human:
        await plugin.ctx.rest.create_message(event.channel_id, "heard")

@loader.task(lambda data: exit(2))
async def never() -> None: ...

@loader.task(lightbulb.uniformtrigger(minutes=1))
async def once() -> None:
    exit(3)

async def background() -> None:
    exit(4)
""",
        methods="""
@hookimpl
async def chandelier_ready(self):
    self.ctx.spawn(background(), "background")

async def cleanup(self):
    exit(5)
""",
        intents=MESSAGES,
    )
    _, general, alice = market
    host = await start_host("quitter")
    record = host.lifecycle.records["quitter"]
    assert record.failed == 2, "the trigger and the background work"

    await alice.send(general, "good morning")
    assert general.last.content == "heard", "the event is not lost with its filter"
    await discord.advance(61)
    assert record.failed == 5, "two filters, of our message and of its answer, and a task"

    await start_host.stop(host)
    assert record.last_error == "cleanup: PluginError: it raised SystemExit: 5"


async def test_a_filter_that_always_fails_costs_its_plugin_the_budget(
    discord, start_host, install, market
) -> None:
    install(
        "picky",
        "@loader.listener(hikari.GuildMessageCreateEvent, when=lambda payload: payload['nothing'])\n"
        "async def hear(event: hikari.GuildMessageCreateEvent) -> None: ...\n",
        intents=MESSAGES,
    )
    _, general, alice = market
    host = await start_host("picky")

    for number in range(Budget().failures):
        await alice.send(general, f"message {number}")

    record = host.lifecycle.records["picky"]
    assert record.state is State.QUARANTINED
    assert "the filter of listener hear: KeyError: 'nothing'" in record.reason


# ---- refusing to end


async def stubborn(ended: asyncio.Event) -> None:
    while not ended.is_set():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


async def test_work_that_goes_on_when_cancelled_is_asked_again_and_then_left_behind(
    impatient: None,
) -> None:
    ended = asyncio.Event()
    task = asyncio.create_task(stubborn(ended), name="watcher: poll")
    await asyncio.sleep(0)

    await end([task])
    assert not task.done()

    ended.set()
    await end([task])
    assert task.done()


STUBBORN = """
async def background() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except BaseException:
            if not STUBBORN:
                raise
STUBBORN = [True]

@loader.listener(hikari.GuildMessageCreateEvent)
async def hear(event: hikari.GuildMessageCreateEvent) -> None:
    await background()
"""


async def test_a_plugin_that_refuses_to_end_is_left_behind_when_it_is_disabled(
    discord, start_host, install, market, impatient: None
) -> None:
    install(
        "watcher",
        STUBBORN,
        methods='@hookimpl\nasync def chandelier_ready(self):\n    self.ctx.spawn(background(), "poll")',
        intents=MESSAGES,
    )
    install("greeter", GREETER)
    _, general, alice = market
    host = await start_host("watcher", "greeter")
    general.post(alice, "good morning")
    while not (listening := host.containment.running("watcher")):  # noqa: ASYNC110 - it tells nobody
        await asyncio.sleep(0)
    # Held here: nobody else would hold what is left behind, and the garbage collector may not be refused.
    left = [*listening, *(task for task in asyncio.all_tasks() if task.get_name() == "watcher: poll")]
    assert len(left) == len(listening) + 1

    await host.disable("watcher")
    assert host.lifecycle.records["watcher"].state is State.STOPPED
    assert not listening[0].done()

    import made_watcher

    made_watcher.STUBBORN.clear()
    await start_host.stop(host)
    for task in left:
        task.cancel()
    await asyncio.wait(left)


async def test_work_that_goes_on_past_its_limit_is_reported_each_time(impatient: None) -> None:
    clock, reports = VirtualClock(), []
    containment = Containment(
        clock, lambda *report: reports.append(str(report[2])), timeout=5, choose=lambda letters: letters[0]
    )
    ended = asyncio.Event()
    task = containment.start("watcher", "listener poll", stubborn(ended))
    for _ in range(3):
        for _ in range(5):
            await asyncio.sleep(0)
        clock.advance(5)
    for _ in range(5):
        await asyncio.sleep(0)

    assert len(reports) == 2
    assert "listener poll of plugin watcher goes on although it was cancelled" in reports[0]
    ended.set()
    task.cancel()
    await asyncio.wait({task})
    await containment.close()


# ---- changes are seen through

SLOW_SETUP = "async def setup(self, ctx):\n    self.ctx = ctx\n    await ctx.clock.sleep(8)"


async def test_a_change_goes_on_although_the_command_that_asked_for_it_ran_out_of_time(
    discord, start_host, install, market
) -> None:
    """errbot #1346: stuck in limbo after a reload."""
    install("greeter", GREETER)
    guild, general, _ = market
    host = await start_host("greeter", host={"owner_ids": [guild.owner.id], "handler_timeout": 5})
    install("greeter", GREETER, methods=SLOW_SETUP, version="2.0")

    asked = guild.owner.start_slash(general, "plugins reload", name="greeter")
    await discord.advance(6)
    assert "took too long" in asked.text
    await discord.advance(4)

    assert host.lifecycle.records["greeter"].state is State.RUNNING
    assert (await guild.owner.slash(general, "hello")).text == "Hello."


async def test_a_stop_ends_a_change_that_is_under_way_and_cleans_up_after_it(
    discord, start_host, install, market
) -> None:
    install("greeter", GREETER)
    host = await start_host("greeter")
    install("greeter", GREETER, methods=SLOW_SETUP, version="2.0")
    reloading = asyncio.create_task(host.reload("greeter"))
    await discord.settle()

    await start_host.stop(host)

    with pytest.raises(PluginError, match="being stopped"):
        await reloading
    with pytest.raises(PluginError, match="being stopped"):
        await host.enable("greeter")
    record = host.lifecycle.records["greeter"]
    assert record.state is State.STOPPED and record.ledger.empty
    assert not [task for task in asyncio.all_tasks() if "greeter" in task.get_name()]


async def test_nothing_is_tried_again_after_the_stop(discord, start_host, install) -> None:
    install("broken", "raise ImportError('half installed')")
    host = await start_host("broken")
    record = host.lifecycle.records["broken"]
    retry = record.retry
    assert retry is not None

    await start_host.stop(host)

    assert retry.done()
    await discord.advance(RETRY_FIRST + 1)
    assert record.retry is None and record.state is State.STOPPED


# ---- what waits for the clock


async def test_a_task_that_a_handler_leaves_behind_does_not_disturb_the_count_of_idle_work() -> None:
    clock = VirtualClock()
    containment = Containment(clock, lambda *_: None, timeout=30, choose=lambda letters: letters[0])
    parking = ParkingClock(clock, containment)
    left: list[asyncio.Task[None]] = []

    async def handler() -> None:
        left.append(asyncio.create_task(parking.sleep(5)))
        left.append(containment.watch("a", "background", parking.sleep(6)))

    await containment.run("a", "handler", handler())
    await asyncio.sleep(0)
    await containment.idle()
    clock.advance(10)
    await asyncio.wait(left)

    assert containment._active == 0
    await containment.close()


# ---- answers


SLOW = """
@loader.command
class Slow(lightbulb.SlashCommand, name="slow", description="Says nothing"):
    speak = lightbulb.boolean("speak", "whether", default=False)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        await plugin.ctx.clock.sleep(5)
        if self.speak:
            await ctx.respond("There it is.")
"""


async def test_a_slow_handler_that_says_nothing_does_not_leave_the_bot_thinking(
    discord, start_host, install, market
) -> None:
    install("slow", SLOW)
    _, general, alice = market
    await start_host("slow")

    silent = alice.start_slash(general, "slow")
    spoken = alice.start_slash(general, "slow", speak=True)
    await discord.advance(2)
    assert silent.deferred and spoken.deferred
    await discord.advance(4)

    assert (silent.deferred, silent.text) == (False, "Done.")
    assert spoken.text == "There it is."


async def test_a_deferral_that_discord_refuses_costs_nothing_but_itself(
    discord, start_host, install, market
) -> None:
    install("slow", SLOW)
    _, general, alice = market
    host = await start_host("slow")
    discord.fail("POST", "/interactions/*/callback", status=400)

    asked = alice.start_slash(general, "slow", speak=True)
    await discord.advance(6)

    assert not asked.acknowledged  # Discord gave up on it after three seconds
    assert isinstance(host.bot, hikari.GatewayBot) and host.bot.is_alive

"""The real host against the local Discord: plugins come, answer, fail, are reloaded and forgotten."""

from __future__ import annotations

import asyncio
import sys

import pytest

import loopcord
from chandelier.breaker import RETRY_FIRST
from chandelier.config.problems import ConfigError
from chandelier.errors import PluginError, ServiceUnavailable
from chandelier.record import State
from chandelier.testing import HostStarter

GREETER = """
@loader.command
class Hello(lightbulb.SlashCommand, name="hello", description="Say hello"):
    to = lightbulb.string("to", "whom", default="you")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        if self.to == "nobody":
            raise chandelier.InvalidRequest("Nobody cannot be greeted. Name someone.")
        if self.to == "boss":
            raise chandelier.NotAllowed("Only the boss greets the boss.")
        if self.to == "bug":
            raise KeyError("secret detail")
        if self.to == "later":
            await plugin.ctx.clock.sleep(10)
        if self.to == "never":
            await plugin.ctx.clock.sleep(10**9)
        if self.to == "silent":
            return
        await ctx.respond(f"Hello {self.to}, says {plugin.ctx.name}.")
"""
LISTENER = """
@loader.listener(hikari.GuildMessageCreateEvent, when=lambda payload: payload["content"].endswith("deal"))
async def on_deal(event: hikari.GuildMessageCreateEvent, plugin: Made) -> None:
    if "bad" in event.content:
        raise RuntimeError("cannot count")
    await plugin.ctx.rest.create_message(event.channel_id, f"seen: {event.content}!")
"""
MESSAGES = "hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT"


@pytest.fixture
def market(discord):
    guild = discord.create_guild("Market")
    return guild, guild.create_text_channel("general"), guild.add_member("alice")


async def test_a_slash_command_is_answered_by_its_plugin(discord, start_host, install, market) -> None:
    install("greeter", GREETER)
    _, general, alice = market
    await start_host("greeter")

    reply = await alice.slash(general, "hello", to="bob")

    assert reply.text == "Hello bob, says greeter."
    assert not reply.ephemeral


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("nobody", "Nobody cannot be greeted. Name someone."),
        ("boss", "Only the boss greets the boss."),
        ("bug", "the reference `222222`"),
        ("silent", "Done."),
    ],
)
async def test_every_failure_is_one_clear_answer_for_the_asker_only(
    discord, start_host, install, market, to, words
) -> None:
    install("greeter", GREETER)
    _, general, alice = market
    await start_host("greeter")

    reply = await alice.slash(general, "hello", to=to)

    assert words in reply.text
    assert reply.ephemeral
    assert "secret detail" not in reply.text


async def test_a_slow_handler_is_deferred_in_time_and_its_answer_arrives(
    discord, start_host, install, market
) -> None:
    install("greeter", GREETER)
    _, general, alice = market
    await start_host("greeter")

    reply = alice.start_slash(general, "hello", to="later")
    await discord.advance(2)
    assert reply.deferred
    assert reply.text == ""
    await discord.advance(9)

    assert reply.text == "Hello later, says greeter."


async def test_a_handler_that_never_ends_is_stopped_and_the_person_told(
    discord, start_host, install, market
) -> None:
    install("greeter", GREETER)
    _, general, alice = market
    await start_host("greeter")

    reply = alice.start_slash(general, "hello", to="never")
    await discord.advance(40)

    assert "took too long" in reply.text


async def test_somebody_whose_command_is_interrupted_by_a_stop_is_told(
    discord, start_host, install, market
) -> None:
    install("greeter", GREETER)
    _, general, alice = market
    host = await start_host("greeter")
    asked = alice.start_slash(general, "hello", to="later")
    await discord.advance(2)
    assert asked.deferred

    await start_host.stop(host)

    assert "interrupted" in asked.text


async def test_messages_reach_a_listener_that_lets_them_pass_and_only_those(
    discord, start_host, install, market
) -> None:
    install("dealer", LISTENER, intents=MESSAGES)
    _, general, alice = market
    await start_host("dealer")

    await alice.send(general, "good morning")
    await alice.send(general, "a deal")

    assert [message.content for message in general.messages] == ["good morning", "a deal", "seen: a deal!"]


async def test_a_failing_listener_costs_nobody_else_anything(discord, start_host, install, market) -> None:
    install("dealer", LISTENER, intents=MESSAGES)
    install("greeter", GREETER)
    _, general, alice = market
    host = await start_host("dealer", "greeter")

    await alice.send(general, "a bad deal")
    reply = await alice.slash(general, "hello")

    assert reply.text == "Hello you, says greeter."
    assert host.lifecycle.records["dealer"].failed == 1
    assert "cannot count" in host.lifecycle.records["dealer"].last_error


async def test_a_plugin_that_keeps_failing_is_quarantined_and_tried_again(
    discord, start_host, install, market
) -> None:
    """Red #3415: a failing cog left the list for ever; here it rests, visibly, and comes back."""
    install("dealer", LISTENER, intents=MESSAGES)
    _, general, alice = market
    host = await start_host("dealer")
    record = host.lifecycle.records["dealer"]

    for number in range(25):
        await alice.send(general, f"{number}th bad deal")
    await discord.settle()
    assert record.state is State.QUARANTINED
    assert "25 failures within 60 seconds" in record.reason and "cannot count" in record.reason
    assert record.ledger.empty
    before = len(general.messages)
    await alice.send(general, "a deal")
    assert len(general.messages) == before + 1

    await discord.advance(RETRY_FIRST + 1)
    assert record.state is State.RUNNING
    await alice.send(general, "another deal")
    assert general.last.content == "seen: another deal!"


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({"body": "raise ImportError('half installed')"}, "failed to import"),
        ({"methods": "async def setup(self, ctx):\n    raise RuntimeError('no setup')"}, "no setup"),
        (
            {"methods": "async def setup(self, ctx):\n    await ctx.clock.sleep(10**9)"},
            "did not finish within",
        ),
        (
            {"methods": "@hookimpl\ndef chandelier_config_schema(self):\n    return int"},
            "is no config schema",
        ),
        ({"methods": "@hookimpl\ndef chandelier_loaders(self):\n    raise LookupError('gone')"}, "gone"),
        (
            {"methods": "@hookimpl\ndef chandelier_health(self, nobody):\n    pass"},
            "does not fit the contract",
        ),
        ({"methods": "requires = ('absent',)"}, "needs the plugin absent"),
    ],
)
async def test_a_plugin_broken_at_start_is_quarantined_and_the_rest_runs(
    discord, start_host, install, market, broken, words
) -> None:
    """llm #1280: one broken plugin must not kill the program."""
    install("broken", broken.get("body", ""), methods=broken.get("methods", ""))
    install("greeter", GREETER)
    _, general, alice = market
    starting = asyncio.create_task(start_host("broken", "greeter"))
    hangs = "sleep" in broken.get("methods", "")
    while not starting.done():
        # A hook that hangs is given up on after its ten seconds, which are virtual; time must not go on
        # for so long that the plugin is tried again.
        if hangs and discord.clock.sleepers and discord.clock.elapsed < RETRY_FIRST - 11:
            discord.clock.advance(11)
        await asyncio.sleep(0)
    host = await starting

    record = host.lifecycle.records["broken"]
    assert record.state is State.QUARANTINED
    assert words in record.reason
    assert record.ledger.empty
    assert (await alice.slash(general, "hello")).text == "Hello you, says greeter."


async def test_a_refused_plugin_is_listed_and_none_of_its_code_runs(
    discord, start_host, install, market
) -> None:
    install("future", "raise SystemExit('must not run')", requires=("chandelier>=99",))
    host = await start_host("future")

    assert host.lifecycle.records["future"].state is State.REFUSED
    with pytest.raises(PluginError, match="made for chandelier >=99"):
        await host.enable("future")


async def test_disable_takes_commands_from_discord_and_enable_brings_them_back(
    discord, start_host, install, market
) -> None:
    install("greeter", GREETER)
    install("dealer", LISTENER, intents=MESSAGES)
    _, general, alice = market
    host = await start_host("greeter", "dealer")
    names = lambda: {command["name"] for command in discord.commands()}  # noqa: E731

    await host.disable("greeter")
    assert "hello" not in names()
    assert host.lifecycle.records["greeter"].ledger.empty

    host = await start_host.restart(host)
    assert host.lifecycle.records["greeter"].state is State.STOPPED

    await host.enable("greeter")
    assert "hello" in names()
    assert (await alice.slash(general, "hello")).text == "Hello you, says greeter."


async def test_a_plugin_enabled_later_says_which_intents_need_a_restart(
    discord, start_host, install, market
) -> None:
    install("dealer", LISTENER, intents=MESSAGES)
    host = await start_host("dealer")
    await host.disable("dealer")
    host = await start_host.restart(host)  # connected without the intents of what is disabled

    record = await host.enable("dealer")
    assert record.state is State.DEGRADED
    assert "restarted to get the intents" in record.reason and "MESSAGE_CONTENT" in record.reason

    host = await start_host.restart(host)
    assert host.lifecycle.records["dealer"].state is State.RUNNING


async def test_no_call_is_made_when_no_command_changed(discord, start_host, install, market) -> None:
    install("greeter", GREETER)
    host = await start_host("greeter")
    assert host.last_sync.calls == 1

    host = await start_host.restart(host)

    assert host.last_sync.calls == 0


async def test_a_changed_permission_is_synced_too(discord, start_host, install, market) -> None:
    """lightbulb 3.2.6 compares commands without their default permissions."""
    install("greeter", GREETER)
    host = await start_host("greeter")
    await start_host.stop(host)
    install(
        "greeter",
        GREETER.replace(
            'description="Say hello"',
            'description="Say hello", default_member_permissions=hikari.Permissions.KICK_MEMBERS',
        ),
    )
    del sys.modules["made_greeter"]

    host = await start_host("greeter")

    assert host.last_sync.updated == ("hello",)
    [command] = [command for command in discord.commands() if command["name"] == "hello"]
    assert int(command["default_member_permissions"]) == 2


async def test_reload_brings_in_new_code_with_its_submodules(discord, start_host, install, market) -> None:
    """Red #1457: reload with stale submodules."""
    words = GREETER.replace("Hello {self.to}", "{__import__('made_greeter.words').words.HI} {self.to}")
    install("greeter", words, modules={"words": "HI = 'Hello'"})
    _, general, alice = market
    host = await start_host("greeter")
    assert (await alice.slash(general, "hello")).text == "Hello you, says greeter."

    install("greeter", words, modules={"words": "HI = 'Ciao'"}, version="1.1")
    record = await host.reload("greeter")

    assert record.candidate.version == "1.1"
    assert (await alice.slash(general, "hello")).text == "Ciao you, says greeter."


async def test_if_new_code_fails_to_start_the_old_goes_on(discord, start_host, install, market) -> None:
    install("greeter", GREETER)
    _, general, alice = market
    host = await start_host("greeter")

    install("greeter", "raise RuntimeError('half written')", version="2.0")
    with pytest.raises(PluginError, match=r"2\.0 did not start .*half written.*version 1\.0 goes on running"):
        await host.reload("greeter")

    assert (await alice.slash(general, "hello")).text == "Hello you, says greeter."
    assert host.lifecycle.records["greeter"].candidate.version == "1.0"


async def test_two_plugins_with_one_command_do_not_fight(discord, start_host, install, market) -> None:
    install("greeter", GREETER)
    install("zgreeter", GREETER)
    _, general, alice = market
    host = await start_host("greeter", "zgreeter")

    record = host.lifecycle.records["zgreeter"]
    assert record.state is State.DEGRADED
    assert "/hello is left out: plugin greeter already provides it" in record.reason
    assert (await alice.slash(general, "hello")).text == "Hello you, says greeter."


async def test_loading_and_unloading_leaves_nothing_behind(discord, start_host, install, market) -> None:
    install("greeter", GREETER + LISTENER, intents=MESSAGES)
    _, general, alice = market
    host = await start_host("greeter")
    record = host.lifecycle.records["greeter"]
    held = record.ledger.counts()

    for _ in range(10):
        await host.disable("greeter")
        assert record.ledger.empty
        routes = host.bot.router._routes.values()
        assert {each.owner for route in routes for each in route} == {"core"}
        await host.enable("greeter")

    assert record.ledger.counts() == held
    await alice.send(general, "a deal")
    assert [message.content for message in general.messages].count("seen: a deal!") == 1


async def test_a_bad_config_is_refused_as_a_whole_with_every_problem(
    discord, start_host, install, market
) -> None:
    install(
        "shop",
        """
        @chandelier.schema(version=1)
        class Config:
            every: int = chandelier.setting(60, help="seconds", ge=10)
            name: str = chandelier.setting("x", help="name")
        """,
        methods="@hookimpl\ndef chandelier_config_schema(self):\n    return Config",
    )
    with pytest.raises(ConfigError) as refused:
        await start_host("shop", config={"shop": {"every": 5, "nmae": "y"}})

    text = str(refused.value)
    assert "every" in text and "nmae" in text and "name" in text
    assert "config.toml:" in text


async def test_without_starts_everything_else(discord, start_host, install, market) -> None:
    """Red #5796: a way to start without one plugin."""
    install("greeter", GREETER)
    host = await start_host("greeter", host={"without": ["greeter"]})

    assert set(host.lifecycle.records) == {"core"}


async def test_a_refused_token_says_what_to_do(discord, start_host) -> None:
    with pytest.raises(ServiceUnavailable, match="set CHANDELIER_TOKEN"):
        await start_host(environ={"CHANDELIER_TOKEN": discord.token.split(".")[0] + ".wrong.token"})


PRESSER = """
@loader.command
class Ask(lightbulb.SlashCommand, name="ask", description="Ask"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(
            hikari.ButtonStyle.PRIMARY, plugin.ctx.component_id("yes", "42"), label="Yes"
        )
        row.add_interactive_button(hikari.ButtonStyle.DANGER, "stale-id", label="Old")
        await ctx.respond("Sure?", component=row)

@loader.component("yes")
async def yes(press: chandelier.ComponentPress, plugin: Made) -> None:
    row = hikari.impl.ModalActionRowBuilder()
    row.add_text_input("why", "Why?")
    await press.show_form("Tell me", plugin.ctx.component_id("told", press.payload), row)

@loader.form("told")
async def told(form: chandelier.FormSubmit, plugin: Made) -> None:
    await form.respond(f"{form.user.username} chose {form.payload} because {form.values['why']}")
"""


async def test_buttons_and_forms_work_after_a_restart(discord, start_host, install, market) -> None:
    install("presser", PRESSER)
    _, general, alice = market
    host = await start_host("presser")
    asked = await alice.slash(general, "ask")

    await start_host.restart(host)
    shown = await alice.press(general.last, label="Yes")
    told = await alice.submit(shown, {"why": "it is cheap"})

    assert asked.text == "Sure?"
    assert told.text == "alice chose 42 because it is cheap"


async def test_a_button_nobody_knows_is_answered_and_one_of_a_stopped_plugin_too(
    discord, start_host, install, market
) -> None:
    install("presser", PRESSER)
    _, general, alice = market
    host = await start_host("presser")
    await alice.slash(general, "ask")
    message = general.last

    assert "no longer works" in (await alice.press(message, label="Old")).text
    await host.disable("presser")
    assert "switched off" in (await alice.press(message, label="Yes")).text


async def test_a_start_that_is_cancelled_leaves_nothing_running(discord, start_host, install, market) -> None:
    install("greeter", GREETER)
    before = asyncio.all_tasks()
    starting = asyncio.create_task(start_host("greeter"))
    # The last thing before plugins are told that the bot is ready.
    assert await discord.until(lambda: bool(discord.commands()))

    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    left = {task.get_name() for task in asyncio.all_tasks() - before}
    assert not {name for name in left if "shard" in name or "greeter" in name}, left
    assert await discord.until(lambda: not discord.connections)


async def test_intents_that_discord_does_not_allow_are_named(install, tmp_path) -> None:
    install("nosy", intents="hikari.Intents.GUILD_MEMBERS")

    async with loopcord.LocalDiscord(denied_intents=["members"]) as strict:
        starter = HostStarter(strict, tmp_path, None)
        with pytest.raises(ServiceUnavailable, match=r"GUILD_MEMBERS.*Privileged Gateway Intents"):
            await starter("nosy")


async def test_the_bot_runs_although_discord_refuses_its_commands_and_tries_again(
    discord, start_host, install, market
) -> None:
    """Red #5672: a sync that fails must not cost more than itself."""
    install("greeter", GREETER)
    _, general, alice = market
    discord.fail("PUT", "/applications/*/commands", status=400, times=2)
    host = await start_host("greeter")
    assert host.lifecycle.records["greeter"].state is State.RUNNING
    assert discord.commands() == []

    await discord.advance(59)
    assert discord.commands() == []
    await discord.advance(1 + 120)
    assert (await alice.slash(general, "hello")).text == "Hello you, says greeter."

    discord.fail("PUT", "/applications/*/commands", status=400)
    await host.disable("greeter")
    host = await start_host.restart(host)
    assert host.lifecycle.records["greeter"].state is State.STOPPED, "it is remembered all the same"
    assert "hello" not in {command["name"] for command in discord.commands()}


HANDLER = """
@loader.error_handler
async def apologise(failure: lightbulb.exceptions.ExecutionPipelineFailedException) -> bool:
    if "bug" in str(failure.context.options):
        raise RuntimeError("in the handler too")
    await failure.context.respond("{name} is sorry.")
    return True
"""


async def test_an_error_handler_hears_of_its_own_plugins_failures_only(
    discord, start_host, install, market
) -> None:
    install("aaa", HANDLER.replace("{name}", "aaa"))
    install("greeter", GREETER + HANDLER.replace("{name}", "greeter"))
    install("zzz", HANDLER.replace("{name}", "zzz"))
    _, general, alice = market
    host = await start_host("aaa", "greeter", "zzz")

    assert (await alice.slash(general, "hello", to="nobody")).text == "greeter is sorry."
    assert "Something went wrong" in (await alice.slash(general, "hello", to="bug")).text
    assert host.lifecycle.records["greeter"].failed == 1
    await host.disable("greeter")
    assert host.lifecycle.records["greeter"].ledger.empty
    await host.enable("greeter")
    assert (await alice.slash(general, "hello", to="boss")).text == "greeter is sorry."


async def test_a_refused_plugin_stays_refused_when_its_next_version_does_not_start(
    discord, start_host, install
) -> None:
    install("future", "raise SystemExit('must not run')", requires=("chandelier>=99",))
    host = await start_host("future")
    install("future", "raise RuntimeError('half written')", version="2.0")

    with pytest.raises(PluginError, match=r"half written.*version 1\.0 stays refused"):
        await host.reload("future")
    assert host.lifecycle.records["future"].state is State.REFUSED

    install("future", GREETER, version="3.0")
    await host.reload("future")
    assert host.lifecycle.records["future"].state is State.RUNNING
    await host.disable("future")
    with pytest.raises(PluginError, match="future is disabled; enable it first"):
        await host.reload("future")


async def test_an_answer_of_discord_that_is_missing_at_start_is_said_in_one_sentence(
    discord, start_host
) -> None:
    discord.fail("GET", "/oauth2/applications/@me", status=403, times=None)

    with pytest.raises(ServiceUnavailable, match="does not say whose bot this is"):
        await start_host()

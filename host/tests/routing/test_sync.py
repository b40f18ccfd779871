"""One plugin's bad command costs that command; all other commands are there as if nothing were."""

from __future__ import annotations

import sys

import pytest

from chandelier.record import State

COMMAND = """
@loader.command
class {title}(lightbulb.SlashCommand, name="{name}", description="Says {name}"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("{name}, says " + __name__)
"""


def commands(*names: str) -> str:
    return "".join(COMMAND.format(title=f"C{number}", name=name) for number, name in enumerate(names))


@pytest.fixture
def square(discord):
    guild = discord.create_guild("Square", owner="olivia")
    return guild.create_text_channel("general"), guild.owner, guild.add_member("alice")


def names(discord, guild=None) -> set[str]:
    return {command["name"] for command in discord.commands(guild)}


async def test_a_bad_command_is_left_out_alone_and_the_owner_sees_why(
    discord, start_host, install, square
) -> None:
    install("stranger", commands("fine", "Not Fine", "status"))
    install("good", commands("hello"))
    general, olivia, alice = square
    host = await start_host("good", "stranger")

    assert host.last_sync.calls == 1
    assert {"hello", "fine", "status"} <= names(discord)
    assert (await alice.slash(general, "hello")).text == "hello, says made_good"
    assert (await alice.slash(general, "status")).embeds, "the host's own command stays the host's"
    record = host.lifecycle.records["stranger"]
    assert record.state is State.DEGRADED
    assert "/Not Fine is left out: its name 'Not Fine' may hold letters" in record.reason
    assert "/status is left out: plugin core already provides it" in record.reason
    assert host.lifecycle.records["good"].state is State.RUNNING
    listed = await olivia.slash(general, "plugins list")
    assert "/Not Fine is left out" in str(listed.embeds)


async def test_what_discord_itself_refuses_is_left_out_and_the_rest_is_there(
    discord, start_host, install, square
) -> None:
    """Discord may know rules that it documents nowhere; then its own words are the reason."""
    install("stranger", commands("rude", "kind"))
    install("good", commands("hello"))
    general, _, alice = square
    host = await start_host("good")
    own = len(discord.commands())
    await start_host.stop(host)
    refusal = {"_errors": [{"code": "RUDE", "message": "This name is not allowed"}]}
    discord.fail(
        "PUT",
        "/applications/*/commands",
        status=400,
        body={"code": 50035, "message": "Invalid Form Body", "errors": {str(own): {"name": refusal}}},
    )

    host = await start_host("good", "stranger")

    assert "kind" in names(discord) and "rude" not in names(discord)
    record = host.lifecycle.records["stranger"]
    assert "/rude is left out: Discord refuses it: name: This name is not allowed" in record.reason
    await host.sync()
    assert host.last_sync.calls == 0, "what was refused is not asked for again and again"
    assert (await alice.slash(general, "kind")).text == "kind, says made_stranger"


async def test_a_group_that_collides_goes_without_taking_the_others_along(
    discord, start_host, install, square
) -> None:
    """lightbulb 3.2.6 unregisters a group by its name, whoever's it is."""
    group = """
group = lightbulb.Group("shop", "{name}")
@group.register
class Open(lightbulb.SlashCommand, name="open", description="Opens"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("open, says " + __name__)
loader.command(group)
"""
    install("good", group.format(name="good"))
    install("stranger", group.format(name="stranger"))
    general, _, alice = square
    host = await start_host("good", "stranger")

    stranger = host.lifecycle.records["stranger"]
    await host.lifecycle.give_up(stranger, RuntimeError("broke"))  # no sync follows this

    assert (await alice.slash(general, "shop open")).text == "open, says made_good"


async def test_a_guilds_stale_command_goes_when_somebody_uses_it(
    discord, start_host, install, square
) -> None:
    """lightbulb 3.2.6 never looks at guilds that have no commands any more."""
    general, _, alice = square
    local = commands("here").replace("@loader.command", f"@loader.command(guilds=[{general.guild.id}])")
    install("good", local)
    host = await start_host("good")
    assert (await alice.slash(general, "here")).text == "here, says made_good"
    await host.state.remember_command_guilds(set())
    await start_host.stop(host)
    host = await start_host()
    assert names(discord, general.guild) == {"here"}, "nobody knows of it yet"

    reply = await alice.slash(general, "here")

    assert "no longer have this command" in reply.text
    await discord.settle()
    assert names(discord, general.guild) == set()


async def test_a_guilds_stale_commands_go_at_the_first_sync_after_a_restart(
    discord, start_host, install, square
) -> None:
    general, _, _ = square
    install(
        "good", commands("here").replace("@loader.command", f"@loader.command(guilds=[{general.guild.id}])")
    )
    host = await start_host("good")
    assert await host.state.command_guilds() == {general.guild.id}
    await start_host.stop(host)
    path = f"/applications/*/guilds/{general.guild.id}/commands"
    mend = discord.fail("GET", path, status=503, times=None)

    host = await start_host()
    assert names(discord, general.guild) == {"here"}
    assert await host.state.command_guilds() == {general.guild.id}, "Discord was away: remembered"
    mend()
    host = await start_host.restart(host)

    assert names(discord, general.guild) == set()
    assert await host.state.command_guilds() == set()


async def test_a_guild_that_the_bot_has_left_does_not_keep_the_others_from_their_commands(
    discord, start_host, install, square
) -> None:
    general, _, alice = square
    local = commands("here", "away").replace(
        "@loader.command\nclass C0", f"@loader.command(guilds=[1, {general.guild.id}])\nclass C0"
    )
    install("good", local)
    discord.fail("GET", "/applications/*/guilds/1/commands", status=403, code=50001)

    host = await start_host("good")

    assert (await alice.slash(general, "here")).text == "here, says made_good"
    assert "away" in names(discord)
    assert host.lifecycle.records["good"].state is State.RUNNING


RICH = """
from typing import Any
import hikari, lightbulb

def texts(words):
    return {hikari.Locale.IT: words, "de": words}

class Rich(lightbulb.SlashCommand, name="rich", description="Has everything"):
    size = lightbulb.number("size", "How large", min_value=1.5, max_value=9)
    count = lightbulb.integer("count", "How many", min_value=1, choices=[lightbulb.Choice("one", 1)])
    word = lightbulb.string("word", "Which", min_length=1, max_length=20, default=None)
    where = lightbulb.channel("where", "Where", channel_types=[hikari.ChannelType.GUILD_TEXT], default=None)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None: ...

    @classmethod
    async def as_command_builder(cls, *arguments: Any) -> Any:
        builder = await super().as_command_builder(*arguments)
        builder.set_name_localizations(texts("ricco")).set_description_localizations(texts("Ha tutto "))
        for option in builder._options:
            option.description_localizations = texts("Qualcosa")
            for choice in option.choices or ():
                choice.name_localizations = texts("uno")
        return builder.set_context_types([hikari.ApplicationContextType.GUILD]).set_is_nsfw(True)

loader.command(Rich)
loader.command(lightbulb.Group("some", "Some", default_member_permissions=hikari.Permissions.KICK_MEMBERS))
"""


async def test_no_call_is_made_for_a_command_that_has_everything(discord, start_host, install) -> None:
    """lightbulb 3.2.6 forgets translated descriptions of what is there, and updates it at every start."""
    install("good", RICH)
    host = await start_host("good")
    assert "rich" in host.last_sync.created

    host = await start_host.restart(host)
    assert host.last_sync.calls == 0

    await start_host.stop(host)
    install("good", RICH.replace('texts("uno")', 'texts("una")'))
    sys.modules.pop("made_good")
    host = await start_host("good")
    assert host.last_sync.updated == ("rich",)

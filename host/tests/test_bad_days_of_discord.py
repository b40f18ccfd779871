"""Bad days of Discord and of what is installed: each gets one clear answer, and nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import hikari
import pytest

from chandelier import discovery
from chandelier import running as running_room
from chandelier.config.deployment import Deployment
from chandelier.connection import Refused, connect
from chandelier.errors import ServiceUnavailable
from loopcord import LocalDiscord

POSTER = """
@loader.command
class Post(lightbulb.SlashCommand, name="post", description="Post something"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        await plugin.ctx.rest.create_message(ctx.channel_id, "posted")
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(hikari.ButtonStyle.PRIMARY, plugin.ctx.component_id("more"), label="More")
        await ctx.respond("Done it.", component=row)

@loader.component("more")
async def more(press: chandelier.ComponentPress) -> None:
    await press.respond("More of it.")

@loader.listener(hikari.GuildMessageCreateEvent)
async def on_message(event: hikari.GuildMessageCreateEvent, plugin: Made) -> None:
    if event.is_human:
        HEARD.append(event.content)

HEARD = []

@chandelier.schema(version=1)
class Config:
    word: str = chandelier.setting("x", help="A word.", guild=True)
"""
METHODS = """
@hookimpl
def chandelier_config_schema(self):
    return Config
"""
MESSAGES = "hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """hikari waits in real time before it tries again; here it does not."""
    monkeypatch.setattr("hikari.impl.rate_limits.ExponentialBackOff.__next__", lambda _: 0.0)


@pytest.fixture
def market(discord, install):
    install("poster", POSTER, methods=METHODS, intents=MESSAGES)
    guild = discord.create_guild("Market")
    return guild, guild.create_text_channel("general"), guild.add_member("alice")


def running(discord: LocalDiscord, folder: Path, *plugins: str) -> asyncio.Task[None]:
    """The bot as `chandelier run` runs it, with its own commands and these plugins."""
    environ = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_REST_URL": discord.rest_url}
    without = [
        candidate.name for candidate in discovery.candidates() if candidate.name not in {"core", *plugins}
    ]
    return asyncio.create_task(
        running_room.run(Deployment.read(folder / "config.toml", environ), without=without)
    )


@pytest.mark.endurance
async def test_a_gateway_that_breaks_in_any_way_costs_no_message(
    discord, start_host, market, impatient, install
) -> None:
    """Drops, closes, op 7, op 9 of either kind, a heartbeat that nobody answers: it is back, and complete."""
    _, general, alice = market
    await start_host("poster")
    import made_poster

    async def zombie() -> None:
        discord.trouble.heartbeat_interval(0.5)
        await discord.trouble.drop()
        await discord.ready()
        discord.trouble.heartbeat_interval(45)  # those that come after it have time
        before = discord.connections[0]
        end = discord.trouble.half_open()
        await discord.until(lambda: any(each is not before for each in discord.connections))
        end()

    trouble: list[Callable[[], Awaitable[object]]] = [
        discord.trouble.drop,
        discord.trouble.reconnect,
        lambda: discord.trouble.close(4000),
        lambda: discord.trouble.close(4008),
        lambda: discord.trouble.invalidate(resumable=True),
        lambda: discord.trouble.invalidate(resumable=False),
        zombie,
    ]
    for number, happens in enumerate(trouble):
        await happens()
        await discord.ready()
        await alice.send(general, f"hello {number}")
        assert (await alice.slash(general, "post")).text == "Done it."

    expected = [f"hello {number}" for number in range(len(trouble))]
    assert expected == made_poster.HEARD


async def test_a_rest_api_in_trouble_is_tried_again_or_said_in_one_sentence(
    discord, start_host, market, impatient
) -> None:
    _, general, alice = market
    host = await start_host("poster")
    posts = ("POST", "/channels/*/messages")

    for passes in (
        lambda: discord.fail(*posts, status=500, times=2),
        lambda: discord.fail(*posts, status=503),
        lambda: discord.trouble.rate_limit(*posts, retry_after=0.01),
        lambda: discord.trouble.rate_limit(*posts, retry_after=0.01, scope="global"),
        lambda: discord.trouble.cut(*posts),
    ):
        before = len(general.messages)
        passes()
        assert (await alice.slash(general, "post")).text == "Done it."
        assert general.messages[before].content == "posted"

    for stays in (
        lambda: discord.fail(*posts, status=503, times=None),
        lambda: discord.fail(*posts, status=500, times=None, body="<html>oops</html>"),
        lambda: discord.trouble.cut(*posts, times=None),
    ):
        end = stays()
        answer = await alice.slash(general, "post")
        end()
        assert answer.text.startswith("Discord did not answer as it should. Try again in a moment.")
        assert "<html" not in answer.text and answer.ephemeral
    assert host.lifecycle.records["poster"].active
    assert (await alice.slash(general, "post")).text == "Done it."


@pytest.mark.parametrize("code", [4004, 4014])
async def test_a_connection_that_discord_ends_for_good_ends_the_bot_as_at_start(
    discord: LocalDiscord, tmp_path: Path, code: int
) -> None:
    bot = running(discord, tmp_path)
    await discord.until(lambda: bool(discord.connections and discord.commands()))

    await discord.trouble.close(code)

    with pytest.raises(Refused, match=r"https://discord\.com/developers/applications"):
        await bot
    assert not discord.connections


async def test_a_token_that_is_revoked_while_running_ends_the_bot_without_a_storm(
    discord: LocalDiscord, tmp_path: Path, market
) -> None:
    _, general, alice = market
    bot = running(discord, tmp_path, "poster")
    await discord.until(lambda: bool(discord.connections and discord.commands()))
    for method, path in (("POST", "/channels/*/messages"), ("GET", "/users/@me")):
        discord.fail(method, path, status=401, times=None)

    alice.start_slash(general, "post")

    with pytest.raises(Refused, match="Discord refuses the token"):
        await bot
    assert sum(request.status == 401 for request in discord.requests) == 2


async def test_one_odd_refusal_ends_nothing(discord: LocalDiscord, tmp_path: Path, market) -> None:
    """Of an interaction's token, or of a proxy's mood: only who is refused twice has no token."""
    _, general, alice = market
    bot = running(discord, tmp_path, "poster")
    await discord.until(lambda: bool(discord.connections and discord.commands()))
    discord.fail("POST", "/channels/*/messages", status=401)

    refused = alice.start_slash(general, "post")
    await discord.until(lambda: refused.acknowledged)
    again = alice.start_slash(general, "post")
    await discord.until(lambda: again.content == "Done it.")

    assert not bot.done()
    bot.cancel()
    await asyncio.gather(bot, return_exceptions=True)


@pytest.mark.parametrize(
    "trouble",
    [
        lambda d: d.fail("GET", "/gateway/bot", status=503, times=None),
        lambda d: d.fail("GET", "/gateway/bot", status=500, times=None, body="<html>\n" + "x" * 9000),
        lambda d: d.trouble.cut("GET", "/gateway/bot", times=None),
        lambda d: d.trouble.ban_address(),
        lambda d: d.trouble.session_starts(remaining=0),
    ],
)
async def test_trouble_at_start_is_one_short_line_and_may_be_tried_again(
    discord: LocalDiscord, impatient: None, trouble: Callable[[LocalDiscord], object]
) -> None:
    trouble(discord)
    bot = hikari.GatewayBot(discord.token, rest_url=discord.rest_url, banner=None, logs=None)

    with pytest.raises(ServiceUnavailable) as said:
        await connect(bot)

    assert not isinstance(said.value, Refused)
    assert "\n" not in str(said.value) and len(str(said.value)) < 500 and "<html" not in str(said.value)


async def test_a_plugin_that_vanished_leaves_its_data_and_is_whole_when_it_comes_back(
    discord, start_host, market, install, capsys
) -> None:
    _, general, alice = market
    host = await start_host("poster")
    shown = await alice.slash(general, "post")
    await host.lifecycle.records["poster"].context.configure(int(general.guild.id), {"word": "kept"})
    await start_host.stop(host)

    install.remove("poster")
    host = await start_host("poster")
    assert "post" not in {command["name"] for command in discord.commands()}
    pressed = await alice.press(shown, label="More")
    assert pressed.text == "This belonged to the plugin poster, which is no longer installed."
    stored = await host.settings.get(int(general.guild.id), "poster")
    assert stored == (1, {"word": "kept"})
    await start_host.stop(host)

    install("poster", POSTER, methods=METHODS, intents=MESSAGES)
    host = await start_host("poster")
    assert (await alice.press(shown, label="More")).text == "More of it."
    config = await host.lifecycle.records["poster"].context.config_for(int(general.guild.id))
    assert config.word == "kept"

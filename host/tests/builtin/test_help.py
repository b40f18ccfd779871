"""`/help`: what this member may use here, with examples, and why not what they may not."""

from __future__ import annotations

import pytest

SHOP = """
@loader.command
class Buy(lightbulb.SlashCommand, name="buy", description="Buy something"):
    capability = "buy"
    amount = lightbulb.integer("amount", "How many", min_value=2, max_value=9)
    colour = lightbulb.string("colour", "Which", choices=[lightbulb.Choice("red", "r")])
    gift = lightbulb.boolean("gift", "Whether it is one", default=False)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("bought")

@loader.command
class Close(
    lightbulb.SlashCommand,
    name="close",
    description="Close the shop",
    default_member_permissions=hikari.Permissions.BAN_MEMBERS,
    contexts=[hikari.ApplicationContextType.GUILD],
):
    examples = ("/close", "/close now")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("closed")

@loader.command
class Wine(lightbulb.SlashCommand, name="wine", description="For adults", nsfw=True):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("cheers")

@loader.command
class Greet(lightbulb.UserCommand, name="Greet"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("hi")
"""
METHODS = """
@hookimpl
def chandelier_manifest(self):
    return chandelier.Manifest(
        summary="shop", capabilities=(chandelier.Capability("buy", "Buy", hikari.Permissions.NONE),)
    )
"""
STALL = """
@loader.command
class Bread(lightbulb.SlashCommand, name="bread", description="Buy bread"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("bread")

@loader.command
class Buy(lightbulb.SlashCommand, name="buy", description="Taken by the shop"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("bought")

@loader.command(guilds=[GUILD])
class Local(lightbulb.SlashCommand, name="local", description="Only in one server"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("here")
"""
CROWDED = """
def made(number):
    class Made(lightbulb.SlashCommand, name=f"crowd-{number}", description="A command. " * 9):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond("done")
    return Made

for number in range(40):
    loader.command(made(number))
"""


@pytest.fixture
async def market(discord, start_host, install):
    install("shop", SHOP, methods=METHODS)
    guild = discord.create_guild("Market", owner="olivia")
    general = guild.create_text_channel("general")
    admins = guild.create_role("Admins", permissions=["administrator"])
    return guild, general, guild.add_member("mod", roles=[admins]), guild.add_member("alice")


async def test_help_shows_what_this_member_may_use_here(discord, start_host, market) -> None:
    guild, general, mod, alice = market
    host = await start_host("shop", host={"owner_ids": [guild.owner.id]})

    async def helped(who, channel=general) -> str:
        reply = await who.slash(channel, "help")
        text = reply.text
        while reply.message.components and not reply.message.components[0]["components"][1]["disabled"]:
            reply = await who.press(reply, label="More")
            text += reply.text
        return text

    for_alice = await helped(alice)
    assert "</buy:" in for_alice and "-# /buy amount:2 colour:red" in for_alice
    assert "**Greet** — right-click on a member" in for_alice
    for hidden in ("close", "wine", "config show", "plugins", "audit"):
        assert hidden not in for_alice
    for_mod = await helped(mod)
    assert "</close:" in for_mod and "config show" in for_mod and "plugins list" in for_mod
    assert "plugins disable" not in for_mod and "plugins disable" in await helped(guild.owner)

    # Where they are: an age-restricted channel, one where they may ban, direct messages.
    cellar = guild.create_text_channel("cellar", nsfw=True)
    assert "</wine:" in await helped(alice, cellar)
    cellar.set_overwrite(alice, allow=["ban_members"])
    assert "</close:" in await helped(alice, cellar)
    assert "</close:" not in await helped(mod, mod.dm) and "</buy:" not in await helped(mod, mod.dm)

    # A rule of the server, what an admin sets under Integrations, a plugin that is switched off.
    await mod.slash(general, "access deny", capability="shop.buy", who=guild.everyone)
    assert "</buy:" not in await helped(alice)
    [close] = [int(each["id"]) for each in mod.commands(general) if each["name"] == "close"]
    shown = [{"id": str(alice.id), "type": 2, "permission": True}]
    discord.backend.set_command_permissions(guild.id, close, shown)
    assert "</close:" in await helped(alice)
    await host.disable("shop")
    assert "close" not in await helped(mod)


async def test_one_command_is_explained_and_a_misspelt_one_is_guessed(discord, start_host, market) -> None:
    _, general, mod, alice = market
    await start_host("shop")

    async def told(who, name: str) -> str:
        return (await who.slash(general, "help", command=name)).text

    buy = await told(alice, "buy")
    assert "`amount` How many (2–9)" in buy and "`colour` Which (red)" in buy and "`[gift]`" in buy
    assert "`/buy amount:2 colour:red`" in buy and "`shop.buy`" in buy
    close = await told(mod, "/close")
    assert "`/close now`" in close and "**Ban Members**" in close and "Only in servers" in close
    assert "/config set" in await told(mod, "config  set")
    assert "/config set" in await told(mod, "config") and "/config show" in await told(mod, "config")
    assert "/access allow" in await told(mod, "access") and "/access why" in await told(mod, "access")
    assert "</buy:" in await told(alice, "shop")  # a plugin
    assert "Did you mean `buy`?" in await told(alice, "byu")
    assert "You cannot use `/close` here. Discord shows it to members with **Ban Members**" in await told(
        alice, "close"
    )
    assert "no command `/xyzzy`" in await told(alice, "xyzzy")
    choices = await alice.autocomplete(general, "help", "command", "/b")
    assert [choice["value"] for choice in choices] == ["buy", "feedback"]


async def test_what_does_not_fit_a_page_comes_with_a_button_also_after_a_restart(
    discord, start_host, install, market
) -> None:
    install("crowded", CROWDED)
    _, general, _, alice = market
    host = await start_host("shop", "crowded")
    reply = await alice.slash(general, "help", command="crowded")
    seen = set()
    for _turn in range(4):
        seen |= {word for word in reply.text.split() if word.startswith("</crowd-")}
        if _turn == 0:
            host = await start_host.restart(host)
        if not reply.message.components[0]["components"][1]["disabled"]:
            reply = await alice.press(reply, label="More")

    assert len(seen) == 40 and "Page 4 of 4" in str(reply.embeds)


async def test_help_speaks_the_readers_language_and_lists_only_what_discord_was_asked_for(
    discord, start_host, install, market
) -> None:
    _, general, mod, alice = market
    elsewhere = discord.create_guild("Elsewhere", owner="zoe")
    install("stall", STALL.replace("GUILD", str(elsewhere.id)))
    await start_host("shop", "stall")
    mod.locale = alice.locale = "it"

    listed = (await alice.slash(general, "help")).text
    assert "Come sta il bot" in listed and "How the bot is doing" not in listed
    assert "Buy bread" in listed and "Buy something" in listed
    assert "Taken by the shop" not in listed and "Only in one server" not in listed
    there = await elsewhere.owner.slash(elsewhere.create_text_channel("there"), "help", command="stall")
    assert "Only in one server" in there.text

    explained = (await mod.slash(general, "help", command="CONFIG set")).text
    assert (
        "Cambia un'impostazione per questo server" in explained
        and "`setting` Quale impostazione" in explained
    )
    refused = await alice.slash(general, "help", command="config set")
    assert refused.text == (
        "Qui non puoi usare `/config set`. Discord lo mostra ai membri con **Manage Guild**, a meno che un "
        "amministratore lo cambi. Decidono le regole del server per `core.config` (`/access`). "
        "Solo nei server."
    )

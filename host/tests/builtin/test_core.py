"""The host's own commands, as members, moderators and the owner see them."""

from __future__ import annotations

import pytest

SHOP = """
@chandelier.schema(version=1)
class Config:
    alerts: int | None = chandelier.setting(None, help="Where alerts go.", guild=True, kind="channel")
    every: int = chandelier.setting(60, help="Seconds between looks.", ge=10, guild=True)
    secret_depth: int = chandelier.setting(3, help="Only the operator's.")

CHANGES = []

@loader.command
class Buy(
    lightbulb.SlashCommand,
    name="ban-shop",
    description="For staff",
    default_member_permissions=hikari.Permissions.BAN_MEMBERS,
):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
        config = await plugin.ctx.config_for(ctx.guild_id)
        await ctx.respond(f"every {config.every}, alerts {config.alerts}")
"""
METHODS = """
@hookimpl
def chandelier_config_schema(self):
    return Config

@hookimpl
async def chandelier_status(self, guild_id):
    return chandelier.StatusSection("Shop", ("3 products", "all well"))

@hookimpl
def chandelier_config_changed(self, old, new, guild_id):
    CHANGES.append((old.every, new.every, guild_id))
"""


@pytest.fixture
async def market(discord, start_host, install):
    install("shop", SHOP, methods=METHODS)
    guild = discord.create_guild("Market", owner="olivia")
    general = guild.create_text_channel("general")
    admins = guild.create_role("Admins", permissions=["manage_guild", "administrator"])
    return guild, general, guild.add_member("mod", roles=[admins]), guild.add_member("alice")


async def test_status_shows_the_bot_and_each_plugins_section(discord, start_host, market) -> None:
    _, general, _, alice = market
    await start_host("shop")
    await discord.advance(90)

    reply = await alice.slash(general, "status")

    assert reply.ephemeral
    [embed] = reply.embeds
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    assert fields["Up"] == "0:01:30"
    assert fields["Plugins"] == "1 of 1 running"
    assert fields["Shop"] == "3 products\nall well"


async def test_a_setting_is_changed_shown_with_its_layer_and_reset(discord, start_host, market) -> None:
    _, general, mod, _ = market
    host = await start_host("shop", config={"shop": {"every": 120}})

    shown = await mod.slash(general, "config show", plugin="shop")
    assert "`120` (the bot's config.toml)" in shown.text and "secret_depth 🔒" in shown.text

    changed = await mod.slash(general, "config set", plugin="shop", setting="every", value="30")
    assert "`30` (this server)" in changed.text
    await mod.slash(general, "config set", plugin="shop", setting="alerts", value=general.mention)
    host = await start_host.restart(host)
    assert (await mod.slash(general, "ban-shop")).text == f"every 30, alerts {general.id}"

    back = await mod.slash(general, "config reset", plugin="shop", setting="every")
    assert "`120` (the bot's config.toml)" in back.text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"plugin": "shop", "setting": "every", "value": "5"}, "10"),
        ({"plugin": "shop", "setting": "every", "value": "soon"}, "every"),
        ({"plugin": "shop", "setting": "evry", "value": "50"}, "Did you mean every?"),
        ({"plugin": "shopp", "setting": "every", "value": "50"}, "Did you mean shop?"),
        ({"plugin": "shop", "setting": "secret_depth", "value": "50"}, "no setting “secret_depth”"),
    ],
)
async def test_a_setting_that_does_not_fit_is_refused_and_nothing_changes(
    discord, start_host, market, options, words
) -> None:
    _, general, mod, _ = market
    await start_host("shop")

    reply = await mod.slash(general, "config set", **options)

    assert words in reply.text and reply.ephemeral
    assert (await mod.slash(general, "ban-shop")).text == "every 60, alerts None"


async def test_plugins_are_listed_and_only_the_owner_switches_them(discord, start_host, market) -> None:
    guild, general, mod, _ = market
    await start_host("shop", host={"owner_ids": [guild.owner.id]})

    listed = await mod.slash(general, "plugins list")
    assert "🟢 **shop** 1.0 — running: shop for tests" in listed.text
    refused = await mod.slash(general, "plugins disable", name="shop")
    assert "Only the bot's owner" in refused.text

    stopped = await guild.owner.slash(general, "plugins disable", name="shop")
    assert "**shop** is stopped" in stopped.text
    assert "⚪ **shop**" in (await mod.slash(general, "plugins list")).text
    assert "cannot be disabled" in (await guild.owner.slash(general, "plugins disable", name="core")).text
    guild.owner.locale = "it"
    misspelt = await guild.owner.slash(general, "plugins enable", name="shp")
    assert misspelt.text == "non c'è un plugin di nome 'shp'; intendevi shop? Installati: core, shop"
    long = await guild.owner.slash(general, "plugins enable", name="x" * 3000)
    assert "installati: core, shop" in long.text and len(long.text) < 200
    guild.owner.locale = "en-US"
    started = await guild.owner.slash(general, "plugins enable", name="shop")
    assert "is running" in started.text


async def test_names_are_completed_as_one_types(discord, start_host, market) -> None:
    _, general, mod, _ = market
    await start_host("shop")

    plugins = await mod.autocomplete(general, "config show", "plugin", "sh")
    chosen = await mod.autocomplete(general, "config set", "setting", "ev", plugin="shop")

    assert [choice["value"] for choice in plugins] == ["shop"]
    assert [choice["value"] for choice in chosen] == ["every"]


async def test_a_channel_of_another_server_cannot_be_set(discord, start_host, market) -> None:
    """Whoever manages one server must not make the bot write in another."""
    _, general, mod, _ = market
    elsewhere = discord.create_guild("Elsewhere").create_text_channel("secrets")
    await start_host("shop")

    for value in (elsewhere.mention, "123456789012345678"):
        reply = await mod.slash(general, "config set", plugin="shop", setting="alerts", value=value)
        assert "no channel of this server" in reply.text
    assert (await mod.slash(general, "ban-shop")).text == "every 60, alerts None"


TALKATIVE = """
@chandelier.schema(version=1)
class Config:
    words: tuple[str, ...] = chandelier.setting((), help="Words. " * 30, guild=True, max_length=1)
"""
TALKATIVE += "\n".join(
    f'    setting_{number}: int = chandelier.setting({number}, help="What it is for. " * 30)'
    for number in range(30)
)


async def test_what_plugins_say_is_cut_to_what_fits(discord, start_host, install, market) -> None:
    methods = """
@hookimpl
def chandelier_config_schema(self):
    return Config

@hookimpl
def chandelier_status(self, guild_id):
    return chandelier.StatusSection("T" * 300, ("a long line " * 20,) * 20)
"""
    names = [f"talkative{number}" for number in range(8)]
    for name in names:
        install(name, TALKATIVE, methods=methods)
    install("wordless", methods="@hookimpl\ndef chandelier_status(self, guild_id):\n    return 'all well'")
    _, general, mod, _ = market
    host = await start_host(*names, "wordless", "shop")

    status = await mod.slash(general, "status")
    assert "more, which do not fit in here" in status.text
    assert host.lifecycle.records["wordless"].failed == 1
    shown = await mod.slash(general, "config show", plugin="talkative0")
    assert "setting_3" in shown.text and "Page 1 of 4" in shown.text
    refused = await mod.slash(
        general, "config set", plugin="talkative0", setting="words", value="x, " * 1900 + "y"
    )
    assert "Allowed: at most 1 element" in refused.text and len(refused.content) <= 2000

"""Everybody reads their own language: answers, commands, errors; and what broken translation files cost."""

from __future__ import annotations

import hikari
import pytest

from chandelier.errors import InvalidRequest
from chandelier.languages import Languages, Messages

SHOP = """
_ = chandelier.Messages(__package__)
shop = lightbulb.Group("shop", "Everything about the shop")

@shop.register
class Buy(lightbulb.SlashCommand, name="buy", description="Buy something"):
    what = lightbulb.string(
        "what", "What you want", choices=[lightbulb.Choice("A lamp", "lamp"), lightbulb.Choice("Air", "air")]
    )
    number = lightbulb.integer("number", "How many", default=1)

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        if self.what == "air":
            raise chandelier.InvalidRequest(_("Air is free, {name}.", name=ctx.user.username))
        embed = hikari.Embed(title=_("Sold"), description=_.join("\\n", ("lamp", _("Thank you"))))
        embed.add_field(_("Amount"), _.count("{n} lamp", "{n} lamps", self.number))
        embed.set_footer(_("Come again"))
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(hikari.ButtonStyle.SECONDARY, "made", label=_("Give back"))
        await ctx.respond(embed=embed, components=[row], ephemeral=True)

@shop.register
class Call(lightbulb.SlashCommand, name="call", description="Tell everybody"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond(_("Thank you"))

@shop.register
class Break(lightbulb.SlashCommand, name="break", description="Break it"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        raise RuntimeError("broken")

loader.command(shop)
"""
HEADER = """
msgid ""
msgstr ""
"Content-Type: text/plain; charset=UTF-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""
ITALIAN = (
    HEADER
    + """
msgid "Everything about the shop"
msgstr "Tutto sul negozio"

msgid "Buy something"
msgstr "Compra qualcosa"

msgid "What you want"
msgstr "Cosa vuoi"

msgid "A lamp"
msgstr "Una lampada"

msgctxt "name"
msgid "what"
msgstr "cosa"

msgid "Air is free, {name}."
msgstr "L'aria è gratis, {name}."

msgid "Sold"
msgstr "Venduto"

msgid "Thank you"
msgstr "Grazie"

msgid "Amount"
msgstr "Quantità"

msgid "{n} lamp"
msgid_plural "{n} lamps"
msgstr[0] "una lampada"
msgstr[1] "{n} lampade"

msgid "Come again"
msgstr "Torna presto"

msgid "Give back"
msgstr "Restituisci"
"""
)
GERMAN = HEADER + '\nmsgid "Thank you"\nmsgstr "Danke"\n\nmsgid "Buy something"\nmsgstr "Etwas kaufen"\n'


@pytest.fixture
def shop(install):
    """Installs the shop with its translations; answers where they are."""
    folder = install.site / install("shop", SHOP) / "locales"
    folder.mkdir()
    (folder / "it.po").write_text(ITALIAN, encoding="utf-8")
    return folder


@pytest.fixture
def market(discord):
    guild = discord.create_guild("Market", owner="olivia", locale="it")
    general = guild.create_text_channel("general")
    return general, guild.add_member("ida", locale="it"), guild.add_member("alice")


async def test_everybody_reads_their_own_language_in_one_guild(start_host, shop, market) -> None:
    general, ida, alice = market
    await start_host("shop")

    italian = await ida.slash(general, "shop buy", what="lamp", number=3)
    english = await alice.slash(general, "shop buy", what="lamp", number=3)

    assert italian.embeds[0]["title"] == "Venduto"
    assert italian.embeds[0]["description"] == "lamp\nGrazie"
    assert italian.embeds[0]["fields"][0]["name"] == "Quantità"
    assert italian.embeds[0]["fields"][0]["value"] == "3 lampade"
    assert italian.embeds[0]["footer"]["text"] == "Torna presto"
    assert italian.components[0]["components"][0]["label"] == "Restituisci"
    assert english.embeds[0]["title"] == "Sold"
    assert english.embeds[0]["fields"][0]["value"] == "3 lamps"
    assert english.components[0]["components"][0]["label"] == "Give back"


async def test_errors_are_told_in_the_readers_language(start_host, shop, market) -> None:
    general, ida, alice = market
    await start_host("shop")

    assert (await ida.slash(general, "shop buy", what="air")).content == "L'aria è gratis, ida."
    assert (await alice.slash(general, "shop buy", what="air")).content == "Air is free, alice."
    ours = await ida.slash(general, "shop break")
    assert "Qualcosa è andato storto da parte mia" in ours.content, "the host's own words come from its file"


async def test_what_everybody_sees_is_in_the_guilds_language(start_host, shop, market) -> None:
    general, _, alice = market
    await start_host("shop")

    reply = await alice.slash(general, "shop call")

    assert not reply.ephemeral
    assert reply.content == "Grazie"


async def test_a_servers_admins_choose_the_language_of_what_everybody_reads(start_host, shop, market) -> None:
    general, _, alice = market
    host = await start_host("shop")
    core = host.lifecycle.records["core"].context

    await core.configure(general.guild.id, {"language": "en-US"})
    english = await alice.slash(general, "shop call")
    await core.configure(general.guild.id, {"language": None})
    italian = await alice.slash(general, "shop call")

    assert (english.content, italian.content) == ("Thank you", "Grazie")
    with pytest.raises(InvalidRequest, match="wrong form"):
        await core.configure(general.guild.id, {"language": "Italian"})


async def test_discord_shows_commands_in_other_languages_and_names_stay(
    discord, start_host, shop, market
) -> None:
    general, ida, _ = market
    host = await start_host("shop")
    (group,) = [command for command in discord.commands() if command["name"] == "shop"]
    (buy,) = [option for option in group["options"] if option["name"] == "buy"]
    what = buy["options"][0]

    assert group["description_localizations"] == {"it": "Tutto sul negozio"}
    assert not group.get("name_localizations")
    assert buy["description_localizations"] == {"it": "Compra qualcosa"}
    assert what["description_localizations"] == {"it": "Cosa vuoi"}
    assert what["name_localizations"] == {"it": "cosa"}, "a name that has a translation of its own"
    assert what["choices"][0]["name_localizations"] == {"it": "Una lampada"}
    assert not what["choices"][1].get("name_localizations")
    help_text = await ida.slash(general, "help")
    assert "shop buy" in help_text.text

    await host.sync()
    assert host.last_sync.calls == 0, "what Discord has is what is wanted"


async def test_a_changed_translation_is_synced(start_host, shop, market, discord) -> None:
    host = await start_host("shop")
    (shop / "it.po").write_text(ITALIAN.replace("Tutto sul negozio", "Il negozio"), encoding="utf-8")

    await host.reload("shop")

    assert host.last_sync.updated == ("shop",)
    (group,) = [command for command in discord.commands() if command["name"] == "shop"]
    assert group["description_localizations"] == {"it": "Il negozio"}
    await start_host.restart(host)
    assert (
        len([one for one in discord.requests if one.method == "PUT" and one.path.endswith("/commands")]) == 2
    )


async def test_an_operator_adds_a_language_and_rewords_another(start_host, shop, market, discord) -> None:
    general, ida, alice = market
    dora = general.guild.add_member("dora", locale="de")
    own = start_host.folder / "locales" / "shop"
    own.mkdir(parents=True)
    (own / "de.po").write_text(GERMAN, encoding="utf-8")
    (own / "it.po").write_text(HEADER + '\nmsgid "Sold"\nmsgstr "Affare fatto"\n', encoding="utf-8")
    (own / "en-US.po").write_text(HEADER + '\nmsgid "Sold"\nmsgstr "Yours"\n', encoding="utf-8")
    await start_host("shop")

    assert (await dora.slash(general, "shop buy", what="lamp")).embeds[0]["description"] == "lamp\nDanke"
    italian = await ida.slash(general, "shop buy", what="lamp")
    assert italian.embeds[0]["title"] == "Affare fatto"
    assert italian.embeds[0]["footer"]["text"] == "Torna presto", "the rest is the plugin's own"
    assert (await alice.slash(general, "shop buy", what="lamp")).embeds[0]["title"] == "Yours"
    (group,) = [command for command in discord.commands() if command["name"] == "shop"]
    buy = next(option for option in group["options"] if option["name"] == "buy")
    assert buy["description_localizations"] == {"it": "Compra qualcosa", "de": "Etwas kaufen"}


async def test_a_broken_file_costs_only_what_is_broken(start_host, shop, market, discord) -> None:
    general, ida, _ = market
    broken = (
        ITALIAN.replace("L'aria è gratis, {name}.", "L'aria è gratis, {nome}.")
        .replace("Venduto", "Venduto {per")
        .replace("Compra qualcosa", "Compra qualcosa, " * 10)
        .replace('msgstr "cosa"', 'msgstr "Che Cosa"')
    )
    (shop / "it.po").write_text(broken, encoding="utf-8")
    (shop / "fr.po").write_text('msgid "Sold\nmsgstr', encoding="utf-8")
    (shop / "de.po").write_bytes(b'msgid "Sold"\nmsgstr "\xff\xfe"\n')
    (shop / "es-ES.po").write_text(
        'msgid ""\nmsgstr "Plural-Forms: plural=os.exit(1)\\n"\n', encoding="utf-8"
    )
    host = await start_host("shop")

    assert host.lifecycle.records["shop"].active
    refused = await ida.slash(general, "shop buy", what="air")
    sold = await ida.slash(general, "shop buy", what="lamp")
    assert refused.content == "Air is free, ida."
    assert sold.embeds[0]["title"] == "Sold"
    assert sold.embeds[0]["footer"]["text"] == "Torna presto"
    (group,) = [command for command in discord.commands() if command["name"] == "shop"]
    buy = next(option for option in group["options"] if option["name"] == "buy")
    assert not buy.get("description_localizations"), "too long for Discord"
    assert not buy["options"][0].get("name_localizations"), "no name that Discord takes"
    problems = "\n".join(host.languages.problems("made_shop"))
    assert "it.po" in problems and "{nome}, which the original has not" in problems
    assert "fr.po: cannot be read" in problems
    assert "de.po: is not UTF-8" in problems
    assert "es-ES.po: its header cannot be used" in problems


async def test_two_plugins_translations_do_not_mix(install, start_host, shop, market, discord) -> None:
    other = install(
        "stall",
        """
        @loader.command
        class Say(lightbulb.SlashCommand, name="say", description="Buy something"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await ctx.respond(chandelier.Messages(__package__)("Thank you"), ephemeral=True)
        """,
    )
    folder = install.site / other / "locales"
    folder.mkdir()
    (folder / "it.po").write_text(HEADER + '\nmsgid "Thank you"\nmsgstr "Tante grazie"\n', encoding="utf-8")
    general, ida, _ = market
    await start_host("shop", "stall")

    assert (await ida.slash(general, "say")).content == "Tante grazie"
    assert (await ida.slash(general, "shop buy", what="lamp")).embeds[0]["description"] == "lamp\nGrazie"
    (say,) = [command for command in discord.commands() if command["name"] == "say"]
    assert not say.get("description_localizations")


async def test_the_hosts_commands_in_italian_and_in_english(start_host, market) -> None:
    general, ida, alice = market
    await start_host()

    italian, english = await ida.slash(general, "status"), await alice.slash(general, "status")

    assert italian.embeds[0]["title"] == "Stato"
    assert [field["name"] for field in italian.embeds[0]["fields"]] == ["Attivo da", "Latenza", "Plugin"]
    assert english.embeds[0]["title"] == "Status"
    boss = general.guild.owner
    boss.locale = "it"
    listed = await boss.slash(general, "plugins list")
    assert "attivo: I comandi del bot stesso" in listed.text
    refused = await boss.slash(general, "plugins disable", name="core")
    assert "Solo il proprietario del bot" in refused.content


async def test_what_is_wrong_with_a_setting_is_told_in_italian(install, start_host, market) -> None:
    install(
        "till",
        """
        @chandelier.schema(version=1)
        class Config:
            every: int = chandelier.setting(60, help="Seconds.", ge=10, guild=True)

        @loader.command
        class Set(lightbulb.SlashCommand, name="set", description="Set it"):
            every = lightbulb.integer("every", "How often")

            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context, plugin: Made) -> None:
                await plugin.ctx.configure(ctx.guild_id, {"every": self.every})
        """,
        methods="""
        @hookimpl
        def chandelier_config_schema(self):
            return Config
        """,
    )
    general, ida, alice = market
    await start_host("till")

    italian, english = await ida.slash(general, "set", every=5), await alice.slash(general, "set", every=5)

    assert italian.content == "**every**: 5 è troppo piccolo. Valori ammessi: 10 o più."
    assert english.content == "**every**: 5 is too small. Allowed: 10 or more."


# ---- without Discord

_ = Messages("made_nothing")


@pytest.fixture
def languages(tmp_path) -> Languages:
    folder = tmp_path / "made_nothing"
    folder.mkdir()
    (folder / "es-ES.po").write_text(
        HEADER + '\nmsgid "Hello {who}"\nmsgstr "Hola {who}"\n\nmsgid "all"\nmsgstr "todos"\n',
        encoding="utf-8",
    )
    (folder / "pl.po").write_text(
        HEADER.replace(
            "nplurals=2; plural=(n != 1);",
            "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
        )
        + '\nmsgid "{n} lamp"\nmsgid_plural "{n} lamps"\n'
        'msgstr[0] "{n} lampa"\nmsgstr[1] "{n} lampy"\nmsgstr[2] "{n} lamp"\n',
        encoding="utf-8",
    )
    return Languages(tmp_path)


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("es-ES", "Hola todos"),
        ("es-419", "Hola todos"),
        ("en-GB", "Hello all"),
        ("xx", "Hello all"),
        (None, "Hello all"),
    ],
)
def test_a_reader_gets_the_nearest_language(languages, locale, said) -> None:
    assert languages.into(locale, _("Hello {who}", who=_("all"))) == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "1 lampa"), (3, "3 lampy"), (5, "5 lamp"), (22, "22 lampy")]
)
def test_plural_forms_are_those_of_the_files_header(languages, number, said) -> None:
    assert languages.into("pl", _.count("{n} lamp", "{n} lamps", number)) == said


def test_two_things_cannot_get_the_same_name(tmp_path) -> None:
    folder = tmp_path / "made_nothing"
    folder.mkdir()
    entries = [
        f'msgctxt "name"\nmsgid "{name}"\nmsgstr "{said}"\n' for name, said in [("a", "x"), ("b", "x")]
    ]
    (folder / "it.po").write_text("\n".join([HEADER, *entries]), encoding="utf-8")
    languages = Languages(tmp_path)

    assert languages.into("it", _.name("a")) == "x"
    assert languages.into("it", _.name("b")) == "b"
    assert "'x' is the name of 'a' already" in languages.problems("made_nothing")[0]


def test_what_people_wrote_is_never_translated_nor_formatted(languages) -> None:
    assert languages.into("es-ES", "all") == "all"
    assert languages.into("es-ES", _("Hello {who}", who="{who} {0.__class__}")) == "Hola {who} {0.__class__}"


def test_a_message_that_was_stored_is_still_one(languages) -> None:
    stored = _.keep(_("Hello {who}", who=_("all")))
    counted = _.keep(_.count("{n} lamp", "{n} lamps", 3))

    assert languages.into("es-ES", _.recall(stored)) == "Hola todos"
    assert _.recall(stored) == "Hello all"
    assert languages.into("pl", _.recall(counted)) == "3 lampy"
    assert _.recall(_.keep("as somebody wrote it")) == "as somebody wrote it"
    assert _.recall('{"msgid": 3') == '{"msgid": 3'


def test_a_translation_that_is_too_long_is_cut_to_what_discord_takes(tmp_path) -> None:
    folder = tmp_path / "made_nothing"
    folder.mkdir()
    (folder / "it.po").write_text(HEADER + f'\nmsgid "short"\nmsgstr "{"lungo " * 900}"\n', encoding="utf-8")
    embed = hikari.Embed(title=_("short"), description=_("short")).add_field(_("short"), _("short"))

    said = Languages(tmp_path).into("it", embed)

    assert len(said.title or "") == 256
    assert len(said.description or "") == 4096
    assert (len(said.fields[0].name), len(said.fields[0].value)) == (256, 1024)
    assert embed.title == "short", "the embed itself stays as it is"


async def test_a_persons_language_comes_before_their_guilds(languages) -> None:
    async def of_guild(guild_id: int, said: str | None) -> str:
        return "de"

    languages.of_guild = of_guild
    languages.heard(7, "it")

    assert await languages.language(1, 7) == "it"
    assert await languages.language(1, 8) == "de"
    languages.forget_person(7)
    assert await languages.language(1, 7) == "de"

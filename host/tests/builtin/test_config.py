"""`/config` in full: what is shown, chosen, typed and corrected, taken back, and lost to nobody."""

from __future__ import annotations

import asyncio

import pytest

GARDEN = """
from typing import Literal

@chandelier.schema
class Water:
    liters: float = chandelier.setting(1.5, help="How much.", guild=True, ge=0, le=10)

@chandelier.schema(version=1)
class Config:
    log: int | None = chandelier.setting(None, help="Where it is told.", guild=True, kind="channel")
    beds: tuple[int, ...] = chandelier.setting((), help="Which.", guild=True, kind="channel", max_length=3)
    gardeners: tuple[int, ...] = chandelier.setting((), help="Who gardens.", guild=True, kind="role")
    open: bool = chandelier.setting(True, help="Whether the gate is open.", guild=True)
    season: Literal["spring", "summer"] = chandelier.setting("spring", help="Which season.", guild=True)
    pause: int = chandelier.setting(3600, help="Between waterings.", guild=True, ge=60, unit="seconds")
    plants: tuple[str, ...] = chandelier.setting((), help="What grows.", guild=True, max_length=2000)
    motto: str = chandelier.setting("grow", help="A motto.", guild=True, min_length=2, max_length=40)
    rows: int = chandelier.setting(4, help="How many rows.", guild=True, ge=1, le=9)
    water: Water = chandelier.setting(factory=Water, help="Watering.")
    key: chandelier.Secret | None = chandelier.setting(None, help="The key of the shed.")
    depth: int = chandelier.setting(3, help="Only the operator's.")

CHANGES = []
"""
METHODS = """
@hookimpl
def chandelier_config_schema(self):
    return Config

@hookimpl
def chandelier_config_changed(self, old, new, guild_id):
    CHANGES.append((old, new))
"""


class Garden:
    def __init__(self, discord) -> None:
        self.guild = discord.create_guild("Garden", owner="olivia")
        self.general = self.guild.create_text_channel("general")
        self.log = self.guild.create_text_channel("garden-log")
        admins = self.guild.create_role("Admins", permissions=["manage_guild"])
        self.gardeners = self.guild.create_role("Gardeners")
        self.mod = self.guild.add_member("mod", roles=[admins])
        self.may = self.guild.add_member("may", roles=[admins])
        self.alice = self.guild.add_member("alice")
        self.host = None

    async def config(self):
        return await self.host.lifecycle.records["garden"].context.config_for(int(self.guild.id))

    async def do(self, name: str, who=None, **options: object):
        return await (who or self.mod).slash(self.general, f"config {name}", **options)

    async def set(self, setting: str, value: str, who=None):
        return await self.do("set", who, plugin="garden", setting=setting, value=value)

    async def suggest(self, option: str, typed: str, **before: object) -> dict[str, object]:
        command = "config undo" if option == "change" else "config set"
        choices = await self.mod.autocomplete(self.general, command, option, typed, **before)
        return {choice["name"]: choice["value"] for choice in choices}


@pytest.fixture
async def garden(discord, start_host, install) -> Garden:
    install("garden", GARDEN, methods=METHODS)
    made = Garden(discord)
    made.host = await start_host(
        "garden",
        config={"garden": {"season": "summer"}},
        environ={
            "CHANDELIER_PLUGINS__GARDEN__ROWS": "5",
            "CHANDELIER_PLUGINS__GARDEN__KEY": "hunter2hunter2",
        },
    )
    return made


def fields(reply) -> dict[str, str]:
    return {field["name"]: field["value"] for embed in reply.embeds for field in embed["fields"]}


def inputs(reply) -> dict[str, dict[str, object]]:
    """The text inputs of a form by their labels."""
    return {row["components"][0]["label"]: row["components"][0] for row in reply.modal["components"]}


def filled(form, **texts: str) -> dict[str, str]:
    return {inputs(form)[label]["custom_id"]: text for label, text in texts.items()}


def menu(reply) -> str:
    """The custom id of the only menu of a message."""
    [found] = [
        part["custom_id"] for row in reply.components for part in row["components"] if part["type"] != 2
    ]
    return found


async def test_values_are_shown_in_words_with_the_layer_they_come_from(garden) -> None:
    await garden.set("log", garden.log.mention)
    await garden.set("plants", "rose, lily, `fern`")
    await garden.set("gardeners", "Gardeners")

    first = await garden.do("show", plugin="garden")
    shown, text = fields(first), first.text
    second = await garden.mod.press(first, label="▶")

    assert shown["log"] == f"{garden.log.mention} (this server)\nWhere it is told."
    assert shown["beds"].startswith("none (default)")
    assert shown["gardeners"].startswith(f"{garden.gardeners.mention} (this server)")
    assert shown["open"].startswith("yes (default)")
    assert shown["season"].startswith("`summer` (the bot's config.toml)")
    assert shown["pause"].startswith("one hour (default)")
    assert shown["plants"].startswith("`rose`, `lily`, `` `fern` `` (this server)")
    shown = fields(second)
    assert shown["rows"].startswith("`5` (the bot's environment)")
    assert shown["water.liters"].startswith("`1.5` (default)")
    assert shown["key 🔒"].startswith("a secret (the bot's environment)")
    assert "hunter2" not in text + second.text
    assert "Page 2 of 2" in second.text and first.ephemeral
    again = await garden.mod.press(second, label="◀")
    assert "log" in fields(again)


async def test_what_is_typed_may_be_words_names_and_durations(garden) -> None:
    for setting, typed, value in [
        ("pause", "2h 30m", 9000),
        ("pause", "90 minutes", 5400),
        ("open", "No", False),
        ("season", "SPRING", "spring"),
        ("log", "#garden-log", garden.log.id),
        ("log", "general", garden.general.id),
        ("beds", f"{garden.log.mention}, general", (garden.log.id, garden.general.id)),
        ("gardeners", "@gardeners", (garden.gardeners.id,)),
    ]:
        reply = await garden.set(setting, typed)
        assert "is now" in reply.text, reply.text
        assert getattr(await garden.config(), setting) == value

    unknown = await garden.set("log", "garden-lg")
    assert "There is no channel “garden-lg” here. Did you mean garden-log?" in unknown.text
    assert "There is no role “owls” here." in (await garden.set("gardeners", "owls")).text
    assert "90000 is no role of this server" in (await garden.set("gardeners", "90000")).text
    long = await garden.set("log", "x" * 5000)
    assert len(long.text) < 300 and "Mention it, as in #general." in long.text


async def test_values_are_suggested_by_their_names(garden) -> None:
    suggest = garden.suggest

    assert await suggest("value", "", plugin="garden", setting="open") == {"yes": "yes", "no": "no"}
    assert (await suggest("value", "su", plugin="garden", setting="season")) == {"summer": "summer"}
    assert (await suggest("value", "", plugin="garden", setting="season"))["as it is now: summer"] == "summer"
    assert await suggest("value", "log", plugin="garden", setting="log") == {
        "#garden-log": str(garden.log.id)
    }
    several = await suggest("value", f"{garden.log.id}, gen", plugin="garden", setting="beds")
    assert several == {"#garden-log, #general": f"{garden.log.id}, {garden.general.id}"}
    assert await suggest("value", "x", plugin="garden", setting="motto") == {}
    assert await suggest("value", "x", plugin="nothing", setting="motto") == {}


async def test_a_setting_is_chosen_with_the_control_that_fits_it(garden) -> None:
    mod = garden.mod
    shown = await garden.do("show", plugin="garden")
    [options] = [
        part["options"] for row in shown.components for part in row["components"] if part["type"] == 3
    ]
    keys = {option["label"]: option["value"] for option in options}

    view = await mod.choose(shown, [keys["log"]], custom_id=menu(shown))
    view = await mod.choose(view, [garden.log], custom_id=menu(view))
    assert f"{garden.log.mention} (this server)" in view.text and "✅" in view.text
    view = await mod.press(view, label="Back to the bot's own value")
    assert "not set (default)" in view.text
    shown = await mod.press(view, label="All settings")
    assert "Settings of garden" in shown.text

    view = await mod.press(await garden.do("edit", plugin="garden", setting="open"), label="No")
    assert "no (this server)" in view.text
    view = await garden.do("edit", plugin="garden", setting="season")
    [spring] = [
        option["value"]
        for row in view.components
        for part in row["components"]
        for option in part.get("options", ())
        if option["label"] == "spring"
    ]
    await mod.choose(view, [spring], custom_id=menu(view))
    view = await garden.do("edit", plugin="garden", setting="gardeners")
    await mod.choose(view, [garden.gardeners], custom_id=menu(view))

    config = await garden.config()
    assert (config.log, config.open, config.season) == (None, False, "spring")
    assert config.gardeners == (garden.gardeners.id,)


async def test_a_form_has_every_problem_at_once_and_keeps_what_was_typed(garden) -> None:
    shown = await garden.do("show", plugin="garden")
    form = await garden.mod.press(shown, label="Fill in a form")
    assert list(inputs(form)) == ["pause", "plants", "motto", "rows", "water.liters"]
    assert inputs(form)["pause"]["value"] == "1h" and inputs(form)["rows"]["value"] == "5"

    typed = {"pause": "soon", "plants": "rose\nlily, white", "motto": "x", "rows": "50"}
    wrong = await garden.mod.submit(form, filled(form, **typed))

    assert wrong.ephemeral
    assert (
        '**pause**: "soon" is not a whole number. Allowed: a whole number of seconds, 60 or more.'
        in wrong.text
    )
    assert "**motto**: " in wrong.text and "**rows**: 50 is too large. Allowed: 1 to 9." in wrong.text
    assert (await garden.config()).plants == ()
    form = await garden.mod.press(wrong, label="Correct it …")
    assert {label: inputs(form)[label]["value"] for label in typed} == typed

    done = await garden.mod.submit(form, filled(form, pause="1d 12h", motto="", rows="7"))

    assert "**pause**: one hour → one day 12 hours" in done.text
    config = await garden.config()
    assert (config.pause, config.plants) == (129600, ("rose", "lily, white"))
    assert (config.motto, config.rows) == ("grow", 7)
    again = await garden.mod.press(
        await garden.do("edit", plugin="garden", setting="plants"), label="Type it …"
    )
    assert inputs(again)["plants"]["value"] == "rose\nlily, white"
    assert "Nothing was changed" in (await garden.mod.submit(again, {})).text


async def test_a_refused_value_of_a_command_can_be_corrected_in_a_form(garden, start_host) -> None:
    wrong = await garden.set("motto", "x")
    form = await garden.mod.press(wrong, label="Correct it …")
    assert inputs(form)["motto"]["value"] == "x"
    await garden.mod.submit(form, filled(form, motto="grow slowly"))
    assert (await garden.config()).motto == "grow slowly"

    garden.host = await start_host.restart(garden.host)
    late = await garden.mod.press(wrong, label="Correct it …")
    assert "Use `/config edit` to start again" in late.text


async def test_two_admins_at_once_lose_nothing(garden) -> None:
    mod, may = garden.mod, garden.may
    await asyncio.gather(
        *(
            garden.host.lifecycle.records["garden"].context.configure(int(garden.guild.id), {name: value})
            for name, value in (("rows", 2), ("motto", "both"), ("open", False))
        )
    )
    config = await garden.config()
    assert (config.rows, config.motto, config.open) == (2, "both", False)

    mods, mays = [await garden.do("edit", who, plugin="garden", setting="open") for who in (mod, may)]
    await may.press(mays, label="Yes")
    stale = await mod.press(mods, label="No")
    assert "Somebody else changed this meanwhile" in stale.text and "yes (this server)" in stale.text
    assert (await garden.config()).open is True

    form = await mod.press(await garden.do("show", plugin="garden"), label="Fill in a form")
    await garden.set("rows", "9", may)
    refused = await mod.submit(form, filled(form, rows="3", motto="mine"))
    assert "Somebody else changed these settings meanwhile" in refused.text
    form = await mod.press(refused, label="Correct it …")
    assert (inputs(form)["rows"]["value"], inputs(form)["motto"]["value"]) == ("3", "mine")
    await mod.submit(form, {})
    assert ((await garden.config()).rows, (await garden.config()).motto) == (3, "mine")


async def test_a_change_is_taken_back_after_a_look_and_the_undo_too(garden) -> None:
    mod, may = garden.mod, garden.may
    assert "Nothing was changed here" in (await garden.do("undo")).text
    await garden.set("rows", "2")
    await garden.set("motto", "grow slowly")
    await garden.set("rows", "3", may)

    look = await garden.do("undo")
    assert "Take back change 3?" in look.text and may.mention in look.text
    assert fields(look) == {"rows": "`3` → `2`"}
    assert (await garden.config()).rows == 3
    assert "Nothing was changed" in (await mod.press(look, label="Leave it")).text
    look = await garden.do("undo")
    done = await mod.press(look, label="Take it back")
    assert (await garden.config()).rows == 2
    redone = await mod.press(done, label="Undo the undo")
    assert "Taken back" in redone.text and (await garden.config()).rows == 3

    suggested = await garden.suggest("change", "motto")
    [(line, number)] = suggested.items()
    assert line.startswith("2: garden.motto (2026-01-01")
    look = await garden.do("undo", change=number)
    assert fields(look) == {"motto": "`grow slowly` → the bot's own value"}
    await mod.press(look, label="Take it back")
    assert (await garden.config()).motto == "grow"

    listed = fields(await garden.do("history"))
    assert "**rows**: `2` → `3`" in listed["3 · garden"] and may.mention in listed["3 · garden"]
    assert "Taken back by change 6." in listed["2 · garden"]
    assert "by <@" in listed["1 · garden"] and "the bot's own value → `2`" in listed["1 · garden"]


async def test_an_undo_that_no_longer_fits_is_refused_with_what_to_do(garden, install, start_host) -> None:
    mod = garden.mod
    await garden.set("rows", "2")
    await garden.set("rows", "3")
    look = await garden.do("undo", change="1")
    assert "**rows** was changed again since" in (await mod.press(look, label="Take it back")).text
    assert "There is no change 99" in (await garden.do("undo", change="99")).text
    assert "is no change" in (await garden.do("undo", change="rows")).text
    look = await garden.do("undo")
    await mod.press(await garden.do("undo"), label="Take it back")
    assert "taken back already" in (await mod.press(look, label="Take it back")).text
    look = await garden.do("undo")
    assert (await garden.config()).rows == 2

    newer = GARDEN.replace("version=1", "version=2").replace("le=9", "le=8")
    methods = METHODS + (
        "\n@hookimpl\ndef chandelier_config_migrations(self):\n"
        "    def less(section):\n        section.pop('rows', None)\n"
        "    return [chandelier.ConfigMigration(2, upgrade=less, downgrade=less)]\n"
    )
    await start_host.stop(garden.host)
    install("garden", newer, methods=methods, version="2.0")
    import sys

    del sys.modules["made_garden"]
    garden.host = await start_host("garden", config={})
    refused = await mod.press(look, label="Take it back")
    assert "The plugin garden was updated since" in refused.text
    assert (await garden.config()).rows == 4


async def test_only_those_who_may_change_settings_change_them(garden) -> None:
    shown = await garden.do("edit", plugin="garden", setting="open")
    garden.mod.set_roles([])

    refused = await garden.mod.press(shown, label="No")

    assert "Manage Guild" in refused.text
    assert (await garden.config()).open is True


async def test_who_reads_italian_finds_a_misspelt_setting_and_what_it_is_for(garden) -> None:
    garden.mod.locale = "it"

    meant = await garden.do("edit", plugin="core", setting="langage")
    assert meant.text == (
        "core non ha un'impostazione “langage” che un server possa cambiare. Intendevi language? "
        "Ci sono: language."
    )
    shown = await garden.do("show", plugin="core")
    assert "La lingua di ciò che tutti leggono" in fields(shown)["language"]
    [option] = [option for row in shown.components for option in row["components"][0].get("options", ())]
    assert option["description"].startswith("La lingua di ciò") and option["description"].endswith("…")
    assert "La lingua di ciò" in (await garden.do("edit", plugin="core", setting="language")).text

    await garden.set("plants", "rose, lily")
    await garden.set("open", "no")
    await garden.host.disable("garden")
    past = (await garden.do("history")).text
    assert "`rose`, `lily`" in past and "['rose'" not in past and "→ no" in past
    off = await garden.do("show", plugin="garden")
    assert "Al momento garden non è attivo" in off.text

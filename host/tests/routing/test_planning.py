"""The plan for Discord's list of commands: whatever plugins ask for, what is left is what Discord takes."""

from __future__ import annotations

import random
from collections import Counter

import hikari
import lightbulb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chandelier.routing.planning import GLOBAL, Wanted, fingerprint, make_plan, wanted_by
from chandelier.routing.rules import MOST, faults
from loopcord.rules import commands as discords
from loopcord.rules.forms import Form

FACTORY = hikari.impl.EntityFactoryImpl(None)  # type: ignore[arg-type] - building asks no application
GUILD_INSTALL = [hikari.ApplicationIntegrationType.GUILD_INSTALL]


def slash(name: str, description: str = "Does it", *options: hikari.CommandOption, **texts) -> Wanted:
    builder = hikari.impl.SlashCommandBuilder(name=name, description=description, options=list(options))
    builder.set_name_localizations(texts.get("names", {}))
    builder.set_description_localizations(texts.get("descriptions", {}))
    return wanted(builder, owner=texts.get("owner", "shop"), scopes=texts.get("scopes", {GLOBAL}))


def wanted(builder, *, owner: str = "shop", scopes=frozenset({GLOBAL})) -> Wanted:
    kind = builder.type.name.lower()
    return Wanted(owner, kind, builder.name, frozenset(scopes), object(), builder)


def menu(name: str, kind: str, owner: str = "shop") -> Wanted:
    return wanted(
        hikari.impl.ContextMenuCommandBuilder(type=hikari.CommandType[kind.upper()], name=name), owner=owner
    )


def option(name: str = "what", description: str = "Which one", **more) -> hikari.CommandOption:
    more.setdefault("type", hikari.OptionType.STRING)
    return hikari.CommandOption(name=name, description=description, **more)


def choice(name: str, value) -> hikari.CommandChoice:
    return hikari.CommandChoice(name=name, value=value)


def sub(name: str, *options: hikari.CommandOption, kind=hikari.OptionType.SUB_COMMAND):
    return option(name, type=kind, options=list(options))


GROUP = hikari.OptionType.SUB_COMMAND_GROUP
DEEP = sub("a", sub("b", sub("c"), kind=GROUP), kind=GROUP)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (slash("Ban"), "its name 'Ban' must be in lower case"),
        (slash("ban him"), "no spaces"),
        (slash("x" * 33), "33 characters; Discord takes 32"),
        (slash(""), "its name is empty"),
        (slash("ban", " "), "its description is empty"),
        (slash("ban", "x" * 101), "101 characters; Discord takes 100"),
        (slash("ban", names={"it": "Bandire"}), "its name in it 'Bandire' must be in lower case"),
        (slash("ban", descriptions={"xx": "Was"}), "'xx', a language that Discord does not have"),
        (slash("ban", "Bans", option("a"), option("a")), "option 'a' is there twice"),
        (slash("ban", "Bans", option("a"), option("b", is_required=True)), "required and comes after 'a'"),
        (slash("ban", "Bans", *(option(f"o{n}") for n in range(26))), "26 options"),
        (slash("ban", "Bans", option(choices=[choice(str(n), "x") for n in range(26)])), "26 choices"),
        (slash("ban", "Bans", option(choices=[choice("a", "x")], autocomplete=True)), "one of them"),
        (slash("ban", "Bans", option(choices=[choice("a", 1)])), "the value 1, which is no text"),
        (
            slash("ban", "Bans", option(type=hikari.OptionType.INTEGER, choices=[choice("a", 2**53)])),
            "2 to the power of 53",
        ),
        (slash("ban", "Bans", option(min_length=6001)), "limits the length to 6001"),
        (slash("ban", "Bans", sub("add"), option()), "Discord takes either"),
        (slash("ban", "Bans", DEEP), "does not belong there"),
        (slash("ban", "Bans", sub("a", option("B"))), "the name of subcommand 'a': option 'B'"),
        (
            slash(
                "ban",
                "Bans",
                *(sub(f"s{n}", *(option(f"o{m}", "x" * 90) for m in range(10))) for n in range(9)),
            ),
            "characters together; Discord takes 8000",
        ),
        (menu("x" * 33, "user"), "33 characters"),
    ],
)
def test_what_discord_would_refuse_is_left_out_with_the_reason(command: Wanted, words: str) -> None:
    good = slash("good")

    plan = make_plan([command, good])

    assert plan.scopes == {GLOBAL: (good,)}
    [left] = plan.left_out
    assert words in left.reason and left.owner == "shop"


def test_unusual_names_that_discord_takes_are_taken() -> None:
    usual = [slash("élan"), slash("गपशप"), slash("ไทย"), slash("l'eau-2_3"), slash("漢字")]
    mixed = [menu("Report This!", "message"), menu("Report This!", "user")]

    assert make_plan([*usual, *mixed]).left_out == ()


def test_a_name_belongs_to_the_first_plugin_and_always_to_the_host() -> None:
    """Names are unique by kind and scope, so a menu or another guild's command is no collision."""
    ask = [
        slash("status", owner="aaa"),
        slash("status", owner="core"),
        slash("warn", owner="zeal"),
        slash("warn", owner="moderation"),
        menu("warn", "user", owner="zeal"),
        slash("warn", owner="zeal", scopes={7}),
        slash("twin", owner="zeal"),
        slash("twin", owner="zeal"),
    ]

    plan = make_plan(ask)

    assert [str(left) for left in plan.left_out] == [
        "/status is left out: plugin core already provides it; disable one of the two",
        "/warn is left out: plugin moderation already provides it; disable one of the two",
        "/twin is left out: the plugin declares it twice",
    ]
    assert plan.by_owner().keys() == {"aaa", "zeal"}


def test_a_plugin_with_two_hundred_commands_leaves_the_others_theirs() -> None:
    """Red #5672: at the limit of commands nothing may be lost."""
    greedy = [slash(f"g{number}", owner="aaa") for number in range(200)]
    modest = [slash(f"m{number}", owner="moderation") for number in range(8)]
    own = [slash(f"c{number}", owner="core") for number in range(6)]

    plan = make_plan([*greedy, *modest, *own])

    kept = Counter(each.owner for each in plan.scopes[GLOBAL])
    assert kept == {"aaa": 86, "moderation": 8, "core": 6}
    assert [each.name for each in plan.scopes[GLOBAL] if each.owner == "aaa"] == [
        f"g{number}" for number in range(86)
    ]
    assert "takes 100 slash commands and the plugins ask for 214 (most of them aaa: 200)" in str(
        plan.left_out[0]
    )


async def test_a_command_that_cannot_be_built_is_left_out_with_what_it_raised() -> None:
    class Broken(lightbulb.SlashCommand, name="shop.name", description="shop.text", localize=True):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None: ...

    def lost(key):
        raise KeyError(key)

    found = [
        await wanted_by("shop", Broken, {GLOBAL}, hikari.Locale.EN_US, lost),
        await wanted_by("shop", lightbulb.Group("empty", "Nothing"), {GLOBAL}, hikari.Locale.EN_US, lost),
    ]

    plan = make_plan([*found, slash("good")])

    assert [left.reason for left in plan.left_out] == [
        "it cannot be built: KeyError: 'shop.name'",
        "it is a group without subcommands",
    ]
    assert [each.name for each in plan.scopes[GLOBAL]] == ["good"]


@pytest.mark.parametrize(
    "change",
    [
        {"description": "Other"},
        {"default_member_permissions": hikari.Permissions.KICK_MEMBERS},
        {"is_nsfw": True},
        {"name_localizations": {"it": "ciao"}},
        {"description_localizations": {"it": "Saluta"}},
        {"integration_types": [hikari.ApplicationIntegrationType.USER_INSTALL]},
        {"context_types": [hikari.ApplicationContextType.GUILD]},
        {
            "options": [
                option(choices=[hikari.CommandChoice(name="a", value="x", name_localizations={"it": "b"})])
            ]
        },
        {"options": [option(choices=[choice("a", "x")], description_localizations={"it": "b"})]},
        {"options": [option(choices=[choice("a", "x")], channel_types=[0])]},
    ],
)
def test_every_difference_that_a_member_could_notice_is_a_difference(change) -> None:
    plain = {"name": "hello", "description": "Greets", "options": [option(choices=[choice("a", "x")])]}
    before = hikari.impl.SlashCommandBuilder(**plain)
    after = hikari.impl.SlashCommandBuilder(**{**plain, **change})

    assert fingerprint(before, GLOBAL, GUILD_INSTALL) != fingerprint(after, GLOBAL, GUILD_INSTALL)
    assert fingerprint(before, GLOBAL, GUILD_INSTALL) == fingerprint(
        hikari.impl.SlashCommandBuilder(**plain, integration_types=GUILD_INSTALL), GLOBAL, GUILD_INSTALL
    )


# ---- whatever plugins ask for

NAMES = st.one_of(
    st.sampled_from(["a", "b", "warn", "Warn", "", "two words", "x" * 32, "x" * 33, "né", "ไทย"]),
    st.text(max_size=34),
)
TEXTS = st.one_of(st.sampled_from(["Does it", "", " ", "x" * 100, "x" * 101]), st.text(max_size=104))
LOCALES = st.dictionaries(st.sampled_from(["it", "de"]), NAMES, max_size=1)
LEAVES = st.builds(
    lambda name, text, kind, required, choices, complete, names: hikari.CommandOption(
        type=kind,
        name=name,
        description=text,
        is_required=required,
        choices=choices or None,
        autocomplete=complete,
        name_localizations=names,
    ),
    NAMES,
    TEXTS,
    st.sampled_from([hikari.OptionType.STRING, hikari.OptionType.INTEGER, hikari.OptionType.USER]),
    st.booleans(),
    st.lists(st.builds(choice, TEXTS, st.one_of(st.integers(), TEXTS)), max_size=2),
    st.booleans(),
    LOCALES,
)
SUBS = st.builds(lambda name, inner: sub(name, *inner), NAMES, st.lists(LEAVES, max_size=2))
OPTIONS = st.one_of(
    st.lists(LEAVES, max_size=3),
    st.lists(SUBS, max_size=3),
    st.lists(st.one_of(SUBS, LEAVES), max_size=2),
)
OWNERS = st.sampled_from(["core", "aaa", "shop", "zeal"])
COMMANDS = st.one_of(
    st.builds(
        lambda name, text, options, owner, names: slash(name, text, *options, owner=owner, names=names),
        NAMES,
        TEXTS,
        OPTIONS,
        OWNERS,
        LOCALES,
    ),
    st.builds(lambda number, owner: slash(f"c{number}", owner=owner), st.integers(0, 150), OWNERS),
    st.builds(menu, NAMES, st.sampled_from(["user", "message"]), OWNERS),
)


def refused_by_discord(commands: list[Wanted]) -> bool:
    form = Form()
    discords.check_commands([command.builder.build(FACTORY) for command in commands], form)
    return form.count > 0


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(COMMANDS, max_size=12), st.integers(0, 130), st.randoms(use_true_random=False))
def test_what_is_planned_is_what_discord_takes_and_nothing_good_is_lost(
    asked: list[Wanted], many: int, chance: random.Random
) -> None:
    asked = [*asked, *(slash(f"n{number}", owner="aaa") for number in range(many))]

    plan = make_plan(asked)

    kept = list(plan.scopes.get(GLOBAL, ()))
    assert not refused_by_discord(kept)
    counts = Counter(each.kind for each in kept)
    assert all(counts[kind] <= most for kind, most in MOST.items())
    assert len(kept) + len(plan.left_out) == len(asked)
    keys = {each.key for each in kept}
    for command in asked:
        if command not in kept and command.key not in keys and counts[command.kind] < MOST[command.kind]:
            assert faults(command.builder), "it is left out although there was room and nobody has its name"
    served = {each.owner for each in kept if each.kind == "slash"}
    for owner in {each.owner for each in asked if each.kind == "slash" and not faults(each.builder)}:
        alone = [each for each in asked if each.owner == owner and not faults(each.builder)]
        if owner not in served:
            assert all(each.key in keys for each in alone if each.kind == "slash"), "it got no turn"

    by_owner = {each.owner: [other for other in asked if other.owner == each.owner] for each in asked}
    shuffled = list(by_owner.values())
    chance.shuffle(shuffled)
    again = make_plan([each for commands in shuffled for each in commands])
    assert again.scopes.get(GLOBAL, ()) == tuple(kept)


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(COMMANDS)
def test_a_command_is_left_out_only_for_what_discord_refuses(command: Wanted) -> None:
    stricter = any(
        word in fault
        for fault in faults(command.builder)
        for word in ("is empty", "group without", "no whole number")
    )
    if not stricter:  # the local Discord trims no texts and lets some values pass
        assert bool(faults(command.builder)) == refused_by_discord([command])

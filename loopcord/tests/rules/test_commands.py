"""Application commands: what may be registered, and how Discord says what may not."""

from __future__ import annotations

from typing import Any

import pytest


def _command(name: str = "lamp", **changes: Any) -> dict[str, Any]:
    return {"name": name, "description": "A lamp", **changes}


def _option(name: str = "colour", kind: int = 3, **changes: Any) -> dict[str, Any]:
    return {"name": name, "description": "Which", "type": kind, **changes}


def _choices(count: int) -> list[dict[str, Any]]:
    return [{"name": f"{n}", "value": f"{n}"} for n in range(count)]


@pytest.fixture
def commands(market) -> str:
    return f"/applications/{market.discord.bot.id}/commands"


@pytest.mark.parametrize(
    ("command", "problem"),
    [
        ({"description": "A lamp"}, {"name": ["BASE_TYPE_REQUIRED"]}),
        ({"name": "lamp"}, {"description": ["BASE_TYPE_REQUIRED"]}),
        (_command("Lamp"), {"name": ["APPLICATION_COMMAND_INVALID_NAME"]}),
        (
            _command("a lamp"),
            {"name": ["STRING_TYPE_REGEX", "APPLICATION_COMMAND_INVALID_NAME"]},
        ),
        (_command("x" * 33), {"name": ["BASE_TYPE_BAD_LENGTH"]}),
        (_command(description="x" * 101), {"description": ["BASE_TYPE_BAD_LENGTH"]}),
        (_command(type=7), {"type": ["BASE_TYPE_CHOICES"]}),
        (
            _command(name_localizations={"de": "Lampe"}),
            {"name_localizations.de": ["APPLICATION_COMMAND_INVALID_NAME"]},
        ),
        (
            _command(type=2, options=[_option()]),
            {
                "description": ["APPLICATION_COMMAND_CONTEXT_MENU_DESCRIPTION_NOT_ALLOWED"],
                "options": ["APPLICATION_COMMAND_CONTEXT_MENU_OPTIONS_NOT_ALLOWED"],
            },
        ),
        (
            _command(options=[_option(f"o{n}") for n in range(26)]),
            {"options": ["BASE_TYPE_MAX_LENGTH"]},
        ),
        (
            _command(options=[_option("a"), _option("b", required=True), _option("c", required=True)]),
            {
                "options.1": ["APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"],
                "options.2": ["APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID"],
            },
        ),
        (
            _command(options=[_option(), _option()]),
            {"options.1": ["APPLICATION_COMMAND_OPTIONS_NAME_INVALID"]},
        ),
        (
            _command(options=[_option("buy", 1), _option()]),
            {"options": ["APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"]},
        ),
        (_command(options=[_option(kind=99)]), {"options.0": ["UNION_TYPE_CHOICES"]}),
        (
            _command(options=[{"name": "colour", "description": "Which"}]),
            {"options.0": ["UNION_TYPE_CHOICES"]},
        ),
        (
            _command(options=[_option("buy", 1, options=[_option("more", 1)])]),
            {"options.0.options.0": ["UNION_TYPE_CHOICES"]},
        ),
        (
            _command(options=[_option(choices=_choices(26))]),
            {"options.0.choices": ["BASE_TYPE_MAX_LENGTH"]},
        ),
        (
            _command(options=[_option(choices=[{"name": "x" * 101, "value": "y" * 101}])]),
            {
                "options.0.choices.0.name": ["BASE_TYPE_BAD_LENGTH"],
                "options.0.choices.0.value": ["BASE_TYPE_MAX_LENGTH"],
            },
        ),
        (
            _command(options=[_option(kind=4, choices=[{"name": "one", "value": "one"}])]),
            {"options.0.choices.0.value": ["NUMBER_TYPE_COERCE"]},
        ),
        (
            _command(options=[_option(max_length=6_001, min_length=-1)]),
            {
                "options.0.max_length": ["NUMBER_TYPE_MAX"],
                "options.0.min_length": ["NUMBER_TYPE_MIN"],
            },
        ),
        (
            _command(
                options=[_option(f"o{n}", description="x" * 100, choices=_choices(25)) for n in range(25)]
                + []
            ),
            None,
        ),
    ],
)
async def test_a_command_out_of_bounds(
    api, commands: str, command: dict[str, Any], problem: dict[str, list[str]] | None
) -> None:
    """https://discord.com/developers/docs/interactions/application-commands#application-command-object"""
    alone = await api("POST", commands, command)
    bulk = await api("PUT", commands, [_command("other"), command])

    if problem is None:
        assert (alone.status, bulk.status) == (200, 200)
        return
    assert alone.errors == problem
    assert bulk.errors == {f"1.{path}": codes for path, codes in problem.items()}


async def test_a_command_too_large_as_a_whole(api, commands: str) -> None:
    """https://discord.com/developers/docs/reference#error-messages: the example of a request error"""
    choices = [{"name": f"{n:100}", "value": f"{n:100}"} for n in range(25)]
    large = _command(options=[_option(f"o{n}", choices=choices) for n in range(2)])

    answer = await api("POST", commands, large)

    assert answer.json["errors"] == {
        "_errors": [
            {"code": "APPLICATION_COMMAND_TOO_LARGE", "message": "Command exceeds maximum size (8000)"}
        ]
    }


async def test_names_are_unique_by_type(api, commands: str) -> None:
    """https://discord.com/developers/docs/interactions/application-commands#registering-a-command"""
    same = await api("PUT", commands, [_command(), _command()])
    menu = await api("PUT", commands, [_command(), {"name": "lamp", "type": 2}])

    assert same.errors == {"1": ["APPLICATION_COMMANDS_DUPLICATE_NAME"]}
    assert menu.status == 200


async def test_a_hundred_commands_in_each_scope(market, api, commands: str) -> None:
    """https://discord.com/developers/docs/interactions/application-commands#registering-a-command"""
    hundred = [_command(f"lamp{n}") for n in range(100)]

    assert (await api("PUT", commands, hundred)).status == 200
    assert (await api("POST", commands, _command("one-more"))).code == (400, 30032)
    assert (await api("POST", commands, _command("lamp7", description="Changed"))).status == 200
    assert (await api("PUT", commands, [*hundred, _command("one-more")])).code == (400, 30032)
    menus = [{"name": f"Menu {n}", "type": 3} for n in range(16)]
    assert (await api("PUT", commands, menus)).code == (400, 30032)
    in_guild = commands.replace("/commands", f"{market.path}/commands")
    assert (await api("POST", in_guild, _command("one-more"))).status == 200
    assert len(market.discord.commands()) == 100


async def test_a_change_is_judged_as_a_whole(market, api, commands: str) -> None:
    """https://discord.com/developers/docs/interactions/application-commands#edit-global-application-command"""
    made = await api("POST", commands, _command())
    path = f"{commands}/{made.json['id']}"

    assert (await api("PATCH", path, {"description": ""})).errors == {"description": ["BASE_TYPE_REQUIRED"]}
    assert (await api("PATCH", path, {"name": "light"})).json["description"] == "A lamp"
    assert [command["name"] for command in market.discord.commands()] == ["light"]


@pytest.mark.parametrize("name", ["lampe-à_l'huile", "ランプ", "दीपक", "ตะเกียง", "лампа2"])
async def test_names_in_every_script(api, commands: str, name: str) -> None:
    """https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming"""
    assert (await api("POST", commands, _command(name))).json["name"] == name

"""A schema checks its own declaration, and its settings take what fits and name what does not."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest

from chandelier.config.schema import Secret, config_version, schema, setting, settings
from chandelier.config.values import plain


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@schema
class Rule:
    pattern: str = setting(help="What to look for.", max_length=5)
    weight: int = setting(1, help="How bad it is.", ge=0, le=3)


@schema
class Limits:
    warns: int = setting(3, help="Warnings before a timeout.", ge=1, le=10, guild=True)
    minutes: float = setting(10.0, help="Length of the timeout.", ge=0.5)


@schema(version=3)
class Sample:
    log_channel: int | None = setting(None, help="Where to log.", kind="channel", guild=True)
    words: tuple[str, ...] = setting((), help="Unwanted words.", max_length=3, guild=True)
    mode: Literal["soft", "hard"] = setting("soft", help="How to act.")
    level: int = setting(1, help="How strict.", choices=(1, 3, 5))
    colour: Colour = setting(Colour.RED, help="Of embeds.")
    greeting: str = setting("hi", help="What to say.", min_length=1, max_length=4, pattern="[a-z]+")
    quiet: bool = setting(False, help="Say nothing.")
    folder: Path = setting(Path("data"), help="Where things are.")
    tags: frozenset[int] = setting(frozenset(), help="Ids.", ge=1)
    rules: tuple[Rule, ...] = setting((), help="What to look for.")
    aliases: Mapping[str, Rule] = setting(factory=dict, help="Rules by name.", max_length=2)
    limits: Limits = setting(factory=Limits, help="When to act.")
    key: Secret | None = setting(None, help="For the service.")


BY_NAME = {one.name: one for one in settings(Sample)}


def test_settings_are_flat_and_in_order() -> None:
    assert list(BY_NAME) == [
        *("log_channel", "words", "mode", "level", "colour", "greeting", "quiet", "folder", "tags", "rules"),
        *("aliases", "limits.warns", "limits.minutes", "key"),
    ]
    assert BY_NAME["limits.warns"].guild
    assert BY_NAME["log_channel"].kind == "channel"
    assert BY_NAME["key"].secret
    assert config_version(Sample) == 3


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("log_channel", "the id of a channel"),
        ("words", "a list: text; at most 3 elements"),
        ("mode", 'one of "soft", "hard"'),
        ("level", "one of 1, 3, 5"),
        ("colour", 'one of "red", "blue"'),
        ("greeting", "text, 1 to 4 characters, matching [a-z]+"),
        ("quiet", "true or false"),
        ("tags", "a list: a whole number, 1 or more"),
        ("rules", "a list: a table with pattern, weight"),
        ("aliases", "a table of names: a table with pattern, weight; at most 2 entries"),
        ("limits.warns", "a whole number, 1 to 10"),
        ("limits.minutes", "a number, 0.5 or more"),
    ],
)
def test_a_setting_says_in_words_what_it_takes(name: str, allowed: str) -> None:
    assert BY_NAME[name].allowed == allowed


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("log_channel", 5, 5),
        ("log_channel", None, None),
        ("words", ["a", "b"], ("a", "b")),
        ("mode", "hard", "hard"),
        ("colour", "blue", Colour.BLUE),
        ("limits.minutes", 2, 2.0),
        ("folder", "logs", Path("logs")),
        ("tags", [3, 1], frozenset({1, 3})),
        ("rules", [{"pattern": "x"}], (Rule(pattern="x"),)),
        ("aliases", {"a": {"pattern": "x", "weight": 0}}, {"a": Rule(pattern="x", weight=0)}),
    ],
)
def test_a_setting_takes_what_fits(name: str, raw: Any, value: Any) -> None:
    taken, misfits = BY_NAME[name].take(raw)

    assert misfits == []
    assert taken == value
    assert type(taken) is type(value)


@pytest.mark.parametrize(
    ("name", "raw", "says"),
    [
        ("log_channel", "general", '"general" is not a whole number, allowed: the id of a channel'),
        ("log_channel", -5, "-5 is not an id, allowed: the id of a channel"),
        ("log_channel", 2**63, f"{2**63} is not an id, allowed: the id of a channel"),
        ("words", "spam", '"spam" is not a list, allowed: a list: text; at most 3 elements'),
        (
            "words",
            list("abcd"),
            '["a", "b", "c", "d"] has too many elements (4), allowed: at most 3 elements',
        ),
        ("mode", "loud", '"loud" is not a choice, allowed: one of "soft", "hard"'),
        ("level", 2, "2 is not a choice, allowed: one of 1, 3, 5"),
        ("level", True, "true is not a whole number, allowed: one of 1, 3, 5"),
        ("colour", "green", '"green" is not a choice, allowed: one of "red", "blue"'),
        ("greeting", "", '"" is too short, allowed: 1 to 4 characters'),
        ("greeting", "hello", '"hello" is too long (5), allowed: 1 to 4 characters'),
        ("greeting", "Hi", '"Hi" has the wrong form, allowed: text matching [a-z]+'),
        ("quiet", 1, "1 is not true or false, allowed: true or false"),
        ("quiet", "true", '"true" is not true or false, allowed: true or false'),
        ("folder", "", '"" is not a path, allowed: a path'),
        ("tags", [0, 4], "0 is too small, allowed: 1 or more"),
        ("tags", [3, 1, 3], "3 is there twice, allowed: each only once"),
        ("limits.warns", 11, "11 is too large, allowed: 1 to 10"),
        ("limits.warns", 3.0, "3.0 is not a whole number, allowed: a whole number, 1 to 10"),
        ("limits.minutes", float("nan"), "nan is not finite, allowed: a finite number"),
        ("limits.minutes", float("inf"), "inf is not finite, allowed: a finite number"),
        (
            "aliases",
            [],
            "[] is not a table, allowed: a table of names: a table with pattern, weight; at most 2 entries",
        ),
    ],
)
def test_a_setting_refuses_what_does_not_fit(name: str, raw: Any, says: str) -> None:
    _, misfits = BY_NAME[name].take(raw)

    assert says in [str(misfit) for misfit in misfits]


def test_every_misfit_in_a_list_of_tables_is_named_with_its_place() -> None:
    raw = [{"pattern": "toolong", "wieght": 2}, {"weight": 9}, "x"]

    _, misfits = BY_NAME["rules"].take(raw)

    assert [(misfit.path, misfit.message) for misfit in misfits] == [
        ((0, "pattern"), '"toolong" is too long (7)'),
        ((0, "wieght"), "there is no such setting; did you mean weight?"),
        ((1, "pattern"), "is missing"),
        ((1, "weight"), "9 is too large"),
        ((2,), '"x" is not a table'),
    ]


def test_a_secret_is_never_quoted_in_a_misfit() -> None:
    _, misfits = BY_NAME["key"].take(["hunter2"])

    assert misfits
    assert "hunter2" not in str(misfits[0])
    assert misfits[0].found is None


def test_bounds_hold_for_instances_made_in_code() -> None:
    with pytest.raises(ValueError, match="warns: 11 is too large, allowed: 1 to 10"):
        Limits(warns=11)


def test_plain_data_hides_secrets_and_is_ready_for_json() -> None:
    value = Sample(key=Secret("hunter2"), tags=frozenset({2, 1}), rules=(Rule(pattern="x"),))

    data = plain(value)

    assert data["key"] == "<secret>"
    assert data["tags"] == [1, 2]
    assert data["rules"] == [{"pattern": "x", "weight": 1}]
    assert data["colour"] == "red"
    assert data["folder"] == "data"


class TestDeclarations:
    """What an author gets wrong shows when the class is made, naming class and field."""

    def test_a_field_needs_setting(self) -> None:
        with pytest.raises(TypeError, match=r"Wrong\.x: declare it with setting\(…, help=…\)"):

            @schema(version=1)
            class Wrong:
                x: int = 1

    def test_a_default_must_fit_its_own_bounds(self) -> None:
        with pytest.raises(
            TypeError, match=r"Wrong\.x: the default does not fit: 0 is too small, allowed: 1 or more"
        ):

            @schema
            class Wrong:
                x: int = setting(0, help="x", ge=1)

    def test_a_default_must_be_of_the_type(self) -> None:
        with pytest.raises(TypeError, match=r"Wrong\.x: the default does not fit"):

            @schema(version=1)
            class Wrong:
                x: int = setting("5", help="x")

    def test_a_list_default_is_a_tuple_like_every_other_value(self) -> None:
        with pytest.raises(TypeError, match=r"the default is \[\], but the same in a file is read as \(\)"):

            @schema(version=1)
            class Wrong:
                x: tuple[str, ...] = setting([], help="x")

    def test_a_section_needs_a_default_for_everything(self) -> None:
        with pytest.raises(TypeError, match=r"Wrong\.x: a setting needs a default"):

            @schema(version=1)
            class Wrong:
                x: int = setting(help="x")

    @pytest.mark.parametrize("kind", [int | str, list[str], tuple[int, str], dict[int, str], object, complex])
    def test_a_type_that_settings_cannot_have_is_refused(self, kind: Any) -> None:
        with pytest.raises(TypeError, match=r"is not a type for settings|a list of settings is a tuple"):
            schema(version=1)(
                type("Wrong", (), {"__annotations__": {"x": kind}, "x": setting(None, help="x")})
            )

    def test_a_secret_is_not_for_guilds(self) -> None:
        with pytest.raises(TypeError, match="a secret cannot be a guild's setting"):

            @schema(version=1)
            class Wrong:
                x: Secret | None = setting(None, help="x", guild=True)

    def test_a_secret_stands_alone(self) -> None:
        @schema
        class Account:
            name: str = setting(help="who")
            password: Secret | None = setting(None, help="secret")

        for kind in (tuple[Secret, ...], tuple[Account, ...], dict[str, Account], Account | None):
            with pytest.raises(TypeError, match="a secret stands alone"):
                schema(version=1)(
                    type("Wrong", (), {"__annotations__": {"x": kind}, "x": setting(None, help="x")})
                )

    def test_the_key_version_is_taken(self) -> None:
        with pytest.raises(TypeError, match="choose another name"):

            @schema(version=1)
            class Wrong:
                version: int = setting(1, help="x")

    def test_the_file_of_a_secret_is_taken(self) -> None:
        with pytest.raises(TypeError, match="key_file names the file of this secret"):

            @schema(version=1)
            class Wrong:
                key: Secret | None = setting(None, help="x")
                key_file: str = setting("", help="x")

    def test_versions_start_at_one(self) -> None:
        with pytest.raises(TypeError, match="start at 1"):

            @schema(version=0)
            class Wrong:
                x: int = setting(1, help="x")

    def test_a_part_has_no_version_of_its_own(self) -> None:
        with pytest.raises(TypeError, match=r"Limits is a part of a schema: give it a version"):
            config_version(Limits)

    def test_a_default_and_a_factory_exclude_each_other(self) -> None:
        with pytest.raises(TypeError, match="a default or a factory"):
            setting(1, factory=int, help="x")

    def test_defaults_must_obey_the_class_s_own_rule(self) -> None:
        with pytest.raises(TypeError, match="the defaults break its own rule: low is above high"):

            @schema(version=1)
            class Wrong:
                low: int = setting(5, help="x")
                high: int = setting(1, help="x")

                def __attrs_post_init__(self) -> None:
                    if self.low > self.high:
                        raise ValueError("low is above high")

    def test_a_type_that_only_the_type_checker_knows_is_refused_with_the_way_out(self) -> None:
        with pytest.raises(
            TypeError, match="Wrong: the type 'Decimal' is not known at run time: import it outside"
        ):
            schema(version=1)(
                type("Wrong", (), {"__annotations__": {"x": "Decimal"}, "x": setting(1, help="x")})
            )

    @pytest.mark.parametrize("kind", [Literal[1.5], Enum("Odd", {"A": 1.5})])
    def test_choices_are_text_or_whole_numbers(self, kind: Any) -> None:
        with pytest.raises(TypeError, match="text or whole numbers"):
            schema(version=1)(
                type("Wrong", (), {"__annotations__": {"x": kind}, "x": setting(None, help="x")})
            )

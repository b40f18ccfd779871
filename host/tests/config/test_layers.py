"""Defaults, file, environment, guild: the highest wins, and each answers for its own mistakes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier.config.deployment import Deployment
from chandelier.config.environment import variable
from chandelier.config.layers import Layer, explain, load_section
from chandelier.config.problems import ConfigError
from chandelier.config.schema import Secret, schema, setting, settings
from chandelier.config.values import parse_text, plain

Deploy = Callable[..., Deployment]


class Mode(StrEnum):
    SOFT = "soft"
    HARD = "hard"


@schema
class Rule:
    pattern: str = setting(help="What to look for.", max_length=8)
    weight: int = setting(1, help="How bad it is.", ge=0, le=3)


@schema
class Limits:
    warns: int = setting(3, help="Warnings before a timeout.", ge=1, le=10, guild=True)
    minutes: int = setting(10, help="Length of the timeout.", ge=1)


@schema(version=2)
class Moderation:
    log_channel: int | None = setting(None, help="Where to log.", kind="channel", guild=True)
    words: tuple[str, ...] = setting((), help="Unwanted words.", max_length=3, guild=True)
    interval: int = setting(60, help="Seconds between checks.", ge=10, le=86400)
    mode: Mode = setting(Mode.SOFT, help="How to act.", guild=True)
    quiet: bool = setting(False, help="Say nothing.")
    rules: tuple[Rule, ...] = setting((), help="What to look for.")
    limits: Limits = setting(factory=lambda: Limits(minutes=30), help="When to act.")
    api_key: Secret | None = setting(None, help="For the service.")

    def __attrs_post_init__(self) -> None:
        if self.quiet and self.mode is Mode.HARD:
            raise ValueError("quiet and mode = hard exclude each other")


def problems_of(deployment: Deployment, **guild: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        deployment.for_guild("moderation", Moderation, guild)
    return str(caught.value).splitlines()


def test_everything_has_a_default(deploy: Deploy) -> None:
    deployment = deploy()

    assert deployment.section("moderation", Moderation) == Moderation()
    assert not deployment.file.exists


def test_the_highest_layer_wins_and_its_place_is_known(deploy: Deploy) -> None:
    deployment = deploy(
        """
        [plugins.moderation]
        version = 2
        interval = 30
        words = ["spam"]
        mode = "hard"
        [plugins.moderation.limits]
        warns = 5
        """,
        CHANDELIER_PLUGINS__MODERATION__WORDS="scam, phish",
        CHANDELIER_PLUGINS__MODERATION__API_KEY="hunter2",
    )

    section = deployment.load_for_guild("moderation", Moderation, {"mode": "soft", "limits": {"warns": 2}})

    assert section.value == Moderation(
        interval=30,
        words=("scam", "phish"),
        limits=Limits(warns=2, minutes=30),
        api_key=Secret("hunter2"),
    )
    rows = {row.path: (row.value, row.layer, row.place) for row in explain(section)}
    assert rows["interval"] == (30, Layer.FILE, "config.toml:4")
    assert rows["words"] == (["scam", "phish"], Layer.ENVIRONMENT, "CHANDELIER_PLUGINS__MODERATION__WORDS")
    assert rows["mode"] == ("soft", Layer.GUILD, "guild settings")
    assert rows["limits.warns"] == (2, Layer.GUILD, "guild settings")
    assert rows["limits.minutes"] == (30, Layer.DEFAULT, "default")
    assert rows["api_key"] == (
        "<secret>",
        Layer.ENVIRONMENT,
        "CHANDELIER_PLUGINS__MODERATION__API_KEY",
    )


def test_guild_settings_may_be_nested_or_dotted(deploy: Deploy) -> None:
    deployment = deploy()

    nested = deployment.for_guild("moderation", Moderation, {"limits": {"warns": 9}})
    dotted = deployment.for_guild("moderation", Moderation, {"limits.warns": 9})

    assert nested == dotted
    assert nested.limits.warns == 9


def test_every_error_is_reported_at_once_each_with_its_place(deploy: Deploy) -> None:
    deployment = deploy(
        """
        [plugins.moderation]
        version = 2
        interval = 5
        wrds = ["spam"]
        words = [
          "spam",
          3,
        ]
        limits = { warns = 99, hours = 1 }
        [[plugins.moderation.rules]]
        pattern = "spam"
        [[plugins.moderation.rules]]
        weight = 9
        """,
        CHANDELIER_PLUGINS__MODERATION__INTERVAL="soon",
    )

    problems = problems_of(deployment, mode="loud", interval=20, wordz=[])

    assert problems == [
        "config.toml:4: [plugins.moderation].interval: 5 is too small, allowed: 10 to 86400",
        "config.toml:5: [plugins.moderation].wrds: there is no such setting; did you mean words?, allowed: "
        "log_channel, words, interval, mode, quiet, rules, api_key, limits",
        "config.toml:8: [plugins.moderation].words[2]: 3 is not text, allowed: text",
        "config.toml:10: [plugins.moderation].limits.warns: 99 is too large, allowed: 1 to 10",
        "config.toml:10: [plugins.moderation].limits.hours: there is no such setting, allowed: "
        "warns, minutes",
        "config.toml:13: [plugins.moderation].rules[2].pattern: is missing",
        "config.toml:14: [plugins.moderation].rules[2].weight: 9 is too large, allowed: 0 to 3",
        'environment: CHANDELIER_PLUGINS__MODERATION__INTERVAL: "soon" is not a whole number, allowed: '
        "a whole number, 10 to 86400",
        'guild settings: mode: "loud" is not a choice, allowed: one of "soft", "hard"',
        "guild settings: interval: only the owner of the bot can set this, as interval in config.toml",
        "guild settings: wordz: there is no such setting; did you mean words?, allowed: "
        "log_channel, words, mode",
    ]


def test_a_mistake_in_a_hidden_layer_is_reported_too(deploy: Deploy) -> None:
    deployment = deploy(
        "[plugins.moderation]\nversion = 2\ninterval = 5\n", CHANDELIER_PLUGINS__MODERATION__INTERVAL="60"
    )

    assert problems_of(deployment) == [
        "config.toml:3: [plugins.moderation].interval: 5 is too small, allowed: 10 to 86400"
    ]


def test_a_rule_over_several_settings_is_reported_at_the_section(deploy: Deploy) -> None:
    deployment = deploy('\n[plugins.moderation]\nversion = 2\nquiet = true\nmode = "hard"\n')

    assert problems_of(deployment) == [
        "config.toml:2: [plugins.moderation]: quiet and mode = hard exclude each other"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("plugins = 5", "config.toml:1: plugins: is not a table, allowed: a table"),
        ("[plugins]\nmoderation = []", "config.toml:2: plugins.moderation: is not a table, allowed: a table"),
        (
            "[plugins.moderation]\nlimits = 3",
            "config.toml:2: [plugins.moderation].limits: is not a table, allowed: a table",
        ),
    ],
)
def test_a_section_that_is_no_table_is_refused(deploy: Deploy, text: str, problem: str) -> None:
    assert problems_of(deploy(text)) == [problem]


class TestSecrets:
    def test_in_the_config_file_it_is_refused_with_the_way_out(self, deploy: Deploy) -> None:
        deployment = deploy('[plugins.moderation]\nversion = 2\napi_key = "hunter2"\n')

        (problem,) = problems_of(deployment)

        assert problem.startswith(
            "config.toml:3: [plugins.moderation].api_key: a secret may not be in the config"
        )
        assert "CHANDELIER_PLUGINS__MODERATION__API_KEY" in problem
        assert 'api_key_file = "path"' in problem
        assert "hunter2" not in problem

    def test_from_a_file_named_in_the_config_beside_it(self, deploy: Deploy, tmp_path: Path) -> None:
        (tmp_path / "key.secret").write_text("hunter2\n")

        config = deploy('[plugins.moderation]\nversion = 2\napi_key_file = "key.secret"\n').section(
            "moderation", Moderation
        )

        assert config.api_key == Secret("hunter2")

    def test_from_a_file_named_in_the_environment(self, deploy: Deploy, tmp_path: Path) -> None:
        (tmp_path / "key.secret").write_text("hunter2")

        section = deploy(CHANDELIER_PLUGINS__MODERATION__API_KEY_FILE=str(tmp_path / "key.secret")).load(
            "moderation", Moderation
        )

        assert section.value.api_key == Secret("hunter2")
        assert section.places["api_key",] == "CHANDELIER_PLUGINS__MODERATION__API_KEY_FILE"

    def test_from_two_places_is_refused(self, deploy: Deploy) -> None:
        deployment = deploy(
            CHANDELIER_PLUGINS__MODERATION__API_KEY="hunter2",
            CHANDELIER_PLUGINS__MODERATION__API_KEY_FILE="/run/secrets/key",
        )

        (problem,) = problems_of(deployment)

        assert "are both set: choose one" in problem

    def test_a_file_that_is_missing_or_empty_is_named(self, deploy: Deploy, tmp_path: Path) -> None:
        (tmp_path / "empty").write_text("\n")
        text = '[plugins.moderation]\nversion = 2\napi_key_file = "{}"\n'

        missing = problems_of(deploy(text.format("missing")))
        empty = problems_of(deploy(text.format("empty")))

        assert missing == [
            f"config.toml:3: [plugins.moderation].api_key_file: the file {tmp_path}/missing cannot be read: "
            "No such file or directory"
        ]
        assert empty == [
            f"config.toml:3: [plugins.moderation].api_key_file: the file {tmp_path}/empty is empty: "
            "it should hold the secret"
        ]

    def test_an_empty_variable_means_that_there_is_none(self, deploy: Deploy) -> None:
        config = deploy(CHANDELIER_PLUGINS__MODERATION__API_KEY="").section("moderation", Moderation)

        assert config.api_key is None


class TestEnvironment:
    @pytest.mark.parametrize(
        ("name", "text", "raw"),
        [
            ("log_channel", "", None),
            ("log_channel", " 42 ", 42),
            ("log_channel", "general", "general"),
            ("words", "a, b,", ["a", "b"]),
            ("words", '["a,b", "c"]', ["a,b", "c"]),
            ("words", "", []),
            ("mode", "hard", "hard"),
            ("quiet", "Yes", True),
            ("quiet", "0", False),
            ("quiet", "perhaps", "perhaps"),
            ("rules", '[{"pattern": "x"}]', [{"pattern": "x"}]),
            ("rules", "[{", "[{"),
        ],
    )
    def test_text_means_what_the_type_says(self, name: str, text: str, raw: Any) -> None:
        one = next(one for one in settings(Moderation) if one.name == name)

        assert parse_text(one.type, text, one.facts) == raw

    def test_names_of_variables(self) -> None:
        assert variable("chandelier", ("log_level",)) == "CHANDELIER_LOG_LEVEL"
        assert variable("moderation", ("limits", "warns")) == "CHANDELIER_PLUGINS__MODERATION__LIMITS__WARNS"

    def test_one_that_is_no_setting_is_a_warning_with_the_nearest(self, deploy: Deploy) -> None:
        deployment = deploy(
            CHANDELIER_PLUGINS__MODERATION__INTERVL="20",
            CHANDELIER_CONFIG="/etc/chandelier/config.toml",
            CHANDELIER_TEST_DATABASE="sqlite",
            HOME="/root",
        )

        _, problems, warnings = deployment.check({"moderation": Moderation})

        assert problems == []
        assert [str(warning) for warning in warnings] == [
            "environment: CHANDELIER_PLUGINS__MODERATION__INTERVL: there is no such setting; did you mean "
            "CHANDELIER_PLUGINS__MODERATION__INTERVAL?"
        ]


# Properties: whatever fits, goes through every layer unchanged.

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8)
VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "log_channel": st.none() | st.integers(1, 2**63 - 1),
    "words": st.lists(TEXT, max_size=3).map(tuple),
    "interval": st.integers(10, 86400),
    "mode": st.sampled_from(Mode),
    "rules": st.lists(st.builds(Rule, pattern=TEXT, weight=st.integers(0, 3)), max_size=3).map(tuple),
    "limits": st.builds(Limits, warns=st.integers(1, 10), minutes=st.integers(1, 1000)),
}
CONFIGS = st.builds(Moderation, **VALUES)


@given(CONFIGS)
def test_a_config_written_as_toml_is_read_back_the_same(config: Moderation) -> None:
    import tomlkit

    from chandelier.config.file import ConfigFile

    written = {key: value for key, value in plain(config).items() if value is not None}
    text = tomlkit.dumps({"plugins": {"moderation": written}})

    section = load_section(Moderation, "moderation", file=ConfigFile.parse(Path("config.toml"), text))

    assert section.value == config


@given(CONFIGS)
def test_a_config_written_as_variables_is_read_back_the_same(config: Moderation) -> None:
    import json

    environ: dict[str, str] = {}
    for one in settings(Moderation):
        value: Any = config
        for step in one.path:
            value = getattr(value, step)
        raw = plain(value)
        text = "" if raw is None else raw if isinstance(raw, str) else json.dumps(raw)
        environ[variable("moderation", one.path)] = text

    section = load_section(Moderation, "moderation", environ=environ)

    assert section.value == config


@given(CONFIGS, st.integers(max_value=9) | st.integers(min_value=86401))
def test_a_layer_that_is_out_of_bounds_is_refused_whatever_the_others_say(
    config: Moderation, wrong: int
) -> None:
    environ = {
        variable("moderation", ("interval",)): str(wrong),
        variable("moderation", ("mode",)): config.mode.value,
    }

    with pytest.raises(ConfigError) as caught:
        load_section(Moderation, "moderation", environ=environ, guild_values={"words": list(config.words)})

    (problem,) = caught.value.problems
    assert problem.found == wrong
    assert problem.allowed == "10 to 86400"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([one.path[0] for one in settings(Moderation)]) | st.text(max_size=5), JSON
    )
)
def test_no_stored_guild_settings_can_do_worse_than_a_config_error(values: dict[str, Any]) -> None:
    try:
        section = load_section(Moderation, "moderation", guild_values=values)
    except ConfigError as error:
        assert all(problem.file == "guild settings" for problem in error.problems)
    else:
        assert section.value.interval == Moderation().interval

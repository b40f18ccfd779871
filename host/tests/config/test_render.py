"""The file that `init` writes and the JSON Schema for editors say the same as the host does."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier.config.file import ConfigFile
from chandelier.config.host import HostConfig
from chandelier.config.json_schema import json_schema
from chandelier.config.layers import read_section
from chandelier.config.render import render_default
from chandelier.config.schema import Secret, schema, setting


@schema
class Rule:
    pattern: str = setting(help="What to look for.", pattern="[a-z*]+", max_length=8)
    weight: int = setting(1, help="How bad it is.", ge=0, le=3)


@schema
class Limits:
    warns: int = setting(3, help="Warnings before a timeout.", ge=1, le=10, guild=True)
    ratio: float = setting(0.5, help="Share of capitals.", ge=0, le=1)


@schema(version=4)
class Sample:
    limits: Limits = setting(factory=lambda: Limits(warns=5), help="When to act.")
    log_channel: int | None = setting(None, help="Where to log.", kind="channel", guild=True)
    mode: Literal["soft", "hard"] = setting("soft", help='How to "act".')
    level: int | None = setting(None, help="How strict.", choices=(1, 3))
    greeting: str = setting('say "hi"\n# not a comment', help="What to say.")
    quiet: bool = setting(False, help="Say nothing.")
    tags: frozenset[int] = setting(frozenset({3, 1}), help="Ids.", ge=1, max_length=3)
    rules: tuple[Rule, ...] = setting((Rule(pattern="spam"),), help="What to look for.")
    aliases: Mapping[str, Rule] = setting(factory=dict, help="Rules by name.", max_length=2)
    key: Secret | None = setting(None, help="For the service.")


SCHEMAS = {"sample": Sample, "chandelier": HostConfig}


def load(text: str, name: str = "sample", kind: type[Any] = Sample) -> Any:
    return read_section(kind, name, file=ConfigFile.parse(Path("config.toml"), text))


class TestTheDefaultFile:
    def test_as_written_it_means_the_defaults(self) -> None:
        text = render_default(SCHEMAS)

        assert tomllib.loads(text) == {
            "chandelier": {"version": 1, "alerts": {}},
            "plugins": {"sample": {"version": 4, "limits": {}}},
        }
        assert load(text).section.value == Sample()

    def test_with_every_default_uncommented_it_still_does(self) -> None:
        optional = ("log_channel", "level", "key_file", "token_file", "database_password_file")
        optional += ("rest_url", "database_url", "log_file", "vault_key_file", "vault_keyring")
        optional += ("rest_url", "database_url", "log_file", "metrics_port", "sentry_dsn")
        lines = render_default(SCHEMAS).splitlines()

        text = "\n".join(
            line[1:] if re.match(r"#\w", line) and not line[1:].startswith(optional) else line
            for line in lines
        )

        assert text.count("\n#") < "\n".join(lines).count("\n#") - 10
        assert load(text).section.value == Sample()
        assert load(text, "chandelier", HostConfig).section.value == HostConfig()

    def test_every_setting_is_explained_with_what_it_allows(self) -> None:
        text = render_default({"sample": Sample})

        assert text.endswith(
            """
# Where to log.
# (the id of a channel; not set by default; each server can choose its own)
#log_channel = 123456789012345678

# How to "act".
# (one of "soft", "hard")
#mode = "soft"

# How strict.
# (one of 1, 3; not set by default)
#level = 1

# What to say.
#greeting = "say \\"hi\\"\\n# not a comment"

# Say nothing.
#quiet = false

# Ids.
# (a list: a whole number, 1 or more; at most 3 elements)
#tags = [1, 3]

# What to look for.
# (a list: a table with pattern, weight)
#rules = [{pattern = "spam", weight = 1}]

# Rules by name.
# (a table of names: a table with pattern, weight; at most 2 entries)
#aliases = {}

# For the service.
# A secret, never written here: set CHANDELIER_PLUGINS__SAMPLE__KEY, or name a file that holds it.
#key_file = "key.secret"

# When to act.
[plugins.sample.limits]

# Warnings before a timeout.
# (a whole number, 1 to 10; each server can choose its own)
#warns = 5

# Share of capitals.
# (a number, 0 to 1)
#ratio = 0.5
"""
        )

    def test_no_line_is_too_long_to_read(self) -> None:
        assert max(len(line) for line in render_default(SCHEMAS).splitlines() if line.startswith("# ")) <= 102


class TestTheJsonSchema:
    def test_it_is_valid_itself_and_accepts_the_default_file(self) -> None:
        made = json_schema(SCHEMAS)

        jsonschema.Draft7Validator.check_schema(made)
        jsonschema.validate(tomllib.loads(render_default(SCHEMAS)), made, jsonschema.Draft7Validator)

    def test_it_explains_settings_and_their_defaults(self) -> None:
        sample = json_schema(SCHEMAS)["properties"]["plugins"]["properties"]["sample"]["properties"]

        assert sample["mode"] == {
            "description": 'How to "act".',
            "enum": ["soft", "hard"],
            "default": "soft",
        }
        assert sample["log_channel"] == {"description": "Where to log.", "type": "integer", "minimum": 1}
        assert sample["rules"]["items"]["required"] == ["pattern"]
        assert sample["key_file"]["type"] == "string"
        assert "key" not in sample
        assert sample["limits"]["properties"]["warns"]["default"] == 5

    @pytest.mark.parametrize(
        "wrong",
        [
            {"version": 3},
            {"mode": "loud"},
            {"level": 2},
            {"quiet": "yes"},
            {"limits": {"warns": 11}},
            {"limits": {"wrns": 1}},
            {"tags": [0]},
            {"rules": [{"weight": 1}]},
            {"rules": [{"pattern": "A"}]},
            {"key": "hunter2"},
            {"unknown": 1},
        ],
    )
    def test_it_refuses_what_the_host_refuses(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(
                {"plugins": {"sample": wrong}}, json_schema(SCHEMAS), jsonschema.Draft7Validator
            )


VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "log_channel": st.integers(-1, 5),
    "mode": st.sampled_from(["soft", "hard", "loud", 1]),
    "level": st.integers(0, 3),
    "quiet": st.booleans() | st.just("true"),
    "tags": st.lists(st.integers(0, 3), max_size=4),
    "rules": st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "pattern": st.sampled_from(["spam", "Spam", "a" * 9, ""]),
                "weight": st.integers(-1, 4),
            },
        ),
        max_size=2,
    ),
    "aliases": st.dictionaries(st.sampled_from("abc"), st.just({"pattern": "x"})),
    "limits": st.fixed_dictionaries(
        {}, optional={"warns": st.integers(0, 11), "ratio": st.sampled_from([-1, 0, 0.5, 1, 2, "1"])}
    ),
    "other": st.just(1),
}


@given(st.fixed_dictionaries({}, optional=dict(VALUES)))
def test_editor_and_host_agree_on_every_document(values: dict[str, Any]) -> None:
    validator = jsonschema.Draft7Validator(json_schema({"sample": Sample}))
    file = ConfigFile(path=Path("config.toml"), text="", data={"plugins": {"sample": values}})

    problems = read_section(Sample, "sample", file=file).problems

    assert validator.is_valid({"plugins": {"sample": values}}) == (not problems)

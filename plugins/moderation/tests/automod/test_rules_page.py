"""The page about rules says what there is: every trigger, action and key, and its example works."""

from __future__ import annotations

import re
from pathlib import Path

import attrs
import pytest

from chandelier_moderation.automod.actions import ACTIONS
from chandelier_moderation.automod.plain import read_toml
from chandelier_moderation.automod.presets import PRESETS
from chandelier_moderation.automod.rules import PARTS, SEVERITIES, Conditions, Rule, Scope
from chandelier_moderation.automod.triggers import TRIGGERS

PAGE = (Path(__file__).parents[2] / "RULES.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("kind", "name"), [*((kind, kind.kind) for kind in TRIGGERS), *((kind, kind.do) for kind in ACTIONS)]
)
def test_every_trigger_and_action_has_its_row_with_all_settings(kind, name):
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |")]

    assert any(all(f"`{field.name}`" in row for field in attrs.fields(kind)) for row in rows), name


def test_every_key_is_told():
    for kind in (Rule, Scope, Conditions):
        for field in attrs.fields(kind):
            assert f"`{field.name}`" in PAGE
    for name in (*PARTS, *SEVERITIES, *PRESETS):
        assert f"`{name}`" in PAGE


def test_the_example_is_a_valid_file():
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    rules = read_toml(example)

    assert [rule.name for rule in rules.rules] == ["badgers"]
    assert rules.ladder.steps

"""Rules as plain data, for TOML files (import, export, presets) and for JSON in a database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chandelier_moderation.automod.rules import Rule, RuleSet

__all__ = ["from_plain", "read_toml", "to_plain", "write_toml"]


def to_plain(rule: Rule) -> dict[str, Any]:
    """The rule as JSON-ready data: what has its default is left out, ids are strings, durations are text."""
    raise NotImplementedError


def from_plain(data: Mapping[str, Any]) -> Rule:
    """The rule of such data. Raises BadRules with everything that is wrong."""
    raise NotImplementedError


def read_toml(text: str) -> RuleSet:
    """The rules of a file, checked. Raises BadRules with everything that is wrong, and the lines."""
    raise NotImplementedError


def write_toml(rules: RuleSet) -> str:
    """The file of these rules; reading it gives the same rules."""
    raise NotImplementedError

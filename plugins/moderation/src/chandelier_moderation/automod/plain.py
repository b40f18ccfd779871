"""Rules as plain data, for TOML files (import, export, presets) and for JSON in a database."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, cast

import attrs

from chandelier_moderation.automod.actions import Ladder
from chandelier_moderation.automod.check import problems_of, problems_of_set
from chandelier_moderation.automod.check_triggers import problems_of_trigger
from chandelier_moderation.automod.converting import structure, unstructure
from chandelier_moderation.automod.positions import line_of
from chandelier_moderation.automod.problems import BadRules, Path, Problem, below, unknown
from chandelier_moderation.automod.rules import Rule, RuleSet
from chandelier_moderation.automod.triggers import Trigger
from chandelier_moderation.automod.written import table_lines

__all__ = ["FORMAT", "from_plain", "ladder_from_plain", "read_toml", "to_plain", "write_toml"]

FORMAT = 1
"""The version of the files' format, which a file may state as ``format``."""

_KEYS = ("format", "rule", "ladder")
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")


def to_plain(thing: Rule | Ladder) -> dict[str, Any]:
    """A rule, or a ladder, as JSON-ready data: defaults are left out, ids and durations are text."""
    return unstructure(thing)


def from_plain(data: Mapping[str, Any]) -> Rule:
    """The rule of such data, checked. Raises BadRules with everything that is wrong."""
    rule = structure(data, Rule)
    if problems := problems_of(rule):
        raise BadRules(problems)
    return rule


def ladder_from_plain(data: Mapping[str, Any]) -> Ladder:
    """The ladder of such data, checked. Raises BadRules with everything that is wrong."""
    ladder = structure(data, Ladder, ("ladder",))
    if problems := problems_of_set(RuleSet(ladder=ladder)):
        raise BadRules(problems)
    return ladder


def read_toml(text: str) -> RuleSet:
    """The rules of a file, checked. Raises BadRules with everything that is wrong, and the lines.

    A rule that cannot be understood keeps no other from being checked.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        what = f"this is no TOML: {_AT_LINE.sub('', str(error))}"
        raise BadRules([Problem((), what, int(at[1]) if at else None)]) from error
    problems = [Problem((key,), unknown(key, _KEYS)) for key in data if key not in _KEYS]
    if (written := data.get("format", FORMAT)) != FORMAT:
        problems.append(Problem(("format",), f"is {written!r}; this version reads format {FORMAT}"))
    tables = data.get("rule", [])
    if not isinstance(tables, list):
        problems.append(Problem(("rule",), "must be written as [[rule]], once for each rule"))
        tables = []
    rules: dict[int, Rule] = {}
    for number, table in enumerate(tables):
        try:
            rules[number] = structure(table, Rule, ("rule", number))
        except BadRules as bad:
            problems += [*bad.problems, *_of_trigger(table, ("rule", number))]
    ladder = Ladder()
    try:
        ladder = structure(data.get("ladder", {}), Ladder, ("ladder",))
    except BadRules as bad:
        problems += bad.problems
    rule_set = RuleSet(rules=tuple(rules.values()), ladder=ladder)
    problems += problems_of_set(rule_set, [*rules])
    if problems:
        found = [attrs.evolve(problem, line=line_of(text, problem.path)) for problem in problems]
        raise BadRules(sorted(found, key=lambda problem: problem.line or 0))
    return rule_set


def _of_trigger(table: object, path: Path) -> Iterator[Problem]:
    """What is wrong with the trigger of a rule that is wrong elsewhere; nothing where it cannot be read."""
    try:
        trigger: Trigger = structure(cast("Mapping[str, Any]", table)["trigger"], cast("type[Any]", Trigger))
    except (BadRules, LookupError, TypeError):
        return
    yield from below((*path, "trigger"), problems_of_trigger(trigger))


def write_toml(rules: RuleSet) -> str:
    """The file of these rules; reading it gives the same rules."""
    lines = [f"format = {FORMAT}"]
    if rules.ladder != Ladder():
        lines += ["", *table_lines("ladder", to_plain(rules.ladder))]
    for rule in rules.rules:
        lines += ["", *table_lines("rule", to_plain(rule), repeated=True)]
    return "\n".join(lines) + "\n"

"""Says what is wrong with a rule before it is stored, so that no stored rule can fail or do nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from chandelier_moderation.automod.actions import (
    Action,
    Ban,
    Delete,
    GiveRole,
    Ladder,
    Lockdown,
    Points,
    Reply,
    Slowmode,
    Timeout,
)
from chandelier_moderation.automod.check_triggers import problems_of_trigger
from chandelier_moderation.automod.problems import Path, Problem, below
from chandelier_moderation.automod.rules import Rule, RuleSet
from chandelier_moderation.automod.triggers import Expressions, Words

__all__ = ["problems_of", "problems_of_set"]

LONGEST_NAME = 60
MOST_RULES = 200
"""Of a server; each may have thousands of words."""
MOST_WORDS = 50_000
"""Of a server, in all rules together."""
MOST_EXPRESSIONS = 1_000
_TEXT = 1_500
"""Characters of what a member is answered; Discord allows 2000 in all.

Source: https://docs.discord.com/developers/resources/message#create-message
"""
_REASON = 400
"""Discord allows 512 in its audit log, which names the rule too."""
_LONGEST_SLOWMODE = timedelta(hours=6)
"""Source: https://docs.discord.com/developers/resources/channel#channel-object"""
_MOST_DELETED = timedelta(days=7)
"""Source: https://docs.discord.com/developers/resources/guild#create-guild-ban"""
_LONGEST = timedelta(days=3_650)


def problems_of(rule: Rule) -> Sequence[Problem]:
    """Everything that is wrong with the rule; empty when it can be stored."""
    return [*_of_rule(rule)]


def problems_of_set(rules: RuleSet, numbers: Sequence[int] | None = None) -> Sequence[Problem]:
    """Everything that is wrong with a server's rules together, each by itself included.

    ``numbers`` has the places of the rules in their file, when some of that could not be read.
    """
    places = range(len(rules.rules)) if numbers is None else numbers
    problems = [
        problem
        for place, rule in zip(places, rules.rules, strict=True)
        for problem in below(("rule", place), problems_of(rule))
    ]
    first: dict[str, int] = {}
    for place, rule in zip(places, rules.rules, strict=True):
        other = first.setdefault(rule.name.casefold(), place)
        if other != place:
            problems.append(Problem(("rule", place, "name"), f"{rule.name!r} is rule #{other + 1} already"))
    problems += _of_ladder(rules.ladder)
    sums = (
        ("rules", len(rules.rules), MOST_RULES),
        ("words", sum(len(r.trigger.words) for r in rules.rules if isinstance(r.trigger, Words)), MOST_WORDS),
        (
            "expressions",
            sum(len(r.trigger.expressions) for r in rules.rules if isinstance(r.trigger, Expressions)),
            MOST_EXPRESSIONS,
        ),
    )
    problems += [
        Problem((), f"there are {number} {what}; a server may have {most}")
        for what, number, most in sums
        if number > most
    ]
    return problems


def _of_rule(rule: Rule) -> Iterator[Problem]:
    if not rule.name.strip() or len(rule.name) > LONGEST_NAME or not rule.name.isprintable():
        yield Problem(("name",), f"must be 1 to {LONGEST_NAME} characters on one line")
    if not rule.actions:
        yield Problem(("actions",), "does nothing: a rule needs an action, such as delete or alert")
    if not rule.parts:
        yield Problem(("parts",), "looks at nothing")
    if rule.at_least < 1:
        yield Problem(("at_least",), "must be at least 1")
    yield from below(("trigger",), problems_of_trigger(rule.trigger))
    for number, action in enumerate(rule.actions):
        yield from below(("actions", number), _of_action(action))
        if action in rule.actions[:number]:
            yield Problem(("actions", number), f"{action.do} is there twice")
    for key in ("channels", "categories", "roles"):
        ids = getattr(rule.scope, key)
        for id_ in sorted({*ids.only} & {*ids.exempt}):
            yield Problem(("scope", key), f"{id_} is both meant and exempt")
    for key in ("account_younger", "joined_within"):
        span = getattr(rule.conditions, key)
        if span is not None:
            yield from _span(key, span, path=("conditions",))


def _of_action(action: Action) -> Iterator[Problem]:
    match action:
        case Timeout(duration=duration) | Lockdown(duration=duration):
            yield from _span("duration", duration)
        case GiveRole(duration=timedelta() as duration):
            yield from _span("duration", duration)
        case Ban(duration=duration, delete_messages=delete):
            if duration is not None:
                yield from _span("duration", duration)
            if not timedelta(0) <= delete <= _MOST_DELETED:
                yield Problem(("delete_messages",), "must be at most 7d, as Discord has it")
        case Slowmode(interval=interval, duration=duration):
            yield from _span("interval", interval, _LONGEST_SLOWMODE)
            yield from _span("duration", duration)
        case Reply(text=text, vanishes=vanishes):
            if not text.strip() or len(text) > _TEXT:
                yield Problem(("text",), f"must be 1 to {_TEXT} characters")
            if not timedelta(0) <= vanishes <= timedelta(hours=1):
                yield Problem(("vanishes",), "must be at most 1h; 0s lets the answer stay")
        case Points(points=points):
            if not 1 <= points <= 1_000:
                yield Problem(("points",), "must be 1 to 1000")
        case _:
            pass
    reason = getattr(action, "reason", "")
    if len(reason) > _REASON:
        yield Problem(("reason",), f"may have {_REASON} characters")


def _of_ladder(ladder: Ladder) -> Iterator[Problem]:
    yield from _span("decay", ladder.decay, path=("ladder",))
    before = 0
    for number, step in enumerate(ladder.steps):
        path: Path = ("ladder", "steps", number)
        if step.points <= before:
            yield Problem((*path, "points"), f"must be more than {before}: the steps go upwards")
        before = max(before, step.points)
        if not step.actions:
            yield Problem((*path, "actions"), "does nothing: a step needs an action")
        for place, action in enumerate(step.actions):
            yield from below((*path, "actions", place), _of_action(action))
            if isinstance(action, Points):
                yield Problem((*path, "actions", place), "points cannot give points")
            elif isinstance(action, Delete | Reply | Slowmode | Lockdown):
                what = f"{action.do} is about a message, not about its author: a step cannot do it"
                yield Problem((*path, "actions", place), what)


def _span(key: str, span: timedelta, most: timedelta = _LONGEST, *, path: Path = ()) -> Iterator[Problem]:
    if not timedelta(seconds=1) <= span <= most:
        limit = f"{most.days} days" if most.days else f"{int(most.total_seconds() // 3600)} hours"
        yield Problem((*path, key), f"must be 1 second to {limit}")

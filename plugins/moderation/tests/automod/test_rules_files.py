"""Rules as files and as rows: what is written is what is read, and all that is wrong is said at once."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chandelier_moderation.automod import actions, triggers
from chandelier_moderation.automod.actions import ACTIONS, Ladder, Step
from chandelier_moderation.automod.check import problems_of, problems_of_set
from chandelier_moderation.automod.plain import (
    from_plain,
    ladder_from_plain,
    read_toml,
    to_plain,
    write_toml,
)
from chandelier_moderation.automod.presets import PRESETS, preset
from chandelier_moderation.automod.problems import BadRules
from chandelier_moderation.automod.rules import (
    PARTS,
    SEVERITIES,
    Author,
    Conditions,
    Ids,
    Place,
    Rule,
    RuleSet,
    Scope,
)
from chandelier_moderation.automod.spans import read_span, write_span
from chandelier_moderation.automod.triggers import TRIGGERS

IDS = st.integers(1, 2**63 - 1)
SPANS = st.integers(1, 6 * 3600).map(lambda seconds: timedelta(seconds=seconds))
WORDS = st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9), min_size=1).map(tuple)
LISTED = st.lists(IDS, unique=True, max_size=3).map(tuple)
IN_FULL: dict[type, st.SearchStrategy] = {
    actions.Timeout: st.builds(actions.Timeout, duration=SPANS, reason=st.text(max_size=9)),
    actions.Ban: st.builds(actions.Ban, duration=st.none() | SPANS, delete_messages=SPANS),
    actions.Alert: st.builds(actions.Alert, channel=st.none() | IDS, roles=LISTED),
    actions.Reply: st.builds(
        actions.Reply, text=st.just("no \"such\" 'thing'\n"), vanishes=st.just(timedelta(0))
    ),
    actions.GiveRole: st.builds(actions.GiveRole, role=IDS, duration=st.none() | SPANS),
    actions.TakeRole: st.builds(actions.TakeRole, role=IDS),
    actions.Slowmode: st.builds(actions.Slowmode, interval=SPANS, duration=SPANS),
    actions.Lockdown: st.builds(actions.Lockdown, duration=SPANS),
    actions.Points: st.builds(actions.Points, points=st.integers(1, 1000)),
    triggers.Words: st.builds(
        triggers.Words, words=WORDS, match=st.sampled_from(["word", "prefix", "anywhere"])
    ),
    triggers.Expressions: st.just(triggers.Expressions(expressions=(r"\bx+y\\d'''\"", "z"))),
    triggers.Links: st.just(triggers.Links(deny=("example.org",), allow=("*.example.com",))),
    triggers.ScamLinks: st.just(triggers.ScamLinks(lists=("https://example.org/a", "b.txt"))),
    triggers.Invites: st.builds(triggers.Invites, allow_guilds=LISTED),
    triggers.Rate: st.builds(triggers.Rate, most=st.integers(1, 9), within=st.just(timedelta(seconds=90))),
    triggers.Imitation: st.builds(triggers.Imitation, roles=LISTED, names=st.just(("Mod",))),
}
ONE_TRIGGER = st.sampled_from(TRIGGERS).flatmap(lambda kind: IN_FULL.get(kind, st.builds(kind)))
ONE_ACTION = st.sampled_from(ACTIONS).flatmap(lambda kind: IN_FULL.get(kind, st.builds(kind)))
RULES = st.builds(
    Rule,
    name=st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=20),
    trigger=ONE_TRIGGER,
    actions=st.lists(ONE_ACTION, min_size=1, max_size=4, unique=True).map(tuple),
    severity=st.sampled_from(SEVERITIES),
    scope=st.builds(
        Scope,
        channels=st.builds(Ids, only=LISTED),
        roles=st.builds(Ids, exempt=LISTED),
        bots=st.sampled_from(["exempt", "include", "only"]),
    ),
    conditions=st.builds(Conditions, account_younger=st.none() | SPANS, no_roles=st.booleans()),
    parts=st.lists(st.sampled_from(PARTS), min_size=1, unique=True).map(tuple),
    at_least=st.integers(1, 3),
    enabled=st.booleans(),
    dry_run=st.booleans(),
    description=st.text(max_size=20),
)
LADDERS = st.builds(
    Ladder,
    decay=SPANS,
    steps=st.just(
        (Step(points=3, actions=(actions.Kick(),)), Step(points=5, actions=(actions.Ban(), actions.Alert())))
    ),
)  # fmt: skip


@settings(max_examples=25)
@given(st.lists(RULES, max_size=3, unique_by=lambda rule: rule.name.casefold()), LADDERS)
def test_what_is_written_is_what_is_read(rules, ladder):
    written = RuleSet(rules=tuple(rules), ladder=ladder)

    assert read_toml(write_toml(written)) == written
    for rule in rules:
        assert from_plain(json.loads(json.dumps(to_plain(rule)))) == rule
    assert ladder_from_plain(json.loads(json.dumps(to_plain(ladder)))) == ladder


KEY_NAMES = "name trigger kind words actions do scope channels only conditions duration x"
KEYS = KEY_NAMES.split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(JSON, st.sampled_from(TRIGGERS), st.sampled_from(ACTIONS))
def test_no_data_does_anything_but_be_refused_with_reasons(data, trigger, action):
    tries = [data, {"name": "x", "trigger": data, "actions": data, "scope": data, "conditions": data}]
    if isinstance(data, dict):
        tries.append(
            {"name": "x", "trigger": {**data, "kind": trigger.kind}, "actions": [{**data, "do": action.do}]}
        )
    for tried in tries:
        try:
            assert not problems_of(from_plain(tried))
        except BadRules as bad:
            assert bad.problems
            assert str(bad)


BROKEN_FILES = ["[[rule]]", "rule = 3", "ladder = []", "[rule]\nname='x'", "format = true"]


@given(st.text(max_size=60) | st.sampled_from(BROKEN_FILES))
def test_no_file_does_anything_but_be_refused_with_reasons(text):
    try:
        read_toml(text)
    except BadRules as bad:
        assert bad.problems


def test_every_error_of_a_file_is_said_at_once_with_its_line():
    text = """format = 1
foo = 2
[[rule]]
name = "a"
sevrity = "low"
trigger = {kind = "words", words = ["a", 3, ""]}
[[rule]]
name = "b"
severity = "lw"
[rule.trigger]
kind = "expressions"
expressions = [
  "ok",
  # a comment
  "(",
]
[[rule.actions]]
do = "timeout"
[[rule]]
name = "C"
actions = [{do = "delete"}, {do = "timeout", duration = "5 parsecs"}, 5]
[[rule]]
name = "d"
trigger = {kind = "expressions", expressions = ["(?=x)", ".*"]}
[[rule]]
name = "D"
trigger = {kind = "links", allow = ["co.uk", "not a domain"]}
[[rule.actions]]
do = "slowmode"
interval = "7h"
[ladder]
decay = "0s"
[[ladder.steps]]
points = 3
actions = [{do = "points"}]
[[ladder.steps]]
points = 2
actions = []
"""
    with pytest.raises(BadRules) as caught:
        read_toml(text)

    assert str(caught.value).splitlines() == [
        "line 2, foo: 'foo' is unknown; there are format, rule, ladder",
        "line 5, rule #1.sevrity: 'sevrity' is unknown; did you mean 'severity'?",
        "line 6, rule #1.trigger.words #2: must be text, not 3",
        "line 9, rule #2.severity: 'lw' is unknown; did you mean 'low'?",
        "line 15, rule #2.trigger.expressions #2: is refused: missing ): (",
        "line 17, rule #2.actions #1.duration: is missing",
        "line 19, rule #3.trigger: is missing",
        "line 21, rule #3.actions #2.duration: '5 parsecs' is no duration; write it as 90s, 1h30m, 2d or 3w",
        "line 21, rule #3.actions #3: must be a table",
        "line 22, rule #4.actions: does nothing: a rule needs an action, such as delete or alert",
        "line 24, rule #4.trigger.expressions #1: is refused: invalid perl operator: (?="
        "; to look ahead or behind could take forever, so it is not there",
        "line 24, rule #4.trigger.expressions #2: matches every text",
        "line 26, rule #5.name: 'D' is rule #4 already",
        "line 27, rule #5.trigger.allow #1: 'co.uk' is what everyone's domains end with",
        "line 27, rule #5.trigger.allow #2: 'not a domain' is no domain",
        "line 30, rule #5.actions #1.interval: must be 1 second to 6 hours",
        "line 32, ladder.decay: must be 1 second to 3650 days",
        "line 35, ladder.steps #1.actions #1: points cannot give points",
        "line 37, ladder.steps #2.points: must be more than 3: the steps go upwards",
        "line 38, ladder.steps #2.actions: does nothing: a step needs an action",
    ]


def test_a_file_that_is_no_toml_says_where():
    with pytest.raises(BadRules, match=r"^line 2: this is no TOML: "):
        read_toml('format = 1\nname = "x\n')


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (r"(a)\1", "refused"),
        ("(?<=x)y", "refused"),
        ("(a{1000}){1000}", "refused"),
        (r"(\w{1,500}){20}", "refused"),
        ("x" * 501, "501 characters"),
        ("a*", "every text"),
        ("  ", "empty"),
        ("[", "refused"),
    ],
)
def test_what_the_linear_engine_refuses_is_refused_when_saved(expression, why):
    rule = Rule(
        name="x", trigger=triggers.Expressions(expressions=("fine", expression)), actions=(actions.Delete(),)
    )

    (problem,) = problems_of(rule)

    assert problem.path == ("trigger", "expressions", 1)
    assert why in problem.what


USELESS = (
    triggers.Words(words=("", "*")),
    triggers.Words(words=()),
    triggers.Words(words=("x" * 201,)),
    triggers.Links(deny=("com",)),
    triggers.ScamLinks(),
    triggers.ScamLinks(lists=("../etc/passwd",)),
    triggers.ScamLinks(lists=("http://example.org/x",)),
    triggers.Zalgo(most=0),
    triggers.Capitals(percent=0),
    triggers.Newlines(most=0),
    triggers.Invites(allow_codes=("a/b",)),
    triggers.Attachments(deny=("a b",)),
    triggers.Rate(within=timedelta(days=1)),
    triggers.Repeated(most=2, channels=9),
    triggers.NewAccount(younger=timedelta(0)),
    triggers.Imitation(names=(" ",)),
)


@pytest.mark.parametrize("trigger", USELESS)
def test_no_stored_rule_can_do_nothing_or_everything(trigger):
    assert problems_of(Rule(name="x", trigger=trigger, actions=(actions.Delete(),)))


def test_a_server_has_bounds():
    words = tuple(f"word{number}" for number in range(30_000))
    rules = [
        Rule(name=f"r{n}", trigger=triggers.Words(words=words), actions=(actions.Delete(),)) for n in range(2)
    ]

    assert [str(problem) for problem in problems_of_set(RuleSet(rules=tuple(rules)))] == [
        "there are 60000 words; a server may have 50000"
    ]


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_valid_file(name):
    rules = preset(name)

    assert rules.rules
    assert all(rule.description for rule in rules.rules)
    assert read_toml(write_toml(rules)) == rules


def test_presets_together_make_a_valid_server():
    rules = tuple(rule for name in PRESETS for rule in preset(name).rules)

    assert not problems_of_set(RuleSet(rules=rules))


@given(st.integers(0, 10**9))
def test_durations_are_written_as_they_are_read(seconds):
    span = timedelta(seconds=seconds)

    assert read_span(write_span(span)) == span


def test_a_scope_says_where_and_for_whom_a_rule_holds():
    place = Place(channel=5, parent=4, category=3)
    member = Author(roles=(7, 8))

    assert Scope().covers(place, member)
    assert Scope(channels=Ids(only=(4,))).covers(place, member)  # a thread of it
    assert not Scope(channels=Ids(only=(9,))).covers(place, member)
    assert not Scope(channels=Ids(only=(5,), exempt=(4,))).covers(place, member)
    assert not Scope(categories=Ids(exempt=(3,))).covers(place, member)
    assert not Scope(categories=Ids(only=(3,))).covers(Place(channel=5), member)
    assert not Scope(roles=Ids(exempt=(8,))).covers(place, member)
    assert not Scope(roles=Ids(only=(9,))).covers(place, member)
    assert not Scope().covers(place, Author(staff=True))
    assert Scope(staff="include").covers(place, Author(staff=True))
    assert not Scope().covers(place, Author(bot=True))
    assert not Scope().covers(place, Author(bot=True, webhook=True))
    assert Scope(bots="include").covers(place, Author(bot=True))
    assert not Scope(bots="include").covers(place, Author(bot=True, webhook=True))
    assert Scope(webhooks="only").covers(place, Author(bot=True, webhook=True))
    assert not Scope(webhooks="only").covers(place, member)


def test_conditions_that_cannot_be_judged_do_not_hold():
    young = Conditions(account_younger=timedelta(days=7))

    assert Conditions().met(Author(), edited=True)
    assert not young.met(Author(), edited=False)
    assert young.met(Author(account_age=timedelta(days=6)), edited=False)
    assert not young.met(Author(account_age=timedelta(days=7)), edited=False)
    assert not Conditions(no_roles=True).met(Author(roles=(1,)), edited=False)
    assert not Conditions(edits="exempt").met(Author(), edited=True)
    assert not Conditions(edits="only").met(Author(), edited=False)
    assert not Conditions(joined_within=timedelta(hours=1)).met(
        Author(member_for=timedelta(days=1)), edited=False
    )


def test_the_ladder_goes_to_the_highest_step_reached():
    warn, ban = Step(points=3, actions=(actions.Warn(),)), Step(points=6, actions=(actions.Ban(),))
    ladder = Ladder(steps=(warn, ban))

    assert ladder.reached(0, 2) is None
    assert ladder.reached(2, 3) is warn
    assert ladder.reached(3, 5) is None
    assert ladder.reached(0, 9) is ban

"""What people type in options, and what it means; what it cannot mean is refused in plain words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier import InvalidRequest
from chandelier_moderation.automod import actions, triggers
from chandelier_moderation.automod.plain import from_plain, to_plain
from chandelier_moderation.automod.rules import Conditions
from chandelier_moderation.enforcing.memory import Counts, Seen
from chandelier_moderation.enforcing.said import said_actions, said_conditions, said_trigger
from chandelier_moderation.enforcing.typed import (
    KINDS,
    actions_of,
    conditions_of,
    items_of,
    parts_of,
    trigger_of,
)
from chandelier_moderation.enforcing.watch import author_kind

CHANNEL, ROLE = "456074443980800007", "456074443980800008"

SPANS = st.integers(60, 500_000).map(lambda seconds: timedelta(seconds=seconds))
MAYBE = st.none() | SPANS
SHORT = st.integers(1, 3_600).map(lambda seconds: timedelta(seconds=seconds))
NONE = st.just(timedelta(0))
IDS = st.integers(10**16, 10**18)
SOME_IDS = st.lists(IDS, max_size=3, unique=True).map(tuple)
TEXT = st.text(st.sampled_from('ab1d ,"“”\\\n`'), max_size=12)
ONE_ACTION = st.one_of(
    st.just(actions.Delete()),
    st.builds(actions.Warn, reason=TEXT),
    st.builds(actions.Timeout, duration=SPANS, reason=TEXT),
    st.builds(actions.Kick, reason=TEXT),
    st.builds(actions.Ban, duration=MAYBE, delete_messages=NONE | SPANS, reason=TEXT),
    st.builds(actions.Alert, channel=st.none() | IDS, roles=SOME_IDS),
    st.builds(actions.Reply, text=TEXT.map("no{}".format), vanishes=NONE | SHORT),
    st.builds(actions.GiveRole, role=IDS, duration=MAYBE),
    st.builds(actions.TakeRole, role=IDS),
    st.builds(actions.Slowmode, interval=SHORT, duration=SPANS),
    st.builds(actions.Lockdown, duration=SPANS),
    st.builds(actions.Points, points=st.integers(1, 1_000)),
)
WORD = st.text(st.sampled_from('ab ,"“”\\;'), max_size=8).map(lambda text: f"{text}x".lstrip())
WORDS = st.lists(WORD, min_size=1, max_size=4).map(tuple)
HOW = st.sampled_from(["word", "prefix", "anywhere"])
DOMAINS = st.lists(st.sampled_from(["example.org", "*.example.com", "a-b.example"]), max_size=2).map(tuple)
LISTS = ("https://lists.example/a,b", "c.txt")
MOST = st.integers(2, 50)
ONE_TRIGGER = st.one_of(
    st.builds(triggers.Words, words=WORDS, match=HOW, allow=WORDS | st.just(())),
    st.just(triggers.Expressions(expressions=(r"\bx,y\d'\"", "a;b", '"z"'))),
    st.builds(triggers.Links, deny=DOMAINS, allow=DOMAINS),
    st.builds(triggers.ScamLinks, lists=st.just(LISTS), domains=DOMAINS, allow=DOMAINS),
    st.builds(triggers.Invites, allow_guilds=SOME_IDS, allow_codes=st.just(("abc", "d-e"))),
    *(st.builds(kind, most=MOST) for kind in (triggers.Mentions, triggers.Emoji, triggers.Newlines)),
    st.builds(triggers.Zalgo, most=MOST),
    st.builds(triggers.Capitals, percent=st.integers(1, 100), at_least=st.integers(1, 4_000)),
    st.builds(triggers.Attachments, deny=st.just(("exe", "video/*")), allow=st.just(("mp4",))),
    st.builds(triggers.Rate, most=MOST, within=SHORT),
    st.builds(triggers.JoinRate, most=MOST, within=SHORT),
    st.builds(triggers.Repeated, most=MOST, within=SHORT, channels=st.integers(1, 2)),
    st.builds(triggers.NewAccount, younger=SPANS),
    st.builds(triggers.Imitation, roles=SOME_IDS, names=WORDS),
)
CONDITIONS = st.builds(
    Conditions,
    account_younger=MAYBE,
    joined_within=MAYBE,
    no_roles=st.booleans(),
    edits=st.sampled_from(["include", "exempt", "only"]),
)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("delete", [{"do": "delete"}]),
        ("Delete, WARN", [{"do": "delete"}, {"do": "warn"}]),
        ('warn "be kind, please"', [{"do": "warn", "reason": "be kind, please"}]),
        ("timeout 1h30m", [{"do": "timeout", "duration": "1h30m"}]),
        ("timeout 10m no links", [{"do": "timeout", "duration": "10m", "reason": "no links"}]),
        ("ban, kick now", [{"do": "ban"}, {"do": "kick", "reason": "now"}]),
        ("ban 7d", [{"do": "ban", "duration": "7d"}]),
        (
            'ban 1w 2d delete 1d "3 strikes"',
            [{"do": "ban", "duration": "1w 2d", "delete_messages": "1d", "reason": "3 strikes"}],
        ),
        ("ban Delete 1h, ban", [{"do": "ban", "delete_messages": "1h"}, {"do": "ban"}]),
        ("ban delete that at once", [{"do": "ban", "reason": "delete that at once"}]),
        (r'warn "say \"hi\",\nfriend \\o/"', [{"do": "warn", "reason": 'say "hi",\nfriend \\o/'}]),
        ('reply "no, {member}" for 20s', [{"do": "reply", "text": "no, {member}", "vanishes": "20s"}]),
        ('reply "no" stays', [{"do": "reply", "text": "no", "vanishes": "0s"}]),
        ("reply please do not", [{"do": "reply", "text": "please do not"}]),
        (f"alert <#{CHANNEL}> <@&{ROLE}>", [{"do": "alert", "channel": CHANNEL, "roles": [ROLE]}]),
        ("reply “stop, {member}!”", [{"do": "reply", "text": "stop, {member}!"}]),
        (f"give-role <@&{ROLE}> 2h", [{"do": "give_role", "role": ROLE, "duration": "2h"}]),
        (f"take_role {ROLE}", [{"do": "take_role", "role": ROLE}]),
        ("slowmode 30s for 10m", [{"do": "slowmode", "interval": "30s", "duration": "10m"}]),
        ("lockdown", [{"do": "lockdown"}]),
        ("points, points 3", [{"do": "points"}, {"do": "points", "points": 3}]),
    ],
)
def test_actions_are_read_as_they_are_written(text, plain):
    assert actions_of(text) == plain


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("explode", "is no action; there are `delete`, `warn`"),
        ("delte", "did you mean `delete`?"),
        ("Time-out 10m", "did you mean `timeout`?"),
        ("delete me not", "a comma is between two actions"),
        ("give_role", "`give_role @Role 2h`"),
        ("points many", "“many” is no number; write one like `5`."),
        ("alert mods", "Mention one channel"),
        (f"alert {CHANNEL}", "Mention one channel"),
        (f"alert <#{CHANNEL}> <#{ROLE}>", "Mention one channel"),
        ("timeout", "`timeout 10m`"),
        ("timeout for ever", "Say for how long"),
        ("ban delete", "`ban delete 1d`"),
        ("slowmode", "`slowmode 30s 10m`"),
        ('warn "be kind', "ends with one"),
        ('reply "no" quickly', '`reply "text" 20s`'),
        ("reply Please do not, member", "“member” is no action"),
    ],
)
def test_what_is_no_action_is_refused_and_it_is_said_what_to_write(text, told):
    with pytest.raises(InvalidRequest) as refused:
        actions_of(text)
    assert told in str(refused.value)


def test_all_actions_that_cannot_be_read_are_told_at_once():
    with pytest.raises(InvalidRequest) as refused:
        actions_of("delete, wern, timeout 10m, points `x`")
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [
        "These actions cannot be read",
        "- `wern`",
        "- `points ˋxˋ`",
    ]


@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("capitals", ("loud", "", None), "`70% of 15`"),
        ("mentions", ("five", "", None), "write one like `5`"),
        ("rate", ("often", "", None), "`6 in 5s`"),
        ("expressions", ("x", "y", None), "`allow` says nothing about `expressions`; it is for `words`"),
        ("links", ("x.example", "", "prefix"), "`match` says nothing about `links`"),
    ],
)
def test_what_is_no_trigger_is_refused_and_it_is_said_what_to_write(kind, options, told):
    with pytest.raises(InvalidRequest) as refused:
        trigger_of(kind, *options)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "what", "fields"),
    [
        ("words", 'a b,c\n"d, e"', {"words": ["a b", "c", "d, e"]}),
        ("expressions", "a,b ;; c", {"expressions": ["a,b", "c"]}),
        ("words", 'a, "b, c", d', {"words": ["a", "b, c", "d"]}),
        ("capitals", "80 %", {"percent": 80}),
        ("capitals", "70% of at least 20 letters", {"percent": 70, "at_least": 20}),
        ("rate", "6 messages in 5s", {"most": 6, "within": "5s"}),
        ("repeated", "3 in 2m in 2 channels", {"most": 3, "within": "2m", "channels": 2}),
        ("new_account", "7d", {"younger": "7d"}),
        ("imitation", f"Support, <@&{ROLE}>", {"roles": [ROLE], "names": ["Support"]}),
        ("invites", f"discord.gg/abc, {CHANNEL}", {"allow_guilds": [CHANNEL], "allow_codes": ["abc"]}),
        (
            "scam_links",
            "https://lists.example/a.txt, bad.example",
            {"lists": ["https://lists.example/a.txt"], "domains": ["bad.example"]},
        ),
    ],
)
def test_triggers_are_read_as_they_are_written_and_make_valid_rules(kind, what, fields):
    trigger = trigger_of(kind, what, "", None)

    assert trigger == {"kind": kind, **fields}
    rule = from_plain({"name": "x", "trigger": trigger, "actions": [{"do": "delete"}]})
    assert from_plain(to_plain(rule)) == rule


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        (
            "account < 7d, joined < 1d, no roles, edits only",
            {"account_younger": "7d", "joined_within": "1d", "no_roles": True, "edits": "only"},
        ),
        ("Account 1h30m,JOINED<2d", {"account_younger": "1h30m", "joined_within": "2d"}),
        ("no edits", {"edits": "exempt"}),
        ("", {}),
    ],
)
def test_conditions_are_read_as_they_are_written(text, plain):
    assert conditions_of(text) == plain
    assert parts_of("Content, embed,content") == ["content", "embed"]


@pytest.mark.parametrize("text", ["account", "account > 7d", "edits", "roles", "joined < soon"])
def test_what_is_no_condition_is_refused(text):
    with pytest.raises(InvalidRequest, match="is no condition"):
        conditions_of(text)


@given(ONE_TRIGGER, st.lists(ONE_ACTION, min_size=1, max_size=4, unique=True).map(tuple), CONDITIONS)
def test_what_is_said_of_a_rule_is_read_as_the_same_rule(trigger, acts, conditions):
    said = said_trigger(trigger)
    options = (said.get("what", ""), said.get("allow", ""), said.get("match"))
    read = from_plain(
        {
            "name": "x",
            "trigger": trigger_of(said["trigger"], *options),
            "actions": actions_of(said_actions(acts)),
            "conditions": conditions_of(said_conditions(conditions)),
        }
    )

    assert (read.trigger, read.actions, read.conditions) == (trigger, acts, conditions)
    again = (said_trigger(read.trigger), said_actions(read.actions), said_conditions(read.conditions))
    assert again == (said, said_actions(acts), said_conditions(conditions))


@given(st.text(max_size=40), st.sampled_from(sorted(KINDS)))
def test_nothing_that_is_typed_breaks_the_reading(text, kind):
    for read in (
        lambda: trigger_of(kind, text, text, None),
        lambda: actions_of(text),
        lambda: conditions_of(text),
    ):
        try:
            read()
        except InvalidRequest as error:
            assert str(error)
    assert all(item == item.strip() != "" for item in items_of(text))


@given(st.lists(st.floats(0, 30), max_size=40), st.integers(1, 5))
def test_a_window_tells_exactly_when_more_than_so_many_came_within_it(gaps, most):
    counts, at, kept = Counts(), datetime(2026, 1, 1, tzinfo=UTC), []
    for number, gap in enumerate(gaps):
        at += timedelta(seconds=gap)
        kept = [seen for seen in kept if (at - seen.at).total_seconds() <= 10]
        kept.append(Seen(at, 1, number))
        told = counts.add("key", kept[-1], within=10, most=most)
        assert list(told) == (kept if len(kept) > most else [])
        kept = [] if told else kept


def test_windows_are_bounded_and_the_same_message_counts_once():
    counts, now = Counts(most_kept=2), datetime(2026, 1, 1, tzinfo=UTC)
    for key in "abc":
        counts.add(key, Seen(now, 1, 1), within=10, most=1)
    assert len(counts) == 2
    assert counts.add("c", Seen(now, 1, 1), within=10, most=1) == ()
    assert len(counts.add("c", Seen(now, 1, 2), within=10, most=1)) == 2
    assert counts.add("b", Seen(now, 1, 2), within=10, most=1, channels=2) == ()


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"author": {"id": "1"}}, (False, False)),
        ({"author": {"id": "1", "bot": True}}, (True, False)),
        ({"author": {"id": "9"}, "webhook_id": "9"}, (False, True)),
        ({"author": {"id": "1", "bot": True}, "webhook_id": "1", "application_id": "1"}, (True, False)),
        ({}, (False, False)),
    ],
)
def test_an_answer_to_a_command_is_a_bots_and_no_webhooks(message, kind):
    assert author_kind(message) == kind

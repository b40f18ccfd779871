"""What people type in options, and what it means; what it cannot mean is refused in plain words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier import InvalidRequest
from chandelier_moderation.automod.plain import from_plain, to_plain
from chandelier_moderation.enforcing.memory import Counts, Seen
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


@pytest.mark.parametrize("text", ["explode", "delete me not", "give_role", "points many", "alert mods"])
def test_what_is_no_action_is_refused(text):
    with pytest.raises(InvalidRequest):
        actions_of(text)


@pytest.mark.parametrize(
    ("kind", "what", "fields"),
    [
        ("words", 'a b,c\n"d, e"', {"words": ["a b", "c", "d, e"]}),
        ("expressions", "a,b ;; c", {"expressions": ["a,b", "c"]}),
        ("capitals", "80 %", {"percent": 80}),
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

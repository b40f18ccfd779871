"""Durations as people write them, and moments in a server's time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

import chandelier
from chandelier_moderation.acting.durations import LONGEST, SHORTEST, parse_until, zone_of

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)  # a Thursday
ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90m", 5400),
        ("1h30m", 5400),
        ("1H 30M", 5400),
        ("1.5h", 5400),
        ("1,5 hours", 5400),
        ("for 2d", 172_800),
        ("3 weeks", 1_814_400),
        ("1 week, 2 days and 3 hours", 788_400),
        ("a day", 86_400),
        ("an hour", 3600),
        ("1 ora e 30 minuti", 5400),
        ("28d", 28 * 86_400),
        ("45 s", 45),
        ("1 month", 31 * 86_400),
        ("1y", 365 * 86_400),
        ("1 month 1h", 31 * 86_400 + 3600),
    ],
)
def test_lengths(text, seconds):
    assert parse_until(text, NOW) - NOW == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("until tomorrow 18:00", "2026-01-02 18:00"),
        ("tomorrow at 6pm", "2026-01-02 18:00"),
        ("fino a domani alle 18:00", "2026-01-02 18:00"),
        ("tomorrow", "2026-01-02 00:00"),
        ("today 23:59", "2026-01-01 23:59"),
        ("18:00", "2026-01-01 18:00"),
        ("12am", "2026-01-02 00:00"),
        ("8:15", "2026-01-02 08:15"),
        ("friday", "2026-01-02 00:00"),
        ("until next thursday 9:00", "2026-01-08 09:00"),
        ("2026-03-29", "2026-03-29 00:00"),
        ("2026-3-29 10:30", "2026-03-29 10:30"),
        ("2026-03-29t10:30", "2026-03-29 10:30"),
    ],
)
def test_moments_are_those_of_the_servers_time_zone(text, local):
    end = parse_until(text, NOW, ROME)

    assert end.tzinfo is UTC
    assert end.astimezone(ROME).strftime("%Y-%m-%d %H:%M") == local


def test_moments_that_name_their_own_zone():
    assert parse_until("2026-01-01T13:30Z", NOW, ROME) == datetime(2026, 1, 1, 13, 30, tzinfo=UTC)
    assert parse_until("<t:1767272400:R>", NOW, ROME) == datetime(2026, 1, 1, 13, 0, tzinfo=UTC)
    assert zone_of("Europe/Rome") == ROME
    assert [zone_of(name) for name in ("Europe/Atlantis", "", "../etc/passwd", "x\0y")] == [UTC] * 4


def test_a_day_with_a_change_of_the_clocks_keeps_its_times_of_day():
    before = datetime(2026, 3, 28, 18, 0, tzinfo=UTC)

    assert parse_until("tomorrow 18:00", before, ROME) == datetime(2026, 3, 29, 16, 0, tzinfo=UTC)
    assert parse_until("1d", before, ROME) == before + timedelta(days=1)
    assert parse_until("tomorrow 2:30", before, ROME) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_month_ends_on_the_last_day_of_a_shorter_one():
    assert parse_until("1mo", datetime(2026, 1, 31, tzinfo=UTC)) == datetime(2026, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        *(
            (text, "cannot read")
            for text in ("", "soon", "10", "5 parsecs", "1h30", "h", "2026-02-31", "25:00")
        ),
        *(
            (text, "cannot read")
            for text in ("13pm", "1.5 months", "1h,", "tomorrow noonish", "9" * 200, "٣d")
        ),
        ("2025-12-31", "over already"),
        ("today", "over already"),
        ("0s", "over already"),
        ("5s", "too short"),
        ("999999999 years", "too long"),
        ("999999999w", "too long"),
        ("9999-12-31", "too long"),
        ("<t:999999999999>", "cannot read"),
    ],
)
def test_what_cannot_be_is_refused_in_plain_words(text, why):
    with pytest.raises(chandelier.InvalidRequest, match=why):
        parse_until(text, NOW)


NAIVE = NOW.replace(tzinfo=None)
MOMENTS = st.datetimes(NAIVE.replace(year=2020), NAIVE.replace(year=2100), timezones=st.just(UTC))
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


@given(
    st.lists(st.tuples(st.integers(1, 99), st.sampled_from(sorted(UNITS))), min_size=1, max_size=5),
    st.sampled_from(["", " ", ", ", " and "]),
)
def test_the_parts_of_a_length_add_up_however_they_are_joined(parts, between):
    whole = timedelta(seconds=sum(number * UNITS[unit] for number, unit in parts))
    text = between.join(f"{number}{unit}" for number, unit in parts)
    if SHORTEST <= whole <= LONGEST:
        assert parse_until(text, NOW, ROME) - NOW == whole
    else:
        with pytest.raises(chandelier.InvalidRequest):
            parse_until(text, NOW, ROME)


@given(
    st.text(max_size=40) | st.from_regex(r"(until )?[a-z0-9:<>., -]{0,30}", fullmatch=True),
    MOMENTS,
    st.sampled_from(["UTC", "Europe/Rome", "America/St_Johns", "Pacific/Kiritimati", "Australia/Lord_Howe"]),
)
def test_any_text_is_a_moment_to_come_or_refused(text, now, zone):
    try:
        end = parse_until(text, now, zone_of(zone))
    except chandelier.InvalidRequest:
        return
    assert now + SHORTEST <= end <= now + LONGEST


@given(
    st.integers(0, 23),
    st.integers(0, 59),
    MOMENTS,
    st.sampled_from(["UTC", "Europe/Rome", "America/St_Johns", "Pacific/Kiritimati", "Asia/Kathmandu"]),
)
def test_a_time_of_day_is_the_next_one(hour, minute, now, zone):
    try:
        end = parse_until(f"{hour}:{minute:02}", now, zone_of(zone))
    except chandelier.InvalidRequest:  # it is less than ten seconds away
        return
    assert now < end <= now + timedelta(hours=25)

"""The arithmetic of rate limits, with a clock of integers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopcord import Limit
from loopcord.buckets import SECOND, Taken, bucket_for

limits = st.builds(
    Limit,
    requests=st.integers(1, 20),
    seconds=st.integers(20, 30_000).map(lambda thousandths: thousandths / 1_000),
    sliding=st.booleans(),
)
#: Microseconds between requests: mostly bursts, sometimes a pause.
pauses = st.lists(st.one_of(st.just(0), st.integers(0, 5_000), st.integers(0, 40 * SECOND)), max_size=60)


def _play(limit: Limit, gaps: Sequence[int], start: int = 10**15) -> list[tuple[int, Taken]]:
    bucket, now, played = bucket_for(limit), start, list[tuple[int, Taken]]()
    for gap in gaps:
        now += gap
        played.append((now, bucket.take(now)))
    return played


def test_a_fixed_window_gives_everything_back_at_once() -> None:
    times = [0, 1, 2, SECOND - 1, SECOND, SECOND + 5]
    bucket = bucket_for(Limit(3, 1))

    taken = [bucket.take(time) for time in times]

    assert taken == [
        (True, 2, SECOND, 0),
        (True, 1, SECOND, 0),
        (True, 0, SECOND, 0),
        (False, 0, SECOND, 1),
        (True, 2, 2 * SECOND, 0),
        (True, 1, 2 * SECOND, 0),
    ]


def test_a_sliding_window_gives_one_back_at_a_time() -> None:
    """As discord-api-docs#8330 shows it: 3 per second are reported as one per 0.333 seconds."""
    bucket = bucket_for(Limit(4, 2, sliding=True))
    half = SECOND // 2

    taken = [bucket.take(time) for time in (0, 0, 0, 0, 0, half - 1, half, 10 * SECOND)]

    assert taken == [
        (True, 3, half, 0),
        (True, 2, 2 * half, 0),
        (True, 1, 3 * half, 0),
        (True, 0, 4 * half, 0),
        (False, 0, 4 * half, half),
        (False, 0, 4 * half, 1),
        (True, 0, 5 * half, 0),
        (True, 3, 10 * SECOND + half, 0),
    ]


@pytest.mark.parametrize(("requests", "seconds"), [(0, 1), (1, 0), (5, 0.000001), (-1, 1)])
def test_a_limit_counts_something(requests: int, seconds: float) -> None:
    with pytest.raises(ValueError, match="counts nothing"):
        Limit(requests, seconds)


@given(limits, pauses)
def test_no_window_lets_more_in_than_its_limit(limit: Limit, gaps: list[int]) -> None:
    """A fixed window by its reset; a sliding one in any stretch of time, beside what had been saved up."""
    played = _play(limit, gaps)
    allowed = [(now, taken) for now, taken in played if taken.allowed]
    if not limit.sliding:
        for reset in {taken.reset for _, taken in allowed}:
            assert sum(taken.reset == reset for _, taken in allowed) <= limit.requests
        return
    each = round(limit.seconds * SECOND / limit.requests)
    for index, (first, _) in enumerate(allowed):
        for count, (last, _) in enumerate(allowed[index:], start=1):
            assert count <= limit.requests + (last - first) // each + 1


@given(limits, pauses)
def test_what_is_announced_is_true(limit: Limit, gaps: list[int]) -> None:
    """A client that reads the headers can rely on them."""
    played = _play(limit, gaps)
    for (_, before), (now, taken) in itertools.pairwise(played):
        if before.remaining:
            assert taken.allowed
        if now >= before.reset:
            assert (taken.allowed, taken.remaining) == (True, limit.requests - 1)
        elif not limit.sliding:
            assert taken.reset == before.reset
    for now, taken in played:
        assert 0 <= taken.remaining < limit.requests
        assert taken.reset > now
        assert taken.allowed == (taken.retry_after == 0)


@given(limits, pauses)
def test_a_refused_request_is_let_in_after_just_the_wait_it_was_told(limit: Limit, gaps: list[int]) -> None:
    bucket, now = bucket_for(limit), 0
    for gap in gaps:
        now += gap
        taken = bucket.take(now)
        if not taken.allowed:
            assert not bucket.take(now + taken.retry_after - 1).allowed
            now += taken.retry_after
            assert bucket.take(now).allowed


@given(limits, pauses)
def test_a_whole_bucket_may_be_forgotten(limit: Limit, gaps: list[int]) -> None:
    bucket, now = bucket_for(limit), 10**15
    for gap in gaps:
        now += gap
        if bucket.whole(now):
            fresh = bucket_for(limit)
            assert fresh.take(now) == bucket.take(now)
        else:
            bucket.take(now)


@given(limits, st.integers(0, 10**6))
def test_what_is_refused_uses_nothing_up(limit: Limit, spam: int) -> None:
    bucket = bucket_for(limit)
    for _ in range(limit.requests):
        assert bucket.take(0).allowed
    first = bucket.take(0)
    for _ in range(spam % 50):
        assert bucket.take(0) == first

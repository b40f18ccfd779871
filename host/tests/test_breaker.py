"""A plugin's circuit breaker: how much may go wrong, and rests that grow until all goes well for a while."""

from __future__ import annotations

from chandelier.breaker import RETRY_FIRST, RETRY_LAST, Breaker, Budget, Phase
from chandelier.record import State

BUDGET = Budget(failures=10, window=60.0, blocks=3, blocks_window=900.0)


def fail(breaker: Breaker, times: int, now: float) -> str | None:
    return [breaker.failed(now) for _ in range(times)][-1]


def test_failures_are_counted_within_the_window_only() -> None:
    breaker = Breaker(BUDGET)

    assert fail(breaker, 9, now=0.0) is None
    assert breaker.failed(61.0) is None
    assert fail(breaker, 8, now=100.0) is None
    assert breaker.failed(101.0) == "10 failures within 60 seconds"


def test_the_rests_grow_when_every_trial_ends_in_trouble_although_the_start_went_well() -> None:
    breaker, now, rests = Breaker(BUDGET), 0.0, []
    for _ in range(10):
        fail(breaker, 10, now)
        rests.append(breaker.trip(now))
        assert breaker.phase(now) is Phase.OPEN
        now += rests[-1]
        breaker.started(now)
        assert breaker.phase(now) is Phase.HALF_OPEN
        now += 20.0

    assert rests[:4] == [RETRY_FIRST, 60.0, 120.0, 240.0]
    assert rests[-1] == RETRY_LAST


def test_on_trial_a_fifth_of_the_budget_is_enough() -> None:
    breaker = Breaker(BUDGET)
    breaker.started(breaker.trip(0.0))

    assert breaker.failed(31.0) is None
    assert breaker.failed(32.0) == "2 failures within 60 seconds"


def test_after_a_trial_without_trouble_everything_is_as_at_first() -> None:
    breaker = Breaker(BUDGET)
    breaker.trip(0.0)
    breaker.started(30.0)
    breaker.trip(31.0)
    breaker.started(91.0)

    assert breaker.trial_ends(100.0) == 51.0
    assert breaker.phase(151.0) is Phase.CLOSED
    assert fail(breaker, 9, now=200.0) is None
    assert breaker.trip(200.0) == RETRY_FIRST


def test_blocking_the_loop_again_and_again_is_enough_by_itself() -> None:
    breaker = Breaker(BUDGET)

    assert breaker.blocked(0.0) is None
    assert breaker.blocked(901.0) is None
    assert breaker.blocked(902.0) is None
    assert breaker.blocked(903.0) == "it blocked the whole bot 3 times within 900 seconds"
    breaker.started(breaker.trip(903.0))
    assert breaker.blocked(1000.0) is None, "the trial is long over"
    breaker.trip(1000.0)
    breaker.started(1030.0)
    assert breaker.blocked(1040.0) == "it blocked the whole bot 1 time within 900 seconds"


def test_when_the_owner_says_that_it_is_mended_the_past_is_forgotten() -> None:
    breaker = Breaker(BUDGET)
    breaker.trip(0.0)
    breaker.trip(100.0)
    breaker.reset()

    assert breaker.phase(100.0) is Phase.CLOSED
    assert breaker.trip(100.0) == RETRY_FIRST


async def test_a_plugin_that_starts_well_and_fails_soon_after_is_tried_ever_more_rarely(
    discord, start_host, install
) -> None:
    """The error budget is the deployment's; the rests do not begin anew with each start."""
    install(
        "moody",
        "@loader.task(lightbulb.uniformtrigger(seconds=5))\nasync def fail():\n    raise OSError('no')",
    )
    host = await start_host("moody", host={"error_budget": 5, "error_window": 60.0})
    record, log = host.lifecycle.records["moody"], []
    for _ in range(60):
        await discord.advance(5)
        if not log or log[-1][1] is not record.state:
            log.append((int(discord.clock.elapsed), record.state))

    assert [state for _, state in log[:4]] == [
        State.RUNNING, State.QUARANTINED, State.RUNNING, State.QUARANTINED
    ]  # fmt: skip
    first, second = log[2][0] - log[1][0], log[4][0] - log[3][0]
    assert (first, second) == (30, 60)
    assert "within 60 seconds; the last: task fail: OSError: no" in record.reason or record.active

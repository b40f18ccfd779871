"""Politeness: one request per host and gap, in order, whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chandelier_redeye.pace import Pace, host_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GAP = timedelta(seconds=5)


def test_watches_of_one_host_queue_and_keep_their_places():
    pace = Pace()

    assert pace.place("shop", "a", now=NOON, gap=GAP) is None
    assert pace.place("shop", "b", now=NOON, gap=GAP) == NOON + GAP
    assert pace.place("shop", "c", now=NOON, gap=GAP) == NOON + 2 * GAP
    assert pace.place("shop", "b", now=NOON + timedelta(seconds=1), gap=GAP) == NOON + GAP, "asked again"

    assert pace.place("shop", "b", now=NOON + GAP, gap=GAP) is None
    assert pace.place("shop", "c", now=NOON + 2 * GAP, gap=GAP) is None
    assert pace.place("shop", "d", now=NOON + 2 * GAP, gap=GAP) == NOON + 3 * GAP


def test_another_host_does_not_wait():
    pace = Pace()
    pace.place("shop", "a", now=NOON, gap=GAP)

    assert pace.place("other", "b", now=NOON, gap=GAP) is None


def test_who_leaves_does_not_come_back_to_an_old_place():
    pace = Pace()
    pace.place("shop", "a", now=NOON, gap=GAP)
    pace.place("shop", "b", now=NOON, gap=GAP)
    pace.leave("shop", "b")

    assert pace.place("shop", "b", now=NOON + GAP, gap=GAP) == NOON + 2 * GAP


def test_hosts_are_forgotten_when_nobody_queues():
    pace = Pace()
    for number in range(1_000):
        pace.place(f"shop{number}", number, now=NOON + number * GAP, gap=GAP)

    assert len(pace._hosts) <= 2


def test_a_host_is_its_name_and_port():
    assert host_of("HTTPS://Shop.example:8443/lamp") == "shop.example:8443"

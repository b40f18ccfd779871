"""The ledger gives everything back, and keeps what could not be given back."""

from __future__ import annotations

import pytest

from chandelier.ledger import Ledger


async def test_everything_is_given_back_last_taken_first() -> None:
    ledger, order = Ledger(), []

    async def close_session() -> None:
        order.append("session")

    ledger.hold("listener", "on_message", lambda: order.append("listener"))
    ledger.hold("session", "shop", close_session)
    ledger.hold("command", "warn")

    assert ledger.counts() == {"listener": 1, "session": 1, "command": 1}
    assert await ledger.release() == []
    assert order == ["session", "listener"]
    assert ledger.empty


async def test_what_cannot_be_given_back_stays_and_the_rest_goes() -> None:
    ledger = Ledger()

    def broken() -> None:
        raise OSError("stuck")

    ledger.hold("task", "loop", broken)
    ledger.hold("hook", "manifest", lambda: None)

    failures = await ledger.release()

    assert [(kind, name, str(error)) for kind, name, error in failures] == [("task", "loop", "stuck")]
    assert ledger.names("task") == ["loop"]
    assert not ledger.empty


def test_a_twin_is_refused() -> None:
    ledger = Ledger()
    ledger.hold("timer", "check")
    with pytest.raises(ValueError, match="already holds a timer named 'check'"):
        ledger.hold("timer", "check")

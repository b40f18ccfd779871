"""What may happen to an event between the world and a session: doubled, held, reordered, late.

Events are numbered when they are sent, so that the sequence on the wire always rises, as Discord's
does. READY and RESUMED belong to the connection and not to the world; only :class:`HoldReady` knows
them. Events that a RESUME replays have been sent before, and pass as they are.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Awaitable, Callable, Sequence

from .sessions import Session

__all__ = ["Delay", "Double", "Flow", "Hold", "HoldReady", "Reorder"]


class Rule:
    """One kind of trouble for events whose name matches, on one shard or on all.

    ``times`` is counted by shard, so that a session that begins anew does not begin the trouble anew;
    None means until the rule ends.
    """

    def __init__(self, event_glob: str, shard: int | None, times: int | None = None) -> None:
        self._glob = event_glob
        self._shard = shard
        self._times = times
        self._met: dict[tuple[int, int], int] = {}

    def concerns(self, session: Session, event: str) -> bool:
        """Whether an event of a session is this rule's business; it is counted when it is."""
        if event in ("READY", "RESUMED") or self._shard not in (None, session.shard[0]):
            return False
        met = self._met.get(session.shard, 0)
        if (self._times is not None and met >= self._times) or not fnmatch.fnmatchcase(event, self._glob):
            return False
        self._met[session.shard] = met + 1
        return True

    def take(self, session: Session, event: str, body: bytes) -> None:
        """Deal with an event that concerns the rule: dispatch it now, later or more than once."""
        raise NotImplementedError

    def end(self) -> None:
        """Let go of what is still held."""


class Double(Rule):
    """Events arrive twice, with two sequence numbers."""

    def take(self, session: Session, event: str, body: bytes) -> None:
        session.dispatch(event, body)
        session.dispatch(event, body)


class Hold(Rule):
    """Events wait until the rule ends, and then come in their order."""

    def __init__(self, event_glob: str, shard: int | None) -> None:
        super().__init__(event_glob, shard)
        self._held: list[tuple[Session, str, bytes]] = []

    def take(self, session: Session, event: str, body: bytes) -> None:
        self._held.append((session, event, body))

    def end(self) -> None:
        held, self._held = self._held, []
        for session, event, body in held:
            session.dispatch(event, body)


class HoldReady(Hold):
    """Sessions that begin from now on hear nothing, not even READY, until the rule ends."""

    def __init__(self, shard: int | None) -> None:
        super().__init__("*", shard)
        self._silent: set[str] = set()

    def concerns(self, session: Session, event: str) -> bool:
        if event == "READY" and self._shard in (None, session.shard[0]):
            self._silent.add(session.id)
        return session.id in self._silent


class Reorder(Rule):
    """The next events of each shard wait for each other and then come in another order, once."""

    def __init__(self, event_glob: str, shard: int | None, order: Sequence[int]) -> None:
        super().__init__(event_glob, shard, len(order))
        self._order = order
        self._held: dict[tuple[int, int], list[tuple[Session, str, bytes]]] = {}

    def take(self, session: Session, event: str, body: bytes) -> None:
        held = self._held.setdefault(session.shard, [])
        held.append((session, event, body))
        if len(held) == len(self._order):
            del self._held[session.shard]
            for index in self._order:
                owner, name, data = held[index]
                owner.dispatch(name, data)

    def end(self) -> None:
        waiting, self._held = self._held, {}
        for held in waiting.values():
            for session, event, body in held:
                session.dispatch(event, body)


class Delay(Rule):
    """Events come late on the world's clock, so that later ones may overtake them."""

    def __init__(
        self,
        event_glob: str,
        shard: int | None,
        times: int | None,
        seconds: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        arrived: Callable[[], None],
    ) -> None:
        super().__init__(event_glob, shard, times)
        self._seconds = seconds
        self._sleep = sleep
        self._arrived = arrived
        self._under_way: set[asyncio.Task[None]] = set()

    def take(self, session: Session, event: str, body: bytes) -> None:
        task = asyncio.create_task(self._later(self._seconds(), session, event, body))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _later(self, seconds: float, session: Session, event: str, body: bytes) -> None:
        await self._sleep(seconds)
        session.dispatch(event, body)
        self._arrived()

    def cancel(self) -> None:
        """Forget what is under way; the world ends."""
        for task in self._under_way:
            task.cancel()


class Flow:
    """The rules in force; the first that an event concerns decides about it."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []
        self._delays: list[Delay] = []

    def add(self, rule: Rule) -> Callable[[], None]:
        """Put a rule in force; returns what ends it and lets go of what it held."""
        self._rules.append(rule)
        if isinstance(rule, Delay):
            self._delays.append(rule)

        def end() -> None:
            if rule in self._rules:
                self._rules.remove(rule)
                rule.end()

        return end

    def dispatch(self, session: Session, event: str, body: bytes) -> None:
        """Send an event to a session, as the rules in force let it."""
        for rule in self._rules:
            if rule.concerns(session, event):
                rule.take(session, event, body)
                return
        session.dispatch(event, body)

    def stop(self) -> None:
        """Forget every event that is still under way."""
        for delay in self._delays:
            delay.cancel()

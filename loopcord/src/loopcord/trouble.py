"""What a test may ask to go wrong: answers, connections, sessions and events, one short method each.

Everything that lasts returns what ends it. Everything that ends connections returns when they are gone,
so that ``await discord.ready()`` then waits for those that replace them.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .errors import WorldError
from .faults import Canned, Fault, Faults, cloudflare_ban, rate_limited
from .flow import Delay, Double, Hold, HoldReady, Reorder
from .gateway import Gateway
from .ratelimits import Scope
from .routes import SessionStarts
from .sessions import Connection

if TYPE_CHECKING:
    from .guilds import Guild

__all__ = ["Trouble"]

End = Callable[[], None]


class Trouble:
    """``discord.trouble``. ``shard`` is a shard's number, or None for all of them.

    For requests, ``method`` may be ``"*"``, and ``path_glob`` is matched (as by fnmatch) against the path
    below ``/api/v10``; for events, ``event`` is a glob over names such as ``MESSAGE_CREATE``.
    ``times=None`` lasts until it is ended. Seconds are of the world's clock.
    """

    def __init__(
        self,
        gateway: Gateway,
        faults: Faults,
        starts: SessionStarts,
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]],
        changed: Callable[[], None],
        until: Callable[[Callable[[], bool]], Awaitable[bool]],
    ) -> None:
        self._gateway = gateway
        self._faults = faults
        self._starts = starts
        self._rng = rng
        self._sleep = sleep
        self._changed = changed
        self._until = until

    # ------------------------------------------------------------------ requests

    def fail(
        self,
        method: str,
        path_glob: str,
        *,
        status: int = 500,
        times: int | None = 1,
        code: int = 0,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> End:
        """Answer matching requests with an error.

        ``code`` is Discord's JSON error code; ``body`` replaces the whole JSON answer.
        """
        answer = body if body is not None else {"code": code, "message": "injected fault"}
        # A body that the test words itself is not ours to judge.
        canned = Canned(status, answer, dict(headers or {}), judged=body is None)
        return self._faults.add(Fault(method.upper(), path_glob, times, lambda _: canned))

    def rate_limit(
        self,
        method: str = "*",
        path_glob: str = "*",
        *,
        retry_after: float = 1.0,
        scope: Scope = "user",
        times: int | None = 1,
        code: int | None = None,
    ) -> End:
        """Answer matching requests with a 429 of a scope: ``user``, ``global`` or ``shared``.

        ``retry_after`` is in seconds of the clock by which rate limits are kept, which is the real one
        unless ``RateLimits(clock=…)`` says otherwise: clients wait for it in real time.
        """
        return self._faults.add(
            Fault(method.upper(), path_glob, times, lambda now: rate_limited(scope, retry_after, code, now))
        )

    def ban_address(self, *, retry_after: float = 600.0, times: int | None = None) -> End:
        """Answer every request as Cloudflare does for a banned address (429 in plain text, no ``Via``)."""
        canned = cloudflare_ban(retry_after)
        return self._faults.add(Fault("*", "*", times, lambda _: canned))

    def slow(
        self, method: str, path_glob: str, seconds: float, *, jitter: float = 0.0, times: int | None = 1
    ) -> End:
        """Let matching requests wait ``seconds``, and up to ``jitter`` more, before they are dealt with."""
        return self._faults.add(Fault(method.upper(), path_glob, times, delay=seconds, jitter=jitter))

    def latency(self, seconds: float, *, jitter: float = 0.0) -> End:
        """Let every request wait ``seconds``, and up to ``jitter`` more; other faults still happen."""
        return self.slow("*", "*", seconds, jitter=jitter, times=None)

    def cut(
        self,
        method: str,
        path_glob: str,
        *,
        times: int | None = 1,
        after: bool = False,
        reset: bool = False,
    ) -> End:
        """Cut the connection of matching requests without an answer; with ``reset`` by a reset (RST).

        With ``after`` the request has taken effect by then, which only the bot does not know.
        """
        where = "after" if after else "before"
        return self._faults.add(Fault(method.upper(), path_glob, times, cut=where, reset=reset))

    # ------------------------------------------------------------------ connections

    async def drop(self, shard: int | None = None, *, reset: bool = False) -> None:
        """Cut sockets without a word; sessions stay, so that a client can resume."""
        gone = [c for c in self._gateway.connections if shard is None or _is(c, shard)]
        self._gateway.drop(gone, reset=reset)
        await _all_gone(gone)

    async def close(self, code: int, reason: str = "", *, shard: int | None = None) -> None:
        """Close connections with a close code; where Discord's table says so, the session goes, too.

        Codes: https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway

        Raises:
            WorldError: for a code that may not be sent in a close frame.
        """
        if not (1000 <= code <= 1014 and code not in (1004, 1005, 1006)) and not 3000 <= code <= 4999:
            raise WorldError(f"{code} cannot be sent as a close code; use 1000 to 1014 or 4000 to 4999")
        gone = self._chosen(shard)
        for connection in gone:
            self._gateway.close(connection, code, reason)
        await _all_gone(gone)

    async def reconnect(self, shard: int | None = None) -> None:
        """Ask clients to reconnect and resume (opcode 7)."""
        gone = self._chosen(shard)
        for connection in gone:
            self._gateway.reconnect(connection)
        await _all_gone(gone)

    async def invalidate(self, resumable: bool = False, *, shard: int | None = None) -> None:
        """Tell clients that their session is invalid (opcode 9), for good or to be resumed.

        Returns when each has left, or has authenticated anew on the same socket.
        """
        lost = self._chosen(shard)
        for connection in lost:
            self._gateway.invalidate(connection, resumable=resumable)
        await self._until(lambda: all(each.closed.done() or each.session is not None for each in lost))

    def half_open(self, shard: int | None = None) -> End:
        """Let nothing pass on the sockets of now, in either direction, without closing them.

        Neither side is told; a client notices by missing acknowledgements. What is ended heals:
        what was held then arrives, if the client is still there.
        """
        return self._noted(*(connection.freeze() for connection in self._chosen(shard)))

    def withhold_acks(self, shard: int | None = None) -> End:
        """Do not acknowledge heartbeats on the sockets of now; everything else goes on."""
        chosen = self._chosen(shard)

        def acknowledge(yes: bool) -> None:
            for connection in chosen:
                connection.acknowledging = yes

        acknowledge(False)
        return lambda: acknowledge(True)

    def ask_heartbeat(self, shard: int | None = None) -> None:
        """Ask clients for a heartbeat now (opcode 1)."""
        for connection in self._chosen(shard):
            self._gateway.ask_heartbeat(connection)

    def heartbeat_interval(self, seconds: float) -> End:
        """Announce another interval between heartbeats in HELLO to those who connect from now on."""
        before, self._gateway.heartbeat_interval = self._gateway.heartbeat_interval, seconds

        def restore() -> None:
            self._gateway.heartbeat_interval = before

        return restore

    # ------------------------------------------------------------------ sessions

    def forget_sessions(self) -> None:
        """Lose the sessions without a socket, so that the next RESUME of each is refused."""
        self._gateway.forget_sessions()

    def refuse_resumes(self, times: int = 1) -> None:
        """Answer the next RESUMEs with opcode 9; their sessions are lost."""
        self._gateway.refused_resumes = times

    def withhold_ready(self, shard: int | None = None) -> End:
        """Tell sessions that begin from now on nothing, not even READY, until it is ended."""
        return self._noted(self._gateway.flow.add(HoldReady(shard)))

    def session_starts(
        self, *, remaining: int | None, reset_after: float = 86_400.0, max_concurrency: int | None = None
    ) -> None:
        """What ``GET /gateway/bot`` says about session starts; beyond ``remaining``, IDENTIFY fails (4004).

        ``reset_after`` is in seconds; ``remaining=None`` counts nothing.
        """
        self._starts.remaining, self._starts.reset_after = remaining, reset_after
        if max_concurrency is not None:
            self._starts.max_concurrency = max_concurrency

    # ------------------------------------------------------------------ events

    def duplicate(self, event: str = "*", *, times: int | None = 1, shard: int | None = None) -> End:
        """Send the next matching events twice, with two sequence numbers."""
        return self._gateway.flow.add(Double(event, shard, times))

    def delay(
        self,
        event: str,
        seconds: float,
        *,
        jitter: float = 0.0,
        times: int | None = 1,
        shard: int | None = None,
    ) -> End:
        """Send the next matching events ``seconds``, and up to ``jitter`` more, too late.

        Later events overtake them. What is under way when this is ended still arrives.
        """

        def how_long() -> float:
            return seconds + (self._rng.uniform(0, jitter) if jitter else 0.0)

        return self._gateway.flow.add(Delay(event, shard, times, how_long, self._sleep, self._changed))

    def withhold(self, event: str = "*", *, shard: int | None = None) -> End:
        """Hold matching events back until it is ended; then they arrive in their order."""
        return self._noted(self._gateway.flow.add(Hold(event, shard)))

    def reorder(
        self,
        count: int,
        event: str = "*",
        *,
        order: Sequence[int] | None = None,
        shard: int | None = None,
    ) -> End:
        """Hold the next ``count`` matching events of each shard and send them in another order.

        ``order`` names each of ``range(count)`` once; by default they come reversed. Ended early, what
        is held comes as it was.

        Raises:
            WorldError: when ``order`` is none of ``count`` events.
        """
        chosen = list(order) if order is not None else list(reversed(range(count)))
        if sorted(chosen) != list(range(count)):
            raise WorldError(f"order={chosen} does not name each of {count} events once, counted from 0")
        return self._noted(self._gateway.flow.add(Reorder(event, shard, chosen)))

    def outage(self, guild: Guild) -> End:
        """Take a guild away (GUILD_DELETE, ``unavailable``); ended, it comes back whole (GUILD_CREATE).

        Meanwhile nothing that happens in it is told to anybody, as in an outage of Discord.
        """
        self._gateway.take_away(guild.id)
        self._changed()

        def end() -> None:
            if guild.id in self._gateway.unavailable:
                self._gateway.bring_back(guild.id)
                self._changed()

        return end

    # ------------------------------------------------------------------ helpers

    def _chosen(self, shard: int | None) -> list[Connection]:
        return [c for c in self._gateway.ready if shard is None or _is(c, shard)]

    def _noted(self, *ends: End) -> End:
        """End these, and let those who wait for the world know that something happened."""

        def end() -> None:
            for one in ends:
                one()
            self._changed()

        return end


def _is(connection: Connection, shard: int) -> bool:
    return connection.shard is not None and connection.shard[0] == shard


async def _all_gone(connections: Sequence[Connection]) -> None:
    for connection in connections:
        await connection.closed

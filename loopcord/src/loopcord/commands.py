"""What a client may say to the gateway, and what it is told: identify, resume, heartbeats, requests.

Source: https://discord.com/developers/docs/events/gateway-events#send-events
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ._simcord import serializers
from .chunks import chunks, wants_all
from .intents import Visibility, disallowed
from .ratelimits import RateLimits
from .routes import Facts
from .sessions import Connection, Session
from .wire import dumps

if TYPE_CHECKING:
    from ._repairs import LocalBackend
    from .gateway import Gateway

__all__ = ["OP_HEARTBEAT", "OP_INVALID_SESSION", "Commands", "belongs"]

#: Guilds with more members than this are `large` by default.
DEFAULT_LARGE_THRESHOLD = 50

OP_HEARTBEAT, _IDENTIFY, _PRESENCE, _VOICE, _RESUME = 1, 2, 3, 4, 6
_REQUEST_MEMBERS, OP_INVALID_SESSION, _ACK = 8, 9, 11


class Commands:
    """Answers what clients send."""

    def __init__(
        self,
        gateway: Gateway,
        backend: LocalBackend,
        *,
        token: Callable[[], str],
        facts: Facts,
        denied_intents: int,
        replay: int,
        limits: Callable[[], RateLimits | None],
        witness: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self._gateway = gateway
        self._backend = backend
        self._token = token
        self._facts = facts
        self._denied = denied_intents
        self._replay = replay
        self._limits = limits
        self._witness = witness
        self._ids = itertools.count(1)

    def received(self, connection: Connection, op: int, data: Any) -> None:
        """One payload from a client."""
        try:
            self._received(connection, op, data)
        except _Malformed as error:
            connection.close(4002, f"Error while decoding payload: {error}.")

    def _received(self, connection: Connection, op: int, data: Any) -> None:
        if op == OP_HEARTBEAT:
            self._heartbeat(connection, data)
            return
        if op == _IDENTIFY:
            self._identify(connection, _mapping(data))
        elif op == _RESUME:
            self._resume(connection, _mapping(data))
        elif connection.session is None:
            self._gateway.close(connection, 4003, "Not authenticated.")
        elif op == _REQUEST_MEMBERS:
            self._request_members(connection.session, _mapping(data))
        elif op in (_PRESENCE, _VOICE):
            # Accepted; the bot's own presence is visible to nobody here, and voice is not modelled.
            self._backend.transcript.append(("CLIENT", f"op {op}", data))
        else:
            self._gateway.close(connection, 4001, f"Unknown opcode {op}.")

    def _heartbeat(self, connection: Connection, data: Any) -> None:
        seq = None if data is None else _whole(data, "the sequence of a heartbeat")
        connection.heartbeats.append(seq)
        if seq is not None and connection.session is not None and seq > connection.session.seq:
            # Discord documents no answer to that; whoever debugs a client wants to see it.
            note = f"heartbeat with sequence {seq}, which has not been sent"
            self._backend.transcript.append(("CLIENT", note, None))
        if connection.acknowledging:
            connection.send_op(_ACK, None)

    def _identify(self, connection: Connection, data: Mapping[str, Any]) -> None:
        if connection.session is not None:
            self._gateway.close(connection, 4005, "Already authenticated.")
            return
        if str(data.get("token", "")).removeprefix("Bot ") != self._token():
            connection.close(4004, "Authentication failed.")
            return
        number, count = _shard(data.get("shard"))
        if not 0 <= number < count:
            connection.close(4010, "Invalid shard.")
            return
        intents = _whole(data.get("intents", 0), "intents")
        if intents < 0 or intents >= 1 << 26:
            connection.close(4013, "Invalid intent(s).")
            return
        if refused := disallowed(intents, self._denied):
            connection.close(4014, f"Disallowed intent(s): {', '.join(refused)}.")
            return
        limits = self._limits()
        if limits is not None and not limits.may_identify(number % self._facts.starts.max_concurrency):
            connection.send_op(OP_INVALID_SESSION, False)
            return
        if not self._facts.starts.take():
            # Discord resets the token of a bot that has used up its session starts.
            connection.close(4004, "Authentication failed.")
            return
        shard = (number, count)
        for other in [s for s in self._gateway.sessions.values() if s.shard == shard]:
            if other.connection is None or other.connection.half_open:
                self._leave(other)
                del self._gateway.sessions[other.id]
        large = _whole(data.get("large_threshold") or DEFAULT_LARGE_THRESHOLD, "large_threshold")
        session = Session(
            f"loopcord-session-{next(self._ids)}", intents, shard, self._replay, large, self._witness
        )
        self._gateway.sessions[session.id] = session
        session.connection, connection.session = connection, session
        connection.compresses_payloads = bool(data.get("compress"))
        guilds = [g for g in self._backend.guilds.values() if belongs(g.id, shard)]
        ready = {
            "v": 10,
            "user": dict(serializers.user_payload(self._backend.bot_user)),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._facts.gateway_url(),
            "shard": list(shard),
            "application": {
                "id": str(self._backend.application_id),
                "flags": self._facts.application_flags,
                "flags_new": str(self._facts.application_flags),
            },
            "private_channels": [],
            "user_settings": {},
            "relationships": [],
            "presences": [],
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "_trace": ["loopcord"],
        }
        self._backend.transcript.append(("GATEWAY", f"READY shard {number}/{count}", None))
        self._gateway.flow.dispatch(session, "READY", dumps(ready))
        for guild in guilds:
            if guild.id in self._gateway.unavailable:
                continue
            payload = dict(serializers.guild_create_payload(self._backend, guild))
            # At start a guild comes out of the "outage" that READY announced.
            payload["unavailable"] = False
            self._gateway.offer(
                session, "GUILD_CREATE", payload, Visibility(self._backend, "GUILD_CREATE", payload)
            )

    def _resume(self, connection: Connection, data: Mapping[str, Any]) -> None:
        if connection.session is not None:
            self._gateway.close(connection, 4005, "Already authenticated.")
            return
        if str(data.get("token", "")).removeprefix("Bot ") != self._token():
            connection.close(4004, "Authentication failed.")
            return
        seq = _whole(data.get("seq") or 0, "seq")
        session = self._gateway.sessions.get(str(data.get("session_id")))
        if session is None:
            connection.send_op(OP_INVALID_SESSION, False)
            return
        self._leave(session)
        if not 0 <= seq <= session.seq:
            self._gateway.forget(session)
            connection.close(4007, "Invalid seq.")
            return
        missed = session.since(seq)
        if self._gateway.refused_resumes > 0:
            self._gateway.refused_resumes -= 1
            missed = None
        if missed is None:
            self._gateway.forget(session)
            connection.send_op(OP_INVALID_SESSION, False)
            return
        session.connection, connection.session = connection, session
        for frame in missed:
            connection.send(frame)
        self._backend.transcript.append(("GATEWAY", f"RESUMED, {len(missed)} replayed", None))
        session.dispatch("RESUMED", b'{"_trace":["loopcord"]}')

    @staticmethod
    def _leave(session: Session) -> None:
        """Cut the connection that a session had: its client has come back on another."""
        old = session.connection
        if old is not None:
            session.connection = old.session = None
            old.abort()

    def _request_members(self, session: Session, data: Mapping[str, Any]) -> None:
        guild_id = data.get("guild_id")
        if isinstance(guild_id, list):  # Discord accepts an array of one id, too
            guild_id = guild_id[0] if guild_id else 0
        guild = self._backend.guilds.get(_whole(guild_id or 0, "guild_id"))
        if guild is None or guild.id in self._gateway.unavailable:
            return
        limits = self._limits()
        if limits is not None and wants_all(data):
            retry_after = limits.may_request_members(session.id, guild.id)
            if retry_after:
                meta = {"guild_id": str(guild.id), "nonce": data.get("nonce")}
                payload = {"opcode": _REQUEST_MEMBERS, "retry_after": retry_after, "meta": meta}
                self._backend.transcript.append(("GATEWAY", "RATE_LIMITED", payload))
                self._gateway.flow.dispatch(session, "RATE_LIMITED", dumps(payload))
                return
        try:
            answers = list(chunks(self._backend, guild, data))
        except (TypeError, ValueError) as error:
            raise _Malformed(str(error)) from error
        for payload in answers:
            self._backend.transcript.append(("GATEWAY", "GUILD_MEMBERS_CHUNK", payload))
            self._gateway.flow.dispatch(session, "GUILD_MEMBERS_CHUNK", dumps(payload))


class _Malformed(Exception):
    """A payload of a shape that its opcode does not have."""


def _mapping(data: Any) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise _Malformed("d is no object")
    return data


def _whole(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise _Malformed(f"{what} is no integer")
    try:
        return int(value)
    except ValueError:
        raise _Malformed(f"{what} is no integer") from None


def _shard(value: Any) -> tuple[int, int]:
    if value is None:
        return 0, 1
    if not isinstance(value, list) or len(value) != 2:
        raise _Malformed("shard is no pair")
    return _whole(value[0], "shard"), _whole(value[1], "shard")


def belongs(guild_id: int | None, shard: tuple[int, int]) -> bool:
    """Whether a guild (or a direct message: shard 0) is served by a shard.

    Source: https://discord.com/developers/docs/events/gateway#sharding
    """
    if guild_id is None:
        return shard[0] == 0
    return (guild_id >> 22) % shard[1] == shard[0]

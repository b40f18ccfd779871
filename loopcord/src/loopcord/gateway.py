"""The gateway: who may connect, what the opcodes mean, and which session hears which event.

Events are turned into JSON once and shared by every session that may see them.
Source: https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, web

from ._simcord import serializers
from .compression import compressor_for
from .intents import Visibility, disallowed
from .sessions import Connection, Session
from .wire import dumps

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["Gateway"]

#: Members per GUILD_MEMBERS_CHUNK (Discord: "up to 1000").
CHUNK_SIZE = 1000
#: Guilds with more members than this are `large` by default.
DEFAULT_LARGE_THRESHOLD = 50

_DISPATCH, _HEARTBEAT, _IDENTIFY, _PRESENCE, _VOICE, _RESUME = 0, 1, 2, 3, 4, 6
_RECONNECT, _REQUEST_MEMBERS, _INVALID_SESSION, _ACK = 7, 8, 9, 11


class Gateway:
    """Accepts connections, keeps sessions, and hands every backend event to those who may see it."""

    def __init__(
        self,
        backend: LocalBackend,
        *,
        token: Callable[[], str],
        url: Callable[[], str],
        denied_intents: int,
        replay: int,
        activity: Callable[[], None],
    ) -> None:
        self._backend = backend
        self._token = token
        self._url = url
        self._denied = denied_intents
        self._replay = replay
        self._activity = activity
        self._sessions: dict[str, Session] = {}
        self._ids = itertools.count(1)
        self.connections: list[Connection] = []
        backend.subscribers.append(self.publish)

    # ------------------------------------------------------------------ the socket

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """aiohttp handler of ``GET /gateway``."""
        try:
            compressor = compressor_for(request.query.get("compress"))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        socket = web.WebSocketResponse(autoping=False, max_msg_size=0, compress=False)
        await socket.prepare(request)
        connection = Connection(self, socket, compressor)
        self.connections.append(connection)
        self._activity()
        await connection.run(request)
        return socket

    def disconnected(self, connection: Connection, code: int | None) -> None:
        """A socket ended; keep its session for a RESUME unless the client said goodbye for good."""
        if connection in self.connections:
            self.connections.remove(connection)
        session = connection.session
        if session is not None and session.connection is connection:
            session.connection = None
            if code in (WSCloseCode.OK, WSCloseCode.GOING_AWAY):
                self._sessions.pop(session.id, None)
        self._activity()

    @property
    def ready(self) -> list[Connection]:
        """Connections with a session, in the order they identified."""
        return [connection for connection in self.connections if connection.session is not None]

    # ------------------------------------------------------------------ client to server

    def received(self, connection: Connection, op: int, data: Any) -> None:
        """One payload from a client."""
        if op == _HEARTBEAT:
            connection.send_op(_ACK, None)
            return
        self._activity()
        if op == _IDENTIFY:
            self._identify(connection, data or {})
        elif op == _RESUME:
            self._resume(connection, data or {})
        elif connection.session is None:
            connection.close(4003, "Not authenticated.")
        elif op == _REQUEST_MEMBERS:
            self._request_members(connection.session, data or {})
        elif op in (_PRESENCE, _VOICE):
            # Accepted; the bot's own presence is visible to nobody here, and voice is not modelled.
            self._backend.transcript.append(("CLIENT", f"op {op}", data))
        else:
            connection.close(4001, f"Unknown opcode {op}.")

    def _identify(self, connection: Connection, data: Mapping[str, Any]) -> None:
        if connection.session is not None:
            connection.close(4005, "Already authenticated.")
            return
        if str(data.get("token", "")).removeprefix("Bot ") != self._token():
            connection.close(4004, "Authentication failed.")
            return
        number, count = data.get("shard") or (0, 1)
        if not 0 <= number < count:
            connection.close(4010, "Invalid shard.")
            return
        intents = int(data.get("intents", 0))
        if intents < 0 or intents >= 1 << 26:
            connection.close(4013, "Invalid intent(s).")
            return
        if refused := disallowed(intents, self._denied):
            connection.close(4014, f"Disallowed intent(s): {', '.join(refused)}.")
            return
        shard = (int(number), int(count))
        for other in [s for s in self._sessions.values() if s.shard == shard and s.connection is None]:
            del self._sessions[other.id]
        large = int(data.get("large_threshold") or DEFAULT_LARGE_THRESHOLD)
        session = Session(f"loopcord-session-{next(self._ids)}", intents, shard, self._replay, large)
        self._sessions[session.id] = session
        session.connection, connection.session = connection, session
        guilds = [g for g in self._backend.guilds.values() if _belongs(g.id, shard)]
        ready = {
            "v": 10,
            "user": dict(serializers.user_payload(self._backend.bot_user)),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._url(),
            "shard": list(shard),
            "application": {"id": str(self._backend.application_id), "flags": 0},
            "private_channels": [],
            "user_settings": {},
            "relationships": [],
            "presences": [],
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "_trace": ["loopcord"],
        }
        self._backend.transcript.append(("GATEWAY", f"READY shard {number}/{count}", None))
        session.dispatch("READY", dumps(ready))
        for guild in guilds:
            payload = dict(serializers.guild_create_payload(self._backend, guild))
            # At start a guild comes out of the "outage" that READY announced.
            payload["unavailable"] = False
            self._offer(session, "GUILD_CREATE", payload, Visibility(self._backend, "GUILD_CREATE", payload))

    def _resume(self, connection: Connection, data: Mapping[str, Any]) -> None:
        if str(data.get("token", "")).removeprefix("Bot ") != self._token():
            connection.close(4004, "Authentication failed.")
            return
        session = self._sessions.get(str(data.get("session_id")))
        missed = session.since(int(data.get("seq") or 0)) if session is not None else None
        if session is None or missed is None:
            connection.send_op(_INVALID_SESSION, False)
            return
        if session.connection is not None:
            session.connection.session = None
            session.connection.abort()
        session.connection, connection.session = connection, session
        for frame in missed:
            connection.send(frame)
        self._backend.transcript.append(("GATEWAY", f"RESUMED, {len(missed)} replayed", None))
        session.dispatch("RESUMED", b'{"_trace":["loopcord"]}')

    def _request_members(self, session: Session, data: Mapping[str, Any]) -> None:
        guild_id = data.get("guild_id")
        if isinstance(guild_id, list):  # Discord accepts an array of one id, too
            guild_id = guild_id[0] if guild_id else 0
        guild = self._backend.guilds.get(int(guild_id or 0))
        if guild is None:
            return
        not_found: list[str] = []
        if "user_ids" in data:
            wanted = data["user_ids"] if isinstance(data["user_ids"], list) else [data["user_ids"]]
            found = [guild.members[int(i)] for i in wanted if int(i) in guild.members]
            not_found = [str(i) for i in wanted if int(i) not in guild.members]
        else:
            prefix = str(data.get("query") or "").casefold()
            found = [
                member
                for member in guild.members.values()
                if self._backend.users[member.user_id].name.casefold().startswith(prefix)
                or (member.nick or "").casefold().startswith(prefix)
            ]
        limit = int(data.get("limit") or 0)
        if limit:
            found = found[:limit]
        chunks = [found[i : i + CHUNK_SIZE] for i in range(0, len(found), CHUNK_SIZE)] or [[]]
        for index, chunk in enumerate(chunks):
            payload: dict[str, Any] = {
                "guild_id": str(guild.id),
                "members": [serializers.member_payload(self._backend, guild, member) for member in chunk],
                "chunk_index": index,
                "chunk_count": len(chunks),
            }
            if not_found and index == 0:
                payload["not_found"] = not_found
            if data.get("presences"):
                payload["presences"] = []
            if data.get("nonce") is not None:
                payload["nonce"] = data["nonce"]
            self._backend.transcript.append(("GATEWAY", "GUILD_MEMBERS_CHUNK", payload))
            session.dispatch("GUILD_MEMBERS_CHUNK", dumps(payload))

    # ------------------------------------------------------------------ server to client

    def publish(self, event: str, payload: Mapping[str, Any]) -> None:
        """Hand a backend event to every session whose shard and intents it concerns."""
        self._activity()
        if not self._sessions:
            return
        if event == "GUILD_CREATE":
            payload = {k: v for k, v in payload.items() if k != "unavailable"}
        guild_id = payload.get("id") if event in _GUILD_EVENTS else payload.get("guild_id")
        visibility = Visibility(self._backend, event, payload)
        for session in self._sessions.values():
            if not _belongs(int(guild_id) if guild_id else None, session.shard):
                continue
            self._offer(session, event, payload, visibility)

    def _offer(
        self, session: Session, event: str, payload: Mapping[str, Any], visibility: Visibility
    ) -> None:
        body = visibility.body(session.intents, session.large)
        if body is not None:
            session.dispatch(event, body)

    # ------------------------------------------------------------------ trouble on demand

    def drop(self) -> None:
        """Cut every socket without a close frame."""
        for connection in list(self.connections):
            connection.abort()

    def reconnect(self) -> None:
        """Ask every client to reconnect and resume (op 7)."""
        for connection in self.ready:
            connection.send_op(_RECONNECT, None)

    def invalidate(self, *, resumable: bool) -> None:
        """Tell every client that its session is invalid (op 9)."""
        for connection in self.ready:
            if not resumable and connection.session is not None:
                self._sessions.pop(connection.session.id, None)
                connection.session.connection = None
                connection.session = None
            connection.send_op(_INVALID_SESSION, resumable)

    def forget_sessions(self) -> None:
        """Lose every session that has no socket, so that a RESUME is refused."""
        for session in [s for s in self._sessions.values() if s.connection is None]:
            del self._sessions[session.id]


_GUILD_EVENTS = frozenset({"GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"})


def _belongs(guild_id: int | None, shard: tuple[int, int]) -> bool:
    """Whether a guild (or a direct message: shard 0) is served by a shard.

    Source: https://discord.com/developers/docs/events/gateway#sharding
    """
    if guild_id is None:
        return shard[0] == 0
    return (guild_id >> 22) % shard[1] == shard[0]

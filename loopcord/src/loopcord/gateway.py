"""The gateway: who is connected, and which session hears which event.

What clients say is answered in :mod:`loopcord.commands`; what may happen to an event on its way is in
:mod:`loopcord.flow`. Events are turned into JSON once and shared by every session that may see them.
Source: https://discord.com/developers/docs/events/gateway
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import WSCloseCode, web

from ._simcord import serializers
from .clock import Clock, SystemClock
from .commands import OP_HEARTBEAT, OP_INVALID_SESSION, Commands, belongs
from .compression import compressor_for
from .flow import Flow
from .intents import Visibility
from .ratelimits import RateLimits
from .routes import Facts
from .sessions import Connection, Session

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["Gateway"]

#: Seconds between heartbeats, as Discord announces it.
HEARTBEAT_INTERVAL = 41.25
#: The versions that may be asked for; any other is refused with 4012.
_VERSIONS = (None, "9", "10")
#: Close codes after which the session can still be resumed; those below 4000 leave it, too.
#: https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
_RESUMABLE = frozenset({4000, 4002, 4008})

_RECONNECT = 7


class Gateway:
    """Accepts connections, keeps sessions, and hands every backend event to those who may see it."""

    def __init__(
        self,
        backend: LocalBackend,
        *,
        token: Callable[[], str],
        facts: Facts,
        denied_intents: int,
        replay: int,
        clock: Clock,
        limits: Callable[[], RateLimits | None],
        activity: Callable[[], None],
        witness: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._real_time = SystemClock()
        self._activity = activity
        self._commands = Commands(
            self,
            backend,
            token=token,
            facts=facts,
            denied_intents=denied_intents,
            replay=replay,
            limits=limits,
            witness=witness,
        )
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        #: Seconds between heartbeats that HELLO announces to those who connect.
        self.heartbeat_interval = HEARTBEAT_INTERVAL
        #: What happens to events on their way to a session.
        self.flow = Flow()
        #: Guilds that an outage has taken away.
        self.unavailable: set[int] = set()
        #: How many RESUMEs are still to be refused.
        self.refused_resumes = 0
        backend.subscribers.append(self.publish)

    # ------------------------------------------------------------------ the socket

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """aiohttp handler of ``GET /gateway``."""
        try:
            compressor = compressor_for(request.query.get("compress"))
        except ValueError as error:
            raise web.HTTPBadRequest(text=str(error)) from error
        if (encoding := request.query.get("encoding", "json")) != "json":
            raise web.HTTPBadRequest(text=f"the encoding {encoding!r} is not modelled; connect with json")
        socket = web.WebSocketResponse(autoping=False, max_msg_size=0, compress=False)
        await socket.prepare(request)
        connection = Connection(self, socket, compressor)
        self.connections.append(connection)
        self._activity()
        if request.query.get("v") not in _VERSIONS:
            connection.close(4012, "Invalid API version.")
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
                self.sessions.pop(session.id, None)
        self._activity()

    @property
    def ready(self) -> list[Connection]:
        """Connections that have been told READY or RESUMED and can be talked to, in the order they came."""
        return [connection for connection in self.connections if connection.ready]

    @property
    def reachable(self) -> list[Connection]:
        """Connections with a session whose client reads what is sent."""
        return [c for c in self.connections if c.session is not None and not c.half_open]

    def pace(self) -> float:
        """Seconds by which a client's payloads are counted.

        A client may keep its own time by the world's clock or by the real one, so both count.
        """
        virtual = 0.0 if isinstance(self._clock, SystemClock) else self._clock.monotonic()
        return self._real_time.monotonic() + virtual

    def close(self, connection: Connection, code: int, reason: str) -> None:
        """End a connection with a close code, and its session, too, if the code says so."""
        session = connection.session
        if code >= 4000 and code not in _RESUMABLE and session is not None:
            self.forget(session)
        connection.close(code, reason)

    def forget(self, session: Session) -> None:
        """Lose a session; whoever asks for it is told that it is invalid."""
        self.sessions.pop(session.id, None)
        if session.connection is not None:
            session.connection.session = None
            session.connection = None

    def received(self, connection: Connection, op: int, data: Any) -> None:
        """One payload from a client."""
        if op != OP_HEARTBEAT:
            self._activity()
        self._commands.received(connection, op, data)

    # ------------------------------------------------------------------ server to client

    def publish(self, event: str, payload: Mapping[str, Any]) -> None:
        """Hand a backend event to every session whose shard and intents it concerns."""
        self._activity()
        if not self.sessions:
            return
        if event == "GUILD_CREATE":
            payload = {k: v for k, v in payload.items() if k != "unavailable"}
        guild_id = payload.get("id") if event in _GUILD_EVENTS else payload.get("guild_id")
        if guild_id is not None and int(guild_id) in self.unavailable:
            return
        self._hand_out(event, payload, int(guild_id) if guild_id else None)

    def _hand_out(self, event: str, payload: Mapping[str, Any], guild_id: int | None) -> None:
        visibility = Visibility(self._backend, event, payload)
        for session in list(self.sessions.values()):
            if belongs(guild_id, session.shard):
                self.offer(session, event, payload, visibility)

    def offer(self, session: Session, event: str, payload: Mapping[str, Any], visibility: Visibility) -> None:
        """Send an event to a session, in the form in which it may see it, if it may."""
        body = visibility.body(session.intents, session.large)
        if body is not None:
            self.flow.dispatch(session, event, body)

    # ------------------------------------------------------------------ trouble on demand

    def drop(self, connections: Iterable[Connection] | None = None, *, reset: bool = False) -> None:
        """Cut sockets (by default all) without a close frame."""
        for connection in list(self.connections if connections is None else connections):
            connection.abort(reset=reset)

    def stop(self) -> None:
        """Cut every socket and forget the events that are still under way."""
        self.flow.stop()
        self.drop()

    def reconnect(self, connection: Connection) -> None:
        """Ask a client to reconnect and resume (op 7)."""
        connection.send_op(_RECONNECT, None)

    def invalidate(self, connection: Connection, *, resumable: bool) -> None:
        """Tell a client that its session is invalid (op 9)."""
        session = connection.session
        if session is not None:
            # The client may authenticate again on this socket (discord.js does) or on another one.
            session.connection = connection.session = None
            if not resumable:
                self.forget(session)
        connection.send_op(OP_INVALID_SESSION, resumable)

    def ask_heartbeat(self, connection: Connection) -> None:
        """Ask a client for a heartbeat now (op 1)."""
        connection.send_op(OP_HEARTBEAT, None)

    def forget_sessions(self) -> None:
        """Lose every session that has no socket, so that a RESUME is refused."""
        for session in [s for s in self.sessions.values() if s.connection is None]:
            del self.sessions[session.id]

    def take_away(self, guild_id: int) -> None:
        """Begin an outage of a guild."""
        payload = {"id": str(guild_id), "unavailable": True}
        self._backend.transcript.append(("GATEWAY", "GUILD_DELETE", payload))
        self._hand_out("GUILD_DELETE", payload, guild_id)
        self.unavailable.add(guild_id)

    def bring_back(self, guild_id: int) -> None:
        """End the outage of a guild: it comes whole, as it is by now."""
        self.unavailable.discard(guild_id)
        guild = self._backend.guilds.get(guild_id)
        if guild is not None and self._backend.bot_user.id in guild.members:
            event = "GUILD_CREATE"
            payload = {**serializers.guild_create_payload(self._backend, guild), "unavailable": False}
        else:  # it was deleted meanwhile, or the bot removed from it
            event, payload = "GUILD_DELETE", {"id": str(guild_id)}
        self._backend.transcript.append(("GATEWAY", event, payload))
        self._hand_out(event, payload, guild_id)


_GUILD_EVENTS = frozenset({"GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE"})

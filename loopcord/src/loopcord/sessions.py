"""One client of the gateway: its socket, and the session that outlives it.

A *session* is what IDENTIFY makes and RESUME finds again; a *connection* is one WebSocket. What they
say to each other is decided in :mod:`loopcord.gateway`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from . import sockets
from .compression import Compressor, compressed_payload
from .frames import Outbox, framed
from .wire import dumps, loads

__all__ = ["Connection", "Session"]

#: Bytes that a payload from a client may have; more ends the connection with 4002.
#: https://discord.com/developers/docs/events/gateway#sending-events
MAX_PAYLOAD = 4_096
#: Payloads that a client may send per connection in so many seconds; more ends it with 4008.
#: https://discord.com/developers/docs/events/gateway#rate-limiting
COMMANDS, COMMANDS_WINDOW = 120, 60.0

_HELLO = 10


class Server(Protocol):
    """Who listens to a connection."""

    @property
    def heartbeat_interval(self) -> float:
        """Seconds between heartbeats, as HELLO announces them."""
        ...

    def pace(self) -> float:
        """Seconds since an arbitrary start, by which a client's payloads are counted."""
        ...

    def received(self, connection: Connection, op: int, data: Any) -> None:
        """A payload came in."""
        ...

    def disconnected(self, connection: Connection, code: int | None) -> None:
        """The socket is gone; ``code`` is the client's close code, if it said goodbye."""
        ...


class Session:
    """What one IDENTIFY made: intents, shard, sequence and the events a RESUME may ask for again."""

    def __init__(
        self,
        session_id: str,
        intents: int,
        shard: tuple[int, int],
        keep: int,
        large: int,
        witness: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.large = large
        self.seq = 0
        self.connection: Connection | None = None
        self._recent: deque[bytes | None] = deque(maxlen=keep)
        self._witness = witness

    def dispatch(self, event: str, body: bytes) -> None:
        """Number an event, keep it for a RESUME and send it if a socket is there."""
        if self._witness is not None:
            self._witness(event, body)
        self.seq += 1
        frame = b'{"op":0,"s":%d,"t":"%b","d":%b}' % (self.seq, event.encode(), body)
        # A replay ends with a RESUMED of its own; an old one in its middle would end it early.
        self._recent.append(frame if event != "RESUMED" else None)
        if self.connection is not None:
            self.connection.send(frame)

    def since(self, seq: int) -> list[bytes] | None:
        """The frames after ``seq``; None when some of them are no longer kept."""
        missed = self.seq - seq
        if missed > len(self._recent):
            return None
        kept = itertools.islice(self._recent, len(self._recent) - missed, None)
        return [frame for frame in kept if frame is not None]


class Connection:
    """One WebSocket: an ordered outbox, a compressor and at most one session."""

    def __init__(self, gateway: Server, socket: web.WebSocketResponse, compressor: Compressor | None) -> None:
        self._gateway = gateway
        self._socket = socket
        self._compress = compressor
        self._outbox = Outbox()
        self._barriers: dict[bytes, asyncio.Future[None]] = {}
        self._barrier_ids = itertools.count()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._closing = False
        self._commands: deque[float] = deque(maxlen=COMMANDS)
        self.session: Session | None = None
        #: Whether the client identified with ``compress``; transport compression goes before it.
        self.compresses_payloads = False
        self.closed = asyncio.get_running_loop().create_future()
        self._transport: asyncio.BaseTransport | None = None
        #: Whether heartbeats are acknowledged.
        self.acknowledging = True
        #: The sequence numbers that the client's heartbeats carried, the latest ones last.
        self.heartbeats: deque[int | None] = deque(maxlen=100)

    @property
    def shard(self) -> tuple[int, int] | None:
        """``(shard id, shard count)`` once identified."""
        return self.session.shard if self.session is not None else None

    @property
    def half_open(self) -> bool:
        """Whether nothing passes any more although nobody has closed the socket."""
        return not self._flowing.is_set()

    @property
    def ready(self) -> bool:
        """Whether a client is there, has been told READY, and can still be talked to."""
        return self.session is not None and self.session.seq > 0 and not self.half_open and not self._closing

    @property
    def compression(self) -> str | None:
        """The transport compression that the client asked for: ``zlib-stream``, ``zstd-stream`` or None."""
        return self._compress.name if self._compress is not None else None

    def send(self, frame: bytes) -> None:
        """Queue one payload."""
        self._outbox.put_nowait((WSMsgType.BINARY, frame, 0))

    def send_op(self, op: int, data: Any) -> None:
        """Queue a payload that is not an event."""
        self.send(dumps({"op": op, "d": data, "s": None, "t": None}))

    def close(self, code: int, reason: str) -> None:
        """Queue a close frame behind what is already queued; what the client still sends is not heard."""
        if not self._closing:
            self._closing = True
            # A control frame carries at most 125 bytes, two of them the code (RFC 6455, 5.5).
            self._outbox.put_nowait((WSMsgType.CLOSE, reason.encode()[:123], code))

    def abort(self, *, reset: bool = False) -> None:
        """Cut the wire without a word, as a network does."""
        sockets.cut(self._transport, reset=reset)

    def freeze(self) -> Callable[[], None]:
        """Leave the socket half open: nothing is read or sent; returns what lets it flow again."""
        self._flowing.clear()
        sockets.deafen(self._transport)
        for done in self._barriers.values():
            if not done.done():
                done.set_result(None)

        def thaw() -> None:
            sockets.listen_again(self._transport)
            self._flowing.set()

        return thaw

    async def barrier(self) -> None:
        """Return when the client has read everything queued so far (or can no longer be reached).

        A WebSocket PING waits its turn behind the frames, and a client answers it only when its
        reader gets there; unlike gateway commands it has no rate limit.
        """
        if self.half_open:
            return
        token = str(next(self._barrier_ids)).encode()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._barriers[token] = done
        self._outbox.put_nowait((WSMsgType.PING, token, 0))
        try:
            await asyncio.wait({done, self.closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._barriers.pop(token, None)

    async def run(self, request: web.Request) -> None:
        """Talk until either side ends it."""
        self._transport = request.transport
        writer = asyncio.create_task(self._write(request))
        goodbye: int | None = None
        try:
            interval = round(self._gateway.heartbeat_interval * 1_000)
            self.send_op(_HELLO, {"heartbeat_interval": interval, "_trace": ["loopcord"]})
            while True:
                message = await self._socket.receive()
                if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                    self._read(message.data)
                elif message.type is WSMsgType.PING:
                    self._outbox.put_nowait((WSMsgType.PONG, bytes(message.data), 0))
                elif message.type is WSMsgType.PONG:
                    done = self._barriers.get(bytes(message.data))
                    if done is not None and not done.done():
                        done.set_result(None)
                elif message.type is WSMsgType.CLOSE:
                    # An echo of our own close frame does not come this way.
                    goodbye = message.data
                    break
                else:
                    break
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            if not self.closed.done():
                self.closed.set_result(None)
            self._gateway.disconnected(self, goodbye)

    async def _write(self, request: web.Request) -> None:
        socket, compress, transport = self._socket, self._compress, request.transport
        # A vanished client is noticed by the reader; the writer only has to stop.
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                kind, batch, code = await self._outbox.get()
                await self._flowing.wait()
                if kind is WSMsgType.BINARY:
                    if transport is None or transport.is_closing():
                        return
                    # Uncompressed payloads are text on Discord's gateway, compressed ones binary.
                    if compress is not None:
                        transport.write(framed(map(compress, batch), WSMsgType.BINARY))
                    else:
                        transport.write(self._plain(batch))
                    await request.writer.drain()
                elif kind is WSMsgType.CLOSE:
                    await socket.close(code=code, message=batch[0])
                    return
                else:
                    await socket.send_frame(batch[0], kind)

    def _plain(self, batch: list[bytes]) -> bytes:
        """Frames without transport compression; a large payload may be compressed by itself."""
        if not self.compresses_payloads:
            return framed(batch, WSMsgType.TEXT)
        packed = [(compressed_payload(payload), payload) for payload in batch]
        return b"".join(
            framed([payload], WSMsgType.TEXT) if small is None else framed([small], WSMsgType.BINARY)
            for small, payload in packed
        )

    def _read(self, data: str | bytes) -> None:
        if self._closing:
            return
        if len(data if isinstance(data, bytes) else data.encode()) > MAX_PAYLOAD:
            self.close(4002, f"Error while decoding payload: more than {MAX_PAYLOAD} bytes.")
            return
        now = self._gateway.pace()
        if len(self._commands) == COMMANDS and now - self._commands[0] < COMMANDS_WINDOW:
            self.close(4008, "Rate limited.")
            return
        self._commands.append(now)
        try:
            payload = loads(data)
            op = payload["op"]
        except (ValueError, KeyError, TypeError):
            self.close(4002, "Error while decoding payload.")
            return
        self._gateway.received(self, op, payload.get("d"))

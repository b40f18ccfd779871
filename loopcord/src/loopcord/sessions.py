"""One client of the gateway: its socket, and the session that outlives it.

A *session* is what IDENTIFY makes and RESUME finds again; a *connection* is one WebSocket. What they
say to each other is decided in :mod:`loopcord.gateway`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from typing import Any, Protocol

from aiohttp import WSMsgType, web

from .compression import Compressor
from .frames import Outbox, framed
from .wire import dumps, loads

__all__ = ["Connection", "Session"]

#: Milliseconds between heartbeats, as Discord announces it.
HEARTBEAT_INTERVAL = 41_250

_HELLO = 10


class Server(Protocol):
    """Who listens to a connection."""

    def received(self, connection: Connection, op: int, data: Any) -> None:
        """A payload came in."""
        ...

    def disconnected(self, connection: Connection, code: int | None) -> None:
        """The socket is gone; ``code`` is the client's close code, if it sent one."""
        ...


class Session:
    """What one IDENTIFY made: intents, shard, sequence and the events a RESUME may ask for again."""

    def __init__(self, session_id: str, intents: int, shard: tuple[int, int], keep: int, large: int) -> None:
        self.id = session_id
        self.intents = intents
        self.shard = shard
        self.large = large
        self.seq = 0
        self.connection: Connection | None = None
        self._recent: deque[tuple[int, bytes]] = deque(maxlen=keep)

    def dispatch(self, event: str, body: bytes) -> None:
        """Number an event, keep it for a RESUME and send it if a socket is there."""
        self.seq += 1
        frame = b'{"op":0,"s":%d,"t":"%b","d":%b}' % (self.seq, event.encode(), body)
        self._recent.append((self.seq, frame))
        if self.connection is not None:
            self.connection.send(frame)

    def since(self, seq: int) -> list[bytes] | None:
        """The frames after ``seq``; None when some of them are no longer kept."""
        if seq > self.seq or (self._recent and seq + 1 < self._recent[0][0]):
            return None
        return [frame for number, frame in self._recent if number > seq]


class Connection:
    """One WebSocket: an ordered outbox, a compressor and at most one session."""

    def __init__(self, gateway: Server, socket: web.WebSocketResponse, compressor: Compressor | None) -> None:
        self._gateway = gateway
        self._socket = socket
        self._compress = compressor
        self._outbox = Outbox()
        self._barriers: dict[bytes, asyncio.Future[None]] = {}
        self._barrier_ids = itertools.count()
        self.session: Session | None = None
        self.closed = asyncio.get_running_loop().create_future()
        self._transport: asyncio.BaseTransport | None = None

    @property
    def shard(self) -> tuple[int, int] | None:
        """``(shard id, shard count)`` once identified."""
        return self.session.shard if self.session is not None else None

    def send(self, frame: bytes) -> None:
        """Queue one payload."""
        self._outbox.put_nowait((WSMsgType.BINARY, frame, 0))

    def send_op(self, op: int, data: Any) -> None:
        """Queue a payload that is not an event."""
        self.send(dumps({"op": op, "d": data, "s": None, "t": None}))

    def close(self, code: int, reason: str) -> None:
        """Queue a close frame behind what is already queued."""
        # A control frame carries at most 125 bytes, two of them the code (RFC 6455, 5.5).
        self._outbox.put_nowait((WSMsgType.CLOSE, reason.encode()[:123], code))

    def abort(self) -> None:
        """Cut the wire without a word, as a network does."""
        if self._transport is not None and hasattr(self._transport, "abort"):
            self._transport.abort()  # type: ignore[attr-defined]

    async def barrier(self) -> None:
        """Return when the client has read everything queued so far (or has gone).

        A WebSocket PING waits its turn behind the frames, and a client answers it only when its
        reader gets there; unlike gateway commands it has no rate limit.
        """
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
        try:
            self.send_op(_HELLO, {"heartbeat_interval": HEARTBEAT_INTERVAL, "_trace": ["loopcord"]})
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
                else:
                    break
        finally:
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
            if not self.closed.done():
                self.closed.set_result(None)
            self._gateway.disconnected(self, self._socket.close_code)

    async def _write(self, request: web.Request) -> None:
        socket, compress, transport = self._socket, self._compress, request.transport
        # A vanished client is noticed by the reader; the writer only has to stop.
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                kind, batch, code = await self._outbox.get()
                if kind is WSMsgType.BINARY:
                    if transport is None or transport.is_closing():
                        return
                    # Uncompressed payloads are text on Discord's gateway, compressed ones binary.
                    if compress is None:
                        transport.write(framed(batch, WSMsgType.TEXT))
                    else:
                        transport.write(framed(map(compress, batch), WSMsgType.BINARY))
                    await request.writer.drain()
                elif kind is WSMsgType.CLOSE:
                    await socket.close(code=code, message=batch[0])
                else:
                    await socket.send_frame(batch[0], kind)

    def _read(self, data: str | bytes) -> None:
        try:
            payload = loads(data)
            op = payload["op"]
        except (ValueError, KeyError, TypeError):
            self.close(4002, "Error while decoding payload.")
            return
        self._gateway.received(self, op, payload.get("d"))

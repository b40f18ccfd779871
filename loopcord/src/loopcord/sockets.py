"""What a network can do to a TCP connection without asking: cut it, reset it, leave it half open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

__all__ = ["cut", "deafen", "listen_again"]

#: struct linger: on, for no time at all; closing then sends RST and not FIN (POSIX, SO_LINGER).
_NO_LINGER = struct.pack("ii", 1, 0)


def cut(transport: asyncio.BaseTransport | None, *, reset: bool = False) -> None:
    """End a connection at once; with ``reset`` the other side sees a reset and no end of file."""
    if transport is None:
        return
    if reset and (wire := transport.get_extra_info("socket")) is not None:
        with contextlib.suppress(OSError):  # it has gone by itself
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    # asyncio calls every transport with this method a WriteTransport; uvloop's do not say so.
    abort = getattr(transport, "abort", transport.close)
    abort()


def deafen(transport: asyncio.BaseTransport | None) -> None:
    """Read nothing more from a connection, not even that the other side has left."""
    if transport is not None and not transport.is_closing():
        pause = getattr(transport, "pause_reading", None)
        if pause is not None:
            pause()


def listen_again(transport: asyncio.BaseTransport | None) -> None:
    """Undo :func:`deafen`."""
    if transport is not None and not transport.is_closing():
        resume = getattr(transport, "resume_reading", None)
        if resume is not None:
            resume()

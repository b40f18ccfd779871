"""Compression of the gateway: one stream per connection, flushed per message, never ended; or by payload.

Source: https://discord.com/developers/docs/events/gateway#encoding-and-compression
"""

from __future__ import annotations

import sys
import zlib
from typing import Any, Protocol

__all__ = ["Compressor", "compressed_payload", "compressor_for"]

#: Bytes from which a payload is compressed by itself. Discord compresses some and does not say which.
WORTH_COMPRESSING = 4096


class Compressor(Protocol):
    """Turns one gateway payload into the bytes of one frame."""

    name: str

    def __call__(self, payload: bytes, /) -> bytes: ...


class _ZlibStream:
    name = "zlib-stream"

    def __init__(self) -> None:
        # Level 1: loopback has bandwidth to spare, tests want the CPU.
        self._stream = zlib.compressobj(level=1)

    def __call__(self, payload: bytes, /) -> bytes:
        return self._stream.compress(payload) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class _ZstdStream:
    name = "zstd-stream"

    def __init__(self, module: Any) -> None:
        self._stream = module.ZstdCompressor(level=1)
        self._flush = module.ZstdCompressor.FLUSH_BLOCK

    def __call__(self, payload: bytes, /) -> bytes:
        # FLUSH_BLOCK, not FLUSH_FRAME: an ended frame would end the client's decompressor.
        return self._stream.compress(payload, mode=self._flush)


def _zstd() -> Any | None:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        return None
    return zstd


def compressed_payload(payload: bytes) -> bytes | None:
    """One payload compressed by itself, for a client that identified with ``compress``; None if too small."""
    return zlib.compress(payload, level=1) if len(payload) >= WORTH_COMPRESSING else None


def compressor_for(name: str | None) -> Compressor | None:
    """A fresh stream for ``?compress=name``; None when the connection is uncompressed.

    Raises:
        ValueError: for an unknown name, or ``zstd-stream`` without the library for it.
    """
    if not name:
        return None
    if name == "zlib-stream":
        return _ZlibStream()
    if name == "zstd-stream":
        module = _zstd()
        if module is None:
            raise ValueError(
                "the client asked for zstd-stream; install loopcord[zstd] here, or connect with zlib-stream"
            )
        return _ZstdStream(module)
    raise ValueError(f"unknown gateway compression {name!r}; known: zlib-stream, zstd-stream")

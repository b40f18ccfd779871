"""Transport compression of the gateway: one stream per connection, flushed per message, never ended.

Source: https://discord.com/developers/docs/events/gateway#transport-compression
"""

from __future__ import annotations

import sys
import zlib
from typing import Any, Protocol

__all__ = ["Compressor", "compressor_for"]


class Compressor(Protocol):
    """Turns one gateway payload into the bytes of one frame."""

    def __call__(self, payload: bytes, /) -> bytes: ...


class _ZlibStream:
    def __init__(self) -> None:
        # Level 1: loopback has bandwidth to spare, tests want the CPU.
        self._stream = zlib.compressobj(level=1)

    def __call__(self, payload: bytes, /) -> bytes:
        return self._stream.compress(payload) + self._stream.flush(zlib.Z_SYNC_FLUSH)


class _ZstdStream:
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

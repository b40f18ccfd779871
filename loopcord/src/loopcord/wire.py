"""JSON on the wire, as bytes: orjson when it is installed (extra ``speedups``), else the standard library."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

__all__ = ["dumps", "loads"]

_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def _standard_dumps(value: Any) -> bytes:
    return _encode(value).encode()


dumps: Callable[[Any], bytes] = _standard_dumps
loads: Callable[[bytes | str], Any] = json.loads

try:
    import orjson
except ImportError:
    pass
else:
    dumps = orjson.dumps
    loads = orjson.loads

"""The control socket's protocol: one JSON object a line, a request and then its answer.

Request: ``{"v": 1, "op": "plugins.reload", "args": {"name": "redeye"}}``. Answer: any number of
``{"item": …}`` and then ``{"ok": true, "result": …}`` or ``{"ok": false, "error": "…", "kind": "…"}``.
One request per connection. Unknown keys are ignored, so that either side may know more than the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

import attrs

from chandelier.errors import InvalidRequest

__all__ = ["LONGEST_ANSWER", "LONGEST_REQUEST", "VERSION", "Request", "encode", "read_request"]

VERSION: Final = 1
LONGEST_REQUEST: Final = 64 * 1024
"""Bytes of a request's line."""
LONGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes of one line of an answer: a person's whole data is one."""


@attrs.frozen
class Request:
    """What a client asks for."""

    op: str
    args: Mapping[str, Any]


def read_request(line: bytes) -> Request:
    """Read one line. Raises InvalidRequest with what is wrong about it."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        raise InvalidRequest("this is not JSON; each request is one object on one line") from None
    if not isinstance(found, dict):
        raise InvalidRequest("a request is an object with v, op and args")
    request = cast("dict[str, Any]", found)
    if request.get("v") != VERSION:
        raise InvalidRequest(
            f"the bot speaks version {VERSION} of this protocol, not {request.get('v')!r}: use the "
            "chandelier command of the version that runs"
        )
    op, args = request.get("op"), request.get("args", {})
    if not isinstance(op, str) or not isinstance(args, dict):
        raise InvalidRequest("op is text, and args is an object")
    return Request(op, cast("dict[str, Any]", args))


def encode(message: Mapping[str, Any]) -> bytes:
    """One line."""
    # Escaped: a lone surrogate, which Discord's texts may have, has no bytes of its own.
    return json.dumps(message, default=str).encode("ascii") + b"\n"

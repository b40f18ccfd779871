"""A message shows what it replies to, and nothing that lies behind that.

simcord follows a chain of replies to its beginning, so that an event grows with the talk.
Source: https://discord.com/developers/docs/resources/message#message-object
"""

from __future__ import annotations

import dataclasses
from typing import Any

from ._simcord import MessageModel, serializers
from .parity import Correction

__all__ = ["CORRECTIONS", "install"]

CORRECTIONS = (
    Correction(
        "MESSAGE_CREATE",
        "nests what a reply refers to as deep as the chain of replies goes",
        "nests one message, without what that one refers to",
        "https://discord.com/developers/docs/resources/message#message-object",
    ),
)

_REPLY = 0


def install() -> None:
    """Wrap ``serializers.message_payload``, once, for backends that know of ``nesting``."""
    original: Any = serializers.message_payload
    if getattr(original, "one_level", False):
        return

    def message_payload(backend: Any, message: MessageModel, *, for_user: int | None = None) -> Any:
        nested = getattr(backend, "nesting", None)
        if nested is None:
            return original(backend, message, for_user=for_user)
        if nested:
            reference = message.reference
            if reference is None or reference.get("type", _REPLY) != _REPLY:
                return original(backend, message, for_user=for_user)
            bare = original(backend, dataclasses.replace(message, reference=None), for_user=for_user)
            return {**bare, "message_reference": dict(reference)}
        backend.nesting = True
        try:
            return original(backend, message, for_user=for_user)
        finally:
            backend.nesting = False

    message_payload.one_level = True  # type: ignore[attr-defined] - how install() knows its own work
    message_payload.__wrapped__ = original  # type: ignore[attr-defined]
    serializers.message_payload = message_payload  # type: ignore[assignment] - the same but for depth

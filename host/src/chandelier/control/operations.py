"""What can be asked of a running host, by name. Rooms that offer something register it here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from chandelier.config.problems import nearest
from chandelier.errors import InvalidRequest

__all__ = ["Handler", "Operations", "text_argument"]

Args = Mapping[str, Any]
Handler = Callable[[Args], Awaitable[Any] | AsyncIterator[Any]]
"""Takes the request's arguments; answers with JSON-ready data, or yields such data piece by piece.

Raises InvalidRequest, or another of the host's own errors, with a sentence for the operator.
"""


class Operations:
    """The operations of one host."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def register(self, name: str, handler: Handler) -> None:
        """Offer ``handler`` under a name such as ``data.export``. Raises ValueError for one that is taken."""
        if name in self._handlers:
            raise ValueError(f"there is an operation named {name!r} already")
        self._handlers[name] = handler

    def find(self, name: str) -> Handler:
        """The handler of that name. Raises InvalidRequest when there is none."""
        handler = self._handlers.get(name)
        if handler is None:
            meant = nearest(name, self._handlers)
            hint = f"; did you mean {meant}?" if meant else ""
            raise InvalidRequest(f"the bot that runs has no operation {name!r}{hint}")
        return handler


def text_argument(args: Args, name: str) -> str:
    """An argument that must be there and be text. Raises InvalidRequest."""
    value = args.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidRequest(f"the argument {name} is missing")
    return value

"""A value that must not be seen: it hides itself in text, logs, dumps and pickles because of its type."""

from __future__ import annotations

import hmac
import re
from typing import Any, Final, NoReturn, final

__all__ = ["BOT_TOKEN", "REDACTED", "Secret"]

REDACTED: Final = "<secret>"
"""What stands wherever a secret would be shown."""

BOT_TOKEN: Final = re.compile(r"\b[MNO][\w-]{17,38}\.[\w-]{5,8}\.[\w-]{25,64}")
"""What a bot's token looks like: it starts with the user id in base64, whose digits make the first letter
M, N or O (https://discord.com/developers/docs/reference#authentication)."""


@final
class Secret:
    """A password, token or key. Only ``reveal()`` gives it away; use it as late as possible.

    ``str``, ``repr`` and format give ``<secret>``. Two secrets compare in constant time; a secret never
    equals plain text. It cannot be pickled; copies are the secret itself.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        if not value:
            raise ValueError("a secret cannot be empty")
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """The secret itself: hand it over at once, do not keep it and do not log it."""
        return self._value

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret cannot be changed: make a new one")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a secret cannot be changed: make a new one")

    def __str__(self) -> str:
        return REDACTED

    def __repr__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled: it would leave the process in plain text")

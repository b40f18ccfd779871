"""A value that must not be seen: it hides itself in text, logs, dumps and pickles because of its type."""

from __future__ import annotations

import hmac
import re
from typing import Any, Final, NoReturn, final

__all__ = ["REDACTED", "Secret", "hide"]

REDACTED: Final = "<secret>"
"""What stands wherever a secret would be shown."""

_SHAPES: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    # A bot's token starts with the user id in base64, whose digits make the first letter M, N or O
    # (https://discord.com/developers/docs/reference#authentication).
    (re.compile(r"\b[MNO][\w-]{17,38}\.[\w-]{5,8}\.[\w-]{25,64}"), REDACTED),
    # Whoever has an interaction's token can answer in its place for 15 minutes, a webhook's for ever.
    (re.compile(r"(/(?:webhooks|interactions)/\d{1,20}/)[\w-]{16,}"), rf"\1{REDACTED}"),
    (re.compile(r"\baW50ZXJhY3Rpb246[\w-]{16,}"), REDACTED),
    (
        re.compile(r"(authorization['\"]?\s*[:=,]\s*b?['\"]?(?:\w+ )?)[^\s'\",<>]{6,}", re.IGNORECASE),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(\bBearer )[\w.~+/=-]{16,}"), rf"\1{REDACTED}"),
    (re.compile(r"(\w://[^\s/:@]*:)[^\s/@]+@"), rf"\1{REDACTED}@"),
    (re.compile(r"([?&]password=)[^\s&'\"]+", re.IGNORECASE), rf"\1{REDACTED}"),
)


def hide(text: str) -> str:
    """The text without what looks like a secret, wherever it was pasted: tokens, passwords in URLs."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


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

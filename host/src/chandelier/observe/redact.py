"""Keeps secrets out of everything that is written down: known values, and whatever looks like a token.

Known values come from the Secret type of configs (`Redactor.learn`), so a setting is protected because
of its type and not its name. Shapes catch what nobody registered: Discord's bot tokens, the tokens in
webhook and interaction URLs, authorization headers and passwords in URLs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, cast
from urllib.parse import quote

import attrs

from chandelier.config.secret import REDACTED, Secret, hide

__all__ = ["SHORTEST", "Redactor"]

SHORTEST = 4
"""Characters; a shorter value is not searched for, since it would blot out ordinary words."""

_DEEPEST = 8


class Redactor:
    """The secrets of one host, and the one place that removes them."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: object) -> None:
        """Remember a secret: a Secret, its text, or every Secret inside a config, mapping or sequence.

        A plain string is taken for a secret only when it is the argument itself, not inside a structure.
        """
        found = {value} if isinstance(value, str) else set(_secrets(value, 0))
        forms = {form for secret in found if len(secret) >= SHORTEST for form in _written(secret)}
        if not forms <= self._known:
            self._known |= forms
            longest_first = sorted(self._known, key=len, reverse=True)
            self._pattern = re.compile("|".join(re.escape(form) for form in longest_first))

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self._pattern is not None:
            text = self._pattern.sub(REDACTED, text)
        return hide(text)

    def data(self, value: Any) -> Any:
        """The value without secrets; an object that shows one becomes its clean text."""
        return self._data(value, 0)

    def _data(self, value: Any, depth: int) -> Any:
        if (
            isinstance(value, Enum)
            or value is None
            or isinstance(value, bool | int | float | datetime | date | timedelta)
        ):
            return value
        if isinstance(value, str):
            return self.text(value)
        if depth < _DEEPEST and isinstance(value, Mapping):
            items = cast("Mapping[Any, Any]", value).items()
            return {self._data(key, depth + 1): self._data(item, depth + 1) for key, item in items}
        if depth < _DEEPEST and type(value) in (list, tuple, set, frozenset):
            return type(value)(self._data(item, depth + 1) for item in value)
        return self._object(value)

    def _object(self, value: Any) -> Any:
        """An object of any class: itself when neither way to write it shows a secret, else its clean text."""
        try:
            written, shown = str(value), repr(value)
        except Exception as error:  # noqa: BLE001 - a broken __repr__ must not break logging
            return f"<{type(value).__name__} that cannot be shown: {type(error).__name__}>"
        if self.text(shown) == shown and self.text(written) == written:
            return value
        return self.text(written)


def _written(secret: str) -> Iterable[str]:
    """The ways a secret appears in text: as it is, in a URL, in JSON and in a repr."""
    yield secret
    yield quote(secret, safe="")
    yield json.dumps(secret)[1:-1]
    yield repr(secret)[1:-1]


def _secrets(value: object, depth: int) -> Iterable[str]:
    if depth > _DEEPEST or isinstance(value, str | bytes):
        return
    if isinstance(value, Secret):
        yield value.reveal()
    elif attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from _secrets(getattr(value, field.name, None), depth + 1)
    elif isinstance(value, Mapping):
        for item in cast("Mapping[Any, object]", value).values():
            yield from _secrets(item, depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in cast("Iterable[object]", value):
            yield from _secrets(item, depth + 1)

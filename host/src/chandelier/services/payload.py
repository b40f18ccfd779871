"""JSON that both databases keep: what plugins hand to timers and effects is checked before it is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["storable"]


def storable(data: Mapping[str, Any] | None, what: str) -> dict[str, Any]:
    """``data`` as it will be read back; {} for None.

    Raises TypeError or ValueError naming ``what`` when it is no JSON, or holds what PostgreSQL refuses in
    JSON (https://www.postgresql.org/docs/current/datatype-json.html): NUL, lone surrogates, NaN.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - at run time it may
        raise TypeError(f"{what} is {data!r}; it must be a mapping of JSON-ready data, or None")
    try:
        text = json.dumps(dict(data), ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what} holds half a character (a lone surrogate)") from None
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what} is not JSON-ready: {error}") from None
    if "\\u0000" in text:
        raise ValueError(f"{what} holds a NUL character")
    return json.loads(text)

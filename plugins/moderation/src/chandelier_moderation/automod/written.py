"""Writes tables as TOML, as a person would; libraries that keep style take seconds for thousands of words.

Source: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["table_lines"]

_WIDTH = 100
"""Characters of a list on one line; a longer one has a line for each entry."""


def table_lines(path: str, table: Mapping[str, Any], *, repeated: bool = False) -> Iterator[str]:
    """The lines of a table and of what is in it; ``repeated``: it is one of a list of tables."""
    yield f"[[{path}]]" if repeated else f"[{path}]"
    for key, value in table.items():
        if not _tables(value):
            yield from _value_lines(f"{key} = ", value)
    # A table ends the keys of the one that it is in, so it comes after them.
    for key, value in table.items():
        for inner in _tables(value):
            yield ""
            yield from table_lines(f"{path}.{key}", inner, repeated=isinstance(value, list))


def _tables(value: Any) -> Sequence[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        return [value]
    return value if isinstance(value, list) and value and isinstance(value[0], Mapping) else []


def _value_lines(start: str, value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        yield start + _scalar(value)
        return
    entries = [_scalar(entry) for entry in value]
    line = f"{start}[{', '.join(entries)}]"
    if len(line) <= _WIDTH:
        yield line
    else:
        yield f"{start}["
        yield from (f"    {entry}," for entry in entries)
        yield "]"


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if "\\" in value and "'" not in value and value.isprintable():
            return f"'{value}'"  # an expression reads better without doubled backslashes
        # What JSON escapes, TOML escapes the same; only the last control character is left to it.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)

"""JSON-LD as it is found in the wild: read as far as it can be understood, never guessed at."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, cast

__all__ = ["Node", "items", "load", "text_of", "types_of", "walk"]

Node = dict[str, Any]

_DEEPEST: Final = 24
_MOST_NODES: Final = 20_000
_WRAPPERS: Final = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/|<!\[CDATA\[)|"
    r"(?:-->|//\s*\]\]>|/\*\s*\]\]>\s*\*/|\]\]>)\s*$"
)
_LONGEST_REPAIR: Final = 200_000
_MOST_WRAPPERS: Final = 4
"""Wrappers around one another that are taken off: each costs a copy of the text."""


def load(text: str) -> list[Any]:
    """The JSON values of one ``<script type="application/ld+json">``; empty when it cannot be understood.

    Understood beyond the standard: comment and CDATA wrappers, control characters in strings, several
    values in a row, trailing semicolons and commas, quotes written as ``&quot;``.
    """
    for _ in range(_MOST_WRAPPERS):
        text = _WRAPPERS.sub("", text)
    text = text.strip().strip("\ufeff")
    values = _values(text)
    if values is None and "&quot;" in text:
        text = html.unescape(text)
        values = _values(text)
    if values is None and len(text) <= _LONGEST_REPAIR and re.search(r",\s*[}\]]", text):
        values = _values(_without_trailing_commas(text))
    return values or []


def _values(text: str) -> list[Any] | None:
    """All values that stand in a row, with nothing but white space and semicolons between; else None."""
    decoder = json.JSONDecoder(strict=False, parse_float=Decimal, parse_constant=lambda _: None)
    found: list[Any] = []
    position = 0
    try:
        while True:
            while position < len(text) and text[position] in " \t\r\n;,":
                position += 1
            if position == len(text):
                return found
            value, position = decoder.raw_decode(text, position)
            found.append(value)
    except (ValueError, RecursionError):
        return None


def _without_trailing_commas(text: str) -> str:
    """Drop commas before a closing bracket, outside of strings."""
    out: list[str] = []
    position, quoted = 0, False
    for match in re.finditer(r'\\.|"|,(?=\s*[}\]])', text, re.DOTALL):
        mark = match.group()
        if mark == '"':
            quoted = not quoted
        elif mark == "," and not quoted:
            out.append(text[position : match.start()])
            position = match.end()
    out.append(text[position:])
    return "".join(out)


def items(value: Any) -> list[Any]:
    """A property's values: JSON-LD writes one value and a list of one alike."""
    if value is None:
        return []
    return cast("list[Any]", value) if isinstance(value, list) else [value]


def types_of(node: Node) -> frozenset[str]:
    """The node's types, lower case and without vocabulary: ``https://schema.org/Product`` is ``product``."""
    return frozenset(
        re.split(r"[/#:]", said.strip())[-1].lower()
        for said in items(node.get("@type"))
        if isinstance(said, str)
    )


def text_of(value: Any) -> str | None:
    """The first text among a property's values (numbers as they were written); None without one."""
    for one in items(value):
        if isinstance(one, dict):
            inner: Node = cast("Node", one)
            one = inner.get("@value", inner.get("name", inner.get("@id")))
        if isinstance(one, bool):
            continue
        if isinstance(one, str | int | Decimal):
            text = html.unescape(str(one)).strip()
            if text:
                return text
    return None


def walk(values: list[Any]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Every node with the property names that lead to it, outermost first; bounded in depth and number."""
    queue: list[tuple[Any, tuple[str, ...]]] = [(value, ()) for value in values]
    seen = 0
    for value, path in queue:
        if len(path) > _DEEPEST:
            continue
        if isinstance(value, list):
            queue.extend((one, path) for one in cast("list[Any]", value))
        elif isinstance(value, dict):
            node = cast("Node", value)
            yield node, path
            queue.extend(
                (inner, (*path, key)) for key, inner in node.items() if isinstance(inner, dict | list)
            )
        seen += 1
        if seen > _MOST_NODES:
            return

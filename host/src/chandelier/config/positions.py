"""On which line of a TOML text each key and each element of a list stands.

No TOML library for Python tells; this scanner only finds places. It relies on the text being valid TOML,
which ``tomllib`` has said before, and leaves all meaning to it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["Path", "line_of", "positions"]

Path = tuple[str | int, ...]
"""Keys and indices (from 0) that lead from the top of a document to a value."""


def positions(text: str) -> Mapping[Path, int]:
    """The line (from 1) of every key, table header and list element of a valid TOML text."""
    return _Scanner(text).scan()


def line_of(lines: Mapping[Path, int], path: Path) -> int | None:
    """The line of a path, or of the nearest table or list around it that stands in the text."""
    for length in range(len(path), 0, -1):
        line = lines.get(path[:length])
        if line is not None:
            return line
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._lines: dict[Path, int] = {}
        self._last: dict[Path, int] = {}
        """The index of the newest element of each array of tables."""

    def scan(self) -> Mapping[Path, int]:
        table: Path = ()
        while self._skip_blank():
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._key_and_value(table)
        return self._lines

    def _skip_blank(self, also: str = "") -> bool:
        """Pass blanks, line ends, comments and the characters ``also``; False at the end of the text."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#":
                self._to_line_end()
            elif char in " \t\r\n" or char in also:
                self._step()
            else:
                return True
        return False

    def _step(self) -> None:
        if self._text[self._at] == "\n":
            self._line += 1
        self._at += 1

    def _to_line_end(self) -> None:
        end = self._text.find("\n", self._at)
        self._at = len(self._text) if end < 0 else end

    def _header(self) -> Path:
        """Pass ``[a.b]`` or ``[[a.b]]``; the path of the table that it opens."""
        line = self._line
        many = self._text.startswith("[[", self._at)
        self._at += 2 if many else 1
        parts = _key_parts(self._until("]"))
        self._at += 2 if many else 1
        path: Path = ()
        for depth, part in enumerate(parts, start=1):
            path = (*path, part)
            self._lines.setdefault(path, line)
            if many and depth == len(parts):
                self._last[path] = self._last.get(path, -1) + 1
            if path in self._last:
                path = (*path, self._last[path])
                self._lines.setdefault(path, line)
        return path

    def _key_and_value(self, table: Path) -> None:
        line = self._line
        path = table
        for part in _key_parts(self._until("=")):
            path = (*path, part)
            self._lines.setdefault(path, line)
        self._at += 1
        self._skip_blank()
        self._value(path)

    def _until(self, stop: str) -> str:
        """Pass up to ``stop`` outside of quotes (a key has one line) and hand back what was passed."""
        start = self._at
        while self._text[self._at] != stop:
            if self._text[self._at] in "\"'":
                self._string()
            else:
                self._at += 1
        return self._text[start : self._at]

    def _value(self, path: Path) -> None:
        match self._text[self._at]:
            case '"' | "'":
                self._string()
            case "[":
                self._at += 1
                index = 0
                while self._skip_blank(also=",") and self._text[self._at] != "]":
                    self._lines[(*path, index)] = self._line
                    self._value((*path, index))
                    index += 1
                self._at += 1
            case "{":
                self._at += 1
                while self._skip_blank(also=",") and self._text[self._at] != "}":
                    self._key_and_value(path)
                self._at += 1
            case _:
                while self._at < len(self._text) and self._text[self._at] not in ",]}#\n":
                    self._at += 1

    def _string(self) -> None:
        quote = self._text[self._at]
        if self._text.startswith(quote * 3, self._at):
            self._at += 3
            while not self._text.startswith(quote * 3, self._at):
                self._escaped_step(quote)
            self._at += 3
            # Up to two quotes may stand right before the closing three.
            while self._text.startswith(quote, self._at):
                self._at += 1
            return
        self._at += 1
        while self._text[self._at] != quote:
            self._escaped_step(quote)
        self._at += 1

    def _escaped_step(self, quote: str) -> None:
        if quote == '"' and self._text[self._at] == "\\":
            self._step()
        self._step()


def _key_parts(key: str) -> list[str]:
    """The names in a bare, quoted or dotted key: TOML itself takes it apart."""
    return list(_names(tomllib.loads(f"{key} = 0")))


def _names(table: Mapping[str, Any]) -> Iterator[str]:
    for name, inner in table.items():
        yield name
        if isinstance(inner, dict):
            yield from _names(inner)

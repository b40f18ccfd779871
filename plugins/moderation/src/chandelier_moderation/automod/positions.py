"""Finds the line of a TOML file of rules on which the value of a path is written, as well as can be told."""

from __future__ import annotations

import re

from chandelier_moderation.automod.problems import Path

__all__ = ["line_of"]

_HEADER = re.compile(r"\s*(\[\[?)\s*([\w.-]+)\s*\]\]?\s*(?:#.*)?")


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of the value or of the closest thing around it; None when there is nothing of it."""
    best: tuple[int, int] | None = None
    for line, written in _written(text):
        deep = _common(written, path)
        if deep and (best is None or deep > best[0]):
            best = deep, line
    if best is None:
        return None
    return _entry(text, best[1], path) if isinstance(path[-1], int) else best[1]


def _written(text: str) -> list[tuple[int, Path]]:
    """Each header and each key of a file with its path."""
    found: list[tuple[int, Path]] = []
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.fullmatch(line)
        if header is not None:
            table = ()
            keys = header[2].split(".")
            for position, key in enumerate(keys):
                table = (*table, key)
                if header[1] == "[[" and position == len(keys) - 1:
                    counts[table] = counts.get(table, -1) + 1
                    for other in [path for path in counts if path[: len(table)] == table and path != table]:
                        del counts[other]
                if table in counts:
                    table = (*table, counts[table])
            found.append((number, table))
        elif (key_match := re.match(r"\s*([\w-]+(?:\s*\.\s*[\w-]+)*)\s*=", line)) is not None:
            keys = re.split(r"\s*\.\s*", key_match[1])
            found.append((number, (*table, *keys)))
    return found


def _common(written: Path, path: Path) -> int:
    """How many steps of a path lead to something written that is on it; 0 when it is elsewhere."""
    return len(written) if written == path[: len(written)] else 0


def _entry(text: str, line: int, path: Path) -> int:
    """The line of a list's entry that has a line of its own."""
    number = path[-1]
    assert isinstance(number, int)
    lines = text.splitlines()
    if not lines[line - 1].rstrip().endswith("["):
        return line
    entries = 0
    for at in range(line, len(lines)):
        content = lines[at].strip()
        if content.startswith("]"):
            break
        if content and not content.startswith("#"):
            if entries == number:
                return at + 1
            entries += 1
    return line

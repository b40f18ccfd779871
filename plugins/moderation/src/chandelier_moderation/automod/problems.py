"""What is wrong with rules: every error at once, each with its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence

import attrs

__all__ = ["BadRules", "Path", "Problem", "below", "unknown"]

Path = tuple[str | int, ...]
"""Keys, and numbers of entries from 0: `("rule", 0, "trigger", "words", 3)`."""


@attrs.frozen
class Problem:
    """One error."""

    path: Path
    """From the file's top, or from the rule's when there is no file; empty when it is about the whole."""
    what: str
    line: int | None = None
    """In the file, from 1; None: there is no file, or it is unknown."""

    @property
    def where(self) -> str:
        """The path as people read it: `rule #1.trigger.words #4`."""
        text = ""
        for key in self.path:
            text += f" #{key + 1}" if isinstance(key, int) else f".{key}" if text else key
        return text

    def __str__(self) -> str:
        parts = ["" if self.line is None else f"line {self.line}", self.where]
        place = ", ".join(filter(None, parts))
        return f"{place}: {self.what}" if place else self.what


def below(path: Path, problems: Iterable[Problem]) -> Iterator[Problem]:
    """The same problems of a part of something, with their paths from its top."""
    for problem in problems:
        yield Problem((*path, *problem.path), problem.what)


class BadRules(ValueError):
    """Rules that cannot be used; ``problems`` says all that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def unknown(name: str, names: Iterable[str]) -> str:
    """Says that there is no such name, and which there are, the likely one first."""
    names = [*names]
    close = difflib.get_close_matches(name, names, 1)
    if close:
        return f"{name!r} is unknown; did you mean {close[0]!r}?"
    return f"{name!r} is unknown; there are {', '.join(names)}"

"""What is wrong with rules: every error at once, each with its place."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

__all__ = ["BadRules", "Problem"]


@attrs.frozen
class Problem:
    """One error."""

    where: str
    """As `rule "scam links": trigger.words[3]`; empty when it is about the file."""
    what: str
    line: int | None = None
    """In the file, from 1; None: not of a file, or unknown."""

    def __str__(self) -> str:
        place = ", ".join(
            part for part in ("" if self.line is None else f"line {self.line}", self.where) if part
        )
        return f"{place}: {self.what}" if place else self.what


class BadRules(ValueError):
    """Rules that cannot be used; ``problems`` says all that is wrong with them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)

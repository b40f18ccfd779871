"""Regular expressions, all in one pass, on an engine whose time grows with the text and never explodes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import attrs
import re2

from chandelier_moderation.automod.normalise import Seen

__all__ = ["LONGEST_EXPRESSION", "ExpressionMatcher", "FoundExpression", "refused"]

LONGEST_EXPRESSION = 500
"""Characters of one expression."""
_MEMORY_OF_ONE = 1 << 18
"""Bytes that one expression may take compiled: what needs more, as `(\\w{1,500}){20}`, is slow."""
_MEMORY_OF_A_SET = 1 << 26
_HINTS = {
    "invalid perl operator: (?": "; to look ahead or behind could take forever, so it is not there",
    "invalid escape sequence": "; there are no references to groups (`\\1`), which could take forever",
    "pattern too large": "; it repeats too much, and would be slow",
}
"""By a part of what RE2 says, what it does not say: it was made never to be slow."""


@attrs.frozen
class FoundExpression:
    """An expression that was found."""

    rule: int
    expression: str
    excerpt: str


@lru_cache(maxsize=2_048)  # asked when a rule is saved, read and compiled
def refused(expression: str) -> str | None:
    """Why an expression cannot be used; None when it can."""
    if len(expression) > LONGEST_EXPRESSION:
        return f"is {len(expression)} characters long; {LONGEST_EXPRESSION} are allowed"
    if not expression.strip():
        return "is empty"
    try:
        compiled = re2.compile(expression, _options(_MEMORY_OF_ONE))
    except re2.error as error:
        reason = error.args[0] if error.args else error
        said = reason.decode() if isinstance(reason, bytes) else str(reason)
        hint = next((hint for part, hint in _HINTS.items() if part in said), "")
        return f"is refused: {said}{hint}"
    return "matches every text" if compiled.search("") is not None else None


class ExpressionMatcher:
    """The expressions of all rules, compiled in sets."""

    def __init__(self, expressions: Iterable[tuple[int, str]]) -> None:
        """Take pairs of a rule's number and an expression. Raises ValueError for what `refused` names."""
        by_expression: dict[str, list[int]] = {}
        for rule, expression in expressions:
            by_expression.setdefault(expression, []).append(rule)
        for expression in by_expression:
            if (why := refused(expression)) is not None:
                raise ValueError(f"{expression!r} {why}")
        self._sets = [*_sets([*by_expression.items()])]

    def __bool__(self) -> bool:
        return bool(self._sets)

    def find(self, seen: Seen) -> Iterator[FoundExpression]:
        """Every expression that a text matches, as it was sent or as it is seen."""
        texts = dict.fromkeys((seen.written, seen.shown, *(reading[1:-1] for reading in seen.readings)))
        for text in texts:
            for part in self._sets:
                yield from part.find(text)


def _sets(expressions: Sequence[tuple[str, list[int]]]) -> Iterator[_Set]:
    """As few sets as there is memory for: a text is read once for each."""
    if not expressions:
        return
    try:
        yield _Set(expressions)
    except re2.error as error:
        if len(expressions) == 1:
            raise ValueError(f"{expressions[0][0]!r} is refused: {error}") from error
        half = len(expressions) // 2
        yield from _sets(expressions[:half])
        yield from _sets(expressions[half:])


class _Set:
    def __init__(self, expressions: Sequence[tuple[str, list[int]]]) -> None:
        self._expressions = expressions
        self._set: Any = re2.Set.SearchSet(_options(_MEMORY_OF_A_SET))
        for expression, _ in expressions:
            self._set.Add(expression)
        self._always: int = self._set.Add("")
        self._set.Compile()

    def find(self, text: str) -> Iterator[FoundExpression]:
        numbers: list[int] = self._set.Match(text) or []
        if self._always not in numbers:
            # It matches all, so the set gave up, for lack of memory. A rule may be slow, but not silent.
            numbers = [
                number
                for number, (expression, _) in enumerate(self._expressions)
                if _compiled(expression).search(text) is not None
            ]
        for number in numbers:
            if number == self._always:
                continue
            expression, rules = self._expressions[number]
            match = _compiled(expression).search(text)
            excerpt = match[0] if match else ""
            for rule in rules:
                yield FoundExpression(rule, expression, excerpt)


@lru_cache(maxsize=512)
def _compiled(expression: str) -> Any:
    return re2.compile(expression, _options(_MEMORY_OF_ONE))


def _options(memory: int) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = memory
    return options

"""From a validator's error to a sentence: where in the body, what was found, what is allowed.

A type of Discord is often one of many (a channel, a component, an interaction), of which the value was
meant to be one. What is said is what is wrong with that one, not that it is none of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from jsonschema_rs import ValidationError

__all__ = ["Problem", "problems"]

#: Characters of a value that are shown.
_SHOWN = 120
_MISSING = "nothing"


class Problem(NamedTuple):
    """One thing that is wrong with a value."""

    #: Such as ``channels[0].type``; empty for the value itself.
    path: str
    found: str
    allowed: str

    def __str__(self) -> str:
        """The problem as one line."""
        return f"{self.path or 'the body'}: found {self.found}, allowed {self.allowed}"


def problems(errors: Iterable[ValidationError]) -> list[Problem]:
    """What the errors of one value come to, each said once."""
    return list(dict.fromkeys(_problem(error) for error in _leaves(errors)))


def _leaves(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    for error in errors:
        branches: list[list[ValidationError]] = getattr(error.kind, "context", None) or []
        meant = min(branches, key=lambda branch: _distance(error, branch), default=None)
        if meant is None or _distance(error, meant)[0]:
            yield error
        else:
            yield from _leaves(meant)


def _distance(error: ValidationError, branch: list[ValidationError]) -> tuple[int, ...]:
    """How far a value is from one of several types: another kind of JSON, other constants, errors."""
    depth = len(error.instance_path)
    leaves = list(_leaves(branch))
    kinds = sum(len(e.instance_path) == depth and hasattr(e.kind, "types") for e in leaves)
    constants = [len(e.instance_path) for e in leaves if _allowed_values(e) is not None]
    return kinds, constants.count(depth + 1), len(constants), len(leaves)


def _allowed_values(error: ValidationError) -> list[Any] | None:
    """The values of an ``enum`` or ``const`` that was missed."""
    kind: Any = error.kind
    if hasattr(kind, "expected_value"):
        return [kind.expected_value]
    return getattr(kind, "options", None)


def _problem(error: ValidationError) -> Problem:
    path = list(error.instance_path)
    missing = getattr(error.kind, "property", None)
    if missing is not None:
        return Problem(_dotted([*path, missing]), _MISSING, "something: it is required")
    return Problem(_dotted(path), _short(error.instance), _allowed(error))


def _allowed(error: ValidationError) -> str:
    kind: Any = error.kind
    values = _allowed_values(error)
    if values is not None:
        return " or ".join(_short(value) for value in values)
    if hasattr(kind, "types"):
        return " or ".join(sorted(kind.types, key=lambda name: (name == "null", name)))
    if hasattr(kind, "format"):
        return f"a {kind.format}"
    if hasattr(kind, "pattern"):
        return f"text like {kind.pattern}"
    branches: list[list[ValidationError]] = getattr(kind, "context", None) or []
    if branches:
        return " or ".join(dict.fromkeys(_allowed(branch[0]) for branch in branches if branch))
    return error.message.removeprefix(_short(error.instance)).strip()


def _dotted(path: list[str | int]) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"

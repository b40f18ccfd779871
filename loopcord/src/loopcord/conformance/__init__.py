"""Conformance: every dispatch and REST body held against Discord's own types, as discord-api-types has them.

``LocalDiscord(conformance=True)`` notes in ``discord.violations`` what does not conform; with the ini
option ``loopcord_conformance`` the pytest plugin fails the test instead. Needs jsonschema-rs, which
``loopcord[conformance]`` brings. This module itself imports next to nothing: pytest's plugin loads it.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .explain import Problem
    from .judge import Judge, Violation

__all__ = ["Judge", "Problem", "Violation", "available", "judge_for", "problems_of", "watcher"]

#: Who is told of violations in the local Discords of this context that were not told otherwise; pytest's
#: plugin sets it for its run.
watcher: ContextVar[Callable[[Judge], None] | None] = ContextVar("loopcord_watcher", default=None)


def available() -> bool:
    """Whether jsonschema-rs is installed."""
    return importlib.util.find_spec("jsonschema_rs") is not None


def judge_for(wanted: bool | None) -> Judge | None:
    """A judge for a new local Discord: when it is wanted, or, for None, when somebody watches.

    Raises:
        WorldError: when jsonschema-rs is missing.
    """
    report = watcher.get()
    if wanted is False or (wanted is None and report is None):
        return None
    if not available():
        from loopcord.errors import WorldError

        raise WorldError("conformance needs jsonschema-rs: pip install 'loopcord[conformance]'")
    from .judge import Judge

    return Judge(report)


def problems_of(name: str, value: Any) -> list[Problem]:
    """What is wrong with a decoded JSON value as the type ``name`` of discord-api-types.

    Only types that the API's routes and events are made of are known, such as ``APIUser``.

    Raises:
        ValueError: for an unknown type.
    """
    from .explain import problems
    from .schema import validator

    return problems(validator(name).iter_errors(value))


def __getattr__(name: str) -> Any:
    """Import the classes when they are first used (PEP 562)."""
    homes = {"Judge": "judge", "Problem": "explain", "Violation": "judge"}
    if name not in homes:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{homes[name]}", __name__), name)

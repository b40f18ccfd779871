"""What ``setting`` says about a field besides its type and default, and whether a value obeys it."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum
from typing import Any, Literal

import attrs

from chandelier.config.secret import REDACTED, Secret, hide
from chandelier.config.units import Unit
from chandelier.languages import Messages

__all__ = ["IDS", "Facts", "Kind", "Misfit", "between", "breaches", "of_length", "shown"]

_ = Messages(__package__)

Kind = Literal["channel", "role", "member"]
"""What a number that is a Discord id stands for, so that `/config` can offer the right picker."""

_HIGHEST_ID = 2**63 - 1
"""Discord's ids are 64-bit, and their highest bit stays 0 until 2084: they fit a signed BIGINT.

Source: https://discord.com/developers/docs/reference#snowflakes
"""
_SHOWN = 60
IDS: Mapping[str, str] = {
    "channel": _("the id of a channel"),
    "role": _("the id of a role"),
    "member": _("the id of a member"),
}
"""What a number that is an id stands for, in words."""


@attrs.frozen(kw_only=True)
class Facts:
    """What ``setting`` says about a field besides its type and default."""

    help: str
    guild: bool = False
    ge: float | None = None
    le: float | None = None
    choices: tuple[Any, ...] | None = None
    kind: Kind | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    unit: Unit | None = None


class Misfit(ValueError):  # it reads as what it is: a value that does not fit
    """A value that a setting does not take: what is wrong with it, what was found, what is allowed.

    ``path`` leads from the setting to the part of its value that is wrong.
    """

    def __init__(
        self, message: str, *, found: Any = None, allowed: str | None = None, path: tuple[str | int, ...] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.found = found
        self.allowed = allowed
        self.path = path

    def __str__(self) -> str:
        return f"{self.message}, allowed: {self.allowed}" if self.allowed else str(self.message)


def shown(value: Any) -> str:
    """A found value as people write it in TOML, cut when long; a secret stays hidden."""
    match value:
        case Secret():
            return REDACTED
        case bool():
            return str(value).lower()
        case Enum():
            return shown(value.value)
        case str():
            text = '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
        case Mapping():
            text = "{" + ", ".join(f"{key} = {shown(value[key])}" for key in value) + "}"
        case list() | tuple() | set() | frozenset():
            text = "[" + ", ".join(shown(one) for one in value) + "]"
        case _:
            text = str(value)
    text = hide(text)  # pasted into the wrong setting
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def of_length(facts: Facts, what: str) -> str:
    """``at most 5 characters`` and the like; empty without bounds on the length."""
    low, high = facts.min_length, facts.max_length
    if low is not None and high is not None and low != high:
        return _RANGES[what](low, high)
    bound = high if low is None else low
    if bound is None:
        return ""
    words = _SIZES[what](bound)
    return words if low == high else _("at least {size}", size=words) if high is None else _most(words)


def _most(size: str) -> str:
    return _("at most {size}", size=size)


_SIZES: Mapping[str, Callable[[int], str]] = {
    "characters": lambda n: _.count("{n} character", "{n} characters", n),
    "elements": lambda n: _.count("{n} element", "{n} elements", n),
    "entries": lambda n: _.count("{n} entry", "{n} entries", n),
}
_RANGES: Mapping[str, Callable[[int, int], str]] = {
    "characters": lambda low, high: _("{low} to {high} characters", low=low, high=high),
    "elements": lambda low, high: _("{low} to {high} elements", low=low, high=high),
    "entries": lambda low, high: _("{low} to {high} entries", low=low, high=high),
}


def between(facts: Facts) -> str:
    """``10 to 86400`` and the like; empty without bounds."""
    if facts.ge is not None and facts.le is not None:
        return _("{low} to {high}", low=facts.ge, high=facts.le)
    if facts.ge is not None:
        return _("{low} or more", low=facts.ge)
    return _("{high} or less", high=facts.le) if facts.le is not None else ""


def breaches(value: Any, facts: Facts) -> Iterator[Misfit]:
    """Every way in which a value of the right type breaks the bounds of its setting."""
    match value:
        case None | bool() | Secret():
            return
        case list() | tuple() | set() | frozenset():
            yield from _length(value, facts, "elements")
            inner = attrs.evolve(facts, min_length=None, max_length=None)
            for index, element in enumerate(value):
                for misfit in breaches(element, inner):
                    # The order of a set says nothing about where its elements were written.
                    if isinstance(value, list | tuple):
                        misfit.path = (index, *misfit.path)
                    yield misfit
        case Mapping():
            yield from _length(value, facts, "entries")
            inner = attrs.evolve(facts, min_length=None, max_length=None)
            for key, element in value.items():
                for misfit in breaches(element, inner):
                    misfit.path = (str(key), *misfit.path)
                    yield misfit
        case str() | int() | float() | Enum():
            yield from _scalar(value, facts)
        case _:
            return


def _length(value: Any, facts: Facts, what: str) -> Iterator[Misfit]:
    size = len(value)
    allowed = of_length(facts, what)
    if facts.min_length is not None and size < facts.min_length:
        yield Misfit(_FEW[what](shown(value), size), found=value, allowed=allowed)
    if facts.max_length is not None and size > facts.max_length:
        yield Misfit(_MANY[what](shown(value), size), found=value, allowed=allowed)


_FEW: Mapping[str, Callable[[str, int], str]] = {
    "elements": lambda value, n: _("{value} has too few elements ({size})", value=value, size=n),
    "entries": lambda value, n: _("{value} has too few entries ({size})", value=value, size=n),
}
_MANY: Mapping[str, Callable[[str, int], str]] = {
    "elements": lambda value, n: _("{value} has too many elements ({size})", value=value, size=n),
    "entries": lambda value, n: _("{value} has too many entries ({size})", value=value, size=n),
}


def _scalar(value: Any, facts: Facts) -> Iterator[Misfit]:
    if facts.choices is not None and value not in facts.choices:
        allowed = _("one of {choices}", choices=", ".join(shown(choice) for choice in facts.choices))
        yield Misfit(_("{value} is not a choice", value=shown(value)), found=value, allowed=allowed)
        return
    if isinstance(value, Enum):
        return
    if isinstance(value, str):
        allowed = of_length(facts, "characters")
        if facts.min_length is not None and len(value) < facts.min_length:
            yield Misfit(_("{value} is too short", value=shown(value)), found=value, allowed=allowed)
        if facts.max_length is not None and len(value) > facts.max_length:
            yield Misfit(
                _("{value} is too long ({length})", value=shown(value), length=len(value)),
                found=value,
                allowed=allowed,
            )
        if facts.pattern is not None and re.fullmatch(facts.pattern, value) is None:
            yield Misfit(
                _("{value} has the wrong form", value=shown(value)),
                found=value,
                allowed=_("text matching {pattern}", pattern=facts.pattern),
            )
        return
    if facts.kind is not None and not 0 < value <= _HIGHEST_ID:
        yield Misfit(_("{value} is not an id", value=value), found=value, allowed=IDS[facts.kind])
        return
    if facts.ge is not None and value < facts.ge:
        yield Misfit(_("{value} is too small", value=shown(value)), found=value, allowed=between(facts))
    if facts.le is not None and value > facts.le:
        yield Misfit(_("{value} is too large", value=shown(value)), found=value, allowed=between(facts))
    if isinstance(value, float) and not math.isfinite(value):
        yield Misfit(_("{value} is not finite", value=value), found=str(value), allowed=_("a finite number"))

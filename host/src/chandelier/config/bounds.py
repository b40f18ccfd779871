"""What ``setting`` says about a field besides its type and default, and whether a value obeys it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, Literal

import attrs

from chandelier.config.secret import REDACTED, Secret, hide
from chandelier.config.units import Unit
from chandelier.languages import Messages

__all__ = ["Facts", "Kind", "Misfit", "between", "breaches", "id_of", "of_length", "shown"]

_ = Messages(__package__)

Kind = Literal["channel", "role", "member"]
"""What a number that is a Discord id stands for, so that `/config` can offer the right picker."""

_HIGHEST_ID = 2**63 - 1
"""Discord's ids are 64-bit, and their highest bit stays 0 until 2084: they fit a signed BIGINT.

Source: https://discord.com/developers/docs/reference#snowflakes
"""
_SHOWN = 60


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
    if low is not None and high is not None:
        return (
            _counted(low, what) if low == high else _("{low} to {rest}", low=low, rest=_counted(high, what))
        )
    if low is not None:
        return _("at least {bound}", bound=_counted(low, what))
    return _("at most {bound}", bound=_counted(high, what)) if high is not None else ""


def _counted(number: int, what: str) -> str:
    if what == "characters":
        return _.count("1 character", "{n} characters", number)
    if what == "elements":
        return _.count("1 element", "{n} elements", number)
    return _.count("1 entry", "{n} entries", number)


def between(facts: Facts) -> str:
    """``10 to 86400`` and the like; empty without bounds."""
    if facts.ge is not None and facts.le is not None:
        return _("{low} to {high}", low=facts.ge, high=facts.le)
    if facts.ge is not None:
        return _("{low} or more", low=facts.ge)
    return _("{high} or less", high=facts.le) if facts.le is not None else ""


def id_of(kind: Kind) -> str:
    """What an id stands for, in words."""
    return {
        "channel": _("the id of a channel"),
        "role": _("the id of a role"),
        "member": _("the id of a member"),
    }[kind]


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
        if what == "elements":
            said = _("{value} has too few elements ({size})", value=shown(value), size=size)
        else:
            said = _("{value} has too few entries ({size})", value=shown(value), size=size)
        yield Misfit(said, found=value, allowed=allowed)
    if facts.max_length is not None and size > facts.max_length:
        if what == "elements":
            said = _("{value} has too many elements ({size})", value=shown(value), size=size)
        else:
            said = _("{value} has too many entries ({size})", value=shown(value), size=size)
        yield Misfit(said, found=value, allowed=allowed)


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
            said = _("{value} is too long ({size})", value=shown(value), size=len(value))
            yield Misfit(said, found=value, allowed=allowed)
        if facts.pattern is not None and re.fullmatch(facts.pattern, value) is None:
            allowed = _("text matching {pattern}", pattern=facts.pattern)
            yield Misfit(_("{value} has the wrong form", value=shown(value)), found=value, allowed=allowed)
        return
    if facts.kind is not None and not 0 < value <= _HIGHEST_ID:
        yield Misfit(_("{value} is not an id", value=value), found=value, allowed=id_of(facts.kind))
        return
    if facts.ge is not None and value < facts.ge:
        yield Misfit(_("{value} is too small", value=shown(value)), found=value, allowed=between(facts))
    if facts.le is not None and value > facts.le:
        yield Misfit(_("{value} is too large", value=shown(value)), found=value, allowed=between(facts))
    if isinstance(value, float) and not math.isfinite(value):
        said = _("{value} is not finite", value=value)
        yield Misfit(said, found=str(value), allowed=_("a finite number"))

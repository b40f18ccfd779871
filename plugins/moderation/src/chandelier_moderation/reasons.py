"""Why something was done: how the plugin writes its own reasons down, and how a reason is read in a language.

A reason is stored as text, the plugin's own in English, and told in the language of who reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import chandelier
from chandelier_moderation.cases import ERASED
from chandelier_moderation.tables import Case

__all__ = ["RAID", "broken", "contains", "counted", "reason_of"]

_ = chandelier.Messages("chandelier_moderation")

RAID = "Raid mode"
_FOUND = re.compile("Contains “(.*)”", re.DOTALL)
_BROKEN = re.compile("Rule “(.*?)”(?:: (.*))?", re.DOTALL)
_REACHED = re.compile(r"Reached (\d+) points")
"""What automod writes as the reason of its cases."""
_UNDOES = re.compile(r"Undoes case #(\d+)")
_OVER = re.compile(r"Its time was over \(case #(\d+)\)")
"""What is written as the reason of cases that undo others."""
_APPEALED = re.compile(r"Appeal against case #(\d+) accepted")
"""What an accepted appeal writes."""

_COUNTED: Final[Mapping[str, Callable[[str, str], str]]] = {
    "rate": lambda n, time: _("{n} messages in {time}", n=n, time=time),
    "repeated": lambda n, time: _("the same {n} times in {time}", n=n, time=time),
    "join_rate": lambda n, time: _("{n} joined in {time}", n=n, time=time),
    "new_account": lambda n, _time: _("the account is {n} old", n=n),
    "mentions": lambda n, _time: _("{n} mentions", n=n),
    "capitals": lambda n, _time: _("{n} capitals", n=n),
    "emoji": lambda n, _time: _("{n} emoji", n=n),
    "newlines": lambda n, _time: _("{n} lines", n=n),
    "zalgo": lambda n, _time: _("{n} letters with heaps of marks", n=n),
}
"""What is said of a number that a trigger finds, by its kind; it is stored as it is said in English."""


def _pattern(told: Callable[[str, str], str]) -> re.Pattern[str]:
    number, time = r"(?P<n>\d+(?: [%dh])?)", r"(?P<time>\w+)"
    written = re.escape(str(told("{n}", "{time}")))
    return re.compile(written.replace(r"\{n\}", number).replace(r"\{time\}", time))


_COUNTS = [(_pattern(told), told) for told in _COUNTED.values()]


def contains(found: str) -> str:
    """The reason of a rule about words."""
    return f"Contains “{found}”"


def broken(rule: str, found: str) -> str:
    """The reason of any other rule."""
    return f"Rule “{rule}”: {found}" if found else f"Rule “{rule}”"


def counted(kind: str, number: str, time: str = "") -> str | None:
    """What the number says that a trigger of this kind found (``4 messages in 10s``); None: it finds none."""
    told = _COUNTED.get(kind)
    return None if told is None else str(told(number, time))


def reason_of(case: Case) -> str:
    """The reason as it is shown: a moderator's words as they are, the plugin's own as messages."""
    if case.rule is not None or case.action == "remove":
        if found := _FOUND.fullmatch(case.reason):
            return _("Contains “{word}”", word=found[1])
        if found := _REACHED.fullmatch(case.reason):
            return _("Reached {points} points", points=found[1])
        if found := _BROKEN.fullmatch(case.reason):
            return _told(found[1], found[2])
    if case.undoes is not None:
        if found := _UNDOES.fullmatch(case.reason):
            return _("Undoes case #{number}", number=found[1])
        if found := _OVER.fullmatch(case.reason):
            return _("Its time was over (case #{number})", number=found[1])
        if found := _APPEALED.fullmatch(case.reason):
            return _("Appeal against case #{number} accepted", number=found[1])
    if case.reason == RAID:
        return _("Raid mode")
    if not case.reason:
        return _("no reason given")
    return _("erased at the member's request") if case.reason == ERASED else case.reason


def _told(rule: str, found: str | None) -> str:
    if not found:
        return _("Rule “{rule}”", rule=rule)
    said: dict[str, Any] = {"found": found}
    for pattern, told in _COUNTS:
        if seen := pattern.fullmatch(found):
            values = seen.groupdict()
            said["found"] = told(values["n"], values.get("time", ""))
            break
    return _("Rule “{rule}”: {found}", rule=rule, **said)

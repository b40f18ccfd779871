"""What a message pings, of what can be pinged in a server: @everyone, @here and roles.

Discord says with one and the same flag that @everyone or @here was mentioned, so the text has to tell which.
https://discord.com/developers/docs/resources/message#message-object
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import hikari

__all__ = ["everybody", "may_ping", "pinged_roles", "without_code"]

_TICKS = re.compile(r"(?<!\\)`+")
_NAMES = ("everyone", "here")


def may_ping(message: Mapping[str, Any]) -> bool:
    """Whether Discord's raw message can be one that pings: called for every message."""
    return bool(message.get("mention_everyone") or message.get("mention_roles"))


def everybody(text: str, *, flagged: bool) -> tuple[str, ...]:
    """``everyone``, ``here``, both or none. ``flagged`` is what Discord says: that at least one was pinged.

    What stands in code pings nobody, so it does not tell which it was, unless nothing else does.
    """
    if not flagged:
        return ()
    for where in (without_code(text), text):
        found = tuple(name for name in _NAMES if f"@{name}" in where)
        if found:
            return found
    return ("everyone",)


def pinged_roles(
    mentioned: Iterable[int], roles: Mapping[hikari.Snowflake, hikari.Role], *, all_of_them: bool
) -> tuple[int, ...]:
    """The roles that were really pinged: those that anybody may mention, or with the permission, all.

    A role that is not known, such as one made a moment ago, counts as pinged.
    """
    unknown_or_open = (
        role_id
        for role_id in dict.fromkeys(mentioned)
        if all_of_them or (role := roles.get(hikari.Snowflake(role_id))) is None or role.is_mentionable
    )
    return tuple(int(role_id) for role_id in unknown_or_open)


def without_code(text: str) -> str:
    """The text without what stands in code marks: as many backticks in the end as in the beginning."""
    runs = [(run.start(), run.end()) for run in _TICKS.finditer(text)]
    kept: list[str] = []
    done = number = 0
    while number < len(runs):
        start, end = runs[number]
        length = end - start
        closing = next(
            (later for later in range(number + 1, len(runs)) if runs[later][1] - runs[later][0] == length),
            None,
        )
        if closing is None:
            number += 1
            continue
        kept.append(text[done:start])
        done, number = runs[closing][1], closing + 1
    return " ".join([*kept, text[done:]])

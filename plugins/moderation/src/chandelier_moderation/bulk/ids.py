"""Reads the ids of people out of what a moderator pastes: lists, columns, mentions."""

from __future__ import annotations

import re

import attrs

__all__ = ["Pasted", "read_ids"]

_BETWEEN = re.compile(r"[\s,;|]+")
_ONE = re.compile(r"(?:<@!?([0-9]{15,20})>|@?([0-9]{15,20}))[.:)\]]?")
"""An id as people copy it, or a mention; ids have at least 15 digits since Discord's first month.

https://discord.com/developers/docs/reference#snowflakes
"""
_LARGEST = 2**63 - 1
"""Ids are stored as signed 64-bit numbers."""


@attrs.frozen
class Pasted:
    """What was found in a pasted text."""

    ids: tuple[int, ...]
    """Each once, in their order."""
    repeated: int
    """How many were there again."""
    unread: tuple[str, ...]
    """What is no id of a person, as it stands there: names, mentions of roles and channels, links."""


def read_ids(text: str) -> Pasted:
    """Find the ids between spaces, line breaks, commas, semicolons and bars; everything else is `unread`."""
    ids: dict[int, None] = {}
    repeated = 0
    unread: list[str] = []
    for word in _BETWEEN.split(text):
        bare = word.strip("\"'`([{}")
        if not bare:
            continue
        found = _ONE.fullmatch(bare)
        number = int(found[1] or found[2]) if found is not None else 0
        if not 0 < number <= _LARGEST:
            unread.append(word)
        elif number in ids:
            repeated += 1
        else:
            ids[number] = None
    return Pasted(tuple(ids), repeated, tuple(unread))

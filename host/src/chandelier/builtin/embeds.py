"""Fields of an embed that always fit: what plugins and settings say is cut to Discord's limits."""

from __future__ import annotations

from collections.abc import Iterable

import hikari

__all__ = ["add_fields"]

# https://discord.com/developers/docs/resources/message#embed-object-embed-limits
MAX_FIELDS = 25
MAX_NAME = 256
MAX_VALUE = 1024
MAX_TOTAL = 6000
"""Characters of everything that is read in an embed."""

_LEFT_OUT = "…"
_ROOM = 300
"""Characters kept for what the embed says besides its fields: title, footer, the field that says "more"."""


def add_fields(embed: hikari.Embed, fields: Iterable[tuple[str, str]]) -> None:
    """Add (name, text) fields as far as they fit; the last one says how many are missing.

    A text that is too long ends after a whole line, if it has more than one.
    """
    fields = list(fields)
    used = _ROOM + sum(len(field.name) + len(field.value) for field in embed.fields)
    for done, (name, text) in enumerate(fields):
        name, text = _cut(name, MAX_NAME), _cut(text, MAX_VALUE)
        last = len(embed.fields) == MAX_FIELDS - 1 and done < len(fields) - 1
        if last or used + len(name) + len(text) > MAX_TOTAL:
            embed.add_field(_LEFT_OUT, f"and {len(fields) - done} more, which do not fit in here")
            return
        embed.add_field(name, text)
        used += len(name) + len(text)


def _cut(text: str, longest: int) -> str:
    text = text.strip() or "—"
    if len(text) <= longest:
        return text
    whole, _, _ = text[: longest - 2].rpartition("\n")
    return f"{whole}\n{_LEFT_OUT}" if whole else text[: longest - 1] + _LEFT_OUT

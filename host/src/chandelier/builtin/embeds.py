"""Fields of an embed that always fit: what plugins and settings say is cut to Discord's limits."""

from __future__ import annotations

from collections.abc import Iterable

import hikari

from chandelier.languages import Messages

__all__ = ["add_fields", "fields_of", "spread"]

_ = Messages(__package__)

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
            more = _("and {number} more, which do not fit in here", number=len(fields) - done)
            embed.add_field(_LEFT_OUT, more)
            return
        embed.add_field(name, text)
        used += len(name) + len(text)


def fields_of(name: str, blocks: Iterable[str]) -> list[tuple[str, str]]:
    """Fields that hold blocks of text, each block whole; from the second on the name says that it goes on."""
    texts: list[str] = []
    for block in blocks:
        if texts and len(texts[-1]) + 1 + len(block) <= MAX_VALUE:
            texts[-1] += f"\n{block}"
        else:
            texts.append(block)
    return [(name if number == 0 else f"{name} {_LEFT_OUT}", text) for number, text in enumerate(texts)]


def spread(fields: Iterable[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """Fields for as many embeds as it takes to leave none out; at least one embed."""
    embeds: list[list[tuple[str, str]]] = [[]]
    used = _ROOM
    for name, text in fields:
        size = min(len(name), MAX_NAME) + min(len(text), MAX_VALUE)
        if len(embeds[-1]) == MAX_FIELDS - 1 or used + size > MAX_TOTAL:
            embeds.append([])
            used = _ROOM
        embeds[-1].append((name, text))
        used += size
    return embeds


def _cut(text: str, longest: int) -> str:
    if len(text) <= longest:  # as it is, since it may be a message
        return text if text.strip() else "—"
    text = text.strip()
    whole, _, _ = text[: longest - 2].rpartition("\n")
    return f"{whole}\n{_LEFT_OUT}" if whole else text[: longest - 1] + _LEFT_OUT

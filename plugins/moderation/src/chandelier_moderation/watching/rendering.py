"""How an event looks in the log: as a card, as a line, in a guild's own words, in a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import attrs
import hikari

import chandelier
from chandelier_moderation.cards import crop, quoted
from chandelier_moderation.watching.settings import CARD, FORMATS

__all__ = ["Shown", "card", "cropped", "line", "note"]

_ = chandelier.Messages("chandelier_moderation")

_IN_A_LINE = 160
"""Characters of a text in a line."""
_HOLE = re.compile(r"\{([a-z_]+)\}")
_NOTHING = "–"


@attrs.frozen(kw_only=True)
class Shown:
    """An event in words."""

    title: str
    sign: str
    """An emoji that stands for it in lines."""
    colour: int
    at: datetime
    facts: Sequence[tuple[str, str]] = ()
    """Label and value; the value is Discord's markup."""
    texts: Sequence[tuple[str, str]] = ()
    """Label and what a person wrote, as it was."""
    values: Mapping[str, str] = attrs.field(factory=dict[str, str])
    """What a guild's own format may name, see `settings.PLACEHOLDERS`."""
    link: str | None = None
    message_ids: Sequence[int] = ()
    """Deleted messages whose texts are shown, and need not be kept any more."""
    file: str | None = None
    """Texts that are too many for a card."""


def card(shown: Shown) -> hikari.Embed:
    """One event as an embed."""
    embed = hikari.Embed(title=shown.title, url=shown.link, colour=shown.colour, timestamp=shown.at)
    for label, value in shown.facts:
        embed.add_field(label, crop(value, 1_024), inline=len(value) < 60)
    for label, text in shown.texts:
        embed.add_field(label, quoted(text))
    return embed


def cropped(shown: Shown, form: str) -> bool:
    """Whether something of it would not be seen."""
    longest = 1_000 if form == CARD else _IN_A_LINE
    return any(len(text) > longest for _, text in shown.texts)


def line(shown: Shown, form: str) -> str:
    """One event as a line, in a guild's own words if it has some for this kind."""
    if form not in FORMATS:
        return _own(shown, form)
    sign = shown.sign if shown.link is None else f"[{shown.sign}]({shown.link})"
    start = _.join("", (f"{_time(shown.at)} {sign} **", shown.title, "**"))
    parts: list[str] = [start]
    for place, (label, value) in enumerate(shown.facts):
        plain = value.startswith("<#") or (place == 0 and value.startswith("<@"))
        parts.append(value if plain else _("{label}: {value}", label=label, value=value))
    parts += [_inline(text) for _label, text in shown.texts]
    return _.join(" · ", parts)


def _own(shown: Shown, form: str) -> str:
    """An event in a guild's own words; braces are looked for once, so that nothing in a value is one."""
    known = {"what": shown.title, "time": _time(shown.at), "link": shown.link or "", **shown.values}
    parts: list[str] = []
    end = 0
    for hole in _HOLE.finditer(form):
        value = known.get(hole[1]) or _NOTHING
        wrote = hole[1] in ("before", "after") and value != _NOTHING
        parts += [form[end : hole.start()], _inline(value) if wrote else value]
        end = hole.end()
    return _.join("", [*parts, form[end:]])


def note(shown: Shown, into: Callable[[str], str]) -> str:
    """One event as lines of a file, in a language: nothing is cropped."""
    facts = "".join(f"  {into(label)}: {into(value)}" for label, value in shown.facts)
    texts = "".join(f"\n    {into(label)}: " + text.replace("\n", "\n      ") for label, text in shown.texts)
    more = "" if shown.file is None else "\n    " + shown.file.replace("\n", "\n    ")
    return f"{shown.at:%Y-%m-%d %H:%M:%S} UTC  {into(shown.title)}{facts}{texts}{more}"


def _time(at: datetime) -> str:
    return f"<t:{int(at.timestamp())}:T>"


def _inline(text: str) -> str:
    """Somebody's words in a line, in which nothing is a link or markup."""
    flat = " ".join(text.replace("`", "ˋ").split())
    return f"`{crop(flat, _IN_A_LINE)}`" if flat else _NOTHING

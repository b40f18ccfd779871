"""Embeds: the lengths of their texts, each and together, and what an embed must have.

Source: https://discord.com/developers/docs/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

from typing import Any

from . import limits
from .forms import Boolean, Form, Integer, Items, Moment, Path, Record, Text, Url, needed

__all__ = ["EMBEDS"]

_MEDIA = Url(("http", "https", "attachment"))


def _text(high: int) -> Text:
    return Text(high=high, strip=True)


def _not_empty(embed: dict[str, Any], path: Path, form: Form) -> None:
    """An embed shows something; Discord says of one that does not that its description is missing."""
    shown = ("title", "description", "fields", "footer", "author", "image", "thumbnail", "url", "timestamp")
    if not any(embed.get(key) for key in shown):
        form.require((*path, "description"))


_FIELD = Record(
    {
        "name": needed(_text(limits.EMBED_FIELD_NAME)),
        "value": needed(_text(limits.EMBED_FIELD_VALUE)),
        "inline": Boolean(),
    }
)
_EMBED = Record(
    {
        "title": _text(limits.EMBED_TITLE),
        "description": _text(limits.EMBED_DESCRIPTION),
        "url": Url(),
        "timestamp": Moment(),
        "color": Integer(0, limits.COLOR),
        "footer": Record({"text": needed(_text(limits.EMBED_FOOTER)), "icon_url": _MEDIA}),
        "image": Record({"url": needed(_MEDIA)}),
        "thumbnail": Record({"url": needed(_MEDIA)}),
        "author": Record({"name": needed(_text(limits.EMBED_AUTHOR)), "url": Url(), "icon_url": _MEDIA}),
        "fields": Items(_FIELD, high=limits.EMBED_FIELDS),
    },
    _not_empty,
)
_EMBEDS = Items(_EMBED, high=limits.EMBEDS)


def _size(embed: dict[str, Any]) -> int:
    """The code points that count towards the 6,000 of a message."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for item in embed.get("fields") or []:
        texts += [item.get("name"), item.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))


class _Embeds:
    """Up to 10 embeds, trimmed, of 6,000 code points together; each of type ``rich``, whatever it says."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        before = form.count
        checked = _EMBEDS.check(value, path, form)
        if form.count > before:
            return checked
        if sum(_size(embed) for embed in checked) > limits.EMBEDS_TOGETHER:
            size = f"Embed size exceeds maximum size of {limits.EMBEDS_TOGETHER}"
            form.add(path, "MAX_EMBED_SIZE_EXCEEDED", size)
        return [{**embed, "type": "rich"} for embed in checked]


#: The kind of a message's ``embeds``.
EMBEDS = _Embeds()

"""When two emoji are the same, however they are written."""

from __future__ import annotations

import re

__all__ = ["emoji_key"]

_CUSTOM = re.compile(r"<?(?:a?:)?\w+:(\d+)>?")
_VARIATIONS = {0xFE0E: None, 0xFE0F: None}
"""The selectors of text and of picture style: clients send ➡ with or without one.

https://unicode.org/reports/tr51/#Emoji_Variation_Sequences
"""


def emoji_key(emoji: str, emoji_id: int | None = None) -> str:
    """What identifies an emoji: a custom one's id, otherwise the characters without variation selectors.

    Takes ``➡️``, ``➡``, ``<:name:id>``, ``name:id``, or a name with its id.
    """
    if emoji_id is not None:
        return str(int(emoji_id))
    text = emoji.strip()
    custom = _CUSTOM.fullmatch(text)
    return custom[1] if custom is not None else text.translate(_VARIATIONS)

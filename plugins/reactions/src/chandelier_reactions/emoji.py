"""When two emoji are the same, however they are written."""

from __future__ import annotations

import re

__all__ = ["emoji_key", "may_be_emoji"]

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


def may_be_emoji(text: str) -> bool:
    """Whether somebody could react with it: one of a server's own, or signs that are no plain text.

    Which signs are emoji changes with every version of Unicode, so only what certainly is none is refused:
    words, ``:+1:``, and what has blanks.
    """
    text = text.strip()
    if _CUSTOM.fullmatch(text) is not None:
        return True
    return not text.isascii() and not text.isalpha() and not any(sign.isspace() for sign in text)

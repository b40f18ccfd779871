"""What is counted in a text: capitals, emoji, lines, marks heaped upon letters."""

from __future__ import annotations

import re
import unicodedata

from chandelier_moderation.automod.lookalikes import MARK

__all__ = ["capitals", "emoji", "heaps", "lines"]

_NO_TEXT = re.compile(r"https?://\S+|<a?:\w+:\d+>|<[@#/t:&!][^>]*>|`[^`]*`")
_CUSTOM = re.compile(r"<a?:\w{1,40}:\d{1,22}>")
_PICTURE = (
    "\u203c\u2049\u2139\u231a-\u231b\u23e9-\u23fa\u25aa-\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u27bf"
    "\u2934-\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
)
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}|[0-9#*]\ufe0f?\u20e3|"
    f"[{_PICTURE}]\ufe0f?[\U0001f3fb-\U0001f3ff]?(?:\u200d[{_PICTURE}]\ufe0f?[\U0001f3fb-\U0001f3ff]?)*"
)
"""A flag, a key, or a picture with its colour and what is joined to it, as one.

Source: https://www.unicode.org/reports/tr51/#Emoji_Sequences
"""
_HEAP = re.compile(f"[{MARK}]+")
_MANY = 3
"""Letters with heaps that make a text zalgo; one alone may be an accident of a language or of mathematics."""


def capitals(text: str) -> tuple[int, int]:
    """How many capitals a text has, and how many letters that have a case; links, emoji and code left out."""
    letters = _NO_TEXT.sub("", text)
    upper = sum(map(str.isupper, letters))
    return upper, upper + sum(map(str.islower, letters))


def emoji(text: str) -> int:
    """How many emoji a text has, of Unicode and of servers."""
    if text.isascii() and "<" not in text:
        return 0
    custom = len(_CUSTOM.findall(text))
    return custom + len(_EMOJI.findall(_CUSTOM.sub("", text)))


def lines(text: str) -> int:
    """How many lines a text has."""
    return text.count("\n") + 1


def heaps(text: str, most: int) -> int:
    """How many letters have more marks upon them than that; zero when so few are that it is none of zalgo."""
    if text.isascii():
        return 0
    found = sum(len(match[0]) > most for match in _HEAP.finditer(unicodedata.normalize("NFC", text)))
    return found if found >= _MANY else 0

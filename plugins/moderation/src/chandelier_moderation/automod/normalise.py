"""The normaliser: what a text says, whatever its disguise. Every matcher reads through it.

A text has several readings, since `$` is a letter in `$hit` and money elsewhere. No reading joins words that
are apart: what has a space, or a sign between two words, stays two words. What is one on the screen is one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

import attrs

from chandelier_moderation.automod.lookalikes import (
    BLANK,
    INVISIBLE,
    MARKS,
    fancy,
    replace_borrowed,
)

__all__ = ["MASK", "Seen", "fold", "look", "skeleton", "words_of"]

_DISCORD = re.compile(r"<(?:@[!&]?|#|t:-?|/[^:<>]{1,100}:|id:)\w*(?::\w)?>|<a?:(\w+):\d+>")
"""Mentions, channels, times and commands, which are drawn as something else; of emoji the name is read."""
_LINK = re.compile(
    r"\[([^\[\]]{1,1000}+)\]\(\s*+<?([^\s<>()]*+(?:\([^\s<>()]*+\)[^\s<>()]*+)*+)>?[^()]{0,200}+\)"
)
"""Nothing in it is tried twice, so that no text takes long."""
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_HIDDEN = 0xE000
_UNHIDE = {_HIDDEN + code: chr(code) for code in range(128)}
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_MARKUP = ("`", "||", "~~", "**", "__", "*")
"""What is drawn as nothing when in pairs. A single `_` is so only at the edges of words, and hides none."""
_SPECIAL = re.compile(r"[<\[\\`|~*_%]")
_FLAGS = re.compile("[\U0001f1e6-\U0001f1ff](?: ?[\U0001f1e6-\U0001f1ff])*")
_REVERSED = re.compile("\u202e([^\u202c\n]*)\u202c?")
_SEPARATORS = re.compile(r"[^\w\u0900-\u109f\u1780-\u17ff\u0591-\u05c7\u064b-\u065f]+|_+")
"""The ranges: vowels of other scripts, which are marks to Unicode and not letters, but part of words."""
_ASCII_SEPARATORS = {code: " " for code in range(128) if not chr(code).isalnum()}

_NOT_DRAWN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_LOWER_ELL = re.compile(r"(?<=[A-Z])l(?=[A-Z])")
_ELL_AMONG_CAPITALS = re.compile(r"[A-Z]l[A-Z]")
_UPPER_EYE = re.compile(r"(?<=[a-z])I(?=[a-z])")

_LEET_LETTERS = str.maketrans("023456789@$+!|", "ozeasgtbgast11")
"""`1`, `!` and `|` stand for i or l: that stays open, as 1."""
_LEET_SIGN = re.compile(r"[@$+!|\d]")
_LEETISH = re.compile(r"[a-z][@$+!|\d]+[a-z]|[@$+!|\d][a-z]|[a-z][\d$@]")
_MODEL = re.compile(r"[a-z]{1,2}([2-9])(?!\1)\d+")
"""How names of models are built (`FA65`): who hides a word seldom ends it in numbers, unless in one twice."""
_LEET_TOKEN = re.compile(r"[a-z\d@$+!|]+")
_SPELLED_HINT = re.compile(r"(?:[^\w\s]|_)[^\W_](?:[^\w\s]|_)")
_SPELLED = re.compile(r"(?<![^\W_])(?:[^\W_](?:[^\w\s]|_){1,2}){2,}[^\W_](?![^\W_])")
_NOT_WORD = re.compile(r"[\W_]+")

MASK = "*#@$%&?!^~•·×+_-"
"""Signs that are written for a letter."""

_TO_SKELETON = str.maketrans("l1", "ii")
_DOUBLES = [(char * 2, char) for char in "etaoisnrhdcumfpgwybvkxjqz023456789"]
_REPEATED = re.compile(r"([^\s])\1+")


@attrs.frozen
class Seen:
    """What is seen of a text."""

    written: str
    """As it was sent."""
    shown: str
    """As it is drawn, in its case: without markup, mentions and masks of links, in plain Latin letters."""
    bare: str
    """The same with markup left in, in lower case: where `*` may stand for a letter."""
    readings: tuple[str, ...]
    """Words alone, in lower case, one space before, between and after them. The first is the plain one."""
    targets: tuple[str, ...]
    """Where masked links lead."""

    @property
    def plain(self) -> str:
        """The words as they are."""
        return self.readings[0]


def look(text: str) -> Seen:
    """See a text."""
    targets: list[str] = []
    base = _NOT_DRAWN.sub("", text) if text.isascii() else _latin(text)
    shown = base
    if _SPECIAL.search(base):
        base = _DISCORD.sub(lambda match: f" {match[1] or ''} ", base)

        def target(match: re.Match[str]) -> str:
            targets.append(match[2])
            return match[1]

        base = _LINK.sub(target, base)
        shown = _without_markup(base)
        base = _ESCAPE.sub(r"\1", base)
    bare = fold(base)
    folded = bare if shown == base else fold(shown)
    readings = [words_of(folded)]
    for reading in _more_readings(folded, bare):
        if reading not in readings:
            readings.append(reading)
    return Seen(text, shown, bare, tuple(readings), tuple(targets))


def fold(text: str) -> str:
    """The text in lower case; a capital i among small letters is an l, a small l among capitals an i."""
    lower = text.casefold()
    if lower == text:
        return text
    if "I" in text:
        text = _UPPER_EYE.sub("l", text)
        lower = text.casefold()
    return _LOWER_ELL.sub("I", text).casefold() if _ELL_AMONG_CAPITALS.search(text) else lower


def words_of(text: str) -> str:
    """The words of a text in lower case, with one space before, between and after them."""
    if text.isascii():
        return f" {' '.join(text.translate(_ASCII_SEPARATORS).split())} "
    return f" {' '.join(_SEPARATORS.sub(' ', text).split())} "


def skeleton(reading: str) -> str:
    """What readings that might be the same word have in common: no repeated letters, i for l and 1."""
    text = reading.translate(_TO_SKELETON)
    if not text.isascii():
        return _REPEATED.sub(r"\1", text)
    for double, single in _DOUBLES:
        while double in text:
            text = text.replace(double, single)
    return text


def _more_readings(folded: str, bare: str) -> Iterator[str]:
    if _LEET_SIGN.search(folded) and _LEETISH.search(folded):
        yield words_of(_LEET_TOKEN.sub(_unleet, folded))
    for text in (folded,) if bare == folded else (folded, bare):
        if _SPELLED_HINT.search(text) and _SPELLED.search(text):
            joined = _SPELLED.sub(lambda match: _NOT_WORD.sub("", match[0]), text)
            yield words_of(joined)
            yield words_of(_LEET_TOKEN.sub(_unleet, joined))
    if "%" in folded and (decoded := _decoded(folded)) != folded:
        yield look(decoded).plain


def _unleet(match: re.Match[str]) -> str:
    """A word with its digits and signs as letters, unless it is a number, a price or a model's name."""
    token = match[0].strip("+!|")
    digits = sum(map(str.isdigit, token))
    letters = sum(map(str.isalpha, token))
    if not letters or digits > letters or _MODEL.fullmatch(token):
        return match[0]
    return f" {token.translate(_LEET_LETTERS)} "


def _decoded(text: str) -> str:
    """The text with percent-encoding undone where it is valid, three times at most."""
    for _ in range(3):
        decoded = _PERCENT.sub(_percent, text)
        if decoded == text:
            break
        text = decoded
    return text


def _percent(match: re.Match[str]) -> str:
    try:
        return unquote_to_bytes(match[0]).decode()
    except UnicodeDecodeError:
        return match[0]


def _without_markup(text: str) -> str:
    """The text as Discord draws it: marks that come in pairs are gone."""
    escaped = _ESCAPE.sub(lambda match: chr(_HIDDEN + ord(match[1])), text)
    for mark in _MARKUP:
        pieces = escaped.split(mark)
        paired = (len(pieces) - 1) // 2 * 2
        if paired:
            escaped = "".join(pieces[: paired + 1]) + "".join(mark + piece for piece in pieces[paired + 1 :])
    return escaped.translate(_UNHIDE) if "\\" in text else escaped


def _latin(text: str) -> str:
    """The text without what cannot be seen, in Latin letters where it is meant to be read as such."""
    if "\u202e" in text:
        text = _REVERSED.sub(lambda match: match[1][::-1], text)
    text = INVISIBLE.sub("", text).translate(BLANK)
    text = _FLAGS.sub(_flags, text)
    text = MARKS.sub("", unicodedata.normalize("NFKD", text)).translate(fancy())
    if text.isascii():
        return text
    return replace_borrowed(unicodedata.normalize("NFC", text))


def _flags(match: re.Match[str]) -> str:
    """Letters written with the indicators of flags; two of them are a flag and no letters."""
    letters = match[0].replace(" ", "")
    return f" {letters} " if len(letters) > 2 else " "

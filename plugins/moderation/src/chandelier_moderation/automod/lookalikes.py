"""Characters that look like Latin letters, and those that cannot be seen: what the normaliser replaces."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect
from collections.abc import Iterator
from functools import cache

__all__ = ["BLANK", "INVISIBLE", "MARK", "MARKS", "fancy", "replace_borrowed"]

_INVISIBLE_RANGES = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
"""Default-ignorable characters of Unicode: they are not drawn.

Source: https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point
"""

INVISIBLE = re.compile("[" + "".join(f"{chr(a)}-{chr(b)}" for a, b in _INVISIBLE_RANGES) + "]+")
BLANK = {0x2800: " ", **dict.fromkeys((*range(0x09), *range(0x0E, 0x20), 0x7F), None)}
"""The blank of braille, which looks like a space, and control characters, which look like nothing."""

MARK = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
"""Marks that stand upon any letters. Those of other scripts, as the vowels of Hindi, are part of words."""
MARKS = re.compile(f"[{MARK}]+")

_NAMED_RANGES = (
    *((0x00C0, 0x02AF), (0x1D00, 0x1DBF), (0x1E00, 0x1EFF), (0x2100, 0x218F), (0x2C60, 0x2C7F)),
    *((0xA720, 0xA7FF), (0xAB30, 0xAB6F), (0x1F100, 0x1F189), (0x1F1E6, 0x1F1FF)),
)
_NAME = re.compile(
    r"(?:LATIN|(?:NEGATIVE |CROSSED NEGATIVE )?(?:CIRCLED|SQUARED) LATIN|REGIONAL INDICATOR SYMBOL"
    r"|TURNED|NEGATIVE CIRCLED|NEGATIVE SQUARED)"
    r"(?: (?:SMALL|CAPITAL|LETTER|EPIGRAPHIC|REVERSED|TURNED|SIDEWAYS|INVERTED|OPEN|DOTLESS|BARRED|SCRIPT"
    r"|STRETCHED|BLACKLETTER|TAILLESS|HALF|LONG|CLOSED))*"
    r" ([A-Z])(?: WITH .*)?"
)
_OTHERS = {
    "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ᴁ": "ae", "ɶ": "oe", "ŋ": "n", "Ŋ": "n", "ð": "d",
    "Ð": "d", "þ": "p", "ƿ": "p", "ȣ": "ou", "ʃ": "f", "ʒ": "3", "ƨ": "s", "ƽ": "s", "ƅ": "b",
    "ɑ": "a", "ɡ": "g", "ɩ": "i", "ʋ": "v", "ɯ": "w", "ʍ": "w", "ɣ": "y", "ɛ": "e", "ɜ": "e", "ɔ": "c",
    "ʌ": "v", "ı": "i", "ȷ": "j", "ſ": "s", "ƒ": "f", "₡": "c", "¢": "c", "₵": "c", "€": "e", "₣": "f",
    "₲": "g", "₭": "k", "₤": "l", "£": "l", "₥": "m", "₦": "n", "₱": "p", "₽": "p", "§": "s", "₮": "t",
    "₩": "w", "¥": "y", "ℓ": "l", "℮": "e", "∂": "d", "∑": "e", "∩": "n", "∪": "u", "√": "v",
    "∞": "oo", "∆": "a", "†": "t", "¡": "!", "¦": "|", "‖": "||", "∗": "*", "⁎": "*", "∙": ".",
    "。": ".", "｡": ".", "․": ".", "ꓸ": ".", "⁄": "/", "∕": "/", "⧸": "/", "╱": "/", "⧵": "\\",
}  # fmt: skip

_BORROWED = {
    "a": "аАαΑᎪᗩ卂ムልคԹՁ", "b": "вВьЬβΒᏴᗷ乃ճҌ", "c": "сСϲᏟᑕ匚ር", "d": "ԁᎠᗪɖძԺ", "e": "еЕєЄεΕᎬᗴ乇ҽҿξ",
    "f": "ғҒᖴ千ϝ", "g": "ԌᏀᘜᎶցԍ", "h": "һнНΗᎻᕼ卄հҺ", "i": "іІιΙᎥ丨ɨїЇί", "j": "јЈϳᎫᒍフյ",
    "k": "кКκΚҝҜᏦᛕҟ", "l": "ӏӀᏞᒪㄥլ", "m": "мМΜᎷᗰ爪ጠ", "n": "пПηΝиИᑎ几ոռղ", "o": "оОοΟσᗝㄖօՕՕӨө๏ס",
    "p": "рРρΡᏢᑭ卩ք", "q": "ԛᑫɊգՎ", "r": "гГяЯᎡᖇ尺ዪ", "s": "ѕЅᏚᔕ丂ֆՏ", "t": "тТτΤᎢ丅ㄒե",
    "u": "цЦυμᑌㄩսՄ", "v": "ѵѴνᏙᐯ", "w": "шШщԝωᎳᗯ山աฬ", "x": "хХжχΧ᙭乂Ӽ", "y": "уУүҮΥγᎩㄚ丫ყ",
    "z": "ΖᏃ乙Չ",
}  # fmt: skip
"""By letter, what of other scripts is written for it by who hides a word."""

_BLOCKS = (
    *((0x0000, "latin"), (0x0370, "greek"), (0x0400, "cyrillic"), (0x0530, "armenian")),
    *((0x0590, "hebrew"), (0x0600, "arabic"), (0x0900, "indic"), (0x0E00, "thai")),
    *((0x0E80, "other"), (0x10A0, "georgian"), (0x1100, "hangul"), (0x1200, "ethiopic")),
    *((0x13A0, "cherokee"), (0x1400, "syllabics"), (0x1680, "other"), (0x1C80, "cyrillic")),
    *((0x1C90, "other"), (0x1D00, "latin"), (0x1F00, "greek"), (0x2000, "other")),
    *((0x2C60, "latin"), (0x2C80, "other"), (0x2E80, "han"), (0x3100, "bopomofo")),
    *((0x3130, "han"), (0xA000, "other"), (0xA720, "latin"), (0xA800, "other")),
    *((0xAB30, "latin"), (0xAB70, "cherokee"), (0xABC0, "other"), (0xAC00, "hangul")),
    *((0xD7B0, "other"), (0xF900, "han"), (0xFB00, "other"), (0xFF61, "han")),
    *((0xFFA0, "other"), (0x20000, "han"), (0x32000, "other")),
)
_STARTS = [start for start, _ in _BLOCKS]

_WORD = re.compile(r"[^\W\d_]+")


@cache
def fancy() -> dict[int, str]:
    """By character, the Latin letters that it is a form of: no language writes with these forms.

    Worked out from the names in Python's table of Unicode: small capitals, letters in circles and squares,
    letters with strokes and hooks.
    """
    table = {ord(char): letters for char, letters in _OTHERS.items()}
    for start, end in _NAMED_RANGES:
        for code in range(start, end + 1):
            match = _NAME.fullmatch(unicodedata.name(chr(code), ""))
            if match:
                table.setdefault(code, match[1].lower())
    return table


@cache
def _borrowed() -> dict[str, str]:
    return {char: letter for letter, chars in _BORROWED.items() for char in chars}


def replace_borrowed(text: str) -> str:
    """The text with letters of other scripts replaced by Latin ones, in words that borrow them.

    A word that mixes scripts borrows. A word of one other script borrows when each of its letters looks
    Latin, no other letter of that script is in the text, and the text has Latin letters: so neither Russian
    nor Greek becomes nonsense English.
    """
    table = _borrowed()
    if table.keys().isdisjoint(text):
        return text
    words = list(_WORD.finditer(text))
    blocks = [frozenset(map(_block, word[0])) for word in words]
    foreign = {_block(char) for word in words for char in word[0] if char not in table} - {"latin"}
    latin = any("latin" in inside for inside in blocks)

    def pieces() -> Iterator[str]:
        end = 0
        for word, inside in zip(words, blocks, strict=True):
            yield text[end : word.start()]
            end = word.end()
            borrows = len(inside) > 1 or (latin and "latin" not in inside and inside.isdisjoint(foreign))
            yield "".join(table.get(char, char) for char in word[0]) if borrows else word[0]
        yield text[end:]

    return "".join(pieces())


def _block(char: str) -> str:
    return _BLOCKS[bisect(_STARTS, ord(char)) - 1][1]

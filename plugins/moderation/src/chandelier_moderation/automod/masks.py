"""Undoes masks: `f*ck` is read as each word of the rules that it can stand for, and as nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from chandelier_moderation.automod.normalise import MASK, words_of

__all__ = ["Vocabulary"]

_SIGNS = re.escape(MASK)
_SIGN = re.compile(f"[{_SIGNS}]")
_MASKED = re.compile(rf"[^\W_][{_SIGNS}]+[^\W_]")
_TOKEN = re.compile(rf"[^\W_](?:[^\W_]|[{_SIGNS}])*[^\W_]")
_SHORTEST = 4
"""Letters of a word that may be masked: of three with one masked, too many words are left (`a*b`)."""
_LONGEST_TOKEN = 64
_MOST_READINGS = 6

_Key = tuple[int, str, str]


class Vocabulary:
    """The words of all phrases, by length and edges."""

    def __init__(self, needles: Iterable[str]) -> None:
        """Take the words of needles, which have a space where a word ends."""
        self._whole: dict[_Key, list[str]] = {}
        self._starts: dict[_Key, list[str]] = {}
        self._inside: dict[_Key, list[str]] = {}
        for needle in needles:
            words = needle.split()
            for number, word in enumerate(words):
                free_before = number == 0 and not needle.startswith(" ")
                free_after = number == len(words) - 1 and not needle.endswith(" ")
                table = self._inside if free_before else self._starts if free_after else self._whole
                if len(word) >= _SHORTEST:
                    same = table.setdefault((len(word), word[0], word[-1]), [])
                    if word not in same:
                        same.append(word)
        self._lengths = [
            (table, sorted({key[0] for key in table})) for table in (self._whole, self._starts, self._inside)
        ]

    def unmask(self, text: str) -> Iterator[str]:
        """The readings of a text in lower case in which its masked words are words of the rules."""
        if not (_SIGN.search(text) and _MASKED.search(text)):
            return
        fills: dict[str, list[str]] = {}
        for token in set(_TOKEN.findall(text)):
            if len(token) <= _LONGEST_TOKEN and not token.isalnum():
                found = [*dict.fromkeys(self._fills(token))]
                if found:
                    fills[token] = found
        most = min(max(map(len, fills.values()), default=0), _MOST_READINGS)
        for number in range(most):

            def fill(match: re.Match[str], number: int = number) -> str:
                found = fills.get(match[0])
                return found[number % len(found)] if found else match[0]

            yield words_of(_TOKEN.sub(fill, text))

    def _fills(self, token: str) -> Iterator[str]:
        size = len(token)
        for word in self._whole.get((size, token[0], token[-1]), ()):
            if _fits(word, token):
                yield word
        for table, lengths in self._lengths[1:]:
            starts = range(size) if table is self._inside else (0,)
            for start in starts if table else ():
                for length in lengths:
                    end = start + length
                    if end > size:
                        break
                    part = token[start:end]
                    if part.isalnum():
                        continue
                    for word in table.get((length, token[start], token[end - 1]), ()):
                        if _fits(word, part):
                            yield token[:start] + word + token[end:]


def _fits(word: str, token: str) -> bool:
    """Whether a masked word can be this one: what is seen is the same, and is half of it at least."""
    masked = 0
    for letter, seen in zip(word, token, strict=True):
        if letter != seen:
            if seen not in MASK:
                return False
            masked += 1
    return 0 < masked * 2 <= len(word)

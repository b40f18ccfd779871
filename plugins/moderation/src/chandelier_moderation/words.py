"""Finding given words in text: whole words, whatever punctuation or markup stands around them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["WordMatcher", "text_of"]

_TOKEN = re.compile(r"[^\W_]+")
"""Letters and digits. The underscore is punctuation here: `_word_` is Discord's italics."""
_EDGE = r"(?<![^\W_])(?:{})(?![^\W_])"


class WordMatcher:
    """The words of one guild, ready to be looked for.

    Single words are looked up in a table, so that their number hardly matters; phrases, and words with
    punctuation inside, are one expression, which is tried only when the text has the first word of one of
    them. Upper and lower case are the same.
    """

    def __init__(self, words: Iterable[str]) -> None:
        written = {_folded(word): word.strip() for word in words if word.strip()}
        self._single = {folded: word for folded, word in written.items() if _TOKEN.fullmatch(folded)}
        self._phrases = {folded: word for folded, word in written.items() if folded not in self._single}
        # The longest first: of "free" and "free nitro" the one that says more is reported.
        parts = sorted(self._phrases, key=len, reverse=True)
        one = "|".join(r"\s+".join(map(re.escape, part.split(" "))) for part in parts)
        self._expression = re.compile(_EDGE.format(one)) if parts else None
        first = [_TOKEN.search(part) for part in parts]
        self._always = None in first
        """Whether some phrase, such as `$$$`, has no word by which its absence could be told."""
        self._hints = frozenset([*self._single, *(token[0] for token in first if token)])

    def __bool__(self) -> bool:
        return bool(self._single or self._phrases)

    def find(self, text: str) -> str | None:
        """The word, as the guild wrote it, that the text contains; None when it contains none."""
        folded = text.casefold()
        tokens = _TOKEN.findall(folded)
        if self._hints.isdisjoint(tokens) and not self._always:
            return None
        found = self._expression.search(folded) if self._expression is not None else None
        if found is not None:
            return self._phrases[_folded(found[0])]
        return next((self._single[token] for token in tokens if token in self._single), None)


def text_of(message: Mapping[str, Any]) -> str:
    """What a member wrote or forwarded, of Discord's raw message."""
    text: str = message.get("content") or ""
    snapshots = message.get("message_snapshots")
    if snapshots:
        forwarded = [(snapshot.get("message") or {}).get("content") or "" for snapshot in snapshots]
        return "\n".join([text, *forwarded])
    return text


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())

"""Finds thousands of words and phrases in one pass, behind their disguises.

All phrases are one automaton over a text's skeleton, whose finds are then held against the reading itself:
what differs only by a stretched letter, or by a 1 for an i, is the phrase; what differs else is innocent.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import attrs
from ahocorasick_rs import AhoCorasick

from chandelier_moderation.automod.masks import Vocabulary
from chandelier_moderation.automod.normalise import Seen, fold, look, skeleton
from chandelier_moderation.automod.triggers import How

__all__ = ["Found", "Phrase", "PhraseMatcher", "nothing_in"]

_STRETCHED = re.compile(r"(\S)\1|1|il|li")
"""What makes a reading longer than its skeleton, or different from it."""
_RUN = re.compile(r"[il1]+|([^il1])\1*")
"""What is one character of a skeleton."""
_RARELY_DOUBLED = frozenset("hjquvwxy")
"""Letters whose doubling is no spelling: twice says as much as thrice."""

_Span = tuple[int, int]


@attrs.frozen
class Phrase:
    """A phrase of one rule."""

    rule: int
    """The rule's number."""
    written: str
    """A `*` before or after it: letters may go on there, whatever ``how`` says."""
    how: How = "word"
    allow: tuple[str, ...] = ()
    """Phrases in which it does not count."""


@attrs.frozen
class Found:
    """A phrase that was found."""

    rule: int
    phrase: str
    excerpt: str


class PhraseMatcher:
    """The phrases of all rules, compiled."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        by_needle: dict[str, list[Phrase]] = {}
        by_sign: dict[str, list[Phrase]] = {}
        for phrase in phrases:
            needle = _needle(phrase)
            if needle is not None:
                by_needle.setdefault(needle, []).append(phrase)
            else:
                by_sign.setdefault(_literal(phrase.written), []).append(phrase)
        by_skeleton: dict[str, list[str]] = {}
        for needle in by_needle:
            by_skeleton.setdefault(skeleton(needle), []).append(needle)
        self._phrases = by_needle
        self._needles = [*by_skeleton.values()]
        self._words = AhoCorasick([*by_skeleton]) if by_skeleton else None
        self._sign_phrases = [*by_sign.items()]
        self._signs = AhoCorasick([*by_sign]) if by_sign else None
        self._vocabulary = Vocabulary(by_needle)

    def __bool__(self) -> bool:
        return self._words is not None or self._signs is not None

    def find(self, seen: Seen) -> Iterator[Found]:
        """Every phrase that is in a text."""
        if self._signs is not None:
            yield from self._find_signs(seen)
        if self._words is not None:
            for reading in (*seen.readings, *self._vocabulary.unmask(seen.bare)):
                yield from self._find_words(reading)

    def _find_words(self, reading: str) -> Iterator[Found]:
        assert self._words is not None
        bones = skeleton(reading)
        hits = self._words.find_matches_as_indexes(bones, overlapping=True)
        if not hits:
            return
        places: dict[int, list[_Span]] = {}
        for index, start, end in hits:
            places.setdefault(index, []).append((start, end))
        words = reading.split(" ")
        for index, spans in places.items():
            for needle in self._needles[index]:
                found = [*_really(needle, spans, bones, words)]
                for phrase in self._phrases[needle] if found else ():
                    counting = _outside(found, phrase.allow, reading) if phrase.allow else found
                    if counting:
                        yield Found(phrase.rule, phrase.written, reading[slice(*counting[0])].strip())

    def _find_signs(self, seen: Seen) -> Iterator[Found]:
        assert self._signs is not None
        texts = (seen.bare, fold(seen.shown), seen.written.casefold())
        for text in dict.fromkeys(" ".join(text.split()) for text in texts):
            for index, start, end in self._signs.find_matches_as_indexes(text, overlapping=True):
                needle, phrases = self._sign_phrases[index]
                for phrase in phrases:
                    if _stands_alone(text, start, end, phrase.how):
                        yield Found(phrase.rule, phrase.written, needle)


def nothing_in(phrase: str) -> bool:
    """Whether a phrase has nothing that could be looked for."""
    return not any(map(str.isalnum, phrase)) and not _literal(phrase).strip("* ")


def _needle(phrase: Phrase) -> str | None:
    """The phrase as a reading would have it; None when it has signs, with which it is to be looked for."""
    core = phrase.written.strip().strip("*")
    if not core or not all(_plain(char) for char in core):
        return None
    words = look(core).plain.strip()
    before = " " if phrase.how != "anywhere" and not phrase.written.strip().startswith("*") else ""
    after = " " if phrase.how == "word" and not phrase.written.strip().endswith("*") else ""
    return f"{before}{words}{after}" if words else None


def _plain(char: str) -> bool:
    return char.isalnum() or char in " '’-" or unicodedata.category(char)[0] in "MC"


def _literal(phrase: str) -> str:
    seen = look(phrase)
    return " ".join((seen.bare.strip() or seen.written.casefold()).split())


def _stands_alone(text: str, start: int, end: int, how: How) -> bool:
    """Whether letters at the phrase's edges do not go on outside of it."""
    before = how == "anywhere" or start == 0 or not (text[start].isalnum() and text[start - 1].isalnum())
    after = how != "word" or end == len(text) or not (text[end - 1].isalnum() and text[end].isalnum())
    return before and after


@attrs.define
class _Piece:
    """The words at a find, of which a long one may have very many finds."""

    text: str
    offset: int
    """Where they begin in the reading."""
    stretched: bool
    runs: list[_Span] | None = None


def _really(needle: str, spans: Iterable[_Span], bones: str, words: Sequence[str]) -> Iterator[_Span]:
    """Those places, given in the skeleton, at which the reading really has the phrase, in the reading.

    Only the words at a place are looked at, since common words have the skeletons of rare ones.
    """
    wanted: list[str] | None = None
    pieces: dict[_Span, _Piece] = {}
    for start, end in spans:
        leads, ends = bones[start] == " ", bones[end - 1] == " "
        first = bones.count(" ", 0, start) + leads
        last = bones.count(" ", 0, end) - ends
        if (piece := pieces.get((first, last))) is None:
            piece = pieces[first, last] = _piece(words, first, last, leads=leads, ends=ends)
        if piece.text == needle:
            yield piece.offset, piece.offset + len(needle)
        elif not piece.stretched:
            skipped = 0 if leads else start - bones.rfind(" ", 0, start) - 1
            # Nothing is stretched, so the skeleton has each letter at its own place.
            if piece.text.startswith(needle, skipped):
                yield piece.offset + skipped, piece.offset + skipped + len(needle)
        else:
            if piece.runs is None:
                piece.runs = [match.span() for match in _RUN.finditer(piece.text)]
            wanted = wanted or [match[0] for match in _RUN.finditer(needle)]
            skipped = 0 if leads else start - bones.rfind(" ", 0, start) - 1
            runs = piece.runs[skipped : skipped + end - start]
            if _alike(wanted, [piece.text[begin:stop] for begin, stop in runs]):
                yield piece.offset + runs[0][0], piece.offset + runs[-1][1]


def _piece(words: Sequence[str], first: int, last: int, *, leads: bool, ends: bool) -> _Piece:
    text = f"{' ' * leads}{' '.join(words[first : last + 1])}{' ' * ends}"
    return _Piece(text, len(" ".join(words[:first])) + 1 - leads, _STRETCHED.search(text) is not None)


def _alike(wanted: Sequence[str], written: Sequence[str]) -> bool:
    """Whether runs of letters are those of the phrase, stretched or not.

    Three of a letter are a stretched one; two are a spelling of its own (`god`, `good`), unless another
    letter of the phrase is doubled too (`ffuucckk`) or no language doubles it. Where a word may go on beyond
    the phrase, so may the letter at the edge.
    """
    doubled = spelling = 0
    for number, (want, run) in enumerate(zip(wanted, written, strict=True)):
        more = len(run) - len(want)
        if more < 0:
            return False
        # An edge that has to be a word's has a space for its run.
        if _same(want, run[more:]) and (more == 0 or number == 0):
            continue
        if number == len(wanted) - 1 and _same(want, run[: len(want)]):
            continue
        if more == 0 or not set(run) <= {*want, "1"}:
            return False
        if len(run) < 3:
            doubled += 1
            spelling += want[0] not in _RARELY_DOUBLED
    return doubled > 1 or not spelling


def _same(want: str, run: str) -> bool:
    """Whether letters are those that are wanted; a 1 may be an i or an l."""
    return want == run or all(a == b or (b == "1" and a in "il") for a, b in zip(want, run, strict=True))


def _outside(spans: Sequence[_Span], allow: Sequence[str], reading: str) -> list[_Span]:
    """Those places that are in none of the allowed phrases."""
    allowed = [
        (at, at + len(word) + 2)
        for word in (look(phrase).plain.strip() for phrase in allow)
        if word
        for at in _every(f" {word} ", reading)
    ]
    return [span for span in spans if not any(a <= span[0] and span[1] <= b for a, b in allowed)]


def _every(part: str, text: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)

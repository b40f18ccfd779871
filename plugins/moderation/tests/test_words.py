"""The matcher by itself: what counts as a word, for thousands of words and for every edge."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier_moderation.words import WordMatcher, text_of

PUNCTUATION = st.text("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~«»“”…¡¿ \t\n", max_size=4)
LETTERS = st.text("abcdefghijklmnopqrstuvwxyzäöüßñ0123456789", min_size=1, max_size=8)


@given(word=LETTERS, before=PUNCTUATION, after=PUNCTUATION)
def test_punctuation_at_the_edges_never_hides_a_word(word, before, after):
    """YAGPDB #789."""
    assert WordMatcher([word]).find(f"so {before}{word.upper()}{after} then") == word


@given(word=LETTERS, more=LETTERS)
def test_a_word_inside_a_longer_one_is_innocent(word, more):
    matcher = WordMatcher([word])

    assert matcher.find(f"x{word}") is None
    assert matcher.find(f"{word}x") is None
    assert matcher.find(f"{more}{word}") is None or f"{more}{word}".casefold() == word.casefold()


@given(st.text(max_size=12), st.text(max_size=40))
def test_no_text_and_no_word_breaks_the_matcher(word, text):
    matcher = WordMatcher([word, "free nitro"])

    assert matcher.find(text) in {None, word.strip(), "free nitro"}


@pytest.mark.parametrize("word", ["c++", "$$$", "don't", "a.b", "(", "free  nitro", "straße"])
def test_words_with_signs_inside_are_taken_literally(word):
    assert WordMatcher([word]).find(f"well, {word}!") == word
    assert WordMatcher([word]).find("well, nothing") is None


def test_the_longest_phrase_is_reported():
    assert WordMatcher(["free stuff", "free stuff here"]).find("Free stuff here") == "free stuff here"


def test_blank_words_are_no_words():
    assert not WordMatcher(["", "  "])
    assert WordMatcher(["", "  "]).find("anything at all") is None


def test_forwarded_text_belongs_to_the_message():
    message = {"content": "look", "message_snapshots": [{"message": {"content": "scam"}}, {"message": None}]}

    assert WordMatcher(["scam"]).find(text_of(message)) == "scam"
    assert text_of({}) == ""

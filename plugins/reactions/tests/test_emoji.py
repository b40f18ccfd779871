"""When two emoji are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier_reactions.emoji import emoji_key, may_be_emoji


@pytest.mark.parametrize("written", ["➡️", "➡", "➡\ufe0e", " ➡️ "])
def test_an_arrow_is_an_arrow_with_and_without_its_variation_selector(written):
    assert emoji_key(written) == "\N{BLACK RIGHTWARDS ARROW}"


@pytest.mark.parametrize("written", ["<:star:42>", "<a:star:42>", "star:42", "<:renamed:42>"])
def test_a_custom_emoji_is_known_by_its_id(written):
    assert emoji_key(written) == emoji_key("star", 42) == "42"


@given(st.text(max_size=6))
def test_the_key_of_a_key_is_the_key(written):
    once = emoji_key(written)

    assert emoji_key(once) == once or not once.strip()


def test_different_emoji_stay_different():
    assert len({emoji_key(emoji) for emoji in ("➡️", "⬅️", "👍", "👍🏽", "🏳️‍🌈", "🏳️", "<:a:1>", "<:a:2>")}) == 8


@pytest.mark.parametrize(
    "written", ["➡️", "➡", "1️⃣", "ℹ️", "🏳️‍🌈", "👍🏽", "©️", "‼️", "<:star:42>", "<a:star:42>", "star:42"]
)
def test_what_people_react_with_is_taken(written):
    assert may_be_emoji(written)


@pytest.mark.parametrize("written", ["x", " ", ":+1:", "@everyone", "ja", "été", "👍 👍", "<#42>", "مرحبا"])
def test_what_nobody_can_react_with_is_not(written):
    assert not may_be_emoji(written)

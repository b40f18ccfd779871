"""Custom ids survive restarts because they say everything, and are believed only when signed."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier.routing.components import MAX_CUSTOM_ID, ComponentIds, Route

words = st.text(string.ascii_lowercase + string.digits + "_", min_size=1, max_size=20)
payloads = st.text(string.ascii_letters + string.digits + "-_.;/", max_size=30)


@given(plugin=words, action=words, payload=payloads)
def test_what_is_made_is_read_back_by_any_process_with_the_key(plugin, action, payload) -> None:
    custom_id = ComponentIds(b"k" * 32).make(plugin, action, payload)

    assert len(custom_id) <= MAX_CUSTOM_ID
    assert ComponentIds(b"k" * 32).read(custom_id) == Route(plugin, action, payload)
    assert ComponentIds(b"x" * 32).read(custom_id) is None


@given(
    plugin=words, action=words, payload=payloads, place=st.integers(0, 99), letter=st.sampled_from("aZ3:_")
)
def test_a_changed_character_is_noticed(plugin, action, payload, place, letter) -> None:
    ids = ComponentIds(b"k" * 32)
    custom_id = ids.make(plugin, action, payload)
    place %= len(custom_id)
    changed = custom_id[:place] + letter + custom_id[place + 1 :]

    assert (ids.read(changed) is None) == (changed != custom_id)


@given(st.text(max_size=100))
def test_foreign_ids_are_not_ours(custom_id) -> None:
    assert ComponentIds(b"k" * 32).read(custom_id) is None


def test_what_does_not_fit_is_refused_where_it_is_made() -> None:
    ids = ComponentIds(b"k" * 32)
    with pytest.raises(ValueError, match="of 100 characters"):
        ids.make("moderation", "void", "9" * 90)
    with pytest.raises(ValueError, match="without colons"):
        ids.make("moderation", "void", "1:2")

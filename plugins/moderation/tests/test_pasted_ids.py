"""What is read out of a pasted list of ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chandelier_moderation.bulk.ids import Pasted, read_ids


def test_a_list_as_people_paste_it():
    pasted = read_ids(
        """123456789012345678, <@223456789012345678>\t<@!323456789012345678>
        1. 423456789012345678; "523456789012345678"|@623456789012345678
        123456789012345678 spammer#0001 <@&723456789012345678> <#823456789012345678>
        https://discord.com/channels/1/2/923456789012345678"""
    )

    assert pasted.ids == tuple(int(f"{n}23456789012345678") for n in range(1, 7))
    assert pasted.repeated == 1
    assert pasted.unread == (
        "1.",
        "spammer#0001",
        "<@&723456789012345678>",
        "<#823456789012345678>",
        "https://discord.com/channels/1/2/923456789012345678",
    )


def test_numbers_that_are_no_ids():
    assert read_ids("") == Pasted((), 0, ())
    assert read_ids(" ,;\n") == Pasted((), 0, ())
    numbers = "123 99999999999999999999 000000000000000000 １２３４５６７８９０１２３４５６７８ 1e17"
    assert read_ids(numbers).ids == ()
    assert len(read_ids(numbers).unread) == 5


@given(
    st.lists(st.integers(10**14, 2**63 - 1), max_size=50),
    st.sampled_from([" ", ",", "\n", ", ", ";\r\n", " | "]),
    st.sampled_from(["{}", "<@{}>", "<@!{}>", "({})", "{}:"]),
)
def test_every_id_is_read_once_in_its_order(ids, between, form):
    pasted = read_ids(between.join(form.format(number) for number in ids))

    assert pasted.ids == tuple(dict.fromkeys(ids))
    assert pasted.repeated == len(ids) - len(set(ids))
    assert pasted.unread == ()


@given(st.text(max_size=200))
def test_any_text_can_be_read(text):
    pasted = read_ids(text)

    assert all(0 < number < 2**63 for number in pasted.ids)

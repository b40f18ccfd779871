"""What is put in embeds is all there, and never more than Discord takes."""

from __future__ import annotations

import hikari
from hypothesis import given
from hypothesis import strategies as st

from chandelier.builtin.embeds import add_fields, fields_of, spread

LETTERS = st.characters(categories=["L"])


@given(
    st.text(LETTERS, min_size=1, max_size=200),
    st.lists(st.text(LETTERS, min_size=1, max_size=900), min_size=1, max_size=30),
)
def test_what_is_spread_is_all_there_and_fits(name: str, blocks: list[str]) -> None:
    fields = fields_of(name, blocks)
    embeds = spread(fields)

    assert [field for some in embeds for field in some] == fields
    assert "\n".join(text for _, text in fields) == "\n".join(blocks)
    for some in embeds:
        embed = hikari.Embed(title="What is stored about you")
        add_fields(embed, some)
        assert [field.value for field in embed.fields] == [text for _, text in some]
        assert embed.total_length() <= 6000

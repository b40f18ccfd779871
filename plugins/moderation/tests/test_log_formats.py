"""A guild's own formats: what is refused says why, and what is taken shows as it was meant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier_moderation.watching.rendering import Shown, line
from chandelier_moderation.watching.settings import PLACEHOLDERS, Kind, format_problem

AT = datetime(2026, 1, 1, tzinfo=UTC)


def shown(**values):
    return Shown(title="Message edited", sign="!", colour=0, at=AT, values=values)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ("{membr} left", "There is no {membr}"),
        ("somebody left", "at least one of"),
        ("{member", "Braces only stand around"),
        ("{{member}}", "Braces only stand around"),
        ("", "at least one of"),
    ],
)
def test_a_wrong_format_is_refused_with_the_reason_also_in_a_file(form, why):
    assert why in format_problem(form)
    with pytest.raises(ValueError, match="format"):
        Kind(format=form)


@given(st.text(max_size=60), st.sampled_from(PLACEHOLDERS))
def test_a_format_is_taken_as_text_and_never_interpreted(around, name):
    form = around.replace("{", "").replace("}", "") + f"{{{name}}}"
    assert format_problem(form) is None
    Kind(format=form)
    assert line(shown(member="<@1>"), form).startswith(form.partition("{")[0][:1_000])


def test_what_people_wrote_is_no_markup_in_a_line():
    evil = "`] [click](https://scam.example)\n@everyone `"
    said = line(shown(before=evil, member="<@1>"), "{member}: {before} {after} {by}")
    assert said == "<@1>: `ˋ] [click](https://scam.example) @everyone ˋ` – –"

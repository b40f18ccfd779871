"""The scanner names the line of every key and element, in every way that TOML can be written."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from chandelier.config.positions import line_of, positions


def test_a_document_with_everything() -> None:
    text = '''# [not.a.table]
title = "= # [x]"      # key = 1
"quoted key" = 'a' # 'b'

[plugins."odd.name"]   # comment
words = [
  "one", # two
  "two",

  { deep = 1, deeper = [ "]",
    '}' ] },
]
text = """
[fake]
key = \\"""
"""\"
a.b . "c" = 1979-05-27T07:32:00Z
[[rules]]
x = 1
[rules.sub]
y = 2
[[rules]]
x = {p.q = 1, r = """
"""}
'''
    assert tomllib.loads(text)

    lines = positions(text)

    assert {path: lines[path] for path in lines if "rules" not in path} == {
        ("title",): 2,
        ("quoted key",): 3,
        ("plugins",): 5,
        ("plugins", "odd.name"): 5,
        ("plugins", "odd.name", "words"): 6,
        ("plugins", "odd.name", "words", 0): 7,
        ("plugins", "odd.name", "words", 1): 8,
        ("plugins", "odd.name", "words", 2): 10,
        ("plugins", "odd.name", "words", 2, "deep"): 10,
        ("plugins", "odd.name", "words", 2, "deeper"): 10,
        ("plugins", "odd.name", "words", 2, "deeper", 0): 10,
        ("plugins", "odd.name", "words", 2, "deeper", 1): 11,
        ("plugins", "odd.name", "text"): 13,
        ("plugins", "odd.name", "a"): 17,
        ("plugins", "odd.name", "a", "b"): 17,
        ("plugins", "odd.name", "a", "b", "c"): 17,
    }
    assert {path[1:]: lines[path] for path in lines if path[0] == "rules"} == {
        (): 18,
        (0,): 18,
        (0, "x"): 19,
        (0, "sub"): 20,
        (0, "sub", "y"): 21,
        (1,): 22,
        (1, "x"): 23,
        (1, "x", "p"): 23,
        (1, "x", "p", "q"): 23,
        (1, "x", "r"): 23,
    }


def test_what_does_not_stand_in_the_text_is_where_its_table_is() -> None:
    lines = positions("\n[plugins.moderation]\nwords = []\n")

    assert line_of(lines, ("plugins", "moderation", "interval")) == 2
    assert line_of(lines, ("plugins", "moderation", "words", 4)) == 3
    assert line_of(lines, ("chandelier",)) is None


KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=6) | st.sampled_from(
    ["a", "b", "words", "x.y", '"', "'", "]", "=", "#", ""]
)
SCALARS = (
    st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8"), max_size=12)
    | st.datetimes()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)


def paths_of(data: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inside: list[tuple[str | int, Any]] = []
    if isinstance(data, Mapping):
        inside = list(data.items())
    elif isinstance(data, list):
        inside = list(enumerate(data))
    found = {path} if path else set()
    for step, value in inside:
        found |= paths_of(value, (*path, step))
    return found


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_every_value_of_any_document_has_a_line(data: dict[str, Any]) -> None:
    text = tomlkit.dumps(data)
    read = tomllib.loads(text)

    lines = positions(text)

    assert set(lines) == paths_of(read)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())


@given(st.lists(st.tuples(KEYS, SCALARS, st.sampled_from(["", "# note [x]\n", "\n\n", "  \t"])), max_size=8))
def test_lines_are_those_where_the_keys_were_written(written: list[tuple[str, Any, str]]) -> None:
    text, expected = "", {}
    for key, value, before in written:
        if (key,) in expected:
            continue
        text += before
        expected[key,] = text.count("\n") + 1
        text += f"{tomlkit.key(key).as_string()} = {tomlkit.item(value).as_string()}\n"

    lines = positions(text)

    assert lines == expected

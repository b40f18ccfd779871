"""The scorecard: evasions that are caught, and a corpus of innocent text without a single false hit."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from chandelier_moderation.automod.actions import Delete
from chandelier_moderation.automod.content import content_of
from chandelier_moderation.automod.engine import Engine
from chandelier_moderation.automod.presets import PRESETS, preset
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import Words

HERE = Path(__file__).parent
CASES = tomllib.loads((HERE / "evasions.toml").read_text(encoding="utf-8"))
EVASIONS: dict[str, list[tuple[str, str]]] = CASES["evasions"]
MISSES = [case for cases in CASES["misses"].values() for case in cases]
WORDS = tuple(CASES["words"])
FORBIDDEN = Engine([Rule(name="words", trigger=Words(words=WORDS), actions=(Delete(),))])
CORPUS = (HERE / "benign.txt").read_text(encoding="utf-8")
INNOCENT = [line for line in CORPUS.splitlines() if line and not line.startswith("# ")]


def found(engine, text):
    return {what for hit in engine.match(content_of({"content": text})) for what in hit.found}


@pytest.mark.parametrize("technique", EVASIONS)
def test_every_evasion_of_a_technique_is_caught(technique):
    """Zeppelin #558, YAGPDB #789, python-discord #1469: special characters, edges, what is invisible."""
    missed = {text: word for text, word in EVASIONS[technique] if word not in found(FORBIDDEN, text)}

    assert not missed


def test_the_scorecard_is_complete():
    """What is not caught is named with its reason, so that nobody believes else."""
    cases = [case for cases in EVASIONS.values() for case in cases]
    caught = sum(word in found(FORBIDDEN, text) for text, word in cases)

    assert (caught, len(cases)) == (len(cases), len(cases))
    assert len(cases) >= 150
    assert not [text for text, word in MISSES if word in found(FORBIDDEN, text)]


@pytest.mark.parametrize("technique", EVASIONS)
def test_an_evasion_inside_of_a_message_is_caught_too(technique):
    for text, word in EVASIONS[technique]:
        if text[0] in "#>-`\u202e":
            continue  # only so at the beginning of a line
        assert word in found(FORBIDDEN, f"oh well, {text} said he"), text


def test_no_preset_hits_innocent_text():
    """Zeppelin PR #520, python-discord #230: loose matching hit what nobody meant."""
    engine = Engine([rule for name in PRESETS for rule in preset(name).rules])
    hits = {line: what for line in INNOCENT if (what := found(engine, line))}

    assert len(INNOCENT) >= 150
    assert not hits


def test_no_word_of_the_scorecard_is_seen_in_innocent_text():
    hits = {line: what for line in INNOCENT if (what := found(FORBIDDEN, line))}

    assert not hits


def test_a_whole_page_of_innocent_text_is_innocent():
    """Lines run together make no words."""
    for separator in ("\n", " ", ". "):
        page = separator.join(INNOCENT)
        assert not found(FORBIDDEN, page)

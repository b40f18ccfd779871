"""What triggers an auto-moderation rule: keywords, regular expressions, word sets, mentions and spam.

Pure functions over a rule and a text. Discord's own word sets and its notion of spam are not public; a test
arranges them in :class:`Wordsets`, which begins with stand-ins.
Source: https://discord.com/developers/docs/resources/auto-moderation#auto-moderation-rule-object
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from .parity import Correction

__all__ = ["CORRECTIONS", "Action", "EventType", "Match", "Trigger", "Wordsets", "compiled", "find"]

_DOCS = "https://discord.com/developers/docs/resources/auto-moderation"

CORRECTIONS = (
    Correction(
        "Member.send",
        "evaluates keywords and mentions only, and ends a word at any character but a letter or digit",
        "evaluates regular expressions, word sets, spam and profiles, too; words end where whitespace is",
        f"{_DOCS}#auto-moderation-rule-object-keyword-matching-strategies",
    ),
    Correction(
        "Member.send",
        "has no allow list",
        "ignores what an entry of the allow list covers",
        f"{_DOCS}#auto-moderation-rule-object-trigger-metadata",
    ),
)


class Trigger(IntEnum):
    """Kinds of rules."""

    KEYWORD = 1
    SPAM = 3
    KEYWORD_PRESET = 4
    MENTION_SPAM = 5
    MEMBER_PROFILE = 6


class EventType(IntEnum):
    """When a rule is checked."""

    MESSAGE_SEND = 1
    MEMBER_UPDATE = 2


class Action(IntEnum):
    """What a rule does."""

    BLOCK_MESSAGE = 1
    SEND_ALERT_MESSAGE = 2
    TIMEOUT = 3
    BLOCK_MEMBER_INTERACTION = 4


@dataclass
class Wordsets:
    """What Discord keeps to itself, as a test arranges it: the presets' words, and what counts as spam."""

    #: Words by keyword preset: 1 profanity, 2 sexual content, 3 slurs. They match as keywords do.
    presets: dict[int, list[str]] = field(
        default_factory=lambda: {1: ["profanity"], 2: ["sexual-content"], 3: ["slur"]}
    )
    #: Phrases that make a message spam wherever they stand in it; at first the one that tests of mail filters
    #: use. https://spamassassin.apache.org/gtube/
    spam: list[str] = field(default_factory=lambda: ["GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL"])


@dataclass(frozen=True, slots=True)
class Match:
    """Why a rule was triggered: the configured keyword or pattern, and the part of the text that it hit."""

    keyword: str | None
    content: str | None


def find(trigger: int, metadata: Mapping[str, Any], text: str, wordsets: Wordsets) -> Match | None:
    """What in ``text`` triggers a rule of this kind, or None."""
    if trigger in (Trigger.KEYWORD, Trigger.MEMBER_PROFILE):
        keywords = metadata.get("keyword_filter") or ()
        patterns = [
            *_keywords(keywords),
            *((each, compiled(each)) for each in metadata.get("regex_patterns") or ()),
        ]
        return _first(patterns, text, metadata.get("allow_list") or ())
    if trigger == Trigger.KEYWORD_PRESET:
        words = (
            word for preset in metadata.get("presets") or () for word in wordsets.presets.get(int(preset), ())
        )
        return _first(list(_keywords(words)), text, metadata.get("allow_list") or ())
    if trigger == Trigger.MENTION_SPAM:
        # "total number of unique role and user mentions allowed per message"
        mentions = len(set(_USER_MENTION.findall(text))) + len(set(_ROLE_MENTION.findall(text)))
        return Match(None, None) if mentions > int(metadata["mention_total_limit"]) else None
    folded = text.casefold()
    return Match(None, None) if any(phrase.casefold() in folded for phrase in wordsets.spam) else None


_USER_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")


def _keywords(words: Iterable[str]) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Keywords as patterns: a star at an end lets the word go on there; else whitespace ends it."""
    for word in words:
        bare = word.strip("*")
        if bare:
            left = "" if word.startswith("*") else r"(?<!\S)"
            right = "" if word.endswith("*") else r"(?!\S)"
            yield word, re.compile(left + re.escape(bare) + right, re.IGNORECASE)


def _first(patterns: list[tuple[str, re.Pattern[str]]], text: str, allowed: Iterable[str]) -> Match | None:
    spans = [hit.span() for _, pattern in _keywords(allowed) for hit in pattern.finditer(text)]
    for keyword, pattern in patterns:
        for hit in pattern.finditer(text):
            start, end = hit.span()
            if start < end and not any(low <= start and end <= high for low, high in spans):
                return Match(keyword, hit.group())
    return None


# ------------------------------------------------------------------ regular expressions

#: What Rust's regular expressions do not have: look-around, backreferences, atomic groups, conditions.
#: https://docs.rs/regex/latest/regex/#syntax
_NOT_IN_RUST = re.compile(r"\(\?(?:<?[=!]|>|\(|P[=>])|\\[1-9]|\\[gkGZ]")
#: What Python's do not have, although Rust's do.
_NOT_IN_PYTHON = re.compile(r"\\[pP][{a-zA-Z]|\[\[:|&&|--|~~")
_ESCAPED = re.compile(r"\\\\")


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern in Rust's flavour, as Python's.

    Raises:
        ValueError: when Rust would not take it.
        NotImplementedError: when only Rust would.
    """
    bare = _ESCAPED.sub("", pattern)
    if _NOT_IN_RUST.search(bare):
        raise ValueError("look-around and backreferences are not supported")
    if _NOT_IN_PYTHON.search(bare):
        raise NotImplementedError(f"Unicode classes and set operations in a rule's pattern ({pattern!r})")
    translated = pattern.replace(r"\z", r"\Z").replace("(?<", "(?P<")
    try:
        return re.compile(translated)
    except re.error as error:
        raise ValueError(str(error)) from error

"""What automod's rules cost per message: few phrases and expressions against very many, and none at all.

Time is the processor's, for the engine and for reading the JSON; a pair is measured in turn, on the same
messages.
"""

from __future__ import annotations

import random
import time
from typing import Any

from benchmarks.report import Row, paired
from chandelier_moderation.automod.actions import Delete
from chandelier_moderation.automod.content import content_of
from chandelier_moderation.automod.engine import Engine
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import Expressions, Words

__all__ = ["compare", "messages", "rules_of"]

MESSAGES = 1_000
ROUNDS = 21

_LETTERS = "etaoinshrdlucmfwypvbgkjqxz"
_TEXT = (
    "hello there how are you doing today i think we should go to the park this evening if it does not rain "
    "ciao come stai oggi non so ancora perché però andiamo a mangiare una pizza dopo la partita di calcio "
    "the new version broke my build again can someone look at it please thanks for the help everyone"
)
_WORDS = _TEXT.split()


def rules_of(phrases: int, expressions: int, seed: int = 1) -> list[Rule]:
    """Rules of that many phrases and expressions; no rule where there is none of them."""
    chance = random.Random(seed)  # noqa: S311 - words for a benchmark

    def word() -> str:
        return "".join(chance.choices(_LETTERS, range(26, 0, -1), k=chance.randint(4, 10)))

    words = [word() if number % 4 else f"{word()} {word()}" for number in range(phrases)]
    shapes = (
        r"\b{}\s+\w*{}\b",
        r"{}[\W_]*{}",
        r"{}\d{{2,4}}{}",
        r"\b(?:{}|{})(?:s|ed|ing)?\b",
        r"{}.{{0,20}}{}",
    )
    written = [shapes[number % len(shapes)].format(word(), word()) for number in range(expressions)]
    rules = [
        Rule(name="words", trigger=Words(words=tuple(words)), actions=(Delete(),)),
        Rule(name="expressions", trigger=Expressions(expressions=tuple(written)), actions=(Delete(),)),
    ]
    return [rule for rule, number in zip(rules, (phrases, expressions), strict=True) if number]


def messages(seed: int = 2) -> list[dict[str, Any]]:
    """Messages as a server has them: some short, some long, a few with other letters, numbers or markup."""
    chance = random.Random(seed)  # noqa: S311 - text for a benchmark
    extras = (
        "!",
        "😀",
        "**bold**",
        "https://example.org/page?x=1",
        "3rd",
        "<@123456789012345678>",
        "h3llo",
        "…",
    )
    return [
        {
            "content": " ".join(
                chance.choice(extras) if chance.random() < 0.04 else chance.choice(_WORDS)
                for _ in range(chance.randint(2, 30))
            )
        }
        for _ in range(MESSAGES)
    ]


async def compare() -> list[Row]:
    """Microseconds per message, and messages per second for the numbers that people ask for."""
    sample = messages()
    rows: list[Row] = []
    pairs = (
        ("automod: 10,000 phrases against 10", (10, 0), (10_000, 0), "below 2"),
        ("automod: 500 expressions against 5", (0, 5), (0, 500), "below 2"),
        ("automod: 10,000 and 500 against 10 and 5", (10, 5), (10_000, 500), "below 2"),
        ("automod: 10 phrases against none", (0, 0), (10, 0), "what a rule costs"),
    )
    for name, few, many, aim in pairs:
        engines = Engine(rules_of(*few)), Engine(rules_of(*many))
        spent: tuple[list[float], list[float]] = ([], [])
        for turn in range(ROUNDS):
            for side in (0, 1) if turn % 2 else (1, 0):
                spent[side].append(_measure(engines[side], sample))
        rows.append(paired(name, "microseconds", spent[0][1:], spent[1][1:], aim))
    for phrases in (0, 10, 1_000, 10_000):
        per_message = min(_measure(Engine(rules_of(phrases, 0)), sample) for _ in range(5))
        print(f"automod with {phrases:6,} phrases: {1_000_000 / per_message:10,.0f} messages per second")
    return rows


def _measure(engine: Engine, sample: list[dict[str, Any]]) -> float:
    """Microseconds of the processor per message."""
    began = time.process_time()
    for message in sample:
        engine.match(content_of(message))
    return (time.process_time() - began) / len(sample) * 1_000_000

"""The pages for moderators name commands and options that there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
PAGES = ["README.md", "MODERATORS.md", "MODERATORS.it.md", "RULES.md"]
_COMMAND = re.compile(
    r"`/([a-z][a-z_ ]*[a-z])((?: \w+:[^:`]*)*)`|^/([a-z][a-z ]*[a-z])((?: \w+:[^:`\n]*)*)$", re.MULTILINE
)
_OPTION = re.compile(r"(\w+):")


def named(page: str) -> Iterator[tuple[list[str], list[str]]]:
    """Each command that a page names, with its options."""
    for match in _COMMAND.finditer((HERE / page).read_text(encoding="utf-8")):
        words, options = (match[1], match[2]) if match[1] else (match[3], match[4])
        yield words.split(), _OPTION.findall(options)


def unknown(commands: list[dict], words: list[str], options: list[str]) -> str | None:
    """What of a command that a page names is not there."""
    level = {command["name"]: command for command in commands}
    for number, word in enumerate(words):
        if word not in level:
            # A table's first column shows options as bare words after the command.
            return f"/{' '.join(words)}: {word}"
        below = {one["name"]: one for one in level[word].get("options") or []}
        if number == len(words) - 1 or not any(one["type"] <= 2 for one in below.values()):
            missing = [name for name in [*options, *words[number + 1 :]] if name not in below]
            return f"/{' '.join(words)}: {missing}" if missing else None
        level = below
    return None


async def test_every_command_of_the_pages_is_there(start_host, market) -> None:
    await start_host("moderation", config=market.config())
    commands = market.guild.owner.commands(market.general)
    pages = {page: [*named(page)] for page in PAGES}

    wrong = [
        why for page in PAGES for words, options in pages[page] if (why := unknown(commands, words, options))
    ]

    assert not wrong
    assert min(len(pages["MODERATORS.md"]), len(pages["MODERATORS.it.md"])) > 20
    assert pages["MODERATORS.md"] == pages["MODERATORS.it.md"]

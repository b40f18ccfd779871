"""Says what is wrong with a trigger."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from chandelier_moderation.automod.domains import domain_of_line, is_public_suffix
from chandelier_moderation.automod.expressions import refused
from chandelier_moderation.automod.phrases import nothing_in
from chandelier_moderation.automod.problems import Problem
from chandelier_moderation.automod.triggers import (
    Attachments,
    Capitals,
    Emoji,
    Expressions,
    Imitation,
    Invites,
    JoinRate,
    Links,
    Mentions,
    NewAccount,
    Newlines,
    Rate,
    Repeated,
    ScamLinks,
    Trigger,
    Words,
    Zalgo,
)

__all__ = ["problems_of_trigger"]

LONGEST_WORD = 200
_CODE = re.compile(r"[\w-]{2,64}")
_LIST = re.compile(r"https://[^\s]{4,500}|[\w-][\w.-]{0,100}")
_LONGEST_WINDOW = timedelta(hours=1)
"""Over which messages and joins are counted: that is kept in memory."""


def problems_of_trigger(trigger: Trigger) -> Iterator[Problem]:
    """Everything that is wrong with a trigger, with paths from there."""
    match trigger:
        case Words(words=words, allow=allow):
            yield from _some("words", words)
            for key, entries in (("words", words), ("allow", allow)):
                for number, word in enumerate(entries):
                    if len(word) > LONGEST_WORD:
                        yield Problem((key, number), f"may have {LONGEST_WORD} characters")
                    elif nothing_in(word):
                        yield Problem((key, number), f"{word!r} has nothing to look for")
        case Expressions(expressions=expressions):
            yield from _some("expressions", expressions)
            for number, expression in enumerate(expressions):
                if (why := refused(expression)) is not None:
                    yield Problem(("expressions", number), why)
        case Links(deny=deny, allow=allow):
            yield from _domains("deny", deny)
            yield from _domains("allow", allow)
        case ScamLinks(lists=lists, domains=domains, allow=allow):
            if not lists and not domains:
                yield Problem((), "has neither lists nor domains")
            for number, name in enumerate(lists):
                if not _LIST.fullmatch(name):
                    yield Problem(("lists", number), "must be an https address or the name of a file")
            yield from _domains("domains", domains)
            yield from _domains("allow", allow)
        case Invites(allow_codes=codes):
            for number, code in enumerate(codes):
                if not _CODE.fullmatch(code):
                    yield Problem(
                        ("allow_codes", number), f"{code!r} is no code; it is what follows discord.gg/"
                    )
        case Mentions(most=most) | Emoji(most=most):
            yield from _between("most", most, 0, 4_000)
        case Newlines(most=most):
            yield from _between("most", most, 1, 4_000)
        case Zalgo(most=most):
            yield from _between("most", most, 2, 50)
        case Capitals(percent=percent, at_least=least):
            yield from _between("percent", percent, 1, 100)
            yield from _between("at_least", least, 1, 4_000)
        case Attachments(deny=deny, allow=allow):
            for key, entries in (("deny", deny), ("allow", allow)):
                for number, entry in enumerate(entries):
                    if not re.fullmatch(r"\s*(\*?\.)?[\w+-]+\s*|[\w.+-]+/(\*|[\w.+-]+)", entry):
                        yield Problem((key, number), f"{entry!r} is no ending (exe) and no type (video/*)")
        case Rate(most=most, within=within) | JoinRate(most=most, within=within):
            yield from _between("most", most, 1, 1_000)
            yield from _window(within)
        case Repeated(most=most, within=within, channels=channels):
            yield from _between("most", most, 1, 1_000)
            yield from _between("channels", channels, 1, most + 1)
            yield from _window(within)
        case NewAccount(younger=younger):
            if not timedelta(minutes=1) <= younger <= timedelta(days=3_650):
                yield Problem(("younger",), "must be 1 minute to 3650 days")
        case Imitation(names=names):
            for number, name in enumerate(names):
                if nothing_in(name):
                    yield Problem(("names", number), f"{name!r} has nothing to look for")


def _some(key: str, entries: Sequence[str]) -> Iterator[Problem]:
    if not entries:
        yield Problem((key,), "is empty: the rule would never hit")


def _domains(key: str, entries: Sequence[str]) -> Iterator[Problem]:
    for number, entry in enumerate(entries):
        domain = domain_of_line(entry)
        if domain is None:
            yield Problem((key, number), f"{entry!r} is no domain")
        elif is_public_suffix(domain.removeprefix("*.")):
            yield Problem((key, number), f"{entry!r} is what everyone's domains end with")


def _between(key: str, value: int, least: int, most: int) -> Iterator[Problem]:
    if not least <= value <= most:
        yield Problem((key,), f"must be {least} to {most}")


def _window(within: timedelta) -> Iterator[Problem]:
    if not timedelta(seconds=1) <= within <= _LONGEST_WINDOW:
        yield Problem(("within",), "must be 1 second to 1 hour")

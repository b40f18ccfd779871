"""The engine: finds, in one pass, which of a server's rules a message hits, whatever their number."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial

import attrs

from chandelier_moderation.automod import counting
from chandelier_moderation.automod.content import Attachment, Content, Text
from chandelier_moderation.automod.domains import DomainSet, registrable
from chandelier_moderation.automod.expressions import ExpressionMatcher
from chandelier_moderation.automod.links import Link, invites_in, links_in
from chandelier_moderation.automod.normalise import Seen, fold, look
from chandelier_moderation.automod.phrases import Phrase, PhraseMatcher
from chandelier_moderation.automod.rules import Part, Rule
from chandelier_moderation.automod.triggers import (
    STATEFUL,
    Attachments,
    Capitals,
    Emoji,
    Expressions,
    Invites,
    Links,
    Mentions,
    Newlines,
    ScamLinks,
    Words,
    Zalgo,
)

__all__ = ["Engine", "Hit"]

_QUICK = 100
"""Phrases that are compiled in a few milliseconds: for fewer, no thread is worth its while."""

_Finds = list[tuple[str, Part, str]]
"""What was found of a rule, where, and as it was written."""


@attrs.frozen(kw_only=True)
class Hit:
    """A rule that a message hits."""

    rule: Rule
    found: tuple[str, ...]
    """What hit: words or expressions as the rule has them, domains, codes of invites, or a count as text.
    Different ones, in order."""
    part: Part
    """Where the first was found."""
    excerpt: str
    """The first find as the member wrote it, as far as that can be told."""


class Engine:
    """All enabled rules of a server that a message by itself can hit, compiled.

    Made once per change of the rules; with thousands of phrases that takes long, so make it with `build`.
    It is never changed and may be used from several threads.
    """

    def __init__(self, rules: Sequence[Rule], lists: Mapping[str, Collection[str]] | None = None) -> None:
        """Compile the rules; ``lists`` has the domains of those lists that are known, by their address.

        Raises ValueError when a rule is not valid: `check.problems_of` would have said why.
        """
        enabled = [rule for rule in rules if rule.enabled]
        self.rules = tuple(rule for rule in enabled if not isinstance(rule.trigger, STATEFUL))
        self.stateful = tuple(rule for rule in enabled if isinstance(rule.trigger, STATEFUL))
        triggers = [*enumerate(rule.trigger for rule in self.rules)]
        self._phrases = PhraseMatcher(
            Phrase(number, word, trigger.match, trigger.allow)
            for number, trigger in triggers
            if isinstance(trigger, Words)
            for word in trigger.words
        )
        self._expressions = ExpressionMatcher(
            (number, expression)
            for number, trigger in triggers
            if isinstance(trigger, Expressions)
            for expression in trigger.expressions
        )
        self._links = [*_link_judges(triggers, lists or {})]
        if self._links:
            registrable("example.org")  # reads the list of public suffixes now, not with the first link
        self._invites = [
            (number, frozenset(trigger.allow_codes))
            for number, trigger in triggers
            if isinstance(trigger, Invites)
        ]
        self._counts = [
            (number, partial(_count, trigger))
            for number, trigger in triggers
            if isinstance(trigger, Capitals | Emoji | Newlines | Zalgo)
        ]
        self._mentions = [(number, trigger) for number, trigger in triggers if isinstance(trigger, Mentions)]
        self._files = [(number, trigger) for number, trigger in triggers if isinstance(trigger, Attachments)]
        self._parts = frozenset(part for rule in self.rules for part in rule.parts)

    @classmethod
    async def build(cls, rules: Sequence[Rule], lists: Mapping[str, Collection[str]] | None = None) -> Engine:
        """Make an engine, on a thread when that takes longer than a few milliseconds."""
        size = sum(_size(rule, lists or {}) for rule in rules)
        return await asyncio.to_thread(cls, rules, lists) if size > _QUICK else cls(rules, lists)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def match(self, content: Content) -> list[Hit]:
        """The rules that the content hits, in their order. Scope and conditions are judged by the caller."""
        finds: dict[int, _Finds] = {}
        for text in content.texts:
            if text.part in self._parts:
                for number, what, excerpt in self._in_text(text):
                    finds.setdefault(number, []).append((what, text.part, excerpt))
        for file in content.attachments:
            if file.part in self._parts:
                for number, what in self._in_file(file):
                    finds.setdefault(number, []).append((what, file.part, file.name))
                for number, what, excerpt in self._in_text(Text(file.part, file.name)):
                    finds.setdefault(number, []).append((what, file.part, excerpt))
        for number, trigger in self._mentions:
            if content.mentions > trigger.most:
                count = str(content.mentions)
                finds.setdefault(number, []).append((count, "content", count))
        return [hit for number in sorted(finds) if (hit := _hit(self.rules[number], finds[number]))]

    def _in_text(self, text: Text) -> Iterator[tuple[int, str, str]]:
        for number, count in self._counts:
            if (found := count(text.text)) is not None:
                yield number, found, found
        if not (self._phrases or self._expressions or self._links or self._invites):
            return
        seen = look(text.text)
        for phrase in self._phrases.find(seen):
            yield phrase.rule, phrase.phrase, phrase.excerpt
        if self._expressions:
            for expression in self._expressions.find(seen):
                yield expression.rule, expression.expression, expression.excerpt
        yield from self._in_links(seen)

    def _in_links(self, seen: Seen) -> Iterator[tuple[int, str, str]]:
        if self._links:
            for link in links_in(seen):
                for number, judge in self._links:
                    if (domain := judge(link)) is not None:
                        yield number, domain, link.written
        if self._invites:
            for code in invites_in(seen):
                for number, allowed in self._invites:
                    if code not in allowed:
                        yield number, code, code

    def _in_file(self, file: Attachment) -> Iterator[tuple[int, str]]:
        for number, trigger in self._files:
            if (found := _file(trigger, file)) is not None:
                yield number, found


def _hit(rule: Rule, finds: _Finds) -> Hit | None:
    looked_at = [find for find in finds if find[1] in rule.parts]
    found = tuple(dict.fromkeys(what for what, _, _ in looked_at))
    if not looked_at or len(found) < rule.at_least:
        return None
    _, part, excerpt = looked_at[0]
    return Hit(rule=rule, found=found, part=part, excerpt=excerpt)


def _size(rule: Rule, lists: Mapping[str, Collection[str]]) -> int:
    match rule.trigger:
        case Words(words=words):
            return len(words)
        case Expressions(expressions=expressions):
            return len(expressions) * 10
        case Links(deny=deny, allow=allow):
            return _QUICK + len(deny) + len(allow) + 1  # the list of public suffixes is read
        case ScamLinks():
            return _QUICK + 1
        case _:
            return 0


def _link_judges(
    triggers: Iterable[tuple[int, object]], lists: Mapping[str, Collection[str]]
) -> Iterator[tuple[int, Callable[[Link], str | None]]]:
    for number, trigger in triggers:
        if isinstance(trigger, Links):
            yield number, partial(_judge_link, DomainSet(trigger.deny), DomainSet(trigger.allow))
        elif isinstance(trigger, ScamLinks):
            known = [lists[name] for name in trigger.lists if name in lists]
            yield number, partial(_judge_scam, DomainSet(trigger.domains), DomainSet(trigger.allow), known)


def _judge_link(deny: DomainSet, allow: DomainSet, link: Link) -> str | None:
    """The domain for which a link is meant; None when it is not."""
    if link.real and allow.named(link.host):
        return None
    if deny:
        return deny.named(link.host)
    return link.host if link.real and link.clickable else None


def _judge_scam(
    domains: DomainSet, allow: DomainSet, known: Sequence[Collection[str]], link: Link
) -> str | None:
    if link.real and allow.named(link.host):
        return None
    return domains.named(link.host) or next(
        (found for more in known if (found := domains.named(link.host, more))), None
    )


def _count(trigger: Capitals | Emoji | Newlines | Zalgo, text: str) -> str | None:
    match trigger:
        case Capitals(percent=percent, at_least=least):
            upper, letters = counting.capitals(text)
            if letters >= least and upper * 100 >= percent * letters:
                return f"{upper * 100 // letters} %"
            return None
        case Emoji(most=most):
            number = counting.emoji(text)
        case Newlines(most=most):
            number = counting.lines(text)
        case Zalgo(most=most):
            heaps = counting.heaps(text, most)
            return str(heaps) if heaps else None
    return str(number) if number > most else None


def _file(trigger: Attachments, file: Attachment) -> str | None:
    """The ending or type for which a file is meant; None when it is not."""
    name = fold(look(file.name).shown).rstrip(". ")
    ending = name.rpartition(".")[2] if "." in name else ""
    kind = file.content_type.partition(";")[0].strip().casefold()
    described = {ending, kind, f"{kind.partition('/')[0]}/*"}
    if not described.isdisjoint(map(_ending, trigger.allow)):
        return None
    if not trigger.deny:
        return ending or kind or "?"
    return next((entry for entry in trigger.deny if _ending(entry) in described), None)


def _ending(entry: str) -> str:
    return entry.strip().casefold().removeprefix("*.").removeprefix(".")

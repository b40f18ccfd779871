"""From rules to what Discord's own AutoMod can hold of them, within its quotas. Nothing here asks Discord.

What is there is a first net: Discord blocks what it finds before anybody sees it, and what slips through
meets the whole rule. So a part of a rule is worth having there, but never more than the rule means.

Source: https://discord.com/developers/docs/resources/auto-moderation
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final

import attrs

import chandelier
from chandelier_moderation.automod.actions import Alert, Delete
from chandelier_moderation.automod.rules import SEVERITIES, Conditions, Rule
from chandelier_moderation.automod.triggers import Expressions, Links, Mentions, Words

__all__ = ["KEYWORD", "MENTION_SPAM", "MOST", "Left", "NativeRule", "Translation", "translate"]

_ = chandelier.Messages("chandelier_moderation")

KEYWORD, MENTION_SPAM = 1, 5
"""Types of triggers."""
MOST: Final[Mapping[int, int]] = {KEYWORD: 6, MENTION_SPAM: 1}
"""Rules per server, by the type of trigger; those that admins made there count too."""
KEYWORDS, KEYWORD_LENGTH = 1_000, 60
PATTERNS, PATTERN_LENGTH = 10, 260
ALLOWED = 100
MOST_MENTIONS = 50
EXEMPT_ROLES, EXEMPT_CHANNELS = 20, 50
NAME_LENGTH = 100

_RE2_ONLY = re.compile(r"\\[QEC]")
"""What RE2 has and Rust's engine has not. https://docs.rs/regex/latest/regex/#syntax"""
_CASELESS = "(?i)"


@attrs.frozen(kw_only=True)
class NativeRule:
    """A rule, or a part of one, as Discord can hold it."""

    rule: str
    """The name of the rule that it is of."""
    name: str
    trigger: int
    keywords: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    allow: tuple[str, ...] = ()
    mentions: int | None = None
    exempt_roles: tuple[int, ...] = ()
    exempt_channels: tuple[int, ...] = ()
    alert: int | None = None
    """The channel in which Discord tells staff, with what was written."""


@attrs.frozen
class Left:
    """What stays with the bot alone, of a rule or the whole of it, and why."""

    rule: str
    why: str


@attrs.frozen
class Translation:
    """What goes to Discord, and what does not."""

    rules: tuple[NativeRule, ...]
    left: tuple[Left, ...]


_Parts = tuple[Sequence[NativeRule], str | None]
"""The rules that one rule becomes, and what of it they do not hold."""


def translate(
    rules: Sequence[Rule],
    *,
    exempt_roles: Collection[int],
    log_channel: int | None,
    free: Mapping[int, int] = MOST,
) -> Translation:
    """What of ``rules`` Discord's AutoMod can hold, the gravest first where there is no room for all.

    ``exempt_roles`` are those of staff and of the settings, ``free`` how many rules of a type there is room
    for. Rules that are switched off or only tried out are passed over.
    """
    room = dict(free)
    made: list[NativeRule] = []
    left: list[Left] = []
    ranked = sorted(rules, key=lambda rule: SEVERITIES.index(rule.severity), reverse=True)
    for rule in ranked:
        if not rule.enabled or rule.dry_run:
            continue
        base = _base(rule, exempt_roles, log_channel)
        why = _obstacle(rule, base)
        if why is not None:
            left.append(Left(rule.name, why))
            continue
        parts, missing = _parts(rule, base)
        if missing:
            left.append(Left(rule.name, missing))
        for number, part in enumerate(parts):
            if room.get(part.trigger, 0) <= 0:
                left.append(Left(rule.name, _full(part.trigger, number)))
                break
            room[part.trigger] -= 1
            made.append(part if number == 0 else attrs.evolve(part, name=_numbered(rule.name, number + 1)))
    return Translation(tuple(made), tuple(left))


def _base(rule: Rule, exempt_roles: Collection[int], log_channel: int | None) -> NativeRule:
    roles = {*rule.scope.roles.exempt, *(exempt_roles if rule.scope.staff == "exempt" else ())}
    alerts = [action for action in rule.actions if isinstance(action, Alert)]
    return NativeRule(
        rule=rule.name,
        name=rule.name[:NAME_LENGTH],
        trigger=MENTION_SPAM if isinstance(rule.trigger, Mentions) else KEYWORD,
        exempt_roles=tuple(sorted(roles)),
        exempt_channels=tuple(sorted(rule.scope.channels.exempt)),
        alert=(alerts[0].channel or log_channel) if alerts else None,
    )


def _obstacle(rule: Rule, base: NativeRule) -> str | None:
    """Why nothing of a rule can be there; None when something can."""
    scope = rule.scope
    if not isinstance(rule.trigger, Words | Expressions | Links | Mentions):
        return _("Discord's AutoMod knows no such trigger")
    if not any(isinstance(action, Delete) for action in rule.actions):
        return _("it deletes nothing, and Discord's AutoMod would block it")
    if "content" not in rule.parts:
        return _("it does not look at what messages say")
    if rule.at_least > 1:
        return _("Discord's AutoMod cannot count finds")
    if rule.conditions != Conditions():
        return _("Discord's AutoMod knows no conditions such as the age of an account")
    if scope.bots == "only" or scope.webhooks == "only":
        return _("Discord's AutoMod does not look at bots and webhooks")
    if scope.channels.only or scope.roles.only or scope.categories.only or scope.categories.exempt:
        return _(
            "Discord's AutoMod can leave out channels and roles, no categories, and not hold in some only"
        )
    if len(base.exempt_roles) > EXEMPT_ROLES or len(base.exempt_channels) > EXEMPT_CHANNELS:
        return _(
            "Discord's AutoMod leaves out at most {roles} roles and {channels} channels",
            roles=EXEMPT_ROLES,
            channels=EXEMPT_CHANNELS,
        )
    return None


def _parts(rule: Rule, base: NativeRule) -> _Parts:
    trigger = rule.trigger
    if isinstance(trigger, Mentions):
        if trigger.most > MOST_MENTIONS:
            return (), _("Discord's AutoMod allows at most {n} mentions", n=MOST_MENTIONS)
        return (attrs.evolve(base, mentions=trigger.most),), None
    if isinstance(trigger, Words):
        return _of_words(trigger, base)
    if isinstance(trigger, Expressions):
        patterns = [_caseless(each) for each in trigger.expressions if not _RE2_ONLY.search(each)]
        return _of_patterns(patterns, len(trigger.expressions), base)
    if isinstance(trigger, Links):
        if not trigger.deny or trigger.allow:
            return (), _("Discord's AutoMod cannot tell which links are allowed")
        plain = [domain for domain in trigger.deny if "*" not in domain]
        return _of_domains(plain, len(trigger.deny), base)
    return (), None


def _of_words(trigger: Words, base: NativeRule) -> _Parts:
    if len(trigger.allow) > ALLOWED or any(_wild(word) for word in trigger.allow):
        return (), _("Discord's AutoMod takes at most {n} words that are allowed, of 60 letters", n=ALLOWED)
    before, after = {"word": ("", ""), "prefix": ("", "*"), "anywhere": ("*", "*")}[trigger.match]
    words = [f"{before}{word.strip()}{after}" for word in trigger.words if not _wild(word)]
    words = [word for word in words if len(word) <= KEYWORD_LENGTH]
    # A word that is allowed inside another one is so wherever it stands there.
    allow = tuple(f"*{word.strip()}*" for word in trigger.allow)
    parts = [attrs.evolve(base, keywords=tuple(chunk), allow=allow) for chunk in _chunks(words, KEYWORDS)]
    return parts, _missing(len(words), len(trigger.words))


def _of_patterns(patterns: Sequence[str], of: int, base: NativeRule) -> _Parts:
    fitting = [pattern for pattern in patterns if len(pattern) <= PATTERN_LENGTH]
    parts = [attrs.evolve(base, patterns=tuple(chunk)) for chunk in _chunks(fitting, PATTERNS)]
    return parts, _missing(len(fitting), of)


def _of_domains(domains: Sequence[str], of: int, base: NativeRule) -> _Parts:
    """Domains as alternatives of as few expressions as hold them; a domain stands for its subdomains."""
    patterns: list[str] = []
    held = 0
    waiting: list[str] = []
    for domain in [*domains, None]:
        longer = [*waiting, re.escape(domain)] if domain is not None else waiting
        if domain is not None and len(_one_of(longer)) <= PATTERN_LENGTH:
            waiting = longer
            continue
        if waiting:
            patterns.append(_one_of(waiting))
            held += len(waiting)
        waiting = [] if domain is None else [re.escape(domain)]
        if domain is not None and len(_one_of(waiting)) > PATTERN_LENGTH:
            waiting = []
    parts = [attrs.evolve(base, patterns=tuple(chunk)) for chunk in _chunks(patterns, PATTERNS)]
    return parts, _missing(held, of)


def _one_of(escaped: Sequence[str]) -> str:
    """An expression for links to domains: only behind `//`, so that no other text is taken for one."""
    return rf"{_CASELESS}//([a-z0-9-]+\.)*({'|'.join(escaped)})([/?#:\s]|$)"


def _caseless(expression: str) -> str:
    return f"{_CASELESS}{expression}"


def _wild(word: str) -> bool:
    """Whether Discord would take a word for another one: a star at its end stands for more letters."""
    bare = word.strip()
    return not bare or bare.startswith("*") or bare.endswith("*") or len(bare) > KEYWORD_LENGTH


def _chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _missing(held: int, of: int) -> str | None:
    if held == of:
        return None
    return _("{n} of its {all} entries do not fit into Discord's AutoMod", n=of - held, all=of)


def _full(trigger: int, number: int) -> str:
    if number:
        return _("the rest of it found no room: Discord takes {n} rules of this kind", n=MOST[trigger])
    return _("there is no room: Discord takes {n} rules of this kind", n=MOST[trigger])


def _numbered(name: str, number: int) -> str:
    end = f" ({number})"
    return name[: NAME_LENGTH - len(end)] + end

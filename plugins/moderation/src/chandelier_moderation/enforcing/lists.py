"""Lists of domains that others keep: fetched when a rule names them, refreshed, and kept when that fails."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta

import attrs

import chandelier
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import ScamLinks
from chandelier_moderation.config import ModerationConfig

__all__ = ["REFRESHED_AFTER", "DomainLists"]

REFRESHED_AFTER = timedelta(hours=6)
RETRIED_AFTER = timedelta(minutes=10)
MOST_BYTES = 16 * 1024 * 1024
"""Of one list; the largest that are kept publicly have a few megabytes."""


@attrs.frozen
class _Kept:
    domains: frozenset[str]
    due: datetime
    trouble: str | None


class DomainLists:
    """Fetches the lists that rules name."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        self._kept: dict[str, _Kept] = {}

    async def of(self, rules: Iterable[Rule]) -> Mapping[str, Collection[str]]:
        """The domains of every list that the rules name, by its address; of what cannot be had, nothing."""
        named = {name for rule in rules if isinstance(rule.trigger, ScamLinks) for name in rule.trigger.lists}
        for name in sorted(named):
            await self._refresh(name)
        return {name: self._kept[name].domains for name in named}

    async def refresh(self) -> bool:
        """Fetch again what is due; returns whether any list has changed."""
        before = dict(self._kept)
        for name in sorted(before):
            await self._refresh(name)
        return any(self._kept[name].domains != kept.domains for name, kept in before.items())

    def troubles(self) -> Mapping[str, str]:
        """Lists that could not be fetched, and why."""
        return {name: kept.trouble for name, kept in self._kept.items() if kept.trouble is not None}

    async def _refresh(self, name: str) -> None:
        known, now = self._kept.get(name), self._ctx.now()
        if known is not None and now < known.due:
            return
        try:
            answer = await self._ctx.http.get(name, max_bytes=MOST_BYTES)
            if answer.status != 200:
                raise chandelier.ServiceUnavailable(f"it answered {answer.status}")
            self._kept[name] = _Kept(_domains(answer.text()), now + REFRESHED_AFTER, None)
        except chandelier.ChandelierError as error:
            # What was known goes on counting: an old list is better than none.
            domains = frozenset[str]() if known is None else known.domains
            self._kept[name] = _Kept(domains, now + RETRIED_AFTER, str(error))
            self._ctx.log.warning("the list {} cannot be fetched: {}", name, error)


def _domains(text: str) -> frozenset[str]:
    """One domain a line; also the lines of a hosts file. What follows a ``#`` is a remark."""
    found: set[str] = set()
    for line in text.splitlines():
        words = line.partition("#")[0].strip().strip('",[]').lower().split()
        if words and "." in words[-1]:
            found.add(words[-1].strip('",').removeprefix("||").rstrip("^."))
    return frozenset(found)

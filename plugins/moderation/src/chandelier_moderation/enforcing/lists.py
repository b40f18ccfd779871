"""Lists of domains that others keep: read when a rule names them, refreshed, and kept when that fails."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path

import attrs

import chandelier
from chandelier_moderation.automod.domains import domains_of
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import ScamLinks
from chandelier_moderation.config import ModerationConfig

__all__ = ["REFRESH", "DomainLists"]

_ = chandelier.Messages("chandelier_moderation")

REFRESH = "automod_lists"
"""Kind of the timer that has the lists read again."""

REFRESHED_AFTER = timedelta(hours=6)
RETRIED_AFTER = timedelta(minutes=10)
"""After the first failure; twice as long after each that follows, and `REFRESHED_AFTER` at most."""
MOST_BYTES = 16 * 1024 * 1024
"""Of one list; the largest that are kept publicly have a few megabytes."""
_PATIENCE = 10.0
"""Seconds for a list; until then the first messages of its servers wait."""


@attrs.frozen
class _Kept:
    domains: frozenset[str]
    due: datetime
    trouble: str | None
    failures: int = 0
    """In a row."""


class DomainLists:
    """Reads the lists that rules name: https addresses, and files in the folder that the operator names."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        self._kept: dict[str, _Kept] = {}
        self._reading = asyncio.Lock()

    async def of(self, rules: Iterable[Rule]) -> Mapping[str, Collection[str]]:
        """The domains of every list that the rules name, by its name; of what cannot be had, none."""
        named = {name for rule in rules if isinstance(rule.trigger, ScamLinks) for name in rule.trigger.lists}
        if not named <= self._kept.keys():
            await self._refresh(named)
            due = self.due() or self._ctx.now()
            await self._ctx.timers.schedule(REFRESH, key="all", due=due)
        return {name: self._kept[name].domains for name in named}

    async def refresh(self) -> bool:
        """Read again what is due; returns whether any list has changed."""
        before = dict(self._kept)
        await self._refresh(before)
        return any(self._kept[name].domains != kept.domains for name, kept in before.items())

    def due(self) -> datetime | None:
        """When a list is to be read again; None when there is none."""
        return min((kept.due for kept in self._kept.values()), default=None)

    def troubles(self) -> Mapping[str, str]:
        """Lists that cannot be had, and why."""
        return {name: kept.trouble for name, kept in self._kept.items() if kept.trouble is not None}

    async def _refresh(self, names: Collection[str]) -> None:
        async with self._reading:  # those who come while it is read get what was read
            now = self._ctx.now()
            due = [name for name in names if name not in self._kept or self._kept[name].due <= now]
            await asyncio.gather(*(self._read(name) for name in due))

    async def _read(self, name: str) -> None:
        now, known = self._ctx.now(), self._kept.get(name)
        try:
            text = await (self._fetched(name) if name.startswith("https://") else self._from_file(name))
            domains = await asyncio.to_thread(domains_of, text)
            self._kept[name] = _Kept(domains, now + REFRESHED_AFTER, None)
        except (chandelier.ChandelierError, OSError, UnicodeError) as error:
            # What was known goes on counting: an old list is better than none.
            domains = frozenset[str]() if known is None else known.domains
            failures = 0 if known is None else known.failures
            pause = min(RETRIED_AFTER * 2 ** min(failures, 8), REFRESHED_AFTER)
            self._kept[name] = _Kept(domains, now + pause, str(error), failures + 1)
            self._ctx.log.warning("the list {} cannot be read: {}", name, error)

    async def _fetched(self, address: str) -> str:
        answer = await self._ctx.http.get(address, max_bytes=MOST_BYTES, timeout=_PATIENCE)
        if answer.status != 200:
            raise chandelier.ServiceUnavailable(_("it answered {status}", status=answer.status))
        return answer.text()

    async def _from_file(self, name: str) -> str:
        folder = self._ctx.config.automod_lists
        if folder is None:
            raise chandelier.InvalidRequest(_("the bot's operator has set no folder (automod_lists)"))
        return await asyncio.to_thread((Path(folder) / name).read_text, encoding="utf-8")

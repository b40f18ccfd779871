"""The rules of each server, ready to be used with every message: compiled once, made anew after a change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import attrs

import chandelier
from chandelier_moderation.automod.actions import Ladder
from chandelier_moderation.automod.engine import Engine
from chandelier_moderation.automod.rules import Rule
from chandelier_moderation.automod.triggers import Imitation, JoinRate, NewAccount, Rate, Repeated
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.lists import DomainLists
from chandelier_moderation.enforcing.store import RuleStore, key_of
from chandelier_moderation.turns import Turns

__all__ = ["UNKNOWN", "Guarded", "Guilds"]


@attrs.frozen(kw_only=True)
class Guarded:
    """A server's enabled rules."""

    guild_id: int
    engine: Engine
    rules: Mapping[str, Rule]
    """By their keys."""
    ladder: Ladder
    counting: tuple[Rule, ...]
    """Those that count messages."""
    joining: tuple[Rule, ...]
    """Those that look at who joins, and at what members call themselves."""
    kinds: frozenset[tuple[bool, bool]]
    """For which kinds of authors (bot, webhook) there is any rule."""


UNKNOWN: Final = Guarded(
    guild_id=0,
    engine=Engine(()),
    rules={},
    ladder=Ladder(),
    counting=(),
    joining=(),
    kinds=frozenset({(False, False)}),
)
"""Stands for a server whose rules have not been read."""

_KINDS = ((False, False), (True, False), (False, True))


class Guilds:
    """Keeps one `Guarded` per server that has rules."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], lists: DomainLists) -> None:
        self.store = RuleStore(ctx, self.forget)
        self._lists = lists
        # By the guild's id as Discord's JSON has it; None: the guild has no rules.
        self._ready: dict[str | None, Guarded | None] = {None: None}
        self._changes = 0
        self._turns = Turns[str]()
        self.watchers: list[Callable[[int | None], None]] = []
        """Told which guild's rules may be others now; None: every guild's."""

    def forget(self, guild_id: int | None) -> None:
        """Read the rules of a guild anew; of every guild when it is None."""
        self._changes += 1
        if guild_id is None:
            self._ready = {None: None}
        else:
            self._ready.pop(str(guild_id), None)
        for told in self.watchers:
            told(guild_id)

    def ready(self, guild_key: str | None) -> Guarded | None:
        """What is known without waiting: None when the guild has no rules, `UNKNOWN` when it must be read."""
        return self._ready.get(guild_key, UNKNOWN)

    async def of(self, guild_id: int) -> Guarded | None:
        """The rules of a guild; None when it has none that are enabled."""
        key = str(int(guild_id))
        if key in self._ready:
            return self._ready[key]
        # One reads and the others wait: a raid's thousand joins would compile the rules a thousand times.
        async with self._turns.of(key):
            while key not in self._ready:
                changes = self._changes
                guarded = await self._made(guild_id)
                if changes == self._changes:  # else something changed while it was read
                    self._ready[key] = guarded
            return self._ready[key]

    async def rule(self, guild_id: int, key: str) -> Rule | None:
        """A rule by its key, without reading them all where it is in force."""
        guarded = await self.of(guild_id)
        rule = None if guarded is None else guarded.rules.get(key)
        return rule or await self.store.find(guild_id, key)

    async def _made(self, guild_id: int) -> Guarded | None:
        stored = await self.store.rules(guild_id)
        rules = [rule for rule in stored.rules if rule.enabled]
        if not rules:
            return None
        engine = await Engine.build(rules, await self._lists.of(rules))
        return Guarded(
            guild_id=guild_id,
            engine=engine,
            rules={key_of(rule.name): rule for rule in rules},
            ladder=stored.ladder,
            counting=tuple(rule for rule in rules if isinstance(rule.trigger, Rate | Repeated)),
            joining=tuple(
                rule for rule in rules if isinstance(rule.trigger, NewAccount | JoinRate | Imitation)
            ),
            kinds=frozenset(
                (bot, webhook)
                for bot, webhook in _KINDS
                if any(rule.scope.covers_kind(bot=bot, webhook=webhook) for rule in rules)
            ),
        )

"""The room: puts automod's parts together and hands them Discord's events, effects and timers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import hikari
import lightbulb

import chandelier
from chandelier_moderation.cases import CLIMB, Book
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing import deeds, fading, hits, ladder, lists, spoken
from chandelier_moderation.enforcing.deeds import Deeds
from chandelier_moderation.enforcing.fading import Fading
from chandelier_moderation.enforcing.guilds import Guilds
from chandelier_moderation.enforcing.hits import Hits
from chandelier_moderation.enforcing.judge import Judge
from chandelier_moderation.enforcing.lists import DomainLists
from chandelier_moderation.enforcing.names import Names
from chandelier_moderation.enforcing.spoken import Spoken
from chandelier_moderation.enforcing.watch import Watch

__all__ = ["Enforcing"]

_ = chandelier.Messages("chandelier_moderation")


class Enforcing:
    """Automod in Discord. Made with the plugin; does nothing before `open`."""

    guilds: Guilds
    hits: Hits
    book: Book

    def __init__(self) -> None:
        self.events = loader = chandelier.Loader()
        loader.listener(hikari.GuildMessageCreateEvent, when=self._wants_new)(self._message)
        loader.listener(hikari.GuildMessageUpdateEvent, when=self._wants_edit)(self._message)
        loader.listener(hikari.MemberCreateEvent, when=self._wants_join)(self._joined)
        loader.listener(hikari.MemberUpdateEvent, when=self._wants_change)(self._changed)
        loader.listener(hikari.GuildThreadCreateEvent, when=self._wants_thread)(self._thread)
        loader.listener(hikari.GuildThreadUpdateEvent, when=self._wants_thread)(self._thread)
        loader.effect(hits.ACT)(self._carry_out)
        loader.effect(deeds.SWEEP)(self._sweep)
        loader.effect(deeds.NAME)(self._rename)
        loader.effect(deeds.ALERT)(self._alert)
        loader.effect(deeds.DRY)(self._dry)
        loader.effect(deeds.REPLY)(self._reply)
        loader.effect(ladder.LADDER_ALERT)(self._ladder)
        loader.effect(CLIMB)(self._climb)
        loader.timer(spoken.VANISH)(self._vanish)
        loader.timer(fading.FADE)(self._fade)
        loader.task(lightbulb.uniformtrigger(hours=24, wait_first=False))(self._tidy)
        loader.timer(lists.REFRESH)(self._refresh)

    def open(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        """Get ready; a guild's rules are read with its first message."""
        self.book = book
        self.lists = DomainLists(ctx)
        self.guilds = Guilds(ctx, self.lists)
        self.hits = Hits(ctx, book)
        self.judge = Judge(ctx)
        self._watch = Watch(ctx, self.guilds, self.judge, self.hits)
        self._names = Names(ctx, self.guilds, self.judge, self.hits)
        self._deeds = Deeds(ctx, book, self.guilds, self.hits)
        self._climber = ladder.Climber(ctx, book, self.guilds)
        self._fading = Fading(ctx)
        self._spoken = Spoken(ctx, self.hits, self._fading)

    def troubles(self) -> tuple[str, ...]:
        """Lines for the plugin's health: rules and lists that cannot be used."""
        rules = self.guilds.store.broken.items()
        return (
            *(
                _(
                    "server {server}: the rule “{rule}” is not used: {why}",
                    server=guild,
                    rule=name,
                    why=why,
                )
                for (guild, name), why in rules
            ),
            *(
                _("the list {list} cannot be read: {why}", list=name, why=why)
                for name, why in self.lists.troubles().items()
            ),
        )

    async def of_person(self, user_id: int) -> Mapping[str, Any]:
        """What is stored about a person, for their export."""
        return {
            "hits": await self.hits.of_person(user_id),
            "rules": await self.guilds.store.of_person(user_id),
            "alerts": await self._fading.of_person(user_id),
        }

    async def forget_person(self, user_id: int) -> int:
        """Forget a person's hits, also in posts, and who made rules; returns how many records that were."""
        posts = await self._fading.forget_person(user_id)
        hits, rules = await self.hits.forget_person(user_id), await self.guilds.store.forget_person(user_id)
        return posts + hits + rules

    # ---- handed on

    def _wants_new(self, message: Mapping[str, Any]) -> bool:
        return self._watch.wants_new(message)

    def _wants_edit(self, message: Mapping[str, Any]) -> bool:
        return self._watch.wants_edit(message)

    async def _message(self, event: hikari.GuildMessageCreateEvent | hikari.GuildMessageUpdateEvent) -> None:
        await self._watch.look(event)

    def _wants_join(self, member: Mapping[str, Any]) -> bool:
        return self._names.wants_join(member)

    def _wants_change(self, member: Mapping[str, Any]) -> bool:
        return self._names.wants_change(member)

    def _wants_thread(self, thread: Mapping[str, Any]) -> bool:
        return self._names.wants_thread(thread)

    async def _joined(self, event: hikari.MemberCreateEvent) -> None:
        await self._names.joined(event)

    async def _changed(self, event: hikari.MemberUpdateEvent) -> None:
        await self._names.changed(event)

    async def _thread(self, event: hikari.GuildThreadCreateEvent | hikari.GuildThreadUpdateEvent) -> None:
        await self._names.thread(event)

    async def _carry_out(self, effect: chandelier.Effect) -> None:
        await self._deeds.carry_out(effect)

    async def _sweep(self, effect: chandelier.Effect) -> None:
        await self._deeds.sweep(effect)

    async def _rename(self, effect: chandelier.Effect) -> None:
        await self._deeds.rename(effect)

    async def _alert(self, effect: chandelier.Effect) -> None:
        await self._spoken.alert(effect)

    async def _dry(self, effect: chandelier.Effect) -> None:
        await self._spoken.dry(effect)

    async def _reply(self, effect: chandelier.Effect) -> None:
        await self._spoken.reply(effect)

    async def _ladder(self, effect: chandelier.Effect) -> None:
        await self._spoken.ladder(effect)

    async def _climb(self, effect: chandelier.Effect) -> None:
        case = await self.book.find(int(effect.payload["guild"]), effect.payload["number"])
        if case is not None:
            await self._climber.climb(case, tell=case.dm != "off")

    async def _vanish(self, timer: chandelier.Timer) -> None:
        await self._spoken.vanish(timer)

    async def _fade(self, timer: chandelier.Timer) -> datetime | None:
        return await self._fading.fade(timer)

    async def _tidy(self) -> None:
        await self.hits.tidy()
        await self._fading.tidy()

    async def _refresh(self, _timer: chandelier.Timer) -> datetime | None:
        if await self.lists.refresh():
            self.guilds.forget(None)
        return self.lists.due()

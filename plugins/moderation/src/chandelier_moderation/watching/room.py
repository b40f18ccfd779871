"""The room: hears what happens in a server and has it told in its log, each kind as the guild says."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import hikari

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.turns import Turns
from chandelier_moderation.watching import audited
from chandelier_moderation.watching.journal import EFFECT, Entry, Journal
from chandelier_moderation.watching.messages import MessageWatch
from chandelier_moderation.watching.posting import Poster
from chandelier_moderation.watching.settings import Watch
from chandelier_moderation.watching.store import MessageStore

__all__ = ["Watching"]

_ = chandelier.Messages("chandelier_moderation")

TIDY_EVERY = 3_600.0
"""Seconds. What is too old is not shown even before."""


class Watching:
    """Everything that the plugin does for the log of events."""

    def __init__(self) -> None:
        self._known: dict[str, Watch] = {}
        """By the guild's id as Discord's JSON has it; a guild that was not asked about is not in it."""
        self._changes = 0
        self._turns = Turns[str]()
        self.drawing = asyncio.Lock()
        """One picture at a time: drawing takes memory, and the library is not made for threads."""
        self.loader = chandelier.Loader()
        messages, listen = hikari.GuildMessageCreateEvent, self.loader.listener
        listen(messages, when=self._wants_message)(self._written)
        listen(hikari.GuildMessageUpdateEvent, when=self._wants_message)(self._edited)
        listen(hikari.GuildMessageDeleteEvent, when=self._wants_deletion)(self._deleted)
        listen(hikari.GuildBulkMessageDeleteEvent, when=self._wants_deletion)(self._bulk_deleted)
        listen(hikari.MemberCreateEvent, when=self._wants("joins"))(self._joined)
        listen(hikari.MemberDeleteEvent, when=self._wants("leaves"))(self._left)
        listen(hikari.AuditLogEntryCreateEvent, when=self._wants_audit)(self._audited)
        self.loader.effect(EFFECT)(self._post)

    def open(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        """Get ready; called in the plugin's ``setup``."""
        self._ctx = ctx
        self._tidying: asyncio.Task[None] | None = None
        self.store = MessageStore(ctx, self._see_to_it)
        self.journal = Journal(ctx, self.store, self._see_to_it)
        self._poster = Poster(ctx, self.journal, self.store)
        self._messages = MessageWatch(ctx, self.store, self.journal)
        self._see_to_it()  # something may have been left from before

    async def settings(self, guild_id: int) -> Watch:
        """What a guild wants told."""
        key = str(int(guild_id))
        if key in self._known:
            return self._known[key]
        # One reads and the others wait: after a start a raid's thousand joins come before the first answer.
        async with self._turns.of(key):
            while key not in self._known:
                changes = self._changes
                watch = (await self._ctx.config_for(guild_id)).watch
                if changes == self._changes:  # else they changed while they were read
                    self._known[key] = watch
            return self._known[key]

    async def config_changed(self, guild_id: int | None) -> None:
        """Read a guild's settings anew; what it wants kept for a shorter time goes now."""
        self._changes += 1
        if guild_id is None:
            self._known.clear()
        else:
            self._known.pop(str(int(guild_id)), None)
            self._poster.mended(guild_id)
        await self.store.tidy(guild_id)

    def health(self) -> Sequence[str]:
        """What is not as it should be, for the plugin's health."""
        lines = [
            _("server {server}: events are not told: {why}", server=guild, why=why)
            for guild, why in self._poster.troubles.values()
        ]
        if self.store.problem is not None:
            lines.append(_("the texts of messages are not kept: {why}", why=self.store.problem))
        return lines

    async def export(self, user_id: int) -> Mapping[str, Any]:
        """What is stored about a person."""
        return {
            "kept_messages": list(await self.store.of_person(user_id)),
            "events_to_be_told": list(await self.journal.of_person(user_id)),
        }

    async def erase(self, user_id: int) -> int:
        """Erase what is stored about a person; returns how many records."""
        return await self.store.forget_person(user_id) + await self.journal.forget_person(user_id)

    # ---- which events: decided on Discord's raw payload

    def _wants_message(self, raw: Mapping[str, Any]) -> bool:
        watch = self._known.get(raw.get("guild_id", ""))
        return watch is None or (watch.messages and self._messages.wants(raw, watch))

    def _wants_deletion(self, raw: Mapping[str, Any]) -> bool:
        watch = self._known.get(raw.get("guild_id", ""))
        return watch is None or watch.messages

    def _wants(self, kind: str) -> Any:
        def wants(raw: Mapping[str, Any]) -> bool:
            watch = self._known.get(raw.get("guild_id", ""))
            return watch is None or watch.channel_of(kind) is not None

        return wants

    def _wants_audit(self, raw: Mapping[str, Any]) -> bool:
        kind = audited.KIND_OF.get(raw.get("action_type", 0))
        if kind is None:
            return False
        watch = self._known.get(raw.get("guild_id", ""))
        return watch is None or watch.channel_of(kind) is not None

    # ---- what happens

    async def _written(self, event: hikari.GuildMessageCreateEvent) -> None:
        await self._messages.written(event, await self.settings(event.guild_id))

    async def _edited(self, event: hikari.GuildMessageUpdateEvent) -> None:
        await self._messages.edited(event, await self.settings(event.guild_id))

    async def _deleted(self, event: hikari.GuildMessageDeleteEvent) -> None:
        await self._messages.deleted(event, await self.settings(event.guild_id))

    async def _bulk_deleted(self, event: hikari.GuildBulkMessageDeleteEvent) -> None:
        await self._messages.bulk_deleted(event, await self.settings(event.guild_id))

    async def _joined(self, event: hikari.MemberCreateEvent) -> None:
        channel = (await self.settings(event.guild_id)).joins.channel
        if channel is not None:
            await self.journal.add(
                Entry(
                    guild_id=event.guild_id,
                    log_channel_id=channel,
                    kind="joins",
                    what="joined",
                    at=self._ctx.now(),
                    member_id=event.user_id,
                    details={"bot": True} if event.user.is_bot else {},
                )
            )

    async def _left(self, event: hikari.MemberDeleteEvent) -> None:
        channel = (await self.settings(event.guild_id)).leaves.channel
        if channel is not None and event.user_id != self._ctx.bot_id:
            await self.journal.add(
                Entry(
                    guild_id=event.guild_id,
                    log_channel_id=channel,
                    kind="leaves",
                    what="left",
                    at=self._ctx.now(),
                    member_id=event.user_id,
                )
            )

    async def _audited(self, event: hikari.AuditLogEntryCreateEvent) -> None:
        kind = audited.KIND_OF.get(int(event.entry.action_type))
        channel = None if kind is None else (await self.settings(event.guild_id)).channel_of(kind)
        change = audited.read(event.entry)
        if kind is None or channel is None or change is None:
            return
        await self.journal.add(
            Entry(
                guild_id=event.guild_id,
                log_channel_id=channel,
                kind=kind,
                what=change.what,
                at=self._ctx.now(),
                member_id=change.member_id,
                by_id=event.entry.user_id,
                channel_id=change.channel_id,
                details=change.details,
            )
        )

    async def _post(self, effect: chandelier.Effect) -> None:
        await self._poster.post(effect)

    def _see_to_it(self) -> None:
        """Have what is stored forgotten in time: nothing runs while nothing is there."""
        if self._tidying is None or self._tidying.done():
            self._tidying = self._ctx.spawn(self._tidy(), "forgetting old messages")

    async def _tidy(self) -> None:
        while True:
            more = [await self.store.tidy(), await self.journal.tidy()]
            if not any(more):
                return
            await self._ctx.clock.sleep(TIDY_EVERY)

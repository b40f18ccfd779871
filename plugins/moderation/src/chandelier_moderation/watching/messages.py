"""Messages under watch: kept as they are written, told when they are edited or deleted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import hikari

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.turns import Turns
from chandelier_moderation.watching.journal import Entry, Journal
from chandelier_moderation.watching.settings import Watch
from chandelier_moderation.watching.store import Kept, MessageStore

__all__ = ["MessageWatch"]

JUST_NOW = timedelta(minutes=5)
"""An update of a message that is not in the store is an edit if its newest edit is not older: Discord sends
updates for pins and late embeds, too, with the time of an edit long ago."""
REMEMBERED = 1_000
"""Edits of messages that are not in the store: an update with a late embed is no second edit."""

_Event = hikari.GuildMessageCreateEvent | hikari.GuildMessageUpdateEvent


class MessageWatch:
    """Hears of messages; what becomes of them goes to the store and the journal."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], store: MessageStore, journal: Journal
    ) -> None:
        self._ctx = ctx
        self._store = store
        self._journal = journal
        # One message's events are taken in turn, else two edits at once would have the same "before"; those
        # of different messages are not, so that thousands at once are read and written together.
        self._turns = Turns[int]()
        self._edits: OrderedDict[int, Any] = OrderedDict()

    def wants(self, raw: Mapping[str, Any], watch: Watch) -> bool:
        """Decide on Discord's raw message: called for every message."""
        author = raw.get("author")
        if author is None or raw.get("webhook_id"):
            return False
        return watch.bots or not author.get("bot")

    async def written(self, event: hikari.GuildMessageCreateEvent, watch: Watch) -> None:
        """Keep a new message."""
        message = event.message
        if watch.keep and self._counts(event, watch):
            async with self._turns.of(int(message.id)):
                await self._store.remember(_kept(event, message, _text(message)))

    async def edited(self, event: hikari.GuildMessageUpdateEvent, watch: Watch) -> None:
        """Tell an edit, and keep the new text."""
        message = event.message
        if message.content is hikari.UNDEFINED or not self._counts(event, watch):
            return
        async with self._turns.of(int(message.id)):
            before = await self._store.find_one(event.guild_id, message.id) if watch.keep else None
            after = _kept(event, message, _text(message))
            if before is None and not self._newly_edited(message):
                return
            if before is not None and before.says == after.says:
                return
            if watch.keep:
                await self._store.remember(after)
            if watch.edits.channel is None:
                return
            await self._journal.add(
                Entry(
                    guild_id=event.guild_id,
                    log_channel_id=watch.edits.channel,
                    kind="edits",
                    what="edited",
                    at=self._ctx.now(),
                    member_id=after.author_id,
                    channel_id=message.channel_id,
                    message_id=message.id,
                    details={"files_gone": _gone(before, after)} if _gone(before, after) else {},
                    texts={"before": None if before is None else before.text, "after": after.text},
                )
            )

    async def deleted(self, event: hikari.GuildMessageDeleteEvent, watch: Watch) -> None:
        """Tell a deletion."""
        channel = watch.deletions.channel
        if not self._heard(event.channel_id, watch, log=True):
            return
        async with self._turns.of(int(event.message_id)):
            kept = await self._store.find_one(event.guild_id, event.message_id) if watch.keep else None
            if channel is None:
                if kept is not None:
                    await self._store.drop_one(kept.message_id)
                return
            await self._journal.add(
                Entry(
                    guild_id=event.guild_id,
                    log_channel_id=channel,
                    kind="deletions",
                    what="deleted",
                    at=self._ctx.now(),
                    member_id=None if kept is None else kept.author_id,
                    channel_id=event.channel_id,
                    message_id=event.message_id,
                )
            )

    async def bulk_deleted(self, event: hikari.GuildBulkMessageDeleteEvent, watch: Watch) -> None:
        """Tell that many messages were deleted at once."""
        channel = watch.deletions.channel
        if not self._heard(event.channel_id, watch, log=True):
            return
        if channel is None:
            async with self._ctx.storage.transaction() as session:
                await self._store.drop(session, map(int, event.message_ids))
            return
        await self._journal.add(
            Entry(
                guild_id=event.guild_id,
                log_channel_id=channel,
                kind="deletions",
                what="bulk_deleted",
                at=self._ctx.now(),
                channel_id=event.channel_id,
                details={"messages": [str(one) for one in sorted(event.message_ids)]},
            )
        )

    def _counts(self, event: _Event, watch: Watch) -> bool:
        message = event.message
        author = message.author
        if not author or message.webhook_id or (author.is_bot and not watch.bots):
            return False
        return author.id != self._ctx.bot_id and self._heard(message.channel_id, watch)

    def _heard(self, channel_id: int, watch: Watch, *, log: bool = False) -> bool:
        """Whether a channel is watched: not what the guild leaves out, nor the log's own channels.

        With ``log`` these are: who deletes posts of the log is told in it.
        """
        if channel_id in watch.ignore or (channel_id in watch.log_channels and not log):
            return False
        if not watch.ignore:
            return True
        channel = self._ctx.cache.get_guild_channel(channel_id) or self._ctx.cache.get_thread(channel_id)
        parent = None if channel is None else channel.parent_id
        above = None if parent is None else self._ctx.cache.get_guild_channel(parent)
        return parent not in watch.ignore and (above is None or above.parent_id not in watch.ignore)

    def _newly_edited(self, message: hikari.PartialMessage) -> bool:
        """Whether an update of a message whose text was not kept is an edit that was not told before."""
        at = message.edited_timestamp
        if not at or self._ctx.now() - at > JUST_NOW or self._edits.get(int(message.id)) == at:
            return False
        self._edits[int(message.id)] = at
        while len(self._edits) > REMEMBERED:
            self._edits.popitem(last=False)
        return True


def _kept(event: _Event, message: hikari.PartialMessage, text: str) -> Kept:
    files = message.attachments or ()
    author = message.author
    return Kept(
        message_id=int(message.id),
        guild_id=int(event.guild_id),
        channel_id=int(message.channel_id),
        author_id=int(author.id) if author else 0,
        text=text,
        files=tuple(file.filename for file in files),
    )


def _text(message: hikari.PartialMessage) -> str:
    """What is written in a message, forwarded messages included."""
    snapshots = message.message_snapshots or ()
    return "\n".join([message.content or "", *(snapshot.content or "" for snapshot in snapshots)])


def _gone(before: Kept | None, after: Kept) -> list[str]:
    return [] if before is None else [name for name in before.files if name not in after.files]

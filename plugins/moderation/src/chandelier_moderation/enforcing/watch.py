"""Messages as they come: matched on Discord's raw payload, so that of most of them no model is ever made."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from typing import Any

import attrs
import hikari

import chandelier
from chandelier_moderation.automod.content import Content, content_of
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.counting import Counting
from chandelier_moderation.enforcing.guilds import UNKNOWN, Guarded, Guilds
from chandelier_moderation.enforcing.hits import Hits
from chandelier_moderation.enforcing.judge import Found, Judge, Writing

__all__ = ["Watch", "author_kind"]

MOST_WAITING = 10_000
"""Payloads that wait for their models: for less than one turn of the loop, so this is never reached."""

_WRITTEN = frozenset({0, 19, 20, 21, 23})
"""Types of messages that somebody wrote: default, reply, slash command, thread starter, context menu.
https://discord.com/developers/docs/resources/message#message-object-message-types"""


@attrs.frozen(kw_only=True)
class _Waiting:
    """A payload that was let pass, until its event comes."""

    raw: Mapping[str, Any]
    content: Content
    found: tuple[Found, ...] | None
    """None: the guild's rules were not known."""
    edited: bool


class Watch:
    """Looks at every message and every edit, and hands what rules hit to the judge."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], guilds: Guilds, judge: Judge, hits: Hits
    ) -> None:
        self._ctx = ctx
        self._guilds = guilds
        self._judge = judge
        self._hits = hits
        self._counting = Counting(judge.known_place)
        self._waiting: OrderedDict[int, deque[_Waiting]] = OrderedDict()

    # ---- on the raw payload, for every message of every server

    def wants_new(self, message: Mapping[str, Any]) -> bool:
        """Decide on a new message whether it has to be looked at."""
        return self._wants(message, edited=False)

    def wants_edit(self, message: Mapping[str, Any]) -> bool:
        """The same for an update: an edit, or embeds that came late."""
        return self._wants(message, edited=True)

    def _wants(self, message: Mapping[str, Any], *, edited: bool) -> bool:
        guarded = self._guilds.ready(message.get("guild_id"))
        if guarded is None or message.get("type", 0) not in _WRITTEN:
            return False
        if guarded is UNKNOWN:
            return self._keep(message, content_of(message), None, edited)
        found, content = self._find(guarded, message, edited=edited)
        return bool(found) and self._keep(message, content, found, edited)

    def _find(
        self, guarded: Guarded, message: Mapping[str, Any], *, edited: bool
    ) -> tuple[tuple[Found, ...], Content]:
        content = content_of(message)
        author = message.get("author")
        if author is not None and (
            author.get("id") == str(self._ctx.bot_id) or author_kind(message) not in guarded.kinds
        ):
            return (), content
        found = tuple(Found(hit) for hit in guarded.engine.match(content))
        if guarded.counting and not edited and author is not None:
            found += self._counting.found(guarded, message, content)
        return found, content

    def _keep(
        self, message: Mapping[str, Any], content: Content, found: tuple[Found, ...] | None, edited: bool
    ) -> bool:
        # An update that only brings embeds has no such field; one of an edited message always has.
        changed = edited and bool(message.get("edited_timestamp"))
        waiting = _Waiting(raw=message, content=content, found=found, edited=changed)
        self._waiting.setdefault(int(message["id"]), deque()).append(waiting)
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popitem(last=False)
        return True

    # ---- on the event

    async def look(self, event: hikari.GuildMessageCreateEvent | hikari.GuildMessageUpdateEvent) -> None:
        """Judge a message that was let pass."""
        waiting = self._take(event.message_id)
        if waiting is None:
            return
        raw, found, guild_id = waiting.raw, waiting.found, event.guild_id
        if found is None:
            guarded = await self._guilds.of(guild_id)
            if guarded is None:
                return
            found, _ = self._find(guarded, raw, edited=isinstance(event, hikari.GuildMessageUpdateEvent))
        if not found:
            return
        writing = await self._writing(event, waiting)
        if writing is not None:
            kept = await self._judge.kept(writing, found)
            if kept:
                await self._hits.record(writing, kept)

    def _take(self, message_id: int) -> _Waiting | None:
        queue = self._waiting.get(int(message_id))
        if not queue:
            return None
        waiting = queue.popleft()
        if not queue:
            del self._waiting[int(message_id)]
        return waiting

    async def _writing(
        self, event: hikari.GuildMessageCreateEvent | hikari.GuildMessageUpdateEvent, waiting: _Waiting
    ) -> Writing | None:
        message: hikari.PartialMessage = event.message
        bot, webhook = author_kind(waiting.raw)
        if not message.author:  # embeds alone came: ask who wrote what they belong to
            try:
                message = await self._ctx.rest.fetch_message(message.channel_id, message.id)
            except (hikari.NotFoundError, hikari.ForbiddenError):
                return None
            assert message.author
            bot, webhook = message.author.is_bot, message.webhook_id is not None
            if message.author.id == self._ctx.bot_id:
                return None
        author = message.author
        return Writing(
            guild_id=int(event.guild_id),
            channel_id=int(message.channel_id),
            message_id=int(message.id),
            user_id=int(author.id),
            bot=bot,
            webhook=webhook,
            member=message.member or None,
            content=waiting.content,
            edited=waiting.edited,
        )


def author_kind(message: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a raw message is a bot's, and whether it is a webhook's.

    An application's answer to a command has a ``webhook_id`` as well: its own.
    https://discord.com/developers/docs/resources/message#message-object
    """
    webhook = message.get("webhook_id")
    if webhook is not None and webhook != message.get("application_id"):
        return False, True
    return bool((message.get("author") or {}).get("bot")), False

"""The keyword rule: a message, or an edit, with one of a guild's words is deleted and becomes a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import hikari

import chandelier
from chandelier_moderation.cards import FIELD_VALUE, crop
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.words import WordMatcher, text_of

__all__ = ["KeywordRule"]

RULE = "words"
"""The rule's name in a case's source: one case per message and rule."""

_UNKNOWN = WordMatcher(())


class KeywordRule:
    """Keeps one compiled matcher per guild, and acts on what it finds."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        self._ctx = ctx
        self._book = book
        # By the guild's id as Discord's JSON has it; None: the guild has no words.
        self._matchers: dict[str | None, WordMatcher | None] = {None: None}
        self._changes = 0

    def forget(self, guild_id: int | None) -> None:
        """Read the words of a guild anew; of every guild when it is None."""
        self._changes += 1
        if guild_id is None:
            self._matchers = {None: None}
        else:
            self._matchers.pop(str(guild_id), None)

    def wants(self, message: Mapping[str, Any]) -> bool:
        """Decide on Discord's raw message whether it has to be looked at: called for every message."""
        matcher = self._matchers.get(message.get("guild_id"), _UNKNOWN)
        if matcher is None:
            return False
        author = message.get("author")
        if author is None or author.get("bot") or message.get("webhook_id"):
            return False  # an update without an author brings embeds, no text
        return matcher is _UNKNOWN or matcher.find(text_of(message)) is not None

    async def look(self, event: hikari.GuildMessageCreateEvent | hikari.GuildMessageUpdateEvent) -> None:
        """Remove a message that contains a word, unless its author may write it."""
        message = event.message
        matcher = await self._matcher(event.guild_id)
        author = message.author
        if matcher is None or not author:
            return
        text = _text(message)
        word = matcher.find(text)
        if word is None:
            return
        config = await self._ctx.config_for(event.guild_id)
        if await self._exempt(event, config):
            return
        case, new = await self._book.open(
            Draft(
                guild_id=event.guild_id,
                action="remove",
                target_id=author.id,
                moderator_id=self._ctx.bot_id,
                reason=f"Contains “{crop(word, 100)}”",
                source=f"message-{message.id}-{RULE}",
                log_channel_id=config.log_channel,
                tell_member=config.tell_member == "always",
                channel_id=message.channel_id,
                message_id=message.id,
                evidence=crop(text, FIELD_VALUE),
                removes=True,
            )
        )
        if new:
            self._ctx.log.info("message {} in guild {} is case #{}", message.id, case.guild_id, case.number)

    async def _matcher(self, guild_id: int) -> WordMatcher | None:
        key = str(int(guild_id))
        if key not in self._matchers:
            changes = self._changes
            matcher = WordMatcher((await self._ctx.config_for(guild_id)).words) or None
            if changes != self._changes:  # the config changed while it was read
                return await self._matcher(guild_id)
            self._matchers[key] = matcher
        return self._matchers[key]

    async def _exempt(
        self, event: hikari.GuildMessageCreateEvent | hikari.GuildMessageUpdateEvent, config: ModerationConfig
    ) -> bool:
        message = event.message
        member = message.member or None
        if member is None:
            try:
                member = await self._ctx.rest.fetch_member(event.guild_id, event.author_id or 0)
            except hikari.NotFoundError:
                return False  # gone: nobody's permissions excuse what is still there
        person = await chandelier.person_in_channel(self._ctx, member, message.channel_id)
        # An exempt role stands for the permission; what the server's own rules deny, it does not give.
        listed = not set(config.exempt_roles).isdisjoint(member.role_ids)
        return await self._ctx.access.allows(person, "exempt", hikari.Permissions.NONE if listed else None)


def _text(message: hikari.PartialMessage) -> str:
    snapshots = message.message_snapshots or ()
    return "\n".join([message.content or "", *(snapshot.content or "" for snapshot in snapshots)])

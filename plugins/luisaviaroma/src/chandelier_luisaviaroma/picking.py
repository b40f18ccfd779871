"""From a monitor's post to a stored product: 🔗 under the post, and what a moderator's 🔗 does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import hikari

import chandelier
from chandelier_luisaviaroma.finds import Shown, finds_in, shown_by
from chandelier_luisaviaroma.plugin import Luisaviaroma
from chandelier_luisaviaroma.products import CONFIRM

__all__ = ["LINK", "loader"]

LINK: Final = "🔗"
_STORED: Final = "✅"
_MARK: Final = "mark"
"""Kind of the outbox entries that put 🔗 under a post; the key is the message's id, so it happens once."""

DEFAULT: Final = hikari.Permissions.MANAGE_MESSAGES

loader = chandelier.Loader()
_ = chandelier.Messages(__package__)


def may_be_find(payload: Mapping[str, Any]) -> bool:
    """Whether a raw message, new or changed, is a bot's post that shows products of the shop.

    An update may come without its author; then the handler has to ask.
    """
    if not payload.get("embeds") or "guild_id" not in payload:
        return False
    author = payload.get("author")
    if author is not None and not author.get("bot") and "webhook_id" not in payload:
        return False
    return bool(finds_in(shown_by(payload)))


def is_link(payload: Mapping[str, Any]) -> bool:
    """Whether a raw reaction is a person's 🔗 in a guild."""
    emoji = payload["emoji"]
    if emoji.get("id") is not None or (emoji.get("name") or "").rstrip("\ufe0f") != LINK:
        return False
    member = payload.get("member")
    return member is not None and not (member.get("user") or {}).get("bot")


@loader.listener(hikari.GuildMessageCreateEvent, when=may_be_find)
async def posted(event: hikari.GuildMessageCreateEvent, plugin: Luisaviaroma) -> None:
    """A monitor has posted a find."""
    await _mark(plugin, event.guild_id, event.channel_id, event.message_id, event.author)


@loader.listener(hikari.GuildMessageUpdateEvent, when=may_be_find)
async def changed(event: hikari.GuildMessageUpdateEvent, plugin: Luisaviaroma) -> None:
    """A post has got its embeds later, or was edited; it is marked once all the same."""
    author = event.author
    if not isinstance(author, hikari.User):
        try:
            message = await plugin.ctx.rest.fetch_message(event.channel_id, event.message_id)
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return
        author = message.author
        if not author.is_bot and message.webhook_id is None:
            return
    await _mark(plugin, event.guild_id, event.channel_id, event.message_id, author)


async def _mark(
    plugin: Luisaviaroma, guild_id: int, channel_id: int, message_id: int, author: hikari.User
) -> None:
    if author.id == plugin.ctx.bot_id:  # such as redeye's alerts, which link the shop too
        return
    config = await plugin.ctx.config_for(guild_id)
    if config.concerns(channel_id, author):
        where = {"channel": int(channel_id), "message": int(message_id)}
        await plugin.ctx.outbox.put(_MARK, key=str(int(message_id)), payload=where)


@loader.listener(hikari.GuildReactionAddEvent, when=is_link)
async def picked(event: hikari.GuildReactionAddEvent, plugin: Luisaviaroma) -> None:
    """A member reacted with 🔗; a moderator's stores the post's products.

    A reaction cannot be answered, so one that does not count is passed over in silence.
    """
    ctx = plugin.ctx
    config = await ctx.config_for(event.guild_id)
    if config.channels and event.channel_id not in config.channels:
        return
    person = await chandelier.person_in_channel(ctx, event.member, event.channel_id)
    # A moderators' role stands for the permissions; what the server's own rules deny, it does not give.
    of_staff = bool(set(config.moderator_roles) & set(event.member.role_ids))
    if not await ctx.access.allows(person, "store", hikari.Permissions.NONE if of_staff else DEFAULT):
        return
    try:
        # The post may be older than this process, so it is in no cache.
        message = await ctx.rest.fetch_message(event.channel_id, event.message_id)
    except hikari.NotFoundError:
        return  # deleted meanwhile
    except hikari.ForbiddenError:
        plugin.troubles.add(_("I may not read the posts in {channel}.", channel=f"<#{event.channel_id}>"))
        return
    author = message.author
    is_monitor = (author.is_bot or message.webhook_id is not None) and author.id != ctx.bot_id
    if not is_monitor or not config.concerns(event.channel_id, author):
        return
    finds = finds_in([Shown.from_embed(embed) for embed in message.embeds])
    if finds:
        new = await plugin.products.store(
            finds,
            guild_id=int(event.guild_id),
            channel_id=int(event.channel_id),
            message_id=int(event.message_id),
            by=int(event.user_id),
            confirm=config.confirm,
        )
        ctx.log.info("{} of {} products stored from message {}", new, len(finds), event.message_id)


@loader.effect(_MARK)
async def mark(effect: chandelier.Effect, plugin: Luisaviaroma) -> Mapping[str, Any]:
    """Put 🔗 under a find."""
    return await _react(plugin, effect, LINK)


@loader.effect(CONFIRM)
async def confirm(effect: chandelier.Effect, plugin: Luisaviaroma) -> Mapping[str, Any]:
    """Put ✅ under a post whose products are stored."""
    return await _react(plugin, effect, _STORED)


async def _react(plugin: Luisaviaroma, effect: chandelier.Effect, emoji: str) -> Mapping[str, Any]:
    """Reacting twice is reacting once, so an uncertain earlier attempt needs no look."""
    channel_id = int(effect.payload["channel"])
    trouble = _(
        "I may not add reactions in {channel}; give me Add Reactions and Read Message History.",
        channel=f"<#{channel_id}>",
    )
    try:
        await plugin.ctx.rest.add_reaction(channel_id, int(effect.payload["message"]), emoji)
    except hikari.NotFoundError:
        return {"done": False, "why": "the message is gone"}
    except hikari.ForbiddenError:
        plugin.troubles.add(trouble)
        raise
    plugin.troubles.discard(trouble)
    return {"done": True}


@loader.listener(hikari.GuildLeaveEvent)
async def left(event: hikari.GuildLeaveEvent, plugin: Luisaviaroma) -> None:
    """A server that removed the bot keeps no products here."""
    await plugin.products.forget_guild(int(event.guild_id))

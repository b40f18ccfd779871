"""The message that a moderator names as the reason to act: read, checked, and kept with the case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import hikari
import lightbulb

import chandelier
from chandelier_moderation.casebook.evidence import evidence_of

if TYPE_CHECKING:
    from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["LINK", "MESSAGE_ID", "message_named", "message_option"]

_ = chandelier.Messages("chandelier_moderation")

LINK: Final = re.compile(
    r"<?https?://(?:(?:ptb|canary)\.)?discord(?:app)?\.com/channels/(\d{15,20})/(\d{15,20})/(\d{15,20})>?"
)
"""A message's link: the ids of its server, its channel and itself."""
MESSAGE_ID: Final = re.compile(r"(?:(\d{15,20})-)?(\d{15,20})")
"""Its id, also as the client copies it with Shift held: the channel's id, a dash, the message's id."""
_READS: Final = hikari.Permissions.VIEW_CHANNEL | hikari.Permissions.READ_MESSAGE_HISTORY


def message_option() -> Any:
    """The option of a command with the message that it is about."""
    return lightbulb.string(
        "message",
        "The message it is about: its link, or its id in this channel",
        max_length=200,
        default="",
    )


async def message_named(
    plugin: ModerationPlugin,
    text: str,
    *,
    actor: hikari.Member,
    target: hikari.PartialUser,
    channel_id: hikari.Snowflakeish,
) -> Mapping[str, Any]:
    """The fields of a case with that message as its evidence; none when ``text`` is empty.

    ``channel_id`` is where an id without a channel is looked for. Raises InvalidRequest when there is no such
    message in the server or it is not the target's, NotAllowed when the moderator or the bot cannot read it.
    """
    text = text.strip()
    if not text:
        return {}
    guild_id, where, message_id = int(actor.guild_id), int(channel_id), 0
    if (link := LINK.fullmatch(text)) is not None:
        of, where, message_id = int(link[1]), int(link[2]), int(link[3])
        if of != guild_id:
            raise chandelier.InvalidRequest(_("That message is not of this server."))
    elif (found := MESSAGE_ID.fullmatch(text)) is not None:
        where, message_id = int(found[1] or where), int(found[2])
    message = await _message(plugin, actor, where, message_id)
    if message is None:
        raise chandelier.InvalidRequest(
            _(
                "I find no such message in this server. "
                "Choose “Copy Message Link” in its menu, and paste that."
            )
        )
    if message.author.id != target.id or message.webhook_id is not None:
        raise chandelier.InvalidRequest(
            _(
                "That message is not by {member}. Give the link of one of theirs, or leave `message` out.",
                member=f"<@{int(target.id)}>",
            )
        )
    evidence = evidence_of(message)
    return {
        "channel_id": where,
        "message_id": message_id,
        "evidence": evidence.text,
        "attachments": evidence.attachments,
    }


async def _message(
    plugin: ModerationPlugin, actor: hikari.Member, channel_id: int, message_id: int
) -> hikari.Message | None:
    if not 0 < message_id < 1 << 63 or not 0 < channel_id < 1 << 63:
        return None
    rest, shown = plugin.ctx.rest, f"<#{channel_id}>"
    try:
        channel = await rest.fetch_channel(channel_id)
        if not isinstance(channel, hikari.GuildChannel) or channel.guild_id != actor.guild_id:
            return None
        if not await _reads(plugin, actor, channel):
            raise chandelier.NotAllowed(
                _("You cannot read {channel}, so you cannot name its messages.", channel=shown)
            )
        return await rest.fetch_message(channel_id, message_id)
    except hikari.NotFoundError:
        return None
    except hikari.ForbiddenError:
        raise chandelier.NotAllowed(_("I cannot read {channel}.", channel=shown)) from None


async def _reads(plugin: ModerationPlugin, actor: hikari.Member, channel: hikari.GuildChannel) -> bool:
    held = (await chandelier.person_in_channel(plugin.ctx, actor, channel.id)).permissions
    if _READS & ~held:
        return False
    if not isinstance(channel, hikari.GuildPrivateThread) or hikari.Permissions.MANAGE_THREADS in held:
        return True
    try:
        await plugin.ctx.rest.fetch_thread_member(channel.id, actor.id)
    except hikari.NotFoundError:
        return False
    return True

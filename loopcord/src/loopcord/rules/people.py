"""Rules on what people and bots may do, whether they ask over REST or act in a client.

Each raises :class:`BackendError` with Discord's code when it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from loopcord import permissions
from loopcord._simcord import BackendError, ChannelModel, MessageModel

from . import limits
from .emoji import unknown_emoji, usable_emoji
from .forms import Form
from .messages import check_message, empty_message

if TYPE_CHECKING:
    from loopcord._repairs import LocalBackend

__all__ = [
    "SlowmodeError",
    "check_dm",
    "check_reaction",
    "check_slowmode",
    "check_timeout_target",
    "check_written",
    "missing_permissions",
    "note_written",
]


class SlowmodeError(BackendError):
    """Somebody writes too soon; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(429, 20016, "This action cannot be performed due to slowmode rate limit.")
        self.retry_after = retry_after


def missing_permissions() -> BackendError:
    """What Discord answers who may not do something."""
    return BackendError(403, 50013, "Missing Permissions")


def _may(backend: LocalBackend, guild_id: int, user_id: int, channel_id: int | None, name: str) -> bool:
    bits = backend.compute_permissions(guild_id, user_id, channel_id)
    return bool(bits & permissions.BITS[name])


def check_written(
    content: str,
    embeds: Sequence[Mapping[str, Any]] | None,
    *,
    files: int,
    old: MessageModel | None = None,
) -> list[dict[str, Any]] | None:
    """Check what somebody writes; returns the embeds as Discord keeps them, None when none were given.

    Source: https://discord.com/developers/docs/resources/message#create-message
    """
    form = Form()
    body: dict[str, Any] = {"content": content}
    if embeds is not None:
        body["embeds"] = [dict(embed) for embed in embeds]
    checked = check_message(body, (), form, old=old)
    form.refuse()
    empty_message(checked, files=files, old=old)
    return checked.get("embeds")


def check_slowmode(backend: LocalBackend, channel: ChannelModel, user_id: int) -> None:
    """Let people wait between messages; bots and those who may bypass slow mode need not.

    Source: https://discord.com/developers/docs/resources/channel#channel-object
    """
    slowmode = channel.rate_limit_per_user
    if not slowmode or channel.guild_id is None or backend.users[user_id].bot:
        return
    if _may(backend, channel.guild_id, user_id, channel.id, "bypass_slowmode"):
        return
    wait = backend.memory.wait(channel.id, user_id, slowmode)
    if wait > 0:
        raise SlowmodeError(wait)


def note_written(backend: LocalBackend, channel: ChannelModel, user_id: int) -> None:
    """Remember for slow mode that somebody has just written."""
    if channel.rate_limit_per_user:
        backend.memory.wrote(channel.id, user_id)


def check_dm(backend: LocalBackend, channel: ChannelModel) -> None:
    """Refuse the bot's message to somebody who takes none from it.

    Source: https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes
    """
    me = backend.bot_user.id
    for user_id in channel.recipient_ids:
        if user_id in backend.memory.closed_dms or (user_id, me) in backend.memory.blocks:
            raise BackendError(403, 50007, "Cannot send messages to this user")
        if not any({user_id, me} <= guild.members.keys() for guild in backend.guilds.values()):
            alone = "Cannot send messages to this user due to having no mutual guilds"
            raise BackendError(403, 50278, alone)


def check_reaction(
    backend: LocalBackend, channel: ChannelModel, message: MessageModel, emoji: str, user_id: int
) -> None:
    """Refuse an unknown emoji, a 21st one, and a reaction to somebody who has blocked this person.

    Source: https://discord.com/developers/docs/resources/message#create-reaction
    """
    if (message.author_id, user_id) in backend.memory.blocks:
        raise BackendError(403, 90001, "Reaction was blocked")
    if message.reaction_for(emoji) is not None:  # joining is free
        return
    guild_id = channel.guild_id
    external = guild_id is None or _may(backend, guild_id, user_id, channel.id, "use_external_emojis")
    if not usable_emoji(backend, emoji, guild_id=guild_id, external=external):
        raise unknown_emoji()
    if len(message.reactions) >= limits.REACTIONS:
        raise BackendError(400, 30010, f"Maximum number of reactions reached ({limits.REACTIONS})")


def check_timeout_target(backend: LocalBackend, guild_id: int, user_id: int) -> None:
    """Nobody times out the owner or an administrator, however high they stand themselves.

    Source: https://discord.com/developers/docs/resources/guild#modify-guild-member
    """
    owner = backend.get_guild(guild_id).owner_id
    if user_id == owner or _may(backend, guild_id, user_id, None, "administrator"):
        raise missing_permissions()

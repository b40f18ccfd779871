"""Which emoji exist: Unicode's, and the custom ones of the bot's guilds and of its application.

Source: https://discord.com/developers/docs/resources/message#create-reaction
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loopcord._simcord import BackendError

if TYPE_CHECKING:
    from loopcord._repairs import LocalBackend

__all__ = ["unknown_emoji", "usable_emoji"]


def unknown_emoji() -> BackendError:
    """What Discord answers where a reaction's emoji is none."""
    return BackendError(400, 10014, "Unknown Emoji")


def usable_emoji(backend: LocalBackend, emoji: str, *, guild_id: int | None, external: bool) -> bool:
    """Whether somebody can react with ``emoji`` in a guild: Unicode's, or ``name:id`` of a custom one.

    Args:
        backend: the world.
        emoji: the emoji, percent-escapes decoded.
        guild_id: where; None in direct messages.
        external: whether emoji of other guilds may be used (USE_EXTERNAL_EMOJIS).
    """
    name, colon, custom = emoji.rpartition(":")
    if colon and name and custom.isascii() and custom.isdecimal():
        return _custom(backend, int(custom), guild_id, external)
    # Heavy (a tenth of a second), and of no use to a test without reactions.
    from emoji import is_emoji

    return is_emoji(emoji)


def _custom(backend: LocalBackend, emoji_id: int, guild_id: int | None, external: bool) -> bool:
    home = backend.guilds.get(guild_id) if guild_id is not None else None
    if home is not None and emoji_id in home.emojis:
        return home.emojis[emoji_id].available
    if not external:
        return False
    elsewhere = any(emoji_id in guild.emojis for guild in backend.guilds.values())
    return elsewhere or emoji_id in backend.application_emojis

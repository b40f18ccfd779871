"""People and bots as Discord knows them, in whichever guilds they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .guilds import Channel
    from .local import LocalDiscord
    from .messages import Message

__all__ = ["User"]


class User:
    """A person (or bot) known to Discord, whether or not in a guild."""

    def __init__(self, discord: LocalDiscord, user_id: int) -> None:
        self.discord = discord
        self.id = user_id

    @property
    def name(self) -> str:
        """The user name."""
        return self.discord.backend.users[self.id].name

    @property
    def bot(self) -> bool:
        """Whether this is a bot's account."""
        return self.discord.backend.users[self.id].bot

    @property
    def mention(self) -> str:
        """What pings this user in a message."""
        return f"<@{self.id}>"

    @property
    def locale(self) -> str:
        """The language in which this person uses Discord, as their interactions tell: `en-US`, `it`, …"""
        return self.discord.backend.locales.get(self.id, "en-US")

    @locale.setter
    def locale(self, locale: str) -> None:
        self.discord.backend.locales[self.id] = locale

    @property
    def dm(self) -> Channel:
        """The direct-message channel of this user and the bot."""
        from .guilds import Channel  # which needs people in its turn

        return Channel(self.discord, self.discord.backend.get_dm_channel(self.id))

    @property
    def dms(self) -> list[Message]:
        """What the bot sent this user directly, oldest first."""
        if self.id not in self.discord.backend.dm_channels:
            return []
        return [message for message in self.dm.messages if message.author_id == self.discord.bot.id]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, User) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self.id}>"

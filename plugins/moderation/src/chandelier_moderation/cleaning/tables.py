"""What a purge stores while it is under way; all of it is gone within a day."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Integer, Text, false
from sqlalchemy.orm import Mapped, mapped_column

import chandelier
from chandelier_moderation.tables import Tables

__all__ = ["Purge", "PurgedMessage"]


class Purge(Tables):
    """One `/purge`, from the search to its account."""

    __tablename__ = "moderation_purges"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The interaction's id: a command that Discord delivers twice is one purge."""
    guild_id: Mapped[int] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    moderator_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    """``looking``, ``asking`` (with the preview), ``deleting``, ``stopping``, ``reporting`` or ``done``."""
    wanted: Mapped[Any] = mapped_column(chandelier.Json)
    """What is to be deleted, see `selection.Wanted`."""
    reply: Mapped[Any] = mapped_column(chandelier.Json)
    """Where the moderator reads about it: application, token and locale of an interaction."""
    created_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    cursor: Mapped[int] = mapped_column(BigInteger)
    """Messages before this id have not been looked at."""
    looked: Mapped[int] = mapped_column(Integer, server_default="0")
    more: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether the search ended before the end of the channel, because it had looked at enough."""
    spared: Mapped[int] = mapped_column(Integer, server_default="0")
    """Pinned messages that would fit."""
    most_old: Mapped[int] = mapped_column(Integer)
    """How many messages are deleted one by one, at most."""
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    """How often in a row Discord has failed."""
    trouble: Mapped[str | None] = mapped_column(Text)
    """Why it ended early, as a code that the cards put into words."""
    totals: Mapped[Any] = mapped_column(chandelier.Json, server_default="{}")
    """What became of the messages: numbers by outcome."""
    log: Mapped[str] = mapped_column(Text)
    """The post in the log: ``off``, ``waiting``, ``posted`` or ``failed``."""
    log_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    log_message_id: Mapped[int | None] = mapped_column(BigInteger)


class PurgedMessage(Tables):
    """A message that a purge is to delete; what it said is kept from its deletion to the transcript."""

    __tablename__ = "moderation_purged"
    __table_args__ = (Index(None, "author_id"),)

    purge_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    state: Mapped[str] = mapped_column(Text)
    """``found``, ``tried`` (a deletion is under way) or its outcome, see `store.OUTCOMES`."""
    single: Mapped[bool] = mapped_column(Boolean, server_default=false())
    """Whether it is to be deleted, or was, by a request of its own."""
    author_id: Mapped[int] = mapped_column(BigInteger)
    author: Mapped[str | None] = mapped_column(Text)
    content: Mapped[str | None] = mapped_column(Text)

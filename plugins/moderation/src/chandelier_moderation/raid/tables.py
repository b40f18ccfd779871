"""Tables of raid mode: when it was on, what it paused, and who came meanwhile."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import chandelier
from chandelier_moderation.tables import Tables

__all__ = ["ENDED", "ENDING", "ON", "Newcomer", "Raid"]

ON, ENDING, ENDED = "on", "ending", "ended"
"""The states of raid mode; while it is ending, what it changed is being restored."""


class Raid(Tables):
    """One time in which raid mode was on in a guild. What it did is cases of the batch `batch_of`."""

    __tablename__ = "moderation_raids"
    __table_args__ = (UniqueConstraint("guild_id", "is_on"),)

    id: Mapped[int] = mapped_column(chandelier.RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    is_on: Mapped[bool | None]
    """True or NULL: of NULLs there may be any number, so one raid at a time is on."""
    state: Mapped[str] = mapped_column(Text)
    started_by: Mapped[int] = mapped_column(BigInteger)
    """Who started it; the bot's own id when it was the rate of joins."""
    rate: Mapped[int | None] = mapped_column(Integer)
    """How many joined within the time that counts, when it was the rate."""
    started_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(BigInteger)
    """Who ended it; NULL when its time was over."""
    measures: Mapped[Any] = mapped_column(chandelier.Json)
    """What the settings said when it started, see ``raids.measures_of``."""
    before: Mapped[Any] = mapped_column(chandelier.Json)
    """Until when invites and direct messages were paused before, as ISO 8601 or null; ``{}``: unknown."""
    paused: Mapped[Any] = mapped_column(chandelier.Json)
    """What it paused, in the same form; ``{}``: nothing."""
    pausing: Mapped[str] = mapped_column(Text)
    """``off``, ``waiting``, ``done``, ``failed`` (Discord refused), ``restored`` or ``by_hand``."""
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    """Where staff is told."""
    message_id: Mapped[int | None] = mapped_column(BigInteger)


class Newcomer(Tables):
    """Somebody who joined while raid mode was on, or who was part of why it began."""

    __tablename__ = "moderation_raid_newcomers"
    __table_args__ = (Index(None, "user_id"),)

    raid_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    joined_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)

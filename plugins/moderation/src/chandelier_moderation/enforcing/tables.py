"""The room's tables: the rules of a server, its ladder, and what the rules hit lately."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import chandelier
from chandelier_moderation.tables import Tables

__all__ = ["StoredHit", "StoredLadder", "StoredRule"]


class StoredRule(Tables):
    """One rule of a server, as plain data: see ``automod.plain``."""

    __tablename__ = "moderation_rules"

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    """The name, folded: upper and lower case are the same."""
    body: Mapped[Any] = mapped_column(chandelier.Json)
    created_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    created_by: Mapped[int] = mapped_column(BigInteger)
    edited_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    edited_by: Mapped[int] = mapped_column(BigInteger)


class StoredLadder(Tables):
    """What becomes of points in a server."""

    __tablename__ = "moderation_ladders"

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    body: Mapped[Any] = mapped_column(chandelier.Json)


class StoredHit(Tables):
    """A rule hit something: written before anything is done about it, and once for the same find."""

    __tablename__ = "moderation_hits"
    __table_args__ = (
        UniqueConstraint("guild_id", "source"),
        Index(None, "guild_id", "rule", "at"),
        Index(None, "at"),
        Index(None, "user_id"),
    )

    id: Mapped[int] = mapped_column(chandelier.RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    rule: Mapped[str] = mapped_column(Text)
    """The key of the rule."""
    source: Mapped[str] = mapped_column(Text)
    """What was hit, by which rule, for which find: the same never counts twice."""
    user_id: Mapped[int] = mapped_column(BigInteger)
    author: Mapped[str] = mapped_column(Text)
    """``member``, ``bot`` or ``webhook``."""
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    part: Mapped[str] = mapped_column(Text)
    """What of the message, or which name, was hit: a part of rules, ``username``, or ``join`` (they came)."""
    found: Mapped[Any] = mapped_column(chandelier.Json)
    evidence: Mapped[str | None] = mapped_column(Text)
    attachments: Mapped[Any] = mapped_column(chandelier.Json)
    more: Mapped[Any] = mapped_column(chandelier.Json)
    """Further messages that belong to it, as pairs of channel and message."""
    dry: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    handled_by: Mapped[int | None] = mapped_column(BigInteger)
    """Who of the staff answered the alert."""
    handled_how: Mapped[str | None] = mapped_column(Text)

"""The plugin's table: which action was asked for under which message, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import chandelier

__all__ = ["HISTORY", "Entry", "Tables"]


class Tables(DeclarativeBase):
    """Base of the plugin's tables."""

    metadata = MetaData(naming_convention=dict(chandelier.NAMING_CONVENTION))


class Entry(Tables):
    """One action under one message: the unique key is what makes it happen once."""

    __tablename__ = "reactions_entries"
    __table_args__ = (
        UniqueConstraint("message_id", "plugin", "action"),
        Index(None, "guild_id", "changed_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(chandelier.RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[int] = mapped_column(BigInteger)
    plugin: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int] = mapped_column(BigInteger)
    """Who reacted first, or whose reaction tried it again."""
    state: Mapped[str] = mapped_column(Text)
    """``waiting``, ``done`` or ``failed``."""
    tries: Mapped[int] = mapped_column(Integer)
    """How often it was asked for anew after a failure."""
    result: Mapped[dict[str, Any] | None] = mapped_column(chandelier.Json)
    error: Mapped[str | None] = mapped_column(Text)
    """Why it failed, in words for the server's admins."""
    created_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)


HISTORY = chandelier.StorageHistory(Tables.metadata, "chandelier_reactions:revisions")

"""Tables of the log of events: texts that are kept for a while, and events that are still to be told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

import chandelier
from chandelier_moderation.tables import Tables

__all__ = ["KeptMessage", "LogEntry"]


class KeptMessage(Tables):
    """The text of a message, sealed for its author, until it is too old."""

    __tablename__ = "moderation_kept_messages"
    __table_args__ = (Index(None, "guild_id", "message_id"), Index(None, "author_id"))

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    author_id: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    """Its text and the names of its files."""


class LogEntry(Tables):
    """An event that is still to be told; its row goes when it has been."""

    __tablename__ = "moderation_log_entries"
    __table_args__ = (
        Index(None, "log_channel_id", "id"),
        Index(None, "member_id"),
        Index(None, "by_id"),
        # An id is part of an effect's key, which stays taken when the row is gone.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(chandelier.RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    log_channel_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    """One of ``settings.KINDS``."""
    what: Mapped[str] = mapped_column(Text)
    """What happened, as a code that `rendering` puts into words."""
    at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    member_id: Mapped[int | None] = mapped_column(BigInteger)
    """Whom it is about."""
    by_id: Mapped[int | None] = mapped_column(BigInteger)
    """Who did it, where Discord says so."""
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    details: Mapped[Any] = mapped_column(chandelier.Json, server_default="{}")
    """What only this kind of event has. Never the text of a message: that is in ``sealed``."""
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A message's text before and after, sealed for its author."""
    effect_id: Mapped[int | None] = mapped_column(BigInteger)
    """The effect that tells it; None while none has begun."""

"""What looking things up in the book has to remember: searches whose buttons are pressed later."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

import chandelier
from chandelier_moderation.tables import Tables

__all__ = ["AuditPlace", "Search"]


class Search(Tables):
    """What somebody looked for, so that the buttons of the answer can turn its pages."""

    __tablename__ = "moderation_searches"

    id: Mapped[int] = mapped_column(chandelier.RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime, index=True)
    query: Mapped[Any] = mapped_column(chandelier.Json)


class AuditPlace(Tables):
    """How far a guild's audit log was read for what moderators did by hand."""

    __tablename__ = "moderation_audit_places"

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_id: Mapped[int] = mapped_column(BigInteger)
    """Entries before this one are from before the plugin looked, and stay out of the book."""
    last_id: Mapped[int] = mapped_column(BigInteger)
    """The newest entry that was dealt with."""

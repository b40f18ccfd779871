"""The table of appeals."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import chandelier
from chandelier_moderation.tables import Tables

__all__ = ["ACCEPTED", "OPEN", "REFUSED", "WITHDRAWN", "Appeal"]

OPEN, ACCEPTED, REFUSED, WITHDRAWN = "open", "accepted", "refused", "withdrawn"
"""The states of an appeal; withdrawn is one whose author had their data erased."""


class Appeal(Tables):
    """What a member says against a case, and what staff decided."""

    __tablename__ = "moderation_appeals"
    __table_args__ = (
        UniqueConstraint("source"),
        # Nothing is equal to NULL: any number of decided appeals, and one open one per case.
        UniqueConstraint("guild_id", "number", "is_open"),
        Index(None, "user_id"),
    )

    id: Mapped[int] = mapped_column(chandelier.RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(Integer)
    """The case that it is about."""
    user_id: Mapped[int] = mapped_column(BigInteger)
    """Who appeals; 0 once they were erased."""
    text: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    """The interaction of the form: one that Discord delivers twice is one appeal."""
    created_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    is_open: Mapped[bool | None]
    """True or NULL."""
    state: Mapped[str] = mapped_column(Text)
    dm_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    dm_message_id: Mapped[int | None] = mapped_column(BigInteger)
    """The message with the button: it shows the decision when a new message cannot be sent."""
    post: Mapped[str] = mapped_column(Text)
    """The post for staff: ``waiting``, ``posted`` or ``failed``."""
    post_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    post_message_id: Mapped[int | None] = mapped_column(BigInteger)
    decided_by: Mapped[int | None] = mapped_column(BigInteger)
    decided_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    answer: Mapped[str | None] = mapped_column(Text)
    """What the member reads with the decision."""
    undone_by: Mapped[int | None] = mapped_column(Integer)
    """The number of the case that undoes the one appealed against."""
    told: Mapped[str] = mapped_column(Text)
    """The member: ``off``, ``waiting``, ``delivered``, ``edited`` (the old message) or ``closed``."""

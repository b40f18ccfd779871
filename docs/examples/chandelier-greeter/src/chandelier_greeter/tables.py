"""The plugin's one table; its name starts with the plugin's, as the host demands."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import chandelier

__all__ = ["HISTORY", "Greeting", "Tables"]


class Tables(DeclarativeBase):
    """Base of the plugin's tables."""

    metadata = MetaData(naming_convention=dict(chandelier.NAMING_CONVENTION))


class Greeting(Tables):
    """Somebody greeted somebody."""

    __tablename__ = "greeter_greetings"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """The interaction's id: a command that Discord delivers twice is one greeting."""
    guild_id: Mapped[int] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    greeter_id: Mapped[int] = mapped_column(BigInteger)
    greeted_id: Mapped[int] = mapped_column(BigInteger, index=True)
    greeted_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    waved_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)


HISTORY = chandelier.StorageHistory(Tables.metadata, "chandelier_greeter:revisions")

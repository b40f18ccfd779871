"""The plugin's one table: the products that were stored, once per guild."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import chandelier

__all__ = ["HISTORY", "StoredProduct", "Tables"]


class Tables(DeclarativeBase):
    """Base of the plugin's tables."""

    metadata = MetaData(naming_convention=dict(chandelier.NAMING_CONVENTION))


class StoredProduct(Tables):
    """A product that a moderator picked."""

    __tablename__ = "luisaviaroma_products"
    __table_args__ = (Index(None, "guild_id", "stored_at"), Index(None, "stored_by"))

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    product_id: Mapped[str] = mapped_column(Text, primary_key=True)
    """The shop's item code, such as ``81I-DL1057``."""
    title: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    price: Mapped[str | None] = mapped_column(Text)
    """As the post showed it."""
    channel_id: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[int] = mapped_column(BigInteger)
    """The post it was picked from."""
    stored_by: Mapped[int | None] = mapped_column(BigInteger)
    """None when that person had their data erased."""
    stored_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)

    @property
    def message_link(self) -> str:
        """The post's address in Discord."""
        return f"https://discord.com/channels/{self.guild_id}/{self.channel_id}/{self.message_id}"


HISTORY = chandelier.StorageHistory(Tables.metadata, "chandelier_luisaviaroma:revisions")

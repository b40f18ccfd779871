"""The plugin's tables: the watches, and the last number that each guild has given."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from sqlalchemy import BigInteger, Dialect, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

import chandelier
from chandelier_redeye.reading import Money

__all__ = ["HISTORY", "Counter", "Exact", "Tables", "Watch"]


class Exact(TypeDecorator[Decimal]):
    """A decimal number kept as text: SQLite has only binary floats, which change prices."""

    impl = Text
    cache_ok = True

    @property
    def python_type(self) -> type[Decimal]:
        """What the column holds in Python."""
        return Decimal

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Written without an exponent."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Decimal | None:
        """Read exactly as it was written."""
        return None if value is None else Decimal(value)


class Tables(DeclarativeBase):
    """Base of the plugin's tables."""

    metadata = MetaData(naming_convention=dict(chandelier.NAMING_CONVENTION))


class Counter(Tables):
    """The last number of a guild's watches; its row is locked while a watch gets its number."""

    __tablename__ = "redeye_counters"

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Watch(Tables):
    """A page that is looked at, and what was found there."""

    __tablename__ = "redeye_watches"
    __table_args__ = (UniqueConstraint("guild_id", "url"), Index(None, "added_by"))

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """Counted per guild and never given twice, so that it can name timers and alerts."""
    channel_id: Mapped[int] = mapped_column(BigInteger)
    url: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    sku: Mapped[str | None] = mapped_column(Text)
    shop: Mapped[str | None] = mapped_column(Text)
    """The adapter that knew the address; None when none did."""
    product_id: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[Decimal | None] = mapped_column(Exact)
    """The last good price; it stays while the page fails or the product is sold out."""
    currency: Mapped[str | None] = mapped_column(Text)
    stock: Mapped[str | None] = mapped_column(Text)
    """``in stock`` or ``sold out`` at the last good read; None when the page did not say."""
    changes: Mapped[int] = mapped_column(Integer)
    """How often the price has changed: names each alert."""
    added_by: Mapped[int | None] = mapped_column(BigInteger)
    """None when that person had their data erased."""
    added_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    checked_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    good_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    """When the page last told what one wants to know."""
    failures: Mapped[int] = mapped_column(Integer)
    """Failed reads in a row."""
    problem: Mapped[str | None] = mapped_column(Text)
    """``blocked`` or ``unreadable``; None when the last read was good."""
    problem_text: Mapped[str | None] = mapped_column(Text)
    undelivered: Mapped[str | None] = mapped_column(Text)
    """Why the last alert could not be posted; None when it was."""

    @property
    def price(self) -> Money | None:
        """The last good price."""
        return None if self.amount is None else Money(self.amount, self.currency)

    @price.setter
    def price(self, price: Money | None) -> None:
        self.amount = None if price is None else price.amount
        self.currency = None if price is None else price.currency

    @property
    def key(self) -> str:
        """Names the watch among all guilds': for timers and alerts."""
        return f"{self.guild_id}-{self.number}"


HISTORY = chandelier.StorageHistory(Tables.metadata, "chandelier_redeye:revisions")

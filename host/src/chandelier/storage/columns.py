"""Column types that mean the same on SQLite and on PostgreSQL, and the naming rule for constraints."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

__all__ = ["NAMING_CONVENTION", "BytewiseText", "Json", "RowId", "UtcDateTime"]

NAMING_CONVENTION: Mapping[str, str] = MappingProxyType(
    {
        "ix": "%(table_name)s_%(column_0_N_name)s_ix",
        "uq": "%(table_name)s_%(column_0_N_name)s_uq",
        "ck": "%(table_name)s_%(constraint_name)s_ck",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "pk": "%(table_name)s_pk",
    }
)
"""Names for ``MetaData(naming_convention=…)``: all start with the table's name, hence with the plugin's
prefix, because PostgreSQL's index names share one namespace."""


class UtcDateTime(TypeDecorator[datetime]):
    """A moment: aware going in (ValueError otherwise), aware and in UTC coming out.

    SQLite has no time zones, so it keeps the UTC reading; PostgreSQL keeps ``timestamptz``. Both keep
    microseconds, so what is read equals what was written.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    @property
    def python_type(self) -> type[datetime]:
        """What the column holds in Python."""
        return datetime

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments: nobody can tell later which zone was meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone: store aware datetimes, for example ctx.now()")
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the moment back aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _Json(TypeDecorator[Any]):
    """JSON, as JSONB on PostgreSQL, whose dialect is loaded only where it is used."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """What the column is on a database."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB(none_as_null=True))


Json: Any = _Json()
"""JSON data; None is stored as NULL. PostgreSQL keeps it as JSONB."""

RowId: Any = BigInteger().with_variant(Integer(), "sqlite")
"""An integer primary key that the database counts up (SQLite only counts plain INTEGER keys).

Discord's ids are no row ids: declare them ``BigInteger``.
"""

BytewiseText: Any = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that both databases compare byte by byte, so that what begins with the same text is one range."""

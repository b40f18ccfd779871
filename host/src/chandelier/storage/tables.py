"""The host's own tables: guild settings, plugin state, keys, timers and the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chandelier.storage.columns import NAMING_CONVENTION, Json, RowId, UtcDateTime

__all__ = [
    "GuildSettingsRow",
    "HostTables",
    "KeyRow",
    "OutboxRow",
    "PluginStateRow",
    "SettingChangeRow",
    "TimerRow",
]


class HostTables(DeclarativeBase):
    """Base of the host's tables; ``HostTables.metadata`` is what the host's revisions build."""

    metadata = MetaData(naming_convention=dict(NAMING_CONVENTION))


class GuildSettingsRow(HostTables):
    """What one guild changed of one plugin's config, written at ``version`` of the plugin's schema."""

    __tablename__ = "chandelier_guild_settings"

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    plugin: Mapped[str] = mapped_column(Text, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    values: Mapped[dict[str, Any]] = mapped_column("values", Json)


class PluginStateRow(HostTables):
    """Whether the owner wants a plugin to run; a plugin without a row is enabled."""

    __tablename__ = "chandelier_plugin_state"

    plugin: Mapped[str] = mapped_column(Text, primary_key=True)
    enabled: Mapped[bool] = mapped_column(Boolean)
    config_version: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeyRow(HostTables):
    """Keys that the host made for itself, such as the one that signs component ids. Never logged."""

    __tablename__ = "chandelier_keys"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)


class TimerRow(HostTables):
    """A durable timer of a plugin: at ``due_at`` its handler for ``kind`` is called."""

    __tablename__ = "chandelier_timers"
    __table_args__ = (
        UniqueConstraint("plugin", "kind", "key"),
        Index(None, "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    plugin: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OutboxRow(HostTables):
    """An effect that was decided: a row before it is an effect, kept afterwards so it is not done twice."""

    __tablename__ = "chandelier_outbox"
    __table_args__ = (
        UniqueConstraint("plugin", "kind", "key"),
        Index(None, "state", "next_at"),
        CheckConstraint("state IN ('waiting', 'started', 'done', 'failed')", name="state"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    plugin: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[str] = mapped_column(Text, default="waiting")
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    next_at: Mapped[datetime] = mapped_column(UtcDateTime)
    result: Mapped[dict[str, Any] | None] = mapped_column(Json)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SettingChangeRow(HostTables):
    """One change of a guild's settings of one plugin: what was before, what after, who made it, when."""

    __tablename__ = "chandelier_setting_changes"
    __table_args__ = (Index(None, "guild_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    plugin: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    before: Mapped[dict[str, Any]] = mapped_column(Json)
    after: Mapped[dict[str, Any]] = mapped_column(Json)
    made_by: Mapped[int | None] = mapped_column(BigInteger)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    undoes: Mapped[int | None] = mapped_column(BigInteger)
    undone_by: Mapped[int | None] = mapped_column(BigInteger)

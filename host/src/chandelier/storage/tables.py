"""The host's own tables: guild settings, plugin state, keys, timers and the outbox."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from chandelier.storage.columns import NAMING_CONVENTION, BytewiseText, Json, RowId, UtcDateTime

__all__ = [
    "AccessRuleRow",
    "AuditRow",
    "AuditSearchRow",
    "CommandGuildRow",
    "ErasurePartRow",
    "ErasureRow",
    "FeedbackRow",
    "GuildSettingsRow",
    "HostTables",
    "KeyRow",
    "OutboxRow",
    "PluginStateRow",
    "SettingChangeRow",
    "TimerRow",
    "VaultKeyRow",
    "VaultPersonRow",
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


class CommandGuildRow(HostTables):
    """A guild that has, or is about to have, commands of its own at Discord."""

    __tablename__ = "chandelier_command_guilds"

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class TimerRow(HostTables):
    """A durable timer of a plugin: at ``due_at`` its handler for ``kind`` is called."""

    __tablename__ = "chandelier_timers"
    __table_args__ = (
        UniqueConstraint("plugin", "kind", "key"),
        Index(None, "due_at"),
        Index(None, "plugin", "subject"),
        Index(None, "claimed_by"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    plugin: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(BytewiseText)
    """What the timer is about; when that goes, so does the timer."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(Text)
    """The process that carries it out, see `services.claims`."""
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When others may take it over, by the database's clock."""


class OutboxRow(HostTables):
    """An effect that was decided: a row before it is an effect, kept afterwards so it is not done twice."""

    __tablename__ = "chandelier_outbox"
    __table_args__ = (
        UniqueConstraint("plugin", "kind", "key"),
        Index(None, "state", "next_at"),
        Index(None, "bundle"),
        Index(None, "claimed_by"),
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
    batch: Mapped[str | None] = mapped_column(Text)
    """Effects of one kind with the same batch may be carried out by one call."""
    bundle: Mapped[int | None] = mapped_column(BigInteger)
    """The first of the effects that were handed out in one call, and will be again; its own id: alone."""
    claimed_by: Mapped[str | None] = mapped_column(Text)
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccessRuleRow(HostTables):
    """A guild's own rule: whether a role or a member has a capability."""

    __tablename__ = "chandelier_access_rules"
    __table_args__ = (CheckConstraint("subject_kind IN ('role', 'member')", name="subject_kind"),)

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    capability: Mapped[str] = mapped_column(Text, primary_key=True)
    subject_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    allowed: Mapped[bool] = mapped_column(Boolean)
    changed_by: Mapped[int | None] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AuditRow(HostTables):
    """One change: who made it, when, to what, before and after."""

    __tablename__ = "chandelier_audit"
    __table_args__ = (
        Index(None, "guild_id", "id"),
        Index(None, "at"),
        CheckConstraint("actor_kind IN ('person', 'command line', 'bot', 'erased')", name="actor_kind"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_kind: Mapped[str] = mapped_column(Text)
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    plugin: Mapped[str] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    about: Mapped[int | None] = mapped_column(BigInteger)
    before: Mapped[Any] = mapped_column(Json, nullable=True)
    after: Mapped[Any] = mapped_column(Json, nullable=True)
    words: Mapped[str] = mapped_column(Text)


class AuditSearchRow(HostTables):
    """What was searched for in the audit log, so that the buttons under an answer can turn its pages."""

    __tablename__ = "chandelier_audit_searches"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    query: Mapped[dict[str, Any]] = mapped_column(Json)


class VaultKeyRow(HostTables):
    """A key-encryption key that has wrapped something here, known by its id; never the key itself."""

    __tablename__ = "chandelier_vault_keys"

    key_id: Mapped[str] = mapped_column(Text, primary_key=True)
    check_value: Mapped[bytes] = mapped_column(LargeBinary)
    """Tells the right key from a wrong one of the same id, and nothing else about it."""
    first_used_at: Mapped[datetime] = mapped_column(UtcDateTime)


class VaultPersonRow(HostTables):
    """One person's data key, wrapped; without this row nobody reads what was sealed for them."""

    __tablename__ = "chandelier_vault_people"
    __table_args__ = (UniqueConstraint("data_key"), Index(None, "wrapped_by", "person_id"))

    person_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    data_key: Mapped[str] = mapped_column(Text)
    """A random name of the data key, which stands in everything it sealed."""
    wrapped_by: Mapped[str] = mapped_column(Text)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ErasureRow(HostTables):
    """A person's data is to be erased: written before anything is, kept without the person afterwards."""

    __tablename__ = "chandelier_erasures"
    __table_args__ = (Index(None, "person_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    person_id: Mapped[int | None] = mapped_column(BigInteger)
    """None once every part is done."""
    asked_by: Mapped[str] = mapped_column(Text)
    """``person`` or ``owner``."""
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def reference(self) -> str:
        """What people call it."""
        return f"E{self.id}"


class ErasurePartRow(HostTables):
    """One plugin's part of an erasure, and its account of what was erased and what is kept."""

    __tablename__ = "chandelier_erasure_parts"

    erasure_id: Mapped[int] = mapped_column(RowId, primary_key=True, autoincrement=False)
    plugin: Mapped[str] = mapped_column(Text, primary_key=True)
    erased: Mapped[int | None] = mapped_column(Integer)
    kept: Mapped[list[Any] | None] = mapped_column(Json)
    problem: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FeedbackRow(HostTables):
    """What a member told the bot's owners, and what became of it."""

    __tablename__ = "chandelier_feedback"
    __table_args__ = (
        Index(None, "person_id", "sent_at"),
        Index(None, "sent_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(RowId, primary_key=True)
    person_id: Mapped[int] = mapped_column(BigInteger)
    guild_id: Mapped[int | None] = mapped_column(BigInteger)
    locale: Mapped[str] = mapped_column(Text)
    """The language in which the answer reaches the person."""
    text: Mapped[str] = mapped_column(Text)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    delivered: Mapped[bool] = mapped_column(Boolean, default=False)
    """Whether one of the owners has it at least."""
    trouble: Mapped[str | None] = mapped_column(Text)
    """Why an owner does not have it."""
    answer: Mapped[str | None] = mapped_column(Text)
    answered_by: Mapped[int | None] = mapped_column(BigInteger)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer_delivered: Mapped[bool | None] = mapped_column(Boolean)

    @property
    def reference(self) -> str:
        """What people call it."""
        return f"F{self.id}"


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

"""The plugin's tables: cases, and the last number that each guild has given."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, MetaData, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

import chandelier

__all__ = ["Case", "Counter", "Tables"]


class Tables(DeclarativeBase):
    """Base of the plugin's tables."""

    metadata = MetaData(naming_convention=dict(chandelier.NAMING_CONVENTION))


class Counter(Tables):
    """The last case number of a guild; its row is locked while a case gets its number."""

    __tablename__ = "moderation_counters"

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(Integer)


class Case(Tables):
    """One action of a moderator, or of a rule in which case the bot is its moderator."""

    __tablename__ = "moderation_cases"
    __table_args__ = (
        UniqueConstraint("guild_id", "source"),
        Index(None, "guild_id", "target_id", "number"),
        Index(None, "guild_id", "batch"),
        Index(None, "guild_id", "audit_id"),
        Index(None, "guild_id", "message_id"),
    )

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    action: Mapped[str] = mapped_column(Text)
    """Which of the kinds of actions, such as ``warn``, ``ban`` or ``remove`` (a message)."""
    target_id: Mapped[int] = mapped_column(BigInteger)
    moderator_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    """What made the case (an interaction; a message and a rule): the same never makes two."""
    created_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    channel_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    evidence: Mapped[str | None] = mapped_column(Text)
    """The text of the message the case is about."""
    removal: Mapped[str | None] = mapped_column(Text)
    """Of the message: ``waiting``, ``deleted``, ``gone`` (by another hand) or ``refused``; or None."""
    dm: Mapped[str] = mapped_column(Text, server_default="off")
    """The message to the member: ``off``, ``waiting``, ``delivered``, ``closed``, ``failed``, ``before``."""
    log: Mapped[str] = mapped_column(Text)
    """The post in the log: ``off``, ``waiting``, ``posted`` or ``failed``."""
    log_trouble: Mapped[str | None] = mapped_column(Text)
    log_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    log_message_id: Mapped[int | None] = mapped_column(BigInteger)
    voided_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    voided_by: Mapped[int | None] = mapped_column(BigInteger)
    act: Mapped[str] = mapped_column(Text, server_default="off")
    """The action on Discord: ``off`` (none), ``waiting``, ``done``, ``already`` (it was so) or ``failed``."""
    act_trouble: Mapped[str | None] = mapped_column(Text)
    """Why it failed, as a code that the cards put into words."""
    details: Mapped[Any] = mapped_column(chandelier.Json, server_default="{}")
    """What only this kind of action has, such as the role that was given or the nickname before."""
    expires_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    """When an action for a time ends; None: it does not, or needs no end."""
    ended_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    ended_how: Mapped[str | None] = mapped_column(Text)
    """``expired`` (in its time), ``lifted`` (through the bot), ``by_hand`` (in Discord) or ``failed``."""
    origin: Mapped[str] = mapped_column(Text, server_default="bot")
    """``bot``, or ``discord``: a moderator did it by hand and the audit log told."""
    audit_id: Mapped[int | None] = mapped_column(BigInteger)
    """The entry of Discord's audit log that the action is."""
    batch: Mapped[str | None] = mapped_column(Text)
    """What cases that were one request have in common."""
    undoes: Mapped[int | None] = mapped_column(Integer)
    """The number of the case whose inverse this is."""
    rule: Mapped[str | None] = mapped_column(Text)
    """The name of the automod rule that acted."""
    points: Mapped[int] = mapped_column(Integer, server_default="0")
    """What it adds to the member's points."""
    attachments: Mapped[Any] = mapped_column(chandelier.Json, server_default="[]")
    """Names of the files of the message the case is about."""
    evidence_until: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    """When ``evidence`` and ``attachments`` are forgotten."""
    edited_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    edited_by: Mapped[int | None] = mapped_column(BigInteger)

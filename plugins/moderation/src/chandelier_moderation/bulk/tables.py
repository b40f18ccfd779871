"""Tables of this room: batches with their targets, what lockdowns and slowmodes changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column

import chandelier
from chandelier_moderation.tables import Tables

__all__ = ["Batch", "BatchTarget", "LockedChannel", "Pick", "Slowed"]


class Batch(Tables):
    """One request to act on many people: proposed, then carried out or not."""

    __tablename__ = "moderation_batches"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    """The id of the interaction that asked for it: a repeated request is the same batch."""
    guild_id: Mapped[int] = mapped_column(BigInteger, index=True)
    action: Mapped[str] = mapped_column(Text)
    moderator_id: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    details: Mapped[Any] = mapped_column(chandelier.Json, server_default="{}")
    """What each case gets as its details, such as the seconds of messages to delete."""
    state: Mapped[str] = mapped_column(Text)
    """``proposed``, ``running``, ``done`` or ``cancelled``."""
    created_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(chandelier.UtcDateTime)
    undoes: Mapped[str | None] = mapped_column(Text)
    """The batch whose inverse this is."""
    log_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    log_message_id: Mapped[int | None] = mapped_column(BigInteger)


class BatchTarget(Tables):
    """One person of a batch, and what became of them where no case says it."""

    __tablename__ = "moderation_batch_targets"

    batch: Mapped[str] = mapped_column(Text, primary_key=True)
    target_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(Text)
    """``waiting``, ``opened`` (a case has the rest), ``already``, ``refused`` or ``failed``."""
    why: Mapped[str | None] = mapped_column(Text)
    """Why it was refused or failed, as ``Messages.keep`` gives it."""
    number: Mapped[int | None] = mapped_column(Integer)
    """The case."""
    undoes: Mapped[int | None] = mapped_column(Integer)
    """The case that is undone."""


class LockedChannel(Tables):
    """A channel that a lockdown holds, and how its permissions were; gone when they are so again."""

    __tablename__ = "moderation_locked_channels"
    __table_args__ = (Index(None, "guild_id", "number"),)

    channel_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(Integer)
    """The lockdown's case."""
    position: Mapped[int] = mapped_column(Integer)
    changes: Mapped[Any] = mapped_column(chandelier.Json)
    """What it changes, with what was before; see ``overwrites.Change``."""
    state: Mapped[str] = mapped_column(Text)
    """``locking``, ``locked``, ``failed``; at its end ``unlocking``, ``restored``, ``gone`` or ``stuck``."""
    ending: Mapped[int | None] = mapped_column(Integer)
    """The case that ends it."""
    why: Mapped[str | None] = mapped_column(Text)
    """What failed, as ``Messages.keep`` gives it."""


class Slowed(Tables):
    """A slowmode for a time, and how the channel's was before."""

    __tablename__ = "moderation_slowmodes"
    __table_args__ = (Index(None, "channel_id", "number"),)

    guild_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    """The case."""
    channel_id: Mapped[int] = mapped_column(BigInteger)
    before: Mapped[int] = mapped_column(Integer)
    after: Mapped[int] = mapped_column(Integer)
    """Both in seconds."""


class Pick(Tables):
    """A message that somebody picked from its menu: a moderator to act on it, or members to report it.

    It keeps what the message said at that moment, for its author may delete it; forgotten after some days.
    """

    __tablename__ = "moderation_picks"

    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    guild_id: Mapped[int] = mapped_column(BigInteger)
    channel_id: Mapped[int] = mapped_column(BigInteger)
    author_id: Mapped[int] = mapped_column(BigInteger, index=True)
    content: Mapped[str] = mapped_column(Text)
    attachments: Mapped[Any] = mapped_column(chandelier.Json, server_default="[]")
    picked_at: Mapped[datetime] = mapped_column(chandelier.UtcDateTime, index=True)
    reporters: Mapped[Any] = mapped_column(chandelier.Json, server_default="{}")
    """Why, by the id of who reported it."""
    state: Mapped[str] = mapped_column(Text)
    """``picked`` (by a moderator), ``reported``, ``handled``, ``dismissed`` or ``forgotten``."""
    handled_by: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int | None] = mapped_column(Integer)
    """The case that came of it."""
    log_channel_id: Mapped[int | None] = mapped_column(BigInteger)
    log_message_id: Mapped[int | None] = mapped_column(BigInteger)

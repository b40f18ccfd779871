"""Purges, and the messages that they delete."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier import Json, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moderation_purges",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("wanted", Json, nullable=False),
        sa.Column("reply", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("looked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("more", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("spared", sa.Integer(), server_default="0", nullable=False),
        sa.Column("most_old", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("totals", Json, server_default="{}", nullable=False),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("log_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("log_message_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("moderation_purges_pk")),
    )
    op.create_table(
        "moderation_purged",
        sa.Column("purge_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("single", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("purge_id", "message_id", name=op.f("moderation_purged_pk")),
    )
    op.create_index(op.f("moderation_purged_author_id_ix"), "moderation_purged", ["author_id"])


def downgrade() -> None:
    op.drop_index(op.f("moderation_purged_author_id_ix"), "moderation_purged")
    op.drop_table("moderation_purged")
    op.drop_table("moderation_purges")

"""Cases and their counters."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moderation_counters",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="moderation_counters_pk"),
    )
    op.create_table(
        "moderation_cases",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=True),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=True),
        sa.Column("removal", sa.Text(), nullable=True),
        sa.Column("dm_closed", sa.Boolean(), nullable=True),
        sa.Column("log", sa.Text(), nullable=False),
        sa.Column("log_trouble", sa.Text(), nullable=True),
        sa.Column("log_channel_id", sa.BigInteger(), nullable=True),
        sa.Column("log_message_id", sa.BigInteger(), nullable=True),
        sa.Column("voided_at", UtcDateTime(), nullable=True),
        sa.Column("voided_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("guild_id", "number", name="moderation_cases_pk"),
        sa.UniqueConstraint("guild_id", "source", name="moderation_cases_guild_id_source_uq"),
    )


def downgrade() -> None:
    op.drop_table("moderation_cases")
    op.drop_table("moderation_counters")

"""Batches with their targets; what lockdowns and slowmodes changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier import Json, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moderation_batches",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("moderator_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("details", Json, nullable=False, server_default="{}"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime()),
        sa.Column("undoes", sa.Text()),
        sa.Column("log_channel_id", sa.BigInteger()),
        sa.Column("log_message_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("key", name="moderation_batches_pk"),
    )
    op.create_index("moderation_batches_guild_id_ix", "moderation_batches", ["guild_id"])
    op.create_table(
        "moderation_batch_targets",
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.Column("number", sa.Integer()),
        sa.Column("undoes", sa.Integer()),
        sa.PrimaryKeyConstraint("batch", "target_id", name="moderation_batch_targets_pk"),
    )
    op.create_table(
        "moderation_locked_channels",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("changes", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ending", sa.Integer()),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("channel_id", name="moderation_locked_channels_pk"),
    )
    op.create_index(
        "moderation_locked_channels_guild_id_number_ix", "moderation_locked_channels", ["guild_id", "number"]
    )
    op.create_table(
        "moderation_slowmodes",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=False),
        sa.Column("after", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "number", name="moderation_slowmodes_pk"),
    )
    op.create_index(
        "moderation_slowmodes_channel_id_number_ix", "moderation_slowmodes", ["channel_id", "number"]
    )
    op.create_table(
        "moderation_picks",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("attachments", Json, nullable=False, server_default="[]"),
        sa.Column("picked_at", UtcDateTime(), nullable=False),
        sa.Column("reporters", Json, nullable=False, server_default="{}"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("handled_by", sa.BigInteger()),
        sa.Column("number", sa.Integer()),
        sa.Column("log_channel_id", sa.BigInteger()),
        sa.Column("log_message_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("message_id", name="moderation_picks_pk"),
    )
    op.create_index("moderation_picks_author_id_ix", "moderation_picks", ["author_id"])
    op.create_index("moderation_picks_picked_at_ix", "moderation_picks", ["picked_at"])


def downgrade() -> None:
    op.drop_table("moderation_picks")
    op.drop_table("moderation_slowmodes")
    op.drop_table("moderation_locked_channels")
    op.drop_table("moderation_batch_targets")
    op.drop_table("moderation_batches")

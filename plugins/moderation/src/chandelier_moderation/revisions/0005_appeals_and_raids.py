"""Appeals against cases; raid mode and who came while it was on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import chandelier

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moderation_appeals",
        sa.Column("id", chandelier.RowId, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("created_at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("is_open", sa.Boolean()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("dm_channel_id", sa.BigInteger()),
        sa.Column("dm_message_id", sa.BigInteger()),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("post_channel_id", sa.BigInteger()),
        sa.Column("post_message_id", sa.BigInteger()),
        sa.Column("decided_by", sa.BigInteger()),
        sa.Column("decided_at", chandelier.UtcDateTime()),
        sa.Column("answer", sa.Text()),
        sa.Column("undone_by", sa.Integer()),
        sa.Column("told", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="moderation_appeals_pk"),
        sa.UniqueConstraint("source", name="moderation_appeals_source_uq"),
        sa.UniqueConstraint(
            "guild_id", "number", "is_open", name="moderation_appeals_guild_id_number_is_open_uq"
        ),
    )
    op.create_index("moderation_appeals_user_id_ix", "moderation_appeals", ["user_id"])
    op.create_table(
        "moderation_raids",
        sa.Column("id", chandelier.RowId, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("is_on", sa.Boolean()),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_by", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Integer()),
        sa.Column("started_at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("ends_at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("ended_at", chandelier.UtcDateTime()),
        sa.Column("ended_by", sa.BigInteger()),
        sa.Column("measures", chandelier.Json, nullable=False),
        sa.Column("before", chandelier.Json, nullable=False),
        sa.Column("paused", chandelier.Json, nullable=False),
        sa.Column("pausing", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="moderation_raids_pk"),
        sa.UniqueConstraint("guild_id", "is_on", name="moderation_raids_guild_id_is_on_uq"),
    )
    op.create_table(
        "moderation_raid_newcomers",
        sa.Column("raid_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("joined_at", chandelier.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("raid_id", "user_id", name="moderation_raid_newcomers_pk"),
    )
    op.create_index("moderation_raid_newcomers_user_id_ix", "moderation_raid_newcomers", ["user_id"])


def downgrade() -> None:
    op.drop_index("moderation_raid_newcomers_user_id_ix", "moderation_raid_newcomers")
    op.drop_table("moderation_raid_newcomers")
    op.drop_table("moderation_raids")
    op.drop_index("moderation_appeals_user_id_ix", "moderation_appeals")
    op.drop_table("moderation_appeals")

"""Appeals against cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import chandelier

revision = "0005"
down_revision = "0003"
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


def downgrade() -> None:
    op.drop_index("moderation_appeals_user_id_ix", "moderation_appeals")
    op.drop_table("moderation_appeals")

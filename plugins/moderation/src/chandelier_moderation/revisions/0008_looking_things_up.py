"""Remember searches for their buttons, and how far the audit log of a server was read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import chandelier

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "moderation_searches",
        sa.Column("id", chandelier.RowId, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("query", chandelier.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="moderation_searches_pk"),
    )
    op.create_index("moderation_searches_at_ix", "moderation_searches", ["at"])
    op.create_table(
        "moderation_audit_places",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_id", sa.BigInteger(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="moderation_audit_places_pk"),
    )


def downgrade() -> None:
    op.drop_table("moderation_audit_places")
    op.drop_index("moderation_searches_at_ix", "moderation_searches")
    op.drop_table("moderation_searches")

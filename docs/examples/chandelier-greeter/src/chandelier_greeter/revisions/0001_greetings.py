"""Who greeted whom, where and when."""

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
        "greeter_greetings",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("greeter_id", sa.BigInteger(), nullable=False),
        sa.Column("greeted_id", sa.BigInteger(), nullable=False),
        sa.Column("greeted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="greeter_greetings_pk"),
    )


def downgrade() -> None:
    op.drop_table("greeter_greetings")

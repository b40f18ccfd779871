"""Stored products."""

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
        "luisaviaroma_products",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("stored_by", sa.BigInteger(), nullable=True),
        sa.Column("stored_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "product_id", name="luisaviaroma_products_pk"),
    )


def downgrade() -> None:
    op.drop_table("luisaviaroma_products")

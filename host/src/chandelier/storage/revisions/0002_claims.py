"""Claims on timers and outbox rows, subjects of timers, batches of the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier.storage.columns import BytewiseText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("chandelier_timers", "chandelier_outbox"):
        op.add_column(table, sa.Column("claimed_by", sa.Text(), nullable=True))
        op.add_column(table, sa.Column("claimed_until", UtcDateTime(), nullable=True))
        op.create_index(f"{table}_claimed_by_ix", table, ["claimed_by"])
    op.add_column("chandelier_timers", sa.Column("subject", BytewiseText, nullable=True))
    op.create_index("chandelier_timers_plugin_subject_ix", "chandelier_timers", ["plugin", "subject"])
    op.add_column("chandelier_outbox", sa.Column("batch", sa.Text(), nullable=True))
    op.add_column("chandelier_outbox", sa.Column("bundle", sa.BigInteger(), nullable=True))
    op.create_index("chandelier_outbox_bundle_ix", "chandelier_outbox", ["bundle"])


def downgrade() -> None:
    op.drop_index("chandelier_outbox_bundle_ix", "chandelier_outbox")
    op.drop_index("chandelier_timers_plugin_subject_ix", "chandelier_timers")
    op.drop_column("chandelier_outbox", "bundle")
    op.drop_column("chandelier_outbox", "batch")
    op.drop_column("chandelier_timers", "subject")
    for table in ("chandelier_timers", "chandelier_outbox"):
        op.drop_index(f"{table}_claimed_by_ix", table)
        op.drop_column(table, "claimed_until")
        op.drop_column(table, "claimed_by")

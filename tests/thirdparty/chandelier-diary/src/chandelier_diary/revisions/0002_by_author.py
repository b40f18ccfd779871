"""Entries are found by author."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_index("diary_entries_author_id_ix", "diary_entries", ["author_id"])


def downgrade() -> None:
    op.drop_index("diary_entries_author_id_ix", "diary_entries")

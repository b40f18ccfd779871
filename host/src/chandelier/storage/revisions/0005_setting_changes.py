"""Who changed which of a guild's settings, with what was before: what `/config undo` goes by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier.storage.columns import Json, RowId, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chandelier_setting_changes",
        sa.Column("id", RowId, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", Json, nullable=False),
        sa.Column("after", Json, nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=True),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="chandelier_setting_changes_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "chandelier_setting_changes_guild_id_id_ix", "chandelier_setting_changes", ["guild_id", "id"]
    )


def downgrade() -> None:
    op.drop_table("chandelier_setting_changes")

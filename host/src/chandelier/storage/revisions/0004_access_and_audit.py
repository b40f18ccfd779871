"""A guild's own access rules, the audit log, and what was searched for in it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier.storage.columns import Json, RowId, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chandelier_access_rules",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("capability", sa.Text(), nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "subject_kind IN ('role', 'member')", name="chandelier_access_rules_subject_kind_ck"
        ),
        sa.PrimaryKeyConstraint(
            "guild_id", "capability", "subject_kind", "subject_id", name="chandelier_access_rules_pk"
        ),
    )
    op.create_table(
        "chandelier_audit",
        sa.Column("id", RowId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("actor_kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.BigInteger(), nullable=True),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("about", sa.BigInteger(), nullable=True),
        sa.Column("before", Json, nullable=True),
        sa.Column("after", Json, nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "actor_kind IN ('person', 'command line', 'bot', 'erased')",
            name="chandelier_audit_actor_kind_ck",
        ),
        sa.PrimaryKeyConstraint("id", name="chandelier_audit_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index("chandelier_audit_guild_id_id_ix", "chandelier_audit", ["guild_id", "id"])
    op.create_index("chandelier_audit_at_ix", "chandelier_audit", ["at"])
    op.create_table(
        "chandelier_audit_searches",
        sa.Column("id", RowId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("query", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="chandelier_audit_searches_pk"),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("chandelier_audit_searches")
    op.drop_table("chandelier_audit")
    op.drop_table("chandelier_access_rules")

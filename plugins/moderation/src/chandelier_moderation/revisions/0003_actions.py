"""Keep with a case what was done on Discord, until when, what it belongs to, and its evidence's end."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

import chandelier

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CASES = "moderation_cases"
_INDEXES = {
    "moderation_cases_guild_id_batch_ix": ["guild_id", "batch"],
    "moderation_cases_guild_id_audit_id_ix": ["guild_id", "audit_id"],
}


def _columns() -> tuple[sa.Column[Any], ...]:
    """Made anew each time: a column belongs to one table at a time."""
    return (
        sa.Column("act", sa.Text(), nullable=False, server_default="off"),
        sa.Column("act_trouble", sa.Text()),
        sa.Column("details", chandelier.Json, nullable=False, server_default="{}"),
        sa.Column("expires_at", chandelier.UtcDateTime()),
        sa.Column("ended_at", chandelier.UtcDateTime()),
        sa.Column("ended_how", sa.Text()),
        sa.Column("origin", sa.Text(), nullable=False, server_default="bot"),
        sa.Column("audit_id", sa.BigInteger()),
        sa.Column("batch", sa.Text()),
        sa.Column("undoes", sa.Integer()),
        sa.Column("rule", sa.Text()),
        sa.Column("points", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("attachments", chandelier.Json, nullable=False, server_default="[]"),
        sa.Column("evidence_until", chandelier.UtcDateTime()),
        sa.Column("edited_at", chandelier.UtcDateTime()),
        sa.Column("edited_by", sa.BigInteger()),
    )


def upgrade() -> None:
    for column in _columns():
        op.add_column(_CASES, column)
    for name, columns in _INDEXES.items():
        op.create_index(name, _CASES, columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, _CASES)
    for column in reversed(_columns()):
        op.drop_column(_CASES, column.name)

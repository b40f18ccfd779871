"""Rules of automod, the ladder of points, and what the rules hit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import chandelier

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_HITS = "moderation_hits"
_INDEXES = {
    "moderation_hits_guild_id_rule_at_ix": ["guild_id", "rule", "at"],
    "moderation_hits_at_ix": ["at"],
    "moderation_hits_user_id_ix": ["user_id"],
}


def upgrade() -> None:
    op.create_table(
        "moderation_rules",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", chandelier.Json, nullable=False),
        sa.Column("created_at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        sa.Column("edited_at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("edited_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "key", name="moderation_rules_pk"),
    )
    op.create_table(
        "moderation_ladders",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("body", chandelier.Json, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", name="moderation_ladders_pk"),
    )
    op.create_table(
        _HITS,
        sa.Column("id", chandelier.RowId, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("found", chandelier.Json, nullable=False),
        sa.Column("evidence", sa.Text()),
        sa.Column("attachments", chandelier.Json, nullable=False),
        sa.Column("more", chandelier.Json, nullable=False),
        sa.Column("dry", sa.Boolean(), nullable=False),
        sa.Column("at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("handled_by", sa.BigInteger()),
        sa.Column("handled_how", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="moderation_hits_pk"),
        sa.UniqueConstraint("guild_id", "source", name="moderation_hits_guild_id_source_uq"),
    )
    for name, columns in _INDEXES.items():
        op.create_index(name, _HITS, columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, _HITS)
    op.drop_table(_HITS)
    op.drop_table("moderation_ladders")
    op.drop_table("moderation_rules")

"""Texts of messages for a while, sealed, and events that are still to be told in the log.

Cases are found by the message they are about, so that its deletion can name the case.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import chandelier

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_KEPT, _ENTRIES = "moderation_kept_messages", "moderation_log_entries"
_OF_CASES = "moderation_cases_guild_id_message_id_ix"


def upgrade() -> None:
    op.create_table(
        _KEPT,
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("author_id", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=f"{_KEPT}_pk"),
    )
    op.create_index(f"{_KEPT}_guild_id_message_id_ix", _KEPT, ["guild_id", "message_id"])
    op.create_index(f"{_KEPT}_author_id_ix", _KEPT, ["author_id"])
    op.create_table(
        _ENTRIES,
        sa.Column("id", chandelier.RowId, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("log_channel_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", chandelier.UtcDateTime(), nullable=False),
        sa.Column("member_id", sa.BigInteger()),
        sa.Column("by_id", sa.BigInteger()),
        sa.Column("channel_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("details", chandelier.Json, nullable=False, server_default="{}"),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("effect_id", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name=f"{_ENTRIES}_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"{_ENTRIES}_log_channel_id_id_ix", _ENTRIES, ["log_channel_id", "id"])
    op.create_index(f"{_ENTRIES}_member_id_ix", _ENTRIES, ["member_id"])
    op.create_index(f"{_ENTRIES}_by_id_ix", _ENTRIES, ["by_id"])
    op.create_index(_OF_CASES, "moderation_cases", ["guild_id", "message_id"])


def downgrade() -> None:
    op.drop_index(_OF_CASES, "moderation_cases")
    op.drop_table(_ENTRIES)
    op.drop_table(_KEPT)

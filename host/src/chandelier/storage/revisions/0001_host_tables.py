"""The host's first tables: guild settings, plugin state, keys, timers, outbox."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier.storage.columns import Json, RowId, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chandelier_guild_settings",
        sa.Column("guild_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("values", Json, nullable=False),
        sa.PrimaryKeyConstraint("guild_id", "plugin", name="chandelier_guild_settings_pk"),
    )
    op.create_table(
        "chandelier_plugin_state",
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("config_version", sa.Integer(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("plugin", name="chandelier_plugin_state_pk"),
    )
    op.create_table(
        "chandelier_keys",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="chandelier_keys_pk"),
    )
    op.create_table(
        "chandelier_timers",
        sa.Column("id", RowId, nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="chandelier_timers_pk"),
        sa.UniqueConstraint("plugin", "kind", "key", name="chandelier_timers_plugin_kind_key_uq"),
        sqlite_autoincrement=True,
    )
    op.create_index("chandelier_timers_due_at_ix", "chandelier_timers", ["due_at"])
    op.create_table(
        "chandelier_outbox",
        sa.Column("id", RowId, nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("result", Json, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'started', 'done', 'failed')", name="chandelier_outbox_state_ck"
        ),
        sa.PrimaryKeyConstraint("id", name="chandelier_outbox_pk"),
        sa.UniqueConstraint("plugin", "kind", "key", name="chandelier_outbox_plugin_kind_key_uq"),
        sqlite_autoincrement=True,
    )
    op.create_index("chandelier_outbox_state_next_at_ix", "chandelier_outbox", ["state", "next_at"])


def downgrade() -> None:
    op.drop_table("chandelier_outbox")
    op.drop_table("chandelier_timers")
    op.drop_table("chandelier_keys")
    op.drop_table("chandelier_plugin_state")
    op.drop_table("chandelier_guild_settings")

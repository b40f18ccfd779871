"""Keep actions of any plugin, not only forwards: a forward becomes the action "forward" of "reactions".

Going back keeps the forwards; what other plugins' actions did has no place there and is dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from chandelier import Json, RowId, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_CHUNK = 1_000
"""Rows that are carried over at a time."""
_SHARED = (
    "message_id",
    "guild_id",
    "channel_id",
    "user_id",
    "state",
    "error",
    "created_at",
    "changed_at",
)
_INDEX = "reactions_entries_guild_id_changed_at_ix"


def _common() -> list[sa.Column[Any]]:
    return [
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
    ]


def upgrade() -> None:
    entries = op.create_table(
        "reactions_entries",
        sa.Column("id", RowId, nullable=False),
        *_common(),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("result", Json, nullable=True),
        sa.PrimaryKeyConstraint("id", name="reactions_entries_pk"),
        sa.UniqueConstraint(
            "message_id", "plugin", "action", name="reactions_entries_message_id_plugin_action_uq"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(_INDEX, "reactions_entries", ["guild_id", "changed_at"])
    made = sa.Column("forward_id", sa.BigInteger())
    forwards = sa.Table("reactions_forwards", sa.MetaData(), *_common(), made)
    _carry(sa.select(forwards).order_by(forwards.c.message_id), entries, _entry)
    op.drop_table("reactions_forwards")


def downgrade() -> None:
    forwards = op.create_table(
        "reactions_forwards",
        *_common(),
        sa.Column("forward_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name="reactions_forwards_pk"),
    )
    entries = sa.Table(
        "reactions_entries",
        sa.MetaData(),
        *_common(),
        sa.Column("plugin", sa.Text()),
        sa.Column("action", sa.Text()),
        sa.Column("result", Json),
    )
    mine = sa.select(entries).where(entries.c.plugin == "reactions", entries.c.action == "forward")
    _carry(mine.order_by(entries.c.message_id), forwards, _forward)
    op.drop_index(_INDEX, "reactions_entries")
    op.drop_table("reactions_entries")


def _entry(row: Mapping[str, Any]) -> dict[str, Any]:
    made = row["forward_id"]
    return {
        **{name: row[name] for name in _SHARED},
        "plugin": "reactions",
        "action": "forward",
        "tries": 0,
        "result": None if made is None else {"message": str(made)},
    }


def _forward(row: Mapping[str, Any]) -> dict[str, Any]:
    made = (row["result"] or {}).get("message")
    return {**{name: row[name] for name in _SHARED}, "forward_id": None if made is None else int(made)}


def _carry(query: Any, into: sa.Table, convert: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
    connection = op.get_bind()
    rows = list(connection.execute(query).mappings())
    for start in range(0, len(rows), _CHUNK):
        op.bulk_insert(into, [convert({**row}) for row in rows[start : start + _CHUNK]])

"""Say what became of the message to the member in words, and find a member's cases by index.

A boolean could not tell "still on its way" from "not wanted".
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEX = "moderation_cases_guild_id_target_id_number_ix"
_cases = sa.table("moderation_cases", sa.column("dm", sa.Text()), sa.column("dm_closed", sa.Boolean()))


def upgrade() -> None:
    op.add_column("moderation_cases", sa.Column("dm", sa.Text(), nullable=False, server_default="off"))
    said = sa.case(
        (_cases.c.dm_closed.is_(sa.true()), "closed"),
        (_cases.c.dm_closed.is_(sa.false()), "delivered"),
        else_="off",
    )
    op.execute(_cases.update().values(dm=said))
    op.drop_column("moderation_cases", "dm_closed")
    op.create_index(_INDEX, "moderation_cases", ["guild_id", "target_id", "number"])


def downgrade() -> None:
    op.drop_index(_INDEX, "moderation_cases")
    op.add_column("moderation_cases", sa.Column("dm_closed", sa.Boolean(), nullable=True))
    closed = sa.case((_cases.c.dm == "closed", sa.true()), (_cases.c.dm == "delivered", sa.false()))
    op.execute(_cases.update().values(dm_closed=closed))
    op.drop_column("moderation_cases", "dm")

"""Which guilds have commands of their own at Discord, so that a restart does not forget to take them away."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chandelier_command_guilds",
        sa.Column("guild_id", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("guild_id", name="chandelier_command_guilds_pk"),
    )


def downgrade() -> None:
    op.drop_table("chandelier_command_guilds")

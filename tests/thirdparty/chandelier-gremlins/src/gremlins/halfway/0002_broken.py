"""Changes something, then fails."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("g_halfway_toys", sa.Column("colour", sa.Text()))
    op.execute("INSERT INTO g_halfway_toys (id, colour) VALUES (1, 'red')")
    raise RuntimeError("the paint is empty")


def downgrade():
    op.drop_column("g_halfway_toys", "colour")

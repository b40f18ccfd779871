"""When somebody waved back; greetings are found by whom they were for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEX = "greeter_greetings_greeted_id_ix"


def upgrade() -> None:
    op.add_column("greeter_greetings", sa.Column("waved_at", UtcDateTime(), nullable=True))
    op.create_index(_INDEX, "greeter_greetings", ["greeted_id"])


def downgrade() -> None:
    op.drop_index(_INDEX, "greeter_greetings")
    op.drop_column("greeter_greetings", "waved_at")

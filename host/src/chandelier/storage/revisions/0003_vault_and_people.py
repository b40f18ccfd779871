"""The vault's keys, erasures on request, and feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chandelier.storage.columns import Json, RowId, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chandelier_vault_keys",
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("check_value", sa.LargeBinary(), nullable=False),
        sa.Column("first_used_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="chandelier_vault_keys_pk"),
    )
    op.create_table(
        "chandelier_vault_people",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("data_key", sa.Text(), nullable=False),
        sa.Column("wrapped_by", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="chandelier_vault_people_pk"),
        sa.UniqueConstraint("data_key", name="chandelier_vault_people_data_key_uq"),
    )
    op.create_index(
        "chandelier_vault_people_wrapped_by_person_id_ix",
        "chandelier_vault_people",
        ["wrapped_by", "person_id"],
    )
    op.create_table(
        "chandelier_erasures",
        sa.Column("id", RowId, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="chandelier_erasures_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index("chandelier_erasures_person_id_ix", "chandelier_erasures", ["person_id"])
    op.create_table(
        "chandelier_erasure_parts",
        sa.Column("erasure_id", RowId, autoincrement=False, nullable=False),
        sa.Column("plugin", sa.Text(), nullable=False),
        sa.Column("erased", sa.Integer(), nullable=True),
        sa.Column("kept", Json, nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("erasure_id", "plugin", name="chandelier_erasure_parts_pk"),
    )
    op.create_table(
        "chandelier_feedback",
        sa.Column("id", RowId, nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("guild_id", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sent_at", UtcDateTime(), nullable=False),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answer_delivered", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="chandelier_feedback_pk"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "chandelier_feedback_person_id_sent_at_ix", "chandelier_feedback", ["person_id", "sent_at"]
    )
    op.create_index("chandelier_feedback_sent_at_ix", "chandelier_feedback", ["sent_at"])


def downgrade() -> None:
    op.drop_table("chandelier_feedback")
    op.drop_table("chandelier_erasure_parts")
    op.drop_table("chandelier_erasures")
    op.drop_table("chandelier_vault_people")
    op.drop_table("chandelier_vault_keys")

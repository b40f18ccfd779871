"""Know the post by its ids instead of its address, keep the price that it showed, list by index.

``post`` was ``https://discord.com/channels/GUILD/CHANNEL/MESSAGE``.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLE = "luisaviaroma_products"
_INDEXES = {
    "luisaviaroma_products_guild_id_stored_at_ix": ["guild_id", "stored_at"],
    "luisaviaroma_products_stored_by_ix": ["stored_by"],
}
_products = sa.table(
    _TABLE,
    *(sa.column(name, sa.BigInteger()) for name in ("guild_id", "channel_id", "message_id")),
    *(sa.column(name, sa.Text()) for name in ("product_id", "post")),
)
_key = _products.c.guild_id, _products.c.product_id


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("price", sa.Text(), nullable=True))
    for name in ("channel_id", "message_id"):
        op.add_column(_TABLE, sa.Column(name, sa.BigInteger(), nullable=True))
    for guild_id, product_id, post in list(op.get_bind().execute(sa.select(*_key, _products.c.post))):
        channel_id, message_id = (int(part) for part in post.rsplit("/", 2)[1:])
        _set(guild_id, product_id, channel_id=channel_id, message_id=message_id)
    with op.batch_alter_table(_TABLE) as table:
        for name in ("channel_id", "message_id"):
            table.alter_column(name, existing_type=sa.BigInteger(), nullable=False)
        table.drop_column("post")
    for name, columns in _INDEXES.items():
        op.create_index(name, _TABLE, columns)


def downgrade() -> None:
    for name in _INDEXES:
        op.drop_index(name, _TABLE)
    op.add_column(_TABLE, sa.Column("post", sa.Text(), nullable=True))
    rows = sa.select(*_key, _products.c.channel_id, _products.c.message_id)
    for guild_id, product_id, channel_id, message_id in list(op.get_bind().execute(rows)):
        _set(guild_id, product_id, post=f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}")
    with op.batch_alter_table(_TABLE) as table:
        table.alter_column("post", existing_type=sa.Text(), nullable=False)
        for name in ("channel_id", "message_id", "price"):
            table.drop_column(name)


def _set(guild_id: int, product_id: str, **values: int | str) -> None:
    one = _products.update().where(_products.c.guild_id == guild_id, _products.c.product_id == product_id)
    op.get_bind().execute(one.values(**values))

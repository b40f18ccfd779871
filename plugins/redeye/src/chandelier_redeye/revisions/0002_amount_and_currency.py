"""Keep amount and currency apart, the shop's own id, why an alert failed; find people's watches by index.

``price`` was text such as "49.90 EUR", or "49.90" where the page names no currency.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INDEX = "redeye_watches_added_by_ix"
_NEW = ("amount", "currency", "shop", "product_id", "undelivered")
_watches = sa.table(
    "redeye_watches",
    *(sa.column(name, sa.BigInteger()) for name in ("guild_id", "number")),
    *(sa.column(name, sa.Text()) for name in ("price", "amount", "currency")),
)


def upgrade() -> None:
    for name in _NEW:
        op.add_column("redeye_watches", sa.Column(name, sa.Text(), nullable=True))
    for guild_id, number, price in _rows(_watches.c.price):
        amount, _, currency = price.partition(" ")
        _set(guild_id, number, amount=amount, currency=currency or None)
    op.drop_column("redeye_watches", "price")
    op.create_index(_INDEX, "redeye_watches", ["added_by"])


def downgrade() -> None:
    op.drop_index(_INDEX, "redeye_watches")
    op.add_column("redeye_watches", sa.Column("price", sa.Text(), nullable=True))
    for guild_id, number, amount, currency in _rows(_watches.c.amount, _watches.c.currency):
        _set(guild_id, number, price=f"{amount} {currency}" if currency else amount)
    for name in _NEW:
        op.drop_column("redeye_watches", name)


def _rows(*columns: sa.ColumnClause[str]) -> list[Any]:
    """The keys of watches with a price, and these columns of them."""
    query = sa.select(_watches.c.guild_id, _watches.c.number, *columns).where(columns[0].is_not(None))
    return list(op.get_bind().execute(query))


def _set(guild_id: int, number: int, **values: str | None) -> None:
    one = _watches.update().where(_watches.c.guild_id == guild_id, _watches.c.number == number)
    op.get_bind().execute(one.values(**values))

"""The stored products: each once per guild."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select, update

import chandelier
from chandelier_luisaviaroma.config import LuisaviaromaConfig
from chandelier_luisaviaroma.finds import Find
from chandelier_luisaviaroma.tables import StoredProduct

__all__ = ["CONFIRM", "Products"]

_ = chandelier.Messages(__package__)

CONFIRM = "confirm"
"""Kind of the outbox entries that put ✅ under a post; the key is the message's id."""


class Products:
    """What moderators picked."""

    def __init__(self, ctx: chandelier.PluginContext[LuisaviaromaConfig]) -> None:
        self._ctx = ctx

    async def store(
        self,
        finds: Sequence[Find],
        *,
        guild_id: int,
        channel_id: int,
        message_id: int,
        by: int,
        confirm: bool,
    ) -> int:
        """Keep the products of a post that are not kept yet; returns how many those are."""
        now = self._ctx.now()
        new = 0
        async with self._ctx.storage.transaction() as session:
            for find in finds:
                insert = self._ctx.storage.insert(StoredProduct).values(
                    guild_id=guild_id,
                    product_id=find.product_id,
                    title=find.title,
                    url=find.url,
                    price=find.price,
                    channel_id=channel_id,
                    message_id=message_id,
                    stored_by=by,
                    stored_at=now,
                )
                once = insert.on_conflict_do_nothing(index_elements=["guild_id", "product_id"])
                added = await session.execute(once.returning(StoredProduct.product_id))
                new += added.first() is not None
            if confirm:
                where = {"channel": channel_id, "message": message_id}
                await self._ctx.outbox.put(CONFIRM, key=str(message_id), payload=where, session=session)
        return new

    async def remove(self, guild_id: int, product_id: str) -> str:
        """Take a product out; returns its title. Raises InvalidRequest when it is not there."""
        wanted = product_id.strip().upper()
        gone = delete(StoredProduct).where(
            StoredProduct.guild_id == guild_id, StoredProduct.product_id == wanted
        )
        async with self._ctx.storage.transaction() as session:
            row = (await session.execute(gone.returning(StoredProduct.title))).first()
        if row is None:
            raise chandelier.InvalidRequest(
                _(
                    "No product with that code is stored in this server; `/luisaviaroma list` shows those "
                    "that are."
                )
            )
        return row[0]

    async def page(self, guild_id: int, *, offset: int, limit: int) -> Sequence[StoredProduct]:
        """A guild's products, the newest first."""
        query = (
            select(StoredProduct)
            .where(StoredProduct.guild_id == guild_id)
            .order_by(StoredProduct.stored_at.desc(), StoredProduct.product_id)
            .offset(offset)
            .limit(limit)
        )
        async with self._ctx.storage.read() as session:
            return (await session.scalars(query)).all()

    async def like(self, guild_id: int, typed: str, limit: int) -> Sequence[StoredProduct]:
        """A guild's products whose code or title has what was typed, the newest first."""
        matches = StoredProduct.product_id.icontains(typed, autoescape=True) | StoredProduct.title.icontains(
            typed, autoescape=True
        )
        query = select(StoredProduct).where(StoredProduct.guild_id == guild_id, matches)
        async with self._ctx.storage.read() as session:
            rows = await session.scalars(query.order_by(StoredProduct.stored_at.desc()).limit(limit))
            return rows.all()

    async def count(self, guild_id: int) -> int:
        """How many products a guild has."""
        query = select(func.count()).select_from(StoredProduct).where(StoredProduct.guild_id == guild_id)
        async with self._ctx.storage.read() as session:
            return await session.scalar(query) or 0

    async def stored_by(self, user_id: int) -> Sequence[StoredProduct]:
        """What a person stored, anywhere."""
        async with self._ctx.storage.read() as session:
            query = select(StoredProduct).where(StoredProduct.stored_by == user_id)
            return (await session.scalars(query)).all()

    async def forget_person(self, user_id: int) -> int:
        """Keep the products, which are the server's, but not who stored them; returns how many."""
        changed = update(StoredProduct).where(StoredProduct.stored_by == user_id).values(stored_by=None)
        async with self._ctx.storage.transaction() as session:
            return len((await session.execute(changed.returning(StoredProduct.product_id))).all())

    async def forget_guild(self, guild_id: int) -> None:
        """Forget the products of a guild that the bot has left."""
        async with self._ctx.storage.transaction() as session:
            await session.execute(delete(StoredProduct).where(StoredProduct.guild_id == guild_id))

"""The store of messages' texts: sealed in the vault for their authors, bounded in number and in time.

It is empty unless a guild says for how long to keep: see `settings.Watch.keep`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import hikari
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.together import Together
from chandelier_moderation.watching.tables import KeptMessage

__all__ = ["Kept", "MessageStore"]

_TABLE, _FIELD = KeptMessage.__tablename__, "sealed"
_NO_MESSAGE = 2**63 - 1
"""Above every id."""
_AT_ONCE = 500
"""Ids in one query: SQLite takes no more than some thousand parameters."""


@attrs.frozen(kw_only=True)
class Kept:
    """A message as it is kept."""

    message_id: int
    guild_id: int
    channel_id: int
    author_id: int
    text: str | None
    """None: it cannot be read any more."""
    files: tuple[str, ...] = ()

    @property
    def says(self) -> tuple[str | None, tuple[str, ...]]:
        """What an edit may change."""
        return self.text, self.files


@attrs.define(eq=False)
class _Sought:
    """A question for a kept message."""

    guild_id: int
    message_id: int
    kept: Kept | None = None
    """The answer."""


class MessageStore:
    """Keeps messages; nothing of it is ever written unsealed."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], filled: Callable[[], None]) -> None:
        """``filled`` is called whenever there is something that has to be forgotten some time."""
        self._ctx = ctx
        self._filled = filled
        self._fresh: dict[int, Kept] = {}
        """What is not written yet."""
        self._together = Together[Kept](self._write)
        self._seeking = Together[_Sought](self._seek)
        self._dropping = Together[int](self._drop)
        self.problem: str | None = None
        """Why texts cannot be kept at the moment."""

    async def remember(self, kept: Kept) -> None:
        """Keep a message, or its new text. When the vault cannot be used it is not kept, see ``problem``."""
        self._fresh[kept.message_id] = kept
        try:
            await self._together.put(kept)
        except chandelier.ServiceUnavailable as error:
            if self.problem is None:
                self._ctx.log.warning("the texts of messages are not kept: {}", error)
            self.problem = str(error)
        else:
            self.problem = None
            self._filled()
        finally:
            if self._fresh.get(kept.message_id) is kept:
                del self._fresh[kept.message_id]

    async def find_one(self, guild_id: int, message_id: int) -> Kept | None:
        """What is kept of a message; those that are asked for at the same time are read together."""
        sought = _Sought(int(guild_id), int(message_id))
        await self._seeking.put(sought)
        return sought.kept

    async def drop_one(self, message_id: int) -> None:
        """Forget a message, together with others at the same time."""
        await self._dropping.put(message_id)

    async def find(self, guild_id: int, message_ids: Iterable[int]) -> Mapping[int, Kept]:
        """What is kept of these messages; too old ones are left out."""
        wanted = set(message_ids)
        if not wanted.isdisjoint(self._fresh):
            await self._together.drain()
        watch = (await self._ctx.config_for(guild_id)).watch
        oldest = _oldest(self._ctx.now(), watch.keep)
        ids = sorted(id_ for id_ in wanted if id_ >= oldest)
        rows: list[KeptMessage] = []
        async with self._ctx.storage.read() as session:
            for start in range(0, len(ids), _AT_ONCE):
                some = KeptMessage.message_id.in_(ids[start : start + _AT_ONCE])
                rows += await session.scalars(select(KeptMessage).where(some))
        return {kept.message_id: kept for kept in await self._opened(rows)}

    async def drop(self, session: AsyncSession, message_ids: Iterable[int]) -> None:
        """Forget messages, as a part of a transaction: what was deleted and told needs no keeping."""
        ids = sorted(set(message_ids))
        for start in range(0, len(ids), _AT_ONCE):
            some = KeptMessage.message_id.in_(ids[start : start + _AT_ONCE])
            await session.execute(_gone(delete(KeptMessage).where(some)))

    async def tidy(self, guild_id: int | None = None) -> bool:
        """Forget what is too old by its guild's settings now, and too many; of every guild when None.

        Returns whether anything is left.
        """
        if guild_id is None:
            async with self._ctx.storage.read() as session:
                guilds = list(await session.scalars(select(KeptMessage.guild_id).distinct()))
        else:
            guilds = [guild_id]
        for guild in guilds:
            watch = (await self._ctx.config_for(guild)).watch
            async with self._ctx.storage.transaction() as session:
                old = KeptMessage.message_id < _oldest(self._ctx.now(), watch.keep)
                await session.execute(_gone(delete(KeptMessage).where(KeptMessage.guild_id == guild, old)))
                await self._trim(session, guild, watch.keep_most)
        async with self._ctx.storage.read() as session:
            return await session.scalar(select(KeptMessage.message_id).limit(1)) is not None

    async def of_person(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """Every kept message of a person, as JSON-ready data."""
        await self._together.drain()
        mine = select(KeptMessage).where(KeptMessage.author_id == user_id).order_by(KeptMessage.message_id)
        async with self._ctx.storage.read() as session:
            rows = (await session.scalars(mine)).all()
        return [
            {
                "guild": str(kept.guild_id),
                "channel": str(kept.channel_id),
                "message": str(kept.message_id),
                "at": hikari.Snowflake(kept.message_id).created_at.isoformat(),
                "text": kept.text,
                "files": list(kept.files),
            }
            for kept in await self._opened(rows)
        ]

    async def forget_person(self, user_id: int) -> int:
        """Forget every message of a person; returns how many."""
        async with self._ctx.storage.transaction() as session:
            gone = await session.execute(_gone(delete(KeptMessage).where(KeptMessage.author_id == user_id)))
        count: int = getattr(gone, "rowcount", 0)
        return count

    async def _seek(self, items: Sequence[_Sought]) -> None:
        for guild_id in {sought.guild_id for sought in items}:
            mine = [sought for sought in items if sought.guild_id == guild_id]
            found = await self.find(guild_id, [sought.message_id for sought in mine])
            for sought in mine:
                sought.kept = found.get(sought.message_id)

    async def _drop(self, message_ids: Sequence[int]) -> None:
        async with self._ctx.storage.transaction() as session:
            await self.drop(session, message_ids)

    async def _write(self, items: Sequence[Kept]) -> None:
        latest = {kept.message_id: kept for kept in items}.values()
        sealing = [
            chandelier.SealedValue(
                person_id=kept.author_id,
                value=[kept.text, list(kept.files)],
                table=_TABLE,
                row=kept.message_id,
                field=_FIELD,
            )
            for kept in latest
        ]
        most = self._ctx.config.watch.keep_most
        async with self._ctx.storage.transaction() as session:
            sealed = await self._ctx.vault.seal_all(sealing, session=session)
            rows = [
                {
                    "message_id": kept.message_id,
                    "guild_id": kept.guild_id,
                    "channel_id": kept.channel_id,
                    "author_id": kept.author_id,
                    "sealed": value,
                }
                for kept, value in zip(latest, sealed, strict=True)
            ]
            insert = self._ctx.storage.insert(KeptMessage)
            await session.execute(
                insert.on_conflict_do_update(
                    index_elements=["message_id"], set_={"sealed": insert.excluded.sealed}
                ),
                rows,
            )
            for guild_id in {kept.guild_id for kept in latest}:
                await self._trim(session, guild_id, most)

    async def _trim(self, session: AsyncSession, guild_id: int, most: int) -> None:
        """Message ids grow with time, so that the smallest are the oldest."""
        ours = KeptMessage.guild_id == guild_id
        newest = select(KeptMessage.message_id).where(ours).order_by(KeptMessage.message_id.desc())
        last = await session.scalar(newest.offset(most).limit(1))
        if last is not None:
            await session.execute(_gone(delete(KeptMessage).where(ours, KeptMessage.message_id <= last)))

    async def _opened(self, rows: Sequence[KeptMessage]) -> list[Kept]:
        opened = await self._ctx.vault.open_all(
            [
                chandelier.SealedValue(
                    person_id=row.author_id, value=row.sealed, table=_TABLE, row=row.message_id, field=_FIELD
                )
                for row in rows
            ]
        )
        found: list[Kept] = []
        for row, value in zip(rows, opened, strict=True):
            text, files = value.value if value.problem is None else (None, ())
            found.append(
                Kept(
                    message_id=row.message_id,
                    guild_id=row.guild_id,
                    channel_id=row.channel_id,
                    author_id=row.author_id,
                    text=text,
                    files=tuple(files),
                )
            )
        return found


def _oldest(now: datetime, hours: int) -> int:
    """The smallest id of a message that is not too old; with 0 hours there is none.

    Source: https://discord.com/developers/docs/reference#snowflakes
    """
    if not hours:
        return _NO_MESSAGE
    return int(hikari.Snowflake.from_datetime(now.astimezone(UTC) - timedelta(hours=hours)))


def _gone(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)

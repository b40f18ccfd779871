"""Events that are still to be told: rows first, and one effect at a time for each channel of the log.

While a post is on its way, what happens meanwhile waits and goes into the next one together. So a raid of a
thousand joins is a few posts, and a channel of the log takes one place at most among the effects that the
outbox carries out at the same time: bans do not wait behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.together import Together
from chandelier_moderation.watching.store import MessageStore
from chandelier_moderation.watching.tables import LogEntry

__all__ = ["EFFECT", "MOST", "Entry", "Journal", "Noted"]

EFFECT = "watch"
"""The kind of the effects."""
MOST = 1_000
"""Events that one post tells at most."""
FORGOTTEN_AFTER = timedelta(days=1)
"""An event that could not be told for so long is not told any more."""

_TABLE, _FIELD = LogEntry.__tablename__, "sealed"


@attrs.frozen(kw_only=True)
class Entry:
    """An event before it is stored."""

    guild_id: int
    log_channel_id: int
    kind: str
    what: str
    at: datetime
    member_id: int | None = None
    by_id: int | None = None
    channel_id: int | None = None
    message_id: int | None = None
    details: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    texts: Mapping[str, Any] | None = None
    """What a member wrote; sealed for them, or left out where the vault cannot be used."""


@attrs.frozen
class Noted:
    """A stored event with its texts; None where there are none, or they cannot be read any more."""

    row: LogEntry
    texts: Mapping[str, Any] | None


class Journal:
    """Reads and writes events that are still to be told."""

    def __init__(
        self,
        ctx: chandelier.PluginContext[ModerationConfig],
        store: MessageStore,
        filled: Callable[[], None],
    ) -> None:
        """``filled`` is called whenever there is something that has to be forgotten some time."""
        self._ctx = ctx
        self._filled = filled
        self._store = store
        self._together = Together[Entry](self._write)

    async def add(self, entry: Entry) -> None:
        """Have an event told; returns when it is stored."""
        await self._together.put(entry)
        self._filled()

    async def claim(self, effect_id: int, log_channel_id: int) -> list[Noted]:
        """The events that an effect tells: those it began with before a crash, else all that wait."""
        mine = select(LogEntry).where(
            LogEntry.effect_id == effect_id, LogEntry.log_channel_id == log_channel_id
        )
        waiting = select(LogEntry).where(
            LogEntry.log_channel_id == log_channel_id, LogEntry.effect_id.is_(None)
        )
        async with self._ctx.storage.transaction() as session:
            rows = (await session.scalars(mine.order_by(LogEntry.id))).all()
            if not rows:
                first = waiting.order_by(LogEntry.id).limit(MOST).with_for_update()
                rows = (await session.scalars(first)).all()
                await session.execute(_of(rows).values(effect_id=effect_id))
        return await self._opened(rows)

    async def release(self, rows: Sequence[LogEntry]) -> None:
        """Give back what did not fit into a post; the next one tells it."""
        if rows:
            async with self._ctx.storage.transaction() as session:
                await session.execute(_of(rows).values(effect_id=None))

    async def finish(self, effect_id: int, log_channel_id: int, told: Iterable[int] = ()) -> None:
        """Forget the events of an effect and the deleted messages that it told; begin with what waits."""
        ours = LogEntry.log_channel_id == log_channel_id
        async with self._ctx.storage.transaction() as session:
            await session.execute(_quiet(delete(LogEntry).where(LogEntry.effect_id == effect_id, ours)))
            await self._store.drop(session, told)
            following = select(LogEntry.id).where(ours, LogEntry.effect_id.is_(None))
            first = await session.scalar(following.order_by(LogEntry.id).limit(1))
            if first is not None:
                await self._begin(session, log_channel_id, first)

    async def tidy(self) -> bool:
        """Forget what could not be told for too long, so that what came after it is told.

        Returns whether anything is left.
        """
        old = LogEntry.at < self._ctx.now() - FORGOTTEN_AFTER
        async with self._ctx.storage.read() as session:
            if await session.scalar(select(LogEntry.id).limit(1)) is None:
                return False
        async with self._ctx.storage.transaction() as session:
            channels = set(await session.scalars(select(LogEntry.log_channel_id).where(old).distinct()))
            await session.execute(_quiet(delete(LogEntry).where(old)))
            for channel in sorted(channels):
                await session.execute(
                    _quiet(update(LogEntry).where(LogEntry.log_channel_id == channel).values(effect_id=None))
                )
                first = await session.scalar(_first(channel))
                if first is not None:
                    await self._begin(session, channel, first)
            return await session.scalar(select(LogEntry.id).limit(1)) is not None

    async def of_person(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """Every event that names a person and is still to be told, as JSON-ready data."""
        async with self._ctx.storage.read() as session:
            rows = (
                await session.scalars(select(LogEntry).where(_naming(user_id)).order_by(LogEntry.id))
            ).all()
        return [
            {
                "guild": str(noted.row.guild_id),
                "what": noted.row.what,
                "at": noted.row.at.isoformat(),
                "role": "member" if noted.row.member_id == user_id else "who did it",
                **(
                    {**noted.row.details, **(noted.texts or {})}
                    if noted.row.member_id == user_id
                    else {}
                ),
            }
            for noted in await self._opened(rows)
        ]  # fmt: skip

    async def forget_person(self, user_id: int) -> int:
        """Forget every event that names a person; returns how many."""
        async with self._ctx.storage.transaction() as session:
            gone = await session.execute(_quiet(delete(LogEntry).where(_naming(user_id))))
        count: int = getattr(gone, "rowcount", 0)
        return count

    async def _write(self, entries: Sequence[Entry]) -> None:
        async with self._ctx.storage.transaction() as session:
            rows = [_row(entry) for entry in entries]
            session.add_all(rows)
            await session.flush()
            await self._seal(entries, rows, session)
            for channel in sorted({entry.log_channel_id for entry in entries}):
                first = None
                while first is None:  # another process has just told the first one: look again
                    first = await session.scalar(_first(channel))
                await self._begin(session, channel, first)

    async def _seal(self, entries: Sequence[Entry], rows: Sequence[LogEntry], session: AsyncSession) -> None:
        """Seal what members wrote; without the vault it is left out, never stored as it is."""
        own = [
            (row, entry)
            for row, entry in zip(rows, entries, strict=True)
            if entry.texts is not None and entry.member_id is not None
        ]
        if not own:
            return
        sealing = [
            chandelier.SealedValue(
                person_id=entry.member_id or 0,
                value=dict(entry.texts or {}),
                table=_TABLE,
                row=row.id,
                field=_FIELD,
            )
            for row, entry in own
        ]
        try:
            values = await self._ctx.vault.seal_all(sealing, session=session)
        except chandelier.ServiceUnavailable:
            return  # the post has a link to the message
        for (row, _entry), sealed in zip(own, values, strict=True):
            row.sealed = sealed
        await session.flush()

    async def _begin(self, session: AsyncSession, log_channel_id: int, first: int) -> None:
        """Named by the first event: while that one is on its way, there is no second effect."""
        payload = {"channel": str(log_channel_id)}
        await self._ctx.outbox.put(EFFECT, key=f"{log_channel_id}-{first}", payload=payload, session=session)

    async def _opened(self, rows: Sequence[LogEntry]) -> list[Noted]:
        sealed = [row for row in rows if row.sealed is not None and row.member_id is not None]
        opened = await self._ctx.vault.open_all(
            [
                chandelier.SealedValue(
                    person_id=row.member_id or 0, value=row.sealed, table=_TABLE, row=row.id, field=_FIELD
                )
                for row in sealed
            ]
        )
        texts = {row.id: each.value for row, each in zip(sealed, opened, strict=True) if each.problem is None}
        return [Noted(row, texts.get(row.id)) for row in rows]


def _row(entry: Entry) -> LogEntry:
    return LogEntry(
        guild_id=entry.guild_id,
        log_channel_id=entry.log_channel_id,
        kind=entry.kind,
        what=entry.what,
        at=entry.at,
        member_id=entry.member_id,
        by_id=entry.by_id,
        channel_id=entry.channel_id,
        message_id=entry.message_id,
        details=dict(entry.details),
    )


def _first(log_channel_id: int) -> Any:
    """The id of the first event of a channel that is still to be told, begun or not.

    Locked on PostgreSQL: whoever tells it waits for us, or we see that it is gone.
    """
    ours = select(LogEntry.id).where(LogEntry.log_channel_id == log_channel_id)
    return ours.order_by(LogEntry.id).limit(1).with_for_update()


def _of(rows: Sequence[LogEntry]) -> Any:
    ids = [row.id for row in rows]
    return _quiet(update(LogEntry).where(LogEntry.id.in_(ids)))


def _naming(user_id: int) -> Any:
    return or_(LogEntry.member_id == user_id, LogEntry.by_id == user_id)


def _quiet(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)

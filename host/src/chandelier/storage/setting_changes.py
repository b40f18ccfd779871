"""What changed in guilds' settings: written in the transaction of the change, read by history and undo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.storage.engine import Database
from chandelier.storage.tables import SettingChangeRow

__all__ = ["KEPT_CHANGES", "SettingChange", "SettingChanges"]

KEPT_CHANGES = 200
"""Changes that are kept per guild; older ones go, they can no longer be undone."""


@attrs.frozen(kw_only=True)
class SettingChange:
    """One change of a guild's own settings of one plugin.

    ``before`` and ``after`` have the settings that changed, by name, as JSON-ready data; a setting that is
    missing in one of them had no value of the guild's own then.
    """

    id: int
    guild_id: int
    plugin: str
    version: int
    """The version of the plugin's schema at which the values were written."""
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    made_by: int | None
    """The id of the person; None when the plugin itself made it, or the person was erased."""
    made_at: datetime
    undoes: int | None = None
    """The id of the change that this one took back."""
    undone_by: int | None = None
    """The id of the change that took this one back."""

    @property
    def names(self) -> tuple[str, ...]:
        """The settings that changed."""
        return tuple(sorted(self.before.keys() | self.after.keys()))


class SettingChanges:
    """Writes, reads and forgets changes; whether one may be undone is judged where it is undone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(
        self,
        session: AsyncSession,
        guild_id: int,
        plugin: str,
        version: int,
        *,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        by: int | None,
        undoes: int | None = None,
    ) -> SettingChange | None:
        """Note what differs between all of a guild's values before and after; None when nothing does."""
        names = [
            name
            for name in before.keys() | after.keys()
            if (name in before) != (name in after) or before.get(name) != after.get(name)
        ]
        if not names:
            return None
        row = SettingChangeRow(
            guild_id=guild_id,
            plugin=plugin,
            version=version,
            before={name: before[name] for name in names if name in before},
            after={name: after[name] for name in names if name in after},
            made_by=by,
            made_at=self._database.clock.now(),
            undoes=undoes,
        )
        session.add(row)
        await session.flush()
        if undoes is not None:
            await self._mark(session, guild_id, undoes, row.id)
        await self._tidy(session, guild_id)
        return _change(row)

    async def get(
        self, guild_id: int, change_id: int, *, session: AsyncSession | None = None
    ) -> SettingChange | None:
        """A change of this guild; None when there is none, or it was too long ago."""
        query = select(SettingChangeRow).where(
            SettingChangeRow.id == change_id, SettingChangeRow.guild_id == guild_id
        )
        if session is None:
            async with self._database.read() as own:
                row = await own.scalar(query)
        else:
            row = await session.scalar(query)
        return None if row is None else _change(row)

    async def latest(
        self, guild_id: int, *, plugin: str | None = None, limit: int = KEPT_CHANGES
    ) -> Sequence[SettingChange]:
        """The newest changes of a guild, newest first."""
        query = select(SettingChangeRow).where(SettingChangeRow.guild_id == guild_id)
        if plugin is not None:
            query = query.where(SettingChangeRow.plugin == plugin)
        async with self._database.read() as session:
            rows = await session.scalars(query.order_by(SettingChangeRow.id.desc()).limit(limit))
            return [_change(row) for row in rows]

    async def made_by(self, user_id: int) -> Sequence[SettingChange]:
        """Every change that a person made, oldest first: for an export of what is stored about them."""
        query = select(SettingChangeRow).where(SettingChangeRow.made_by == user_id)
        async with self._database.read() as session:
            return [_change(row) for row in await session.scalars(query.order_by(SettingChangeRow.id))]

    async def forget(self, user_id: int, *, session: AsyncSession) -> int:
        """Take a person's id out of every change; the changes stay. Returns how many there were."""
        mine = SettingChangeRow.made_by == user_id
        ids = (await session.scalars(select(SettingChangeRow.id).where(mine))).all()
        await session.execute(update(SettingChangeRow).where(mine).values(made_by=None))
        return len(ids)

    async def _mark(self, session: AsyncSession, guild_id: int, undone: int | None, by: int) -> None:
        """Mark a change as undone; if it was an undo, what it took back is in force again, and so on."""
        in_force = False
        while undone is not None:
            row = await session.get(SettingChangeRow, undone)
            if row is None or row.guild_id != guild_id:
                return
            row.undone_by = None if in_force else by
            in_force, by, undone = not in_force, row.id, row.undoes

    async def _tidy(self, session: AsyncSession, guild_id: int) -> None:
        oldest_kept = await session.scalar(
            select(SettingChangeRow.id)
            .where(SettingChangeRow.guild_id == guild_id)
            .order_by(SettingChangeRow.id.desc())
            .offset(KEPT_CHANGES - 1)
            .limit(1)
        )
        if oldest_kept is not None:
            await session.execute(
                delete(SettingChangeRow).where(
                    SettingChangeRow.guild_id == guild_id, SettingChangeRow.id < oldest_kept
                )
            )


def _change(row: SettingChangeRow) -> SettingChange:
    return SettingChange(
        id=row.id,
        guild_id=row.guild_id,
        plugin=row.plugin,
        version=row.version,
        before=dict(row.before),
        after=dict(row.after),
        made_by=row.made_by,
        made_at=row.made_at,
        undoes=row.undoes,
        undone_by=row.undone_by,
    )

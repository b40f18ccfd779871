"""The book of entries: an action is claimed here before it is carried out, so that it happens once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import func, select, update

import chandelier
from chandelier_reactions.actions import Action, Reaction
from chandelier_reactions.tables import Entry

__all__ = ["EFFECT", "Entries", "Trouble"]

_ = chandelier.Messages(__package__)

EFFECT = "act"
"""The kind of this plugin's outbox entries."""
PAUSE = timedelta(minutes=1)
"""How long after a failure a further reaction tries again; a crowd must not hammer a broken channel."""
LATE = timedelta(minutes=10)
"""How long an entry may wait before health mentions it."""


@attrs.frozen
class Trouble:
    """A guild in which something is not done."""

    guild_id: int
    what: str


class Entries:
    """Reads and writes entries; what is to be done goes to the outbox in the same transaction."""

    def __init__(
        self, storage: chandelier.Storage, outbox: chandelier.Outbox, clock: chandelier.Clock
    ) -> None:
        self._storage = storage
        self._outbox = outbox
        self._clock = clock

    async def claim(self, plugin: str, action: Action, reaction: Reaction) -> bool:
        """Have an action carried out for a reaction, unless it was, or is about to be, under that message.

        A failed one is tried again by a reaction that comes `PAUSE` after the failure.
        """
        now = self._clock.now()
        row = {
            "guild_id": reaction.guild_id,
            "channel_id": reaction.channel_id,
            "message_id": reaction.message_id,
            "plugin": plugin,
            "action": action.name,
            "user_id": reaction.user_id,
            "state": "waiting",
            "tries": 0,
            "created_at": now,
            "changed_at": now,
        }
        insert = self._storage.insert(Entry).values(**row)
        new = insert.on_conflict_do_nothing(index_elements=["message_id", "plugin", "action"])
        again = (
            update(Entry)
            .where(
                Entry.message_id == reaction.message_id,
                Entry.plugin == plugin,
                Entry.action == action.name,
                Entry.state == "failed",
                Entry.changed_at <= now - PAUSE,
            )
            .values(
                state="waiting", tries=Entry.tries + 1, user_id=reaction.user_id, error=None, changed_at=now
            )
            .execution_options(synchronize_session=False)
        )
        async with self._storage.transaction() as session:
            claimed = (await session.execute(new.returning(Entry.id, Entry.tries))).mappings().first()
            if claimed is None:
                retried = await session.execute(again.returning(Entry.id, Entry.tries))
                claimed = retried.mappings().first()
            if claimed is None:
                return False
            entry_id = claimed["id"]
            await self._outbox.put(
                EFFECT,
                key=f"{entry_id}-{claimed['tries']}",
                payload={
                    "entry": entry_id,
                    "data": dict(action.data),
                    "emoji": reaction.emoji,
                    "roles": [str(role) for role in sorted(reaction.role_ids)],
                    "bot": reaction.is_bot,
                    "self": reaction.is_self,
                },
                session=session,
            )
            return True

    async def get(self, entry_id: int) -> Entry | None:
        """An entry by its id."""
        async with self._storage.read() as session:
            return await session.get(Entry, entry_id)

    async def done(self, entry: Entry, result: Mapping[str, Any] | None) -> None:
        """Record that an action was carried out."""
        await self._settle(entry, state="done", result=None if result is None else dict(result), error=None)

    async def failed(self, entry: Entry, why: str) -> None:
        """Record why an action cannot be carried out."""
        await self._settle(entry, state="failed", error=_.keep(why))

    async def give_up(self, plugin: str, action: str, message_id: int) -> None:
        """Let an entry be failed whose effect the outbox has given up, so that it can be tried again."""
        mine = (Entry.message_id == message_id, Entry.plugin == plugin, Entry.action == action)
        late = (Entry.state == "waiting", Entry.changed_at < self._clock.now() - LATE)
        async with self._storage.read() as session:
            entry = await session.scalar(select(Entry).where(*mine, *late))
        if entry is None:
            return
        effect = await self._outbox.get(EFFECT, f"{entry.id}-{entry.tries}")
        if effect is None or effect.state == "failed":
            await self.failed(entry, (effect and effect.last_error) or _("it was never carried out"))

    async def troubles(self) -> Sequence[Trouble]:
        """Guilds whose newest settled entry failed, and those with entries that wait for long."""
        newest = (
            select(Entry.guild_id, func.max(Entry.changed_at).label("changed_at"))
            .where(Entry.state != "waiting")
            .group_by(Entry.guild_id)
            .subquery()
        )
        same = (Entry.guild_id == newest.c.guild_id) & (Entry.changed_at == newest.c.changed_at)
        failing = select(Entry).join(newest, same).where(Entry.state == "failed").order_by(Entry.guild_id)
        waiting = (
            select(Entry.guild_id, func.count())
            .where(Entry.state == "waiting", Entry.changed_at < self._clock.now() - LATE)
            .group_by(Entry.guild_id)
            .order_by(Entry.guild_id)
        )
        found: dict[int, str] = {}
        async with self._storage.read() as session:
            for entry in await session.scalars(failing):
                error = _.recall(entry.error or "")
                why = _("{action} failed: {why}", action=entry.action, why=error)
                found.setdefault(entry.guild_id, why)
            for guild_id, count in await session.execute(waiting):
                minutes = int(LATE.total_seconds() // 60)
                late = _("{number} waiting for more than {minutes} minutes", number=count, minutes=minutes)
                found.setdefault(guild_id, late)
        return [Trouble(guild_id, what) for guild_id, what in found.items()]

    async def count(self, guild_id: int) -> int:
        """How many actions were carried out in a guild."""
        query = select(func.count()).select_from(Entry)
        async with self._storage.read() as session:
            return await session.scalar(query.where(Entry.guild_id == guild_id, Entry.state == "done")) or 0

    async def of_person(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """Every entry of a person's reactions, as JSON-ready data."""
        query = select(Entry).where(Entry.user_id == user_id).order_by(Entry.id)
        async with self._storage.read() as session:
            return [
                {
                    "guild": str(entry.guild_id),
                    "channel": str(entry.channel_id),
                    "message": str(entry.message_id),
                    "action": f"{entry.plugin}.{entry.action}",
                    "at": entry.created_at.isoformat(),
                }
                for entry in await session.scalars(query)
            ]

    async def forget_person(self, user_id: int) -> int:
        """Forget who reacted; that it was done stays, so that it is not done again."""
        change = update(Entry).where(Entry.user_id == user_id).values(user_id=0).returning(Entry.id)
        async with self._storage.transaction() as session:
            changed = await session.execute(change.execution_options(synchronize_session=False))
            return len(changed.all())

    async def _settle(self, entry: Entry, **values: Any) -> None:
        change = update(Entry).where(Entry.id == entry.id).values(**values, changed_at=self._clock.now())
        async with self._storage.transaction() as session:
            await session.execute(change.execution_options(synchronize_session=False))

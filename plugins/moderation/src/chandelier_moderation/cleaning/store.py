"""The purges in the database: every decision is a row before anything is deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import attrs
from sqlalchemy import delete, func, or_, select, update

import chandelier
from chandelier_moderation.cleaning.tables import Purge, PurgedMessage

__all__ = ["OPEN", "OUTCOMES", "Seen", "Store"]

SOON = timedelta(seconds=3)
"""When a purge is worked on if the process ends before the moderator is answered: Discord waits as long."""
OPEN = ("found", "tried")
"""States of a message of which nobody knows yet what becomes of it."""
OUTCOMES = ("deleted", "gone", "pinned", "changed", "old", "stopped", "failed", "system")
"""``gone``: it was deleted by somebody else before; ``pinned`` and ``changed``: since the preview, so that it
was kept; ``old``: older than two weeks, and one too many of those; ``stopped``: by the moderator."""


@attrs.frozen
class Seen:
    """A message as it was just before its deletion."""

    id: int
    author_id: int
    author: str
    content: str


class Store:
    """Reads and writes purges."""

    def __init__(self, ctx: chandelier.PluginContext[Any]) -> None:
        self._ctx = ctx
        self._storage = ctx.storage

    async def begin(self, purge: Purge) -> bool:
        """Write a new purge and have it worked on, by `hurry` or soon; False when it is there already."""
        async with self._storage.transaction() as session:
            if await session.get(Purge, purge.id) is not None:
                return False
            session.add(purge)
            await self._work(purge.id, session=session)
        return True

    async def hurry(self, purge_id: int) -> None:
        """Have a purge worked on now: the moderator has been answered, and the answer can be changed."""
        await self._ctx.timers.schedule("purge", key=str(purge_id), due=self._ctx.now())

    async def get(self, purge_id: int) -> Purge | None:
        """A purge; None when it is over."""
        async with self._storage.read() as session:
            return await session.get(Purge, purge_id)

    async def change(self, purge_id: int, **columns: Any) -> None:
        """Change a purge."""
        async with self._storage.transaction() as session:
            await session.execute(_purge(purge_id, **columns))

    async def switch(
        self, purge_id: int, old: str, new: str, *, audited: Mapping[str, Any] | None = None, **columns: Any
    ) -> bool:
        """Go from one state to another and be worked on, by `hurry` or soon; False when it was in another.

        ``audited`` is what the audit log is told with it.
        """
        async with self._storage.transaction() as session:
            change = (
                _purge(purge_id, state=new, **columns).where(Purge.state == old).returning(Purge.guild_id)
            )
            guild_id = await session.scalar(change)
            if guild_id is None:
                return False
            await self._work(purge_id, session=session)
            if audited is not None:
                await self._ctx.audit.record("purge", after=audited, guild_id=guild_id, session=session)
        return True

    async def found(self, purge_id: int, messages: Iterable[Seen], **columns: Any) -> None:
        """Note messages that fit, and how far the search has come."""
        async with self._storage.transaction() as session:
            rows = [
                {"purge_id": purge_id, "message_id": one.id, "state": "found", "author_id": one.author_id}
                for one in messages
            ]
            if rows:
                add = self._storage.insert(PurgedMessage).on_conflict_do_nothing()
                await session.execute(add, rows)
            await session.execute(_purge(purge_id, **columns))

    async def next_ones(self, purge_id: int, most: int) -> Sequence[PurgedMessage]:
        """The newest messages that are still to be dealt with."""
        rows = select(PurgedMessage).where(PurgedMessage.purge_id == purge_id, PurgedMessage.state.in_(OPEN))
        async with self._storage.read() as session:
            return (await session.scalars(rows.order_by(PurgedMessage.message_id.desc()).limit(most))).all()

    async def settle(self, purge_id: int, outcomes: Mapping[int, str], **columns: Any) -> None:
        """Note what became of messages, by id; with `columns` of theirs."""
        async with self._storage.transaction() as session:
            for state in sorted(set(outcomes.values())):
                ids = [message_id for message_id, one in outcomes.items() if one == state]
                await session.execute(_messages(purge_id, ids).values(state=state, **columns))

    async def trying(self, purge_id: int, messages: Iterable[Seen], outcomes: Mapping[int, str]) -> None:
        """Note which messages are about to be deleted, and what they say; and what became of others."""
        async with self._storage.transaction() as session:
            for message in messages:
                await session.execute(
                    _messages(purge_id, [message.id]).values(
                        state="tried",
                        author_id=message.author_id,
                        author=message.author,
                        content=message.content,
                    )
                )
            for message_id, state in outcomes.items():
                await session.execute(_messages(purge_id, [message_id]).values(state=state))

    async def settle_rest(self, purge_id: int, state: str, *, sent_before: int | None = None) -> None:
        """Note the same of all that is still open; only of those with a smaller id than ``sent_before``."""
        change = update(PurgedMessage).where(
            PurgedMessage.purge_id == purge_id, PurgedMessage.state.in_(OPEN)
        )
        if sent_before is not None:
            change = change.where(PurgedMessage.message_id < sent_before)
        async with self._storage.transaction() as session:
            await session.execute(change.values(state=state).execution_options(synchronize_session=False))

    async def counts(self, purge_id: int, *, old_before: int = 0) -> Mapping[str, int]:
        """How many messages are in each state.

        ``single`` is how many of the deleted had a request of their own, ``old_found`` how many of the open
        ones have a smaller id than ``old_before``.
        """
        mine = PurgedMessage.purge_id == purge_id
        by_state = select(PurgedMessage.state, func.count()).where(mine).group_by(PurgedMessage.state)
        number = select(func.count()).select_from(PurgedMessage).where(mine)
        single = number.where(PurgedMessage.state == "deleted", PurgedMessage.single)
        old = number.where(PurgedMessage.state.in_(OPEN), PurgedMessage.message_id < old_before)
        async with self._storage.read() as session:
            counts = {row[0]: row[1] for row in await session.execute(by_state)}
            counts["single"] = await session.scalar(single) or 0
            counts["old_found"] = await session.scalar(old) or 0
        return counts

    async def nth_old(self, purge_id: int, old_before: int, number: int) -> int | None:
        """The id of the ``number``-th (from 0) newest open message with a smaller id than ``old_before``."""
        rows = select(PurgedMessage.message_id).where(
            PurgedMessage.purge_id == purge_id,
            PurgedMessage.state.in_(OPEN),
            PurgedMessage.message_id < old_before,
        )
        async with self._storage.read() as session:
            return await session.scalar(
                rows.order_by(PurgedMessage.message_id.desc()).offset(number).limit(1)
            )

    async def report(self, purge_id: int, totals: Mapping[str, int]) -> None:
        """The deleting is over: note the account and have it told."""
        async with self._storage.transaction() as session:
            values = {"state": "reporting", "totals": dict(totals)}
            await session.execute(_purge(purge_id, **values))
            await self._ctx.outbox.put(
                "purge_report", key=str(purge_id), payload={"purge": str(purge_id)}, session=session
            )

    async def deleted(self, purge_id: int) -> Sequence[PurgedMessage]:
        """What was deleted, oldest first."""
        rows = select(PurgedMessage).where(
            PurgedMessage.purge_id == purge_id, PurgedMessage.state == "deleted"
        )
        async with self._storage.read() as session:
            return (await session.scalars(rows.order_by(PurgedMessage.message_id))).all()

    async def close(self, purge_id: int, **columns: Any) -> None:
        """The account has been told: forget what the messages said and how the moderator was reached."""
        async with self._storage.transaction() as session:
            await session.execute(_purge(purge_id, state="done", reply={}, **columns))
            await session.execute(delete(PurgedMessage).where(PurgedMessage.purge_id == purge_id))

    async def forget(self, purge_id: int) -> None:
        """Forget all of a purge."""
        async with self._storage.transaction() as session:
            await session.execute(delete(PurgedMessage).where(PurgedMessage.purge_id == purge_id))
            await session.execute(delete(Purge).where(Purge.id == purge_id))

    # ---- people

    async def of_person(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """What is stored now that names a person, as JSON-ready data."""
        about = or_(PurgedMessage.author_id == user_id, Purge.moderator_id == user_id)
        rows = (
            select(Purge, PurgedMessage)
            .join(PurgedMessage, PurgedMessage.purge_id == Purge.id, isouter=True)
            .where(about)
            .order_by(Purge.id, PurgedMessage.message_id)
        )
        async with self._storage.read() as session:
            found: Sequence[Any] = (await session.execute(rows)).all()  # the message may be None
        purges: dict[int, dict[str, Any]] = {}
        for purge, message in found:
            one = purges.setdefault(
                purge.id,
                {
                    "guild": str(purge.guild_id),
                    "channel": str(purge.channel_id),
                    "at": purge.created_at.isoformat(),
                    "role": "moderator" if purge.moderator_id == user_id else "author",
                    "messages": [],
                },
            )
            if message is not None and message.author_id == user_id:
                one["messages"].append({"id": str(message.message_id), "text": message.content})
        return list(purges.values())

    async def forget_person(self, user_id: int) -> int:
        """Take a person's words and name out of what waits for its transcript; answers how often.

        Who purges stays known until it is done, so that they can stop it and get their account.
        """
        theirs = update(PurgedMessage).where(PurgedMessage.author_id == user_id)
        blank = theirs.values(author_id=0, author=None, content=None)
        async with self._storage.transaction() as session:
            gone: Any = await session.execute(blank.execution_options(synchronize_session=False))
            done = delete(Purge).where(Purge.moderator_id == user_id, Purge.state == "done")
            over: Any = await session.execute(done.execution_options(synchronize_session=False))
            return gone.rowcount + over.rowcount

    async def _work(self, purge_id: int, *, session: Any) -> None:
        soon = self._ctx.now() + SOON
        await self._ctx.timers.schedule("purge", key=str(purge_id), due=soon, session=session)


def _purge(purge_id: int, **columns: Any) -> Any:
    change = update(Purge).where(Purge.id == purge_id).values(**columns)
    return change.execution_options(synchronize_session=False)


def _messages(purge_id: int, ids: Sequence[int]) -> Any:
    mine = update(PurgedMessage).where(PurgedMessage.purge_id == purge_id, PurgedMessage.message_id.in_(ids))
    return mine.execution_options(synchronize_session=False)

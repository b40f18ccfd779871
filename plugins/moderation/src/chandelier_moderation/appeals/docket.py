"""The docket: who appealed against which case, and what was decided. Rows only; effects follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.appeals.tables import ACCEPTED, OPEN, REFUSED, WITHDRAWN, Appeal
from chandelier_moderation.tables import Case

__all__ = ["ERASED", "Docket"]

_ = chandelier.Messages("chandelier_moderation")

ERASED = "erased at the member's request"
"""Stands where the member's words were."""


class Docket:
    """Reads and writes appeals; their effects go to the outbox in the same transaction."""

    def __init__(
        self, storage: chandelier.Storage, outbox: chandelier.Outbox, clock: chandelier.Clock
    ) -> None:
        self._storage = storage
        self._outbox = outbox
        self._clock = clock

    async def file(
        self, case: Case, text: str, source: str, *, cooldown: timedelta, message: tuple[int, int] | None
    ) -> Appeal:
        """Write an appeal down and have it brought to staff; the same ``source`` never makes two.

        ``message`` is the channel and message of the button. Raises what `require_free` raises.
        """
        async with self._storage.transaction() as session:
            known = await session.scalar(select(Appeal).where(Appeal.source == source))
            if known is not None:
                return known
            await self._require_free(session, case, cooldown)
            channel_id, message_id = message or (None, None)
            made = (
                self._storage.insert(Appeal)
                .values(
                    guild_id=case.guild_id,
                    number=case.number,
                    user_id=case.target_id,
                    text=text,
                    source=source,
                    created_at=self._clock.now(),
                    is_open=True,
                    state=OPEN,
                    dm_channel_id=channel_id,
                    dm_message_id=message_id,
                    post="waiting",
                    told="off",
                )
                .on_conflict_do_nothing()
                .returning(Appeal.id)
            )
            number = (await session.execute(made)).scalar()
            if number is None:  # another process was a moment earlier
                raise _being_looked_at(self._clock.now())
            await self._put("appeal_post", number, session=session)
            return await session.get_one(Appeal, number)

    async def require_free(self, case: Case, cooldown: timedelta) -> None:
        """Raises InvalidRequest saying why the case cannot be appealed against now.

        It can once, and again when a refusal is longer ago than ``cooldown``; never after it was accepted.
        """
        async with self._storage.read() as session:
            await self._require_free(session, case, cooldown)

    async def _require_free(self, session: AsyncSession, case: Case, cooldown: timedelta) -> None:
        same = (Appeal.guild_id == case.guild_id, Appeal.number == case.number, Appeal.state != WITHDRAWN)
        last = await session.scalar(select(Appeal).where(*same).order_by(Appeal.id.desc()).limit(1))
        if last is None:
            return
        if last.state == OPEN:
            raise _being_looked_at(last.created_at)
        if last.state == ACCEPTED:
            raise chandelier.InvalidRequest(
                _.join("\n", (_("Your appeal was accepted."), *([last.answer] if last.answer else [])))
            )
        again = (last.decided_at or last.created_at) + cooldown
        if self._clock.now() < again:
            lines = [_("Your appeal was refused."), *([last.answer] if last.answer else [])]
            lines.append(_("You can appeal again {when}.", when=f"<t:{int(again.timestamp())}:R>"))
            raise chandelier.InvalidRequest(_.join("\n", lines))

    async def find(self, appeal_id: int) -> Appeal | None:
        """An appeal by its id."""
        async with self._storage.read() as session:
            return await session.get(Appeal, appeal_id)

    async def get(self, guild_id: int, appeal_id: int) -> Appeal:
        """An appeal of a guild; raises InvalidRequest when it has none with this id."""
        found = await self.find(appeal_id)
        if found is None or found.guild_id != guild_id:
            raise chandelier.InvalidRequest(_("There is no such appeal in this server."))
        return found

    async def waiting(self, guild_id: int, limit: int) -> tuple[Sequence[Appeal], int]:
        """The oldest ``limit`` appeals of a guild that wait for a decision, and how many there are."""
        mine = (Appeal.guild_id == guild_id, Appeal.is_open.is_(True))
        async with self._storage.read() as session:
            total = await session.scalar(select(func.count()).select_from(Appeal).where(*mine))
            oldest = select(Appeal).where(*mine).order_by(Appeal.id).limit(limit)
            return (await session.scalars(oldest)).all(), total or 0

    async def decide(
        self, appeal_id: int, *, accept: bool, by: int, answer: str | None
    ) -> tuple[Appeal, bool]:
        """Decide an appeal; False when it was decided before. What follows is carried out by the outbox."""
        async with self._storage.transaction() as session:
            appeal = await session.get_one(Appeal, appeal_id, with_for_update=True)
            if appeal.state != OPEN:
                return appeal, False
            appeal.state, appeal.is_open = ACCEPTED if accept else REFUSED, None
            appeal.decided_by, appeal.decided_at, appeal.answer = by, self._clock.now(), answer
            appeal.told = "waiting"
            if accept:
                await self._put("appeal_undo", appeal_id, session=session)
            await self._put("appeal_tell", appeal_id, session=session)
            await self._put("appeal_repost", appeal_id, "decided", session=session)
            return appeal, True

    async def post_again(self, appeal_id: int) -> None:
        """Have an appeal that could not be posted brought to staff once more."""
        async with self._storage.transaction() as session:
            appeal = await session.get_one(Appeal, appeal_id, with_for_update=True)
            if appeal.post != "failed":
                return
            appeal.post = "waiting"
            again = f"again-{self._clock.now().timestamp():.6f}"
            await self._put("appeal_post", appeal_id, again, session=session)

    async def note(self, appeal: Appeal, **columns: Any) -> None:
        """Record what became of an effect, and have the post show it."""
        async with self._storage.transaction() as session:
            change = update(Appeal).where(Appeal.id == appeal.id).values(**columns)
            await session.execute(change.execution_options(synchronize_session=False))
            await self._put("appeal_repost", appeal.id, *columns, session=session)

    async def posted(self, appeal: Appeal, channel_id: int, message_id: int) -> None:
        """Record where an appeal was posted; has the post refreshed if the appeal changed meanwhile."""
        async with self._storage.transaction() as session:
            now = await session.get_one(Appeal, appeal.id, with_for_update=True)
            now.post, now.post_channel_id, now.post_message_id = "posted", channel_id, message_id
            if (now.state, now.text) != (appeal.state, appeal.text):
                await self._put("appeal_repost", appeal.id, "posted", session=session)

    async def case_of(self, guild_id: int, source: str) -> Case | None:
        """The case that was opened from a source."""
        async with self._storage.read() as session:
            return await session.scalar(select(Case).where(Case.guild_id == guild_id, Case.source == source))

    async def troubles(self) -> Sequence[Appeal]:
        """Open appeals that could not be brought to staff."""
        query = select(Appeal).where(Appeal.post == "failed", Appeal.is_open.is_(True)).order_by(Appeal.id)
        async with self._storage.read() as session:
            return (await session.scalars(query)).all()

    async def of_person(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """Every appeal by a person or decided by them, as JSON-ready data."""
        named = (Appeal.user_id == user_id) | (Appeal.decided_by == user_id)
        async with self._storage.read() as session:
            found = (await session.scalars(select(Appeal).where(named).order_by(Appeal.id))).all()
        return [_exported(appeal, user_id) for appeal in found]

    async def forget_person(self, user_id: int, by: str) -> chandelier.Erasure:
        """Erase a person's own words. An open appeal ends with it.

        When the bot's owner decides (``by`` is ``"owner"``), also who it was and whom they decided about.
        """
        erased = 0
        async with self._storage.transaction() as session:
            written = select(Appeal).where(Appeal.user_id == user_id).with_for_update()
            for appeal in await session.scalars(written):
                if appeal.text == ERASED and by != "owner":
                    continue
                erased += 1
                appeal.text, appeal.answer = ERASED, None
                if by == "owner":
                    appeal.user_id = 0
                    appeal.dm_channel_id = appeal.dm_message_id = None
                if appeal.state == OPEN:
                    appeal.state, appeal.is_open = WITHDRAWN, None
                await self._refresh_erased(appeal, session)
            if by != "owner":
                return chandelier.Erasure(erased=erased, kept=await self._kept(user_id, session))
            decided = select(Appeal).where(Appeal.decided_by == user_id).with_for_update()
            for appeal in await session.scalars(decided):
                appeal.decided_by = 0
                erased += 1
                await self._refresh_erased(appeal, session)
        return chandelier.Erasure(erased=erased)

    async def _kept(self, user_id: int, session: AsyncSession) -> tuple[chandelier.Kept, ...]:
        mine, decided = (
            func.count().filter(Appeal.user_id == user_id),
            func.count().filter(Appeal.decided_by == user_id),
        )
        of_member, of_staff = (await session.execute(select(mine, decided))).one()
        kept = [
            (
                of_member,
                _("appeals of yours, without your words"),
                _("else a case could be appealed against again"),
            ),
            (of_staff, _("appeals that you decided"), _("a server has to know who acted")),
        ]
        return tuple(chandelier.Kept(count=count, what=what, why=why) for count, what, why in kept if count)

    async def _refresh_erased(self, appeal: Appeal, session: AsyncSession) -> None:
        # The key says when and not whom: it outlives the erasure.
        when = f"erased-{self._clock.now().timestamp():.6f}"
        await self._put("appeal_repost", appeal.id, when, session=session)

    async def _put(self, kind: str, appeal_id: int, *more: str, session: AsyncSession) -> None:
        key = "-".join([str(appeal_id), *more])
        await self._outbox.put(kind, key=key, payload={"appeal": appeal_id}, session=session)


def _being_looked_at(since: datetime) -> chandelier.InvalidRequest:
    when = f"<t:{int(since.timestamp())}:R>"
    return chandelier.InvalidRequest(
        _("Your appeal of {when} is with the server's staff; you will be told here.", when=when)
    )


def _exported(appeal: Appeal, user_id: int) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "guild": str(appeal.guild_id),
        "case": appeal.number,
        "at": appeal.created_at.isoformat(),
        "state": appeal.state,
    }
    if appeal.user_id == user_id:
        return {**shown, "role": "member", "text": appeal.text, "answer": appeal.answer}
    return {**shown, "role": "decided it"}

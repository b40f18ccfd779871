"""When raid mode is on: rows only, and what follows from them is carried out by `measures`."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs
from sqlalchemy import Text, cast, delete, func, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.raid.chosen import measures_of
from chandelier_moderation.raid.tables import ENDED, ENDING, ON, Newcomer, Raid
from chandelier_moderation.tables import Case

__all__ = ["KEPT", "LONGEST", "Join", "Raids", "batch_of", "source_of"]

_ = chandelier.Messages("chandelier_moderation")

LONGEST = timedelta(hours=24)
"""Discord pauses invites for at most that long, so no raid mode lasts longer.

https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions
"""
KEPT = timedelta(days=90)
"""How long after its end it is known who joined while raid mode was on."""
PROLONG_EVERY = timedelta(minutes=1)
"""How much later the end has to become to be written down anew."""
ROWS_AT_ONCE = 1_000
"""Newcomers in one statement; SQLite and PostgreSQL's protocol allow some 32,000 values in one."""
_IDLE_FOR = timedelta(seconds=30)
"""For how long a guild is believed to want nothing: another process may start raid mode."""


def batch_of(raid: Raid) -> str:
    """What the cases of a raid have in common."""
    return f"raid-{raid.id}"


def source_of(raid: Raid, action: str) -> str:
    """What the sources of a raid's cases of an action begin with; the target's id follows."""
    return f"{batch_of(raid)}-{action}-"


@attrs.define(eq=False)
class Join:
    """Somebody joined, and it is not written down yet."""

    user_id: int
    at: datetime
    number: int = 0
    """The how many-eth it was within the time that counts; 0 before it is counted."""
    done: bool = False
    """Whether it is written down, or known to be nothing to write down."""


@attrs.define
class _Joins:
    """Who joined a guild lately."""

    recent: deque[tuple[datetime, int]] = attrs.field(factory=deque[tuple[datetime, int]])

    def add(self, at: datetime, user_id: int, window: timedelta) -> int:
        """Count a join; answers how many there were within the window."""
        self.recent.append((at, user_id))
        while self.recent and self.recent[0][0] <= at - window:
            self.recent.popleft()
        return len(self.recent)


class Raids:
    """Notices too many joins, and keeps when raid mode is on in which guild."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        self._joins: dict[int, _Joins] = {}
        self._idle: dict[str, datetime] = {}

    # ---- joins

    def forget(self, guild_id: int | None) -> None:
        """Settings changed: look at the next join again; in every guild when it is None."""
        if guild_id is None:
            self._idle.clear()
        else:
            self._idle.pop(str(guild_id), None)

    def wants(self, member: Mapping[str, Any]) -> bool:
        """Decide on Discord's raw event whether a join has to be looked at."""
        until = self._idle.get(str(member.get("guild_id")))
        return until is None or until <= self._ctx.now()

    async def joined(self, guild_id: int, people: Sequence[Join]) -> tuple[Raid | None, int | None]:
        """People joined. Answers the raid mode that is on, and how many joined if that is too many.

        Who joins while it is on is written down; while too many do, it ends later.
        """
        config = await self._ctx.config_for(guild_id)
        now, raid = self._ctx.now(), await self.current(guild_id)
        if raid is None and not config.raid_joins:
            self._idle[str(guild_id)] = now + _IDLE_FOR
            return None, None
        joins = self._joins.setdefault(guild_id, _Joins())
        for join in people:
            if not join.number:  # else it was counted when it could not be written down
                join.number = joins.add(join.at, join.user_id, timedelta(seconds=config.raid_seconds))
        number = max(join.number for join in people)
        too_many = number if config.raid_joins and number >= config.raid_joins else None
        if raid is not None:
            await self.note(raid, [(join.user_id, join.at) for join in people])
            if too_many:
                await self._prolong(raid, now + timedelta(minutes=config.raid_minutes))
        return raid, too_many

    def lately(self, guild_id: int) -> Sequence[tuple[int, datetime]]:
        """Who joined within the time that counts."""
        joins = self._joins.get(guild_id)
        return [] if joins is None else [(user_id, at) for at, user_id in joins.recent]

    async def note(self, raid: Raid, people: Sequence[tuple[int, datetime]]) -> None:
        """Write newcomers down, and have them held."""
        async with self._ctx.storage.transaction() as session:
            await self._note(raid, people, session)

    async def _note(self, raid: Raid, people: Sequence[tuple[int, datetime]], session: AsyncSession) -> None:
        rows = [{"raid_id": raid.id, "user_id": user_id, "joined_at": at} for user_id, at in people]
        for first in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[first : first + ROWS_AT_ONCE]
            await session.execute(self._ctx.storage.insert(Newcomer).values(some).on_conflict_do_nothing())
        if rows and raid.measures["hold"] != "none":
            await self.hold_on(raid, session)

    async def hold_on(self, raid: Raid, session: AsyncSession | None = None) -> None:
        """Have the timer open the cases of those who are not held yet."""
        await self._ctx.timers.schedule(
            "raid_hold",
            key=str(raid.id),
            due=self._ctx.now(),
            subject=f"guild/{raid.guild_id}/raid/{raid.id}",
            session=session,
        )

    async def unheld(self, raid: Raid, action: str, most: int, session: AsyncSession) -> Sequence[int]:
        """Some of those who came and have no case of that action from this raid, the first ones first."""
        case = select(Case.number).where(
            Case.guild_id == raid.guild_id,
            Case.source == literal(source_of(raid, action)).concat(cast(Newcomer.user_id, Text)),
        )
        query = select(Newcomer.user_id).where(Newcomer.raid_id == raid.id, ~case.exists())
        found = await session.scalars(query.order_by(Newcomer.joined_at, Newcomer.user_id).limit(most))
        return found.all()

    # ---- on and off

    async def begin(
        self, guild_id: int, *, by: int, minutes: int | None = None, rate: int | None = None
    ) -> tuple[Raid, bool]:
        """Switch raid mode on; False when it is on already. What it does is carried out by effects."""
        config, now = await self._ctx.config_for(guild_id), self._ctx.now()
        ends_at = now + timedelta(minutes=minutes or config.raid_minutes)
        pauses = config.raid_invites or config.raid_dms
        values: dict[str, Any] = {
            "guild_id": guild_id,
            "is_on": True,
            "state": ON,
            "started_by": by,
            "rate": rate,
            "started_at": now,
            "ends_at": ends_at,
            "measures": await measures_of(self._ctx, guild_id, config),
            "before": {},
            "paused": {},
            "pausing": "waiting" if pauses else "off",
            "channel_id": config.raid_channel or config.log_channel,
        }
        async with self._ctx.storage.transaction() as session:
            made = self._ctx.storage.insert(Raid).values(**values).on_conflict_do_nothing()
            raid_id = (await session.execute(made.returning(Raid.id))).scalar()
            if raid_id is None:
                on = await session.scalar(select(Raid).where(Raid.guild_id == guild_id, Raid.is_on.is_(True)))
                if on is None:  # it ended this moment
                    raise chandelier.ServiceUnavailable(_("Raid mode is just ending. Try again."))
                return on, False
            raid = await session.get_one(Raid, raid_id)
            if pauses:
                await self._take_over(raid, session)
            # In this transaction: what starts right after it holds those who are written down.
            await self._note(raid, self.lately(guild_id) if rate is not None else [], session)
            kinds = ["raid_start", "raid_alert", *(["raid_pause"] if pauses else [])]
            for kind in kinds:
                await self._put(kind, raid, session=session)
            await self._ctx.timers.schedule(
                "raid_over",
                key=str(raid.id),
                due=ends_at,
                subject=f"guild/{guild_id}/raid/{raid.id}",
                session=session,
            )
        self._idle.pop(str(guild_id), None)
        return raid, True

    async def _take_over(self, raid: Raid, session: AsyncSession) -> None:
        """Take over from a raid mode that is just ending to give back what was paused before it.

        Else this one would take the pause of that one for a moderator's, and give that back.
        """
        ending = select(Raid).where(
            Raid.guild_id == raid.guild_id, Raid.state == ENDING, Raid.pausing == "done"
        )
        last = await session.scalar(ending.order_by(Raid.id.desc()).limit(1).with_for_update())
        if last is not None:
            raid.before, last.pausing = last.before, "restored"

    async def end(self, raid_id: int, *, by: int | None) -> tuple[Raid, bool]:
        """Switch raid mode off; False when it was off before. A timer restores what it changed."""
        async with self._ctx.storage.transaction() as session:
            raid = await session.get_one(Raid, raid_id, with_for_update=True)
            if raid.state != ON:
                return raid, False
            raid.state, raid.is_on = ENDING, None
            raid.ended_at, raid.ended_by = self._ctx.now(), by
            await self._ctx.timers.cancel("raid_over", str(raid_id), session=session)
            await self._ctx.timers.schedule(
                "raid_restore",
                key=str(raid_id),
                due=self._ctx.now(),
                subject=f"guild/{raid.guild_id}/raid/{raid_id}",
                session=session,
            )
            await self._put("raid_repost", raid, "ending", session=session)
            return raid, True

    async def ended(self, raid: Raid) -> None:
        """All is restored: tell staff."""
        async with self._ctx.storage.transaction() as session:
            now = await session.get_one(Raid, raid.id, with_for_update=True)
            if now.state == ENDED:
                return
            now.state = ENDED
            await self._put("raid_repost", now, "ended", session=session)
            await self._put("raid_report", now, session=session)
            await self._ctx.timers.schedule(
                "raid_forget",
                key=str(raid.id),
                due=self._ctx.now() + KEPT,
                subject=f"guild/{raid.guild_id}/raid/{raid.id}",
                session=session,
            )

    async def late(self, raid: Raid) -> None:
        """Something was done for a raid while it may have ended: see that this is restored, too."""
        async with self._ctx.storage.transaction() as session:
            now = await session.get_one(Raid, raid.id, with_for_update=True)
            if now.state != ENDED:
                return  # it is on, or the timer that restores still runs
            now.state = ENDING
            await self._ctx.timers.schedule(
                "raid_restore",
                key=str(raid.id),
                due=self._ctx.now(),
                subject=f"guild/{raid.guild_id}/raid/{raid.id}",
                session=session,
            )

    async def _prolong(self, raid: Raid, ends_at: datetime) -> None:
        ends_at = min(ends_at, raid.started_at + LONGEST - timedelta(minutes=5))
        if ends_at - raid.ends_at < PROLONG_EVERY:
            return
        async with self._ctx.storage.transaction() as session:
            now = await session.get_one(Raid, raid.id, with_for_update=True)
            if now.state != ON or ends_at - now.ends_at < PROLONG_EVERY:
                return
            now.ends_at = ends_at
            if now.pausing in ("waiting", "done"):
                await self._put("raid_pause", now, ends_at.isoformat(), session=session)
            await self._put("raid_repost", now, ends_at.isoformat(), session=session)

    async def _put(self, kind: str, raid: Raid, *more: str, session: AsyncSession) -> None:
        key = "-".join([str(raid.id), *more])
        await self._ctx.outbox.put(kind, key=key, payload={"raid": raid.id}, session=session)

    # ---- questions

    async def current(self, guild_id: int) -> Raid | None:
        """The raid mode that is on in a guild."""
        async with self._ctx.storage.read() as session:
            on = select(Raid).where(Raid.guild_id == guild_id, Raid.is_on.is_(True))
            return await session.scalar(on)

    async def guilds(self) -> set[int]:
        """The guilds in which raid mode is on."""
        async with self._ctx.storage.read() as session:
            return set(await session.scalars(select(Raid.guild_id).where(Raid.is_on.is_(True))))

    async def find(self, raid_id: int) -> Raid | None:
        """A raid by its id."""
        async with self._ctx.storage.read() as session:
            return await session.get(Raid, raid_id)

    async def change(self, raid: Raid, **columns: Any) -> None:
        """Write columns of a raid."""
        async with self._ctx.storage.transaction() as session:
            change = update(Raid).where(Raid.id == raid.id).values(**columns)
            await session.execute(change.execution_options(synchronize_session=False))

    async def newcomers(self, raid: Raid) -> Sequence[Newcomer]:
        """Who came, the first one first."""
        query = select(Newcomer).where(Newcomer.raid_id == raid.id)
        async with self._ctx.storage.read() as session:
            return (await session.scalars(query.order_by(Newcomer.joined_at, Newcomer.user_id))).all()

    async def count(self, raid: Raid) -> int:
        """How many came."""
        query = select(func.count()).select_from(Newcomer).where(Newcomer.raid_id == raid.id)
        async with self._ctx.storage.read() as session:
            return await session.scalar(query) or 0

    # ---- personal data

    async def of_person(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """The raids during which a person joined, or that they switched, as JSON-ready data."""
        query = select(Raid.guild_id, Newcomer.joined_at).join(Newcomer, Newcomer.raid_id == Raid.id)
        query = query.where(Newcomer.user_id == user_id).order_by(Newcomer.joined_at)
        switched = select(Raid).where(_switched_by(user_id)).order_by(Raid.id)
        async with self._ctx.storage.read() as session:
            joined = (await session.execute(query)).all()
            raids = (await session.scalars(switched)).all()
        return [
            *({"guild": str(guild_id), "joined_at": at.isoformat()} for guild_id, at in joined),
            *(
                {"guild": str(raid.guild_id), "started_at": raid.started_at.isoformat(), "role": "moderator"}
                for raid in raids
            ),
        ]

    async def forget_newcomers(self, raid_id: int) -> None:
        """Forget who joined during a raid; that there was one, and its cases, stay."""
        async with self._ctx.storage.transaction() as session:
            await session.execute(_quiet(delete(Newcomer).where(Newcomer.raid_id == raid_id)))

    async def forget_person(self, user_id: int, by: str) -> chandelier.Erasure:
        """Forget when a person joined; who switched raid mode only when the bot's owner decides so."""
        kept: tuple[chandelier.Kept, ...] = ()
        async with self._ctx.storage.transaction() as session:
            mine = delete(Newcomer).where(Newcomer.user_id == user_id)
            gone: Any = await session.execute(_quiet(mine))
            raids = (await session.scalars(select(Raid).where(_switched_by(user_id)).with_for_update())).all()
            if by == "owner":
                for raid in raids:
                    raid.started_by = 0 if raid.started_by == user_id else raid.started_by
                    raid.ended_by = 0 if raid.ended_by == user_id else raid.ended_by
            elif raids:
                what, why = _("raid modes that you switched"), _("a server has to know who acted")
                kept = (chandelier.Kept(count=len(raids), what=what, why=why),)
            return chandelier.Erasure(erased=gone.rowcount + (0 if kept else len(raids)), kept=kept)


def _switched_by(user_id: int) -> Any:
    return or_(Raid.started_by == user_id, Raid.ended_by == user_id)


def _quiet(statement: Any) -> Any:
    return statement.execution_options(synchronize_session=False)

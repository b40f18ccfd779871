"""What lasts for a time, as rows: which cases are running, what ends them, when they are looked at next."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.tables import Case

__all__ = [
    "EVERYBODY",
    "INVERSES",
    "RENEWED_AHEAD",
    "TERM",
    "VERIFY",
    "Terms",
    "moment_of",
    "person_key",
    "term_key",
]

INVERSES: Final[Mapping[str, str]] = {"ban": "unban", "timeout": "untimeout", "role_give": "role_take"}
"""What may last for a time, and what ends it."""
_LIFTS: Final = {lifting: lifted for lifted, lifting in INVERSES.items()}

TERM, VERIFY, EVERYBODY = "term", "verify", "everybody"
"""Kinds of timers: a case's next moment; a person who is to be looked at; the start of the bot."""
ASKED: Final = 500
"""People in one query: SQLite takes no more than some thousand parameters."""
RENEWED_AHEAD: Final = timedelta(days=1)
"""How long before Discord would end a timeout it is renewed: a bot may be down for a day."""

_IN_FORCE: Final = (
    Case.action.in_(INVERSES),
    Case.act.in_(("done", "already")),
    Case.ended_at.is_(None),
    Case.origin == "bot",
    or_(Case.expires_at.is_not(None), Case.action == "timeout"),
)


class Terms:
    """Begins and ends what lasts for a time, in the transaction that records why."""

    def __init__(self, timers: chandelier.Timers, outbox: chandelier.Outbox, clock: chandelier.Clock) -> None:
        self._timers = timers
        self._outbox = outbox
        self._clock = clock

    async def acted(self, case: Case, session: AsyncSession) -> None:
        """Take in that an action was carried out: it ends earlier ones of its kind, and may itself last.

        What was so already, and not by a running case, is not ours to end later: it has no end then.
        """
        if case.act not in ("done", "already"):
            return
        lifted = _LIFTS.get(case.action)
        if lifted is not None:
            for earlier in await self._like(case, lifted, session):
                await self.end(earlier, "lifted", session)
        if case.action not in INVERSES:
            return
        earlier_ones = await self._like(case, case.action, session)
        for earlier in earlier_ones:
            await self.end(earlier, "replaced", session)
        if case.act == "already" and any(one.expires_at != case.expires_at for one in earlier_ones):
            case.act = "done"  # it was so, but its end is another now
        elif case.act == "already" and case.action != "timeout" and not earlier_ones:
            case.expires_at = None
        if lasts(case):
            await self.hold(case, session)

    async def hold(self, case: Case, session: AsyncSession) -> None:
        """Remember that a running case is in force since now, and look at it again when it is time."""
        case.details = {**case.details, "held_at": self._clock.now().isoformat()}
        await self.schedule(case, _next(case), session)

    async def schedule(self, case: Case, due: datetime, session: AsyncSession | None = None) -> None:
        """Look at a case at a moment, instead of when it was to be looked at before."""
        about = f"guild/{case.guild_id}/member/{case.target_id}"
        payload = {"guild": str(case.guild_id), "number": case.number}
        await self._timers.schedule(
            TERM, key=term_key(case), due=due, payload=payload, subject=about, session=session
        )

    async def end(self, case: Case, how: str, session: AsyncSession) -> None:
        """Record that a running case is over; its post in the log shows it."""
        case.ended_at, case.ended_how = self._clock.now(), how
        await self._timers.cancel(TERM, term_key(case), session=session)
        if case.log != "off":
            payload = {"guild": str(case.guild_id), "number": case.number}
            key = f"{term_key(case)}-ended"
            await self._outbox.put("relog", key=key, payload=payload, session=session)

    async def look_soon(
        self, guild_id: int, user_id: int, after: timedelta, session: AsyncSession | None = None
    ) -> None:
        """Have a person looked at, once what is happening to them now has come to rest."""
        about = f"guild/{guild_id}/member/{user_id}"
        payload = {"guild": str(guild_id), "user": str(user_id)}
        due = self._clock.now() + after
        key = person_key(guild_id, user_id)
        await self._timers.schedule(VERIFY, key=key, due=due, payload=payload, subject=about, session=session)

    async def running(
        self, session: AsyncSession, guild_id: int | None = None, user_id: int | None = None
    ) -> Sequence[Case]:
        """The cases that are in force now: all, or those of a person in a guild."""
        query = select(Case).where(*_IN_FORCE)
        if guild_id is not None:
            query = query.where(Case.guild_id == guild_id, Case.target_id == user_id)
        return (await session.scalars(query.order_by(Case.guild_id, Case.number))).all()

    async def for_whom(self, session: AsyncSession, guild_id: int, people: Collection[int]) -> set[int]:
        """Those of these people of a guild for whom anything is in force now."""
        ids, found = sorted(people), set[int]()
        for first in range(0, len(ids), ASKED):
            some = (Case.guild_id == guild_id, Case.target_id.in_(ids[first : first + ASKED]))
            found.update(await session.scalars(select(Case.target_id).where(*_IN_FORCE, *some).distinct()))
        return found

    async def _like(self, case: Case, action: str, session: AsyncSession) -> list[Case]:
        """Running cases of a kind about the same person (and role)."""
        found = await self.running(session, case.guild_id, case.target_id)
        return [
            one
            for one in found
            if one.action == action
            and one.number != case.number
            and one.details.get("role") == case.details.get("role")
        ]


def lasts(case: Case) -> bool:
    """Whether a case that was carried out lasts for a time; a timeout always does, for Discord ends it."""
    return case.action in INVERSES and (case.expires_at is not None or case.action == "timeout")


def moment_of(case: Case, name: str) -> datetime | None:
    """A moment among a case's details."""
    text = case.details.get(name)
    return None if text is None else datetime.fromisoformat(text)


def term_key(case: Case) -> str:
    """Names a case's timer."""
    return f"{case.guild_id}-{case.number}"


def person_key(guild_id: int, user_id: int) -> str:
    """Names the timer of a person who is to be looked at."""
    return f"{guild_id}-{user_id}"


def _next(case: Case) -> datetime:
    """When a case ends, or when what Discord was told has to be renewed."""
    until = moment_of(case, "until") if case.action == "timeout" else None
    if until is not None and (case.expires_at is None or case.expires_at > until + timedelta(seconds=1)):
        return until - RENEWED_AHEAD
    assert case.expires_at is not None or until is not None
    return case.expires_at or until or case.created_at

"""Keeps what lasts for a time as it should be: ends, renews, gives back after a rejoin, notices hands.

What should be is in the book, what is is asked of Discord; so nothing depends on having seen every event.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import hikari

import chandelier
from chandelier_moderation.acting.actions import Actions, audit_reason, timeout_until
from chandelier_moderation.acting.barriers import ALERTS, UNREACHABLE, WORDS
from chandelier_moderation.acting.terms import EVERYBODY, Terms, lasts, moment_of
from chandelier_moderation.cases import Book
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case
from chandelier_moderation.together import Together

__all__ = ["Upkeep"]

_ = chandelier.Messages("chandelier_moderation")

AT_REST: Final = timedelta(seconds=3)
"""How long after the last change of a member they are looked at: another bot may still give them roles."""
APART: Final = timedelta(seconds=1)
"""Between two people who are looked at because the bot has started."""
TOGETHER: Final = 100
"""How many of them are written down in one transaction."""
FRESH: Final = timedelta(minutes=2)
"""How long after a join a lost role is taken for another bot's work, and not for a moderator's."""
GIVEN_BACK: Final = 3
"""How often something is given back after one join; then somebody else wants it otherwise."""
AGAIN: Final = timedelta(hours=1)
"""When to try again to end what may not be ended; a server's admins may have mended it by then."""
ENDINGS: Final = 24
TRIES: Final = 8

_SAME: Final = timedelta(seconds=1)
_UNKNOWN_ROLE: Final = 10_011
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""


class Upkeep:
    """The handlers of terms: of timers, outbox entries and events about members."""

    def __init__(
        self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, terms: Terms, actions: Actions
    ) -> None:
        self._ctx = ctx
        self._book = book
        self._terms = terms
        self._actions = actions
        self._noticed = Together[tuple[int, int]](self._look_at)

    async def start(self) -> None:
        """Have everybody looked at for whom something lasts: the bot may have been down for long."""
        await self._ctx.timers.schedule(EVERYBODY, key="everybody", due=self._ctx.now())

    async def look_at_everybody(self) -> None:
        """Look at them one after the other, so that Discord is not asked about thousands at once."""
        async with self._ctx.storage.read() as session:
            running = await self._terms.running(session)
        people = list(dict.fromkeys((case.guild_id, case.target_id) for case in running))
        for first in range(0, len(people), TOGETHER):
            async with self._ctx.storage.transaction() as session:
                for place, (guild_id, user_id) in enumerate(people[first : first + TOGETHER], first):
                    await self._terms.look_soon(guild_id, user_id, AT_REST + place * APART, session)

    # ---- the end of a case, and the renewal of a long timeout

    async def due(self, timer: chandelier.Timer) -> None:
        """Time is up: what is to be done is an effect, so that a crash in the middle of it is noticed."""
        key = f"{timer.key}-{int(timer.due.timestamp())}"
        await self._ctx.outbox.put("term", key=key, payload=timer.payload)

    async def carry_on(self, effect: chandelier.Effect) -> None:
        """End a case whose time is up, or renew it."""
        case = await self._book.find(int(effect.payload["guild"]), effect.payload["number"])
        if case is None or case.ended_at is not None or not lasts(case):
            return
        async with self._actions.turn(case.guild_id, case.target_id):
            try:
                if case.expires_at is not None and case.expires_at <= self._ctx.now():
                    how = await self._end(case, uncertain=effect.uncertain)
                    await self._book.end(case, how)
                else:
                    await self._renew(case)
            except hikari.ForbiddenError:
                await self._stuck(case, await self._forbids(case))
            except hikari.BadRequestError:
                await self._stuck(case, "refused")
            except hikari.HikariError:
                if effect.attempts + 1 < TRIES:
                    raise
                await self._stuck(case, UNREACHABLE)

    async def _end(self, case: Case, *, uncertain: bool) -> str:
        """Undo it on Discord; how it ended: in its time, or before by hand."""
        rest, reason = self._ctx.rest, await self._reason(case)
        if case.action == "ban":
            if not await self._banned(case):
                return "expired" if uncertain else "by_hand"
            # After a broken connection hikari tries again, and then the ban is gone by our own hand.
            with contextlib.suppress(hikari.NotFoundError):
                await rest.unban_user(case.guild_id, case.target_id, reason=reason)
        elif case.action == "role_give":
            member, role = await self._member(case), int(case.details["role"])
            if member is not None and role not in member.role_ids:
                return "expired" if uncertain else "by_hand"
            if member is not None:
                try:
                    await rest.remove_role_from_member(case.guild_id, case.target_id, role, reason=reason)
                except hikari.NotFoundError:
                    return "expired"  # the role or the member has gone meanwhile
        return "expired"  # timeouts end by themselves

    async def _renew(self, case: Case) -> None:
        member = await self._member(case)
        if member is None:  # it is given back when they rejoin
            await self._terms.schedule(case, self._ctx.now() + timedelta(days=1))
            return
        verdict = await self._judge(case, member)
        if verdict == "as_it_should":
            await self._time_out(case)
        elif verdict == "given_back":
            await self._give_back(case, member)

    async def _time_out(self, case: Case) -> None:
        until = timeout_until(case, self._ctx.now())
        await self._ctx.rest.edit_member(
            case.guild_id,
            case.target_id,
            communication_disabled_until=until,
            reason=await audit_reason(self._ctx, case),
        )
        await self._book.hold(case, {"until": until.isoformat()})

    async def _stuck(self, case: Case, trouble: str) -> None:
        """Try again later, say so once, and give up with an alert."""
        tries = int(case.details.get("end_tries", 0)) + 1
        await self._book.keep(case, {"end_tries": tries})
        if tries == 1:
            await self._book.note(case, ended_how="stuck")
            await self._alert(case, "stuck", trouble)
        if tries >= ENDINGS:
            await self._alert(case, "left", trouble)
            await self._book.end(case, "failed")
            return
        await self._terms.schedule(case, self._ctx.now() + AGAIN)

    # ---- what happens to members

    async def noticed(self, guild_id: int, user_id: int) -> None:
        """Something about a person has changed: look at them soon when anything lasts for them.

        In a raid there are thousands of them at once, for whom nothing does: they are asked for together.
        """
        await self._noticed.put((int(guild_id), int(user_id)))

    async def _look_at(self, noticed: Sequence[tuple[int, int]]) -> None:
        guilds: dict[int, set[int]] = {}
        for guild_id, user_id in noticed:
            guilds.setdefault(guild_id, set()).add(user_id)
        for guild_id, people in guilds.items():
            async with self._ctx.storage.read() as session:
                lasting = sorted(await self._terms.for_whom(session, guild_id, people))
            for first in range(0, len(lasting), TOGETHER):
                async with self._ctx.storage.transaction() as session:
                    for user_id in lasting[first : first + TOGETHER]:
                        await self._terms.look_soon(guild_id, user_id, AT_REST, session)

    async def verify(self, timer: chandelier.Timer) -> None:
        """Compare what should be with what is, for one person."""
        guild_id, user_id = int(timer.payload["guild"]), int(timer.payload["user"])
        async with self._actions.turn(guild_id, user_id):
            async with self._ctx.storage.read() as session:
                running = await self._terms.running(session, guild_id, user_id)
            for case in running:
                if case.expires_at is not None and case.expires_at <= self._ctx.now():
                    continue  # its own timer ends it
                if case.action == "ban":
                    if not await self._banned(case):
                        await self._book.end(case, "by_hand")
                    continue
                member = await self._member(case)
                if member is not None and await self._judge(case, member) == "given_back":
                    await self._give_back(case, member)

    async def _give_back(self, case: Case, member: hikari.Member) -> None:
        """Put in force again what was lost by leaving; whoever keeps taking it off again wins."""
        joined = member.joined_at.isoformat() if member.joined_at else ""
        again = case.details.get("joined") == joined
        times = int(case.details.get("given_back", 0)) + 1 if again else 1
        if times > GIVEN_BACK:
            await self._alert(case, "loop")
            await self._book.end(case, "failed")
            return
        await self._book.keep(case, {"joined": joined, "given_back": times})
        try:
            if case.action == "timeout":
                await self._time_out(case)
                return
            reason, role = await audit_reason(self._ctx, case), int(case.details["role"])
            await self._ctx.rest.add_role_to_member(case.guild_id, case.target_id, role, reason=reason)
            await self._book.hold(case, {})
        except hikari.ForbiddenError:
            await self._alert(case, "kept_off", await self._forbids(case))
            await self._book.end(case, "failed")
        except hikari.NotFoundError as error:
            if error.code == _UNKNOWN_ROLE:
                await self._book.end(case, "by_hand")

    async def _judge(self, case: Case, member: hikari.Member) -> str:
        """``as_it_should``, ``given_back`` (it has to be) or ``by_hand``, which is recorded at once."""
        now, until = self._ctx.now(), moment_of(case, "until")
        if case.action == "timeout":
            running = member.raw_communication_disabled_until
            if running is not None and running <= now:
                running = None
            if running is not None and until is not None and abs(running - until) <= _SAME:
                return "as_it_should"
            changed = running is not None  # somebody gave it another length, and that is to stay
        else:
            if int(case.details["role"]) in member.role_ids:
                return "as_it_should"
            changed = False
        if not changed and self._lost_by_leaving(case, member.joined_at, now):
            return "given_back"
        await self._book.end(case, "by_hand")
        return "by_hand"

    @staticmethod
    def _lost_by_leaving(case: Case, joined: datetime | None, now: datetime) -> bool:
        """Whether they joined after it was put in force, or so lately that another bot may be at work."""
        held = moment_of(case, "held_at")
        if joined is None or held is None:
            return False
        if joined > held:
            return True
        return case.details.get("joined") == joined.isoformat() and now - joined <= FRESH

    # ---- help

    async def _alert(self, case: Case, what: str, trouble: str | None = None) -> None:
        payload: dict[str, Any] = {"guild": str(case.guild_id), "number": case.number, "what": what}
        key = f"{case.guild_id}-{case.number}-{what}"
        await self._ctx.outbox.put("alert", key=key, payload={**payload, "trouble": trouble})
        self._ctx.log.warning(
            "case #{} in guild {}: {} ({})",
            case.number,
            case.guild_id,
            ALERTS[what],
            WORDS.get(trouble or ""),
        )

    async def _forbids(self, case: Case) -> str:
        return await self._actions.barrier(case) or "refused"

    async def _reason(self, case: Case) -> str:
        said = _("Case #{number} is over", number=case.number)
        return self._ctx.into(await self._ctx.language(case.guild_id), said)

    async def _banned(self, case: Case) -> bool:
        try:
            await self._ctx.rest.fetch_ban(case.guild_id, case.target_id)
        except hikari.NotFoundError:
            return False
        except hikari.ForbiddenError:
            return True  # it cannot be known; its end will say
        return True

    async def _member(self, case: Case) -> hikari.Member | None:
        try:
            return await self._ctx.rest.fetch_member(case.guild_id, case.target_id)
        except hikari.NotFoundError:
            return None

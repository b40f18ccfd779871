"""The book of cases: what was done to whom by whom and why, numbered per guild without gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.acting.terms import Terms
from chandelier_moderation.tables import Case, Counter

__all__ = [
    "ACTS",
    "CLIMB",
    "ERASED",
    "LOG_CLOSED",
    "LOG_GONE",
    "PAGE",
    "Book",
    "Draft",
    "History",
    "case_key",
    "shown_of",
]

_ = chandelier.Messages(__package__)

_ON_MEMBERS = {"timeout", "untimeout", "kick", "ban", "unban", "softban", "nick", "role_give", "role_take"}
ACTS = frozenset({*_ON_MEMBERS, "slowmode", "lockdown", "unlock"})
"""The kinds of actions that do something on Discord besides telling, logging and deleting a message."""
CLIMB = "climb"
"""Kind of the effect by which a moderator's points count on the ladder; a rule's hit does it itself."""
ERASED = "erased at the member's request"
"""Stands where the reason was."""
LOG_GONE, LOG_CLOSED = "gone", "closed"
"""Why a case could not be posted: the channel is no longer there, or the bot may not write in it."""
PAGE = 5
"""Cases on one page of a history."""


@attrs.frozen(kw_only=True)
class Draft:
    """A case before it has its number."""

    guild_id: int
    action: str
    target_id: int
    moderator_id: int
    reason: str
    source: str
    log_channel_id: int | None
    tell_member: bool
    channel_id: int | None = None
    message_id: int | None = None
    evidence: str | None = None
    removes: bool = False
    """Whether the message is to be deleted."""
    details: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    expires_at: datetime | None = None
    origin: str = "bot"
    audit_id: int | None = None
    batch: str | None = None
    undoes: int | None = None
    rule: str | None = None
    points: int = 0
    attachments: tuple[str, ...] = ()
    evidence_until: datetime | None = None
    created_at: datetime | None = None
    """When it was done, if that was not just now."""


@attrs.frozen
class History:
    """One page of a member's cases, newest first."""

    cases: Sequence[Case]
    page: int
    pages: int
    total: int


def case_key(case: Case, *more: str) -> str:
    """The idempotency key of an effect of a case."""
    return "-".join([str(case.guild_id), str(case.number), *more])


def shown_of(case: Case) -> tuple[Any, ...]:
    """What a post in the log shows of a case and may change."""
    people = (case.target_id, case.moderator_id, case.voided_by)
    came_of_it = (case.dm, case.removal, case.act, case.act_trouble, case.ended_how, case.expires_at)
    changed = (case.edited_at, tuple(case.attachments))
    return (*people, case.reason, case.evidence, *came_of_it, case.voided_at, *changed)


class Book:
    """Reads and writes cases; their effects go to the outbox in the same transaction."""

    def __init__(
        self,
        storage: chandelier.Storage,
        outbox: chandelier.Outbox,
        clock: chandelier.Clock,
        terms: Terms | None = None,
        audit: chandelier.Audit | None = None,
    ) -> None:
        """``terms`` ends what lasts for a time; without them nothing ends by itself.

        ``audit`` is where it is written down who voided which case.
        """
        self._terms = terms
        self._audit = audit
        self._storage = storage
        self._outbox = outbox
        self._clock = clock

    async def open(self, draft: Draft) -> tuple[Case, bool]:
        """Give a draft its number and have its effects carried out.

        Returns the case and whether it is new: the same source never makes two.
        """
        async with self._storage.transaction() as session:
            counter = await self._locked_counter(session, draft.guild_id)
            known = await session.scalar(
                select(Case).where(Case.guild_id == draft.guild_id, Case.source == draft.source)
            )
            if known is not None:
                return known, False
            [case] = await self._add([draft], counter, session)
            return case, True

    async def open_all(self, drafts: Sequence[Draft], session: AsyncSession) -> Sequence[Case]:
        """Open several cases of one guild in the caller's transaction; answers those that are new.

        Their sources differ. Keep it to some dozens: on SQLite everybody waits for the transaction.
        """
        if not drafts:
            return []
        guild_id = drafts[0].guild_id
        counter = await self._locked_counter(session, guild_id)
        sources = [draft.source for draft in drafts]
        query = select(Case.source).where(Case.guild_id == guild_id, Case.source.in_(sources))
        known = set(await session.scalars(query))
        return await self._add([draft for draft in drafts if draft.source not in known], counter, session)

    async def _add(self, drafts: Sequence[Draft], counter: Counter, session: AsyncSession) -> Sequence[Case]:
        cases: list[Case] = []
        for draft in drafts:
            counter.last += 1
            cases.append(self._case(draft, counter.last))
        session.add_all(cases)
        await session.flush()
        for case in cases:
            for kind in _first_effects(case):
                await self._put(kind, case, session=session)
        return cases

    def _case(self, draft: Draft, number: int) -> Case:
        acts = draft.action in ACTS and draft.origin == "bot"
        return Case(
            guild_id=draft.guild_id,
            number=number,
            action=draft.action,
            target_id=draft.target_id,
            moderator_id=draft.moderator_id,
            reason=draft.reason,
            source=draft.source,
            created_at=draft.created_at or self._clock.now(),
            channel_id=draft.channel_id,
            message_id=draft.message_id,
            evidence=draft.evidence,
            removal="waiting" if draft.removes else None,
            dm="waiting" if draft.tell_member else "off",
            log="off" if draft.log_channel_id is None else "waiting",
            log_channel_id=draft.log_channel_id,
            act="waiting" if acts else "done" if draft.action in ACTS else "off",
            details=dict(draft.details),
            expires_at=draft.expires_at,
            origin=draft.origin,
            audit_id=draft.audit_id,
            batch=draft.batch,
            undoes=draft.undoes,
            rule=draft.rule,
            points=draft.points,
            attachments=list(draft.attachments),
            evidence_until=draft.evidence_until,
        )

    async def find(self, guild_id: int, number: int) -> Case | None:
        """A case by its number."""
        async with self._storage.read() as session:
            return await session.get(Case, (guild_id, number))

    async def get(self, guild_id: int, number: int) -> Case:
        """A case by its number; raises InvalidRequest when there is none."""
        async with self._storage.read() as session:
            case = await session.get(Case, (guild_id, number))
            if case is not None:
                return case
            last = await session.scalar(select(Counter.last).where(Counter.guild_id == guild_id))
        if not last:
            raise chandelier.InvalidRequest(_("There are no cases in this server yet."))
        raise chandelier.InvalidRequest(
            _("There is no case #{number}; the newest is #{last}.", number=number, last=last)
        )

    async def history(self, guild_id: int, target_id: int, page: int) -> History:
        """A page (from 0) of a member's cases; a page that does not exist becomes the nearest that does."""
        mine = (Case.guild_id == guild_id, Case.target_id == target_id)
        async with self._storage.read() as session:
            total = await session.scalar(select(func.count()).select_from(Case).where(*mine)) or 0
            pages = max(1, -(-total // PAGE))
            page = min(max(page, 0), pages - 1)
            newest = select(Case).where(*mine).order_by(Case.number.desc())
            cases = (await session.scalars(newest.offset(page * PAGE).limit(PAGE))).all()
        return History(cases, page, pages, total)

    async def void(self, guild_id: int, number: int, by: int) -> tuple[Case, bool]:
        """Mark a case as no longer valid; False when it was before. The log shows it.

        Raises InvalidRequest when there is no such case, NotAllowed to the person it is about.
        """
        await self.get(guild_id, number)
        async with self._storage.transaction() as session:
            case = await session.get_one(Case, (guild_id, number), with_for_update=True)
            if case.target_id == by:
                raise chandelier.NotAllowed(
                    _("This case is about you; another moderator has to decide on it.")
                )
            if case.voided_at is not None:
                return case, False
            case.voided_at, case.voided_by = self._clock.now(), by
            await self._put("relog", case, "void", session=session)
            if self._audit is not None:
                await self._audit.record(
                    "case.void",
                    subject=f"case #{number}",
                    before={"void": False},
                    after={"void": True},
                    guild_id=guild_id,
                    about=case.target_id,
                    actor=chandelier.Actor.person(by),  # an appeal is accepted before its effect voids
                    session=session,
                )
            return case, True

    async def said_already(self, case: Case) -> bool:
        """Whether an earlier case, still being carried out, says the same to the same person."""
        same = select(Case.number).where(
            Case.guild_id == case.guild_id,
            Case.target_id == case.target_id,
            Case.action == case.action,
            Case.expires_at.is_not_distinct_from(case.expires_at),
            Case.number < case.number,
            Case.act == "waiting",
            Case.dm.in_(("waiting", "delivered")),
        )
        async with self._storage.read() as session:
            return await session.scalar(same.limit(1)) is not None

    async def told(self, case: Case, dm: str) -> None:
        """Record what became of the message to the member; an action that waited for it goes on."""
        if case.act != "waiting":
            await self.note(case, dm=dm)
            return
        async with self._storage.transaction() as session:
            await session.execute(self._update(case, {"dm": dm}))
            await self._put("act", case, session=session)

    async def keep(self, case: Case, details: Mapping[str, Any]) -> None:
        """Add to a case's details; ``case`` shows them, too."""
        async with self._storage.transaction() as session:
            now = await session.get_one(Case, (case.guild_id, case.number), with_for_update=True)
            now.details = {**now.details, **details}
        case.details = now.details

    async def hold(self, case: Case, details: Mapping[str, Any]) -> None:
        """Record that what lasts for a time was put in force anew."""
        async with self._storage.transaction() as session:
            now = await session.get_one(Case, (case.guild_id, case.number), with_for_update=True)
            now.details = {**now.details, **details}
            if self._terms is not None and now.ended_at is None:
                await self._terms.hold(now, session)

    async def end(self, case: Case, how: str) -> None:
        """Record how something that lasted for a time ended; only the first word counts."""
        async with self._storage.transaction() as session:
            now = await session.get_one(Case, (case.guild_id, case.number), with_for_update=True)
            if self._terms is not None and now.ended_at is None:
                await self._terms.end(now, how, session)

    async def acted(
        self, case: Case, act: str, trouble: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        """Record what came of an action; then it is posted in the log. Only the first word counts."""
        async with self._storage.transaction() as session:
            now = await session.get_one(Case, (case.guild_id, case.number), with_for_update=True)
            if now.act != "waiting":
                return
            now.act, now.act_trouble = act, trouble
            if now.dm == "waiting":  # it was found out first that there is nothing to tell
                now.dm = "off"
            now.details = {**now.details, **(details or {})}
            if self._terms is not None:
                await self._terms.acted(now, session)
            if now.log == "waiting":
                await self._put("log", case, session=session)
            undone = None
            if now.undoes is not None:  # its button may be pressed again when this one failed
                undone = await session.get(Case, (now.guild_id, now.undoes))
            if undone is not None and undone.log != "off":
                await self._put("relog", undone, "undone", str(now.number), session=session)

    async def note(self, case: Case, **columns: Any) -> None:
        """Record what became of an effect, and have the post in the log show it."""
        async with self._storage.transaction() as session:
            await session.execute(self._update(case, columns))
            if case.log != "off":
                await self._put("relog", case, *columns, session=session)

    async def logged(self, case: Case, message_id: int) -> None:
        """Record where a case was posted; has the post refreshed if the case changed meanwhile."""
        async with self._storage.transaction() as session:
            now = await session.get_one(Case, (case.guild_id, case.number), with_for_update=True)
            changed = shown_of(now) != shown_of(case)
            now.log, now.log_trouble, now.log_message_id = "posted", None, message_id
            if changed:
                await self._put("relog", case, "posted", session=session)

    async def not_logged(self, case: Case, why: str) -> None:
        """Record why a case could not be posted (`LOG_GONE`, `LOG_CLOSED`), for `/plugins`, `/case view`."""
        async with self._storage.transaction() as session:
            await session.execute(self._update(case, {"log": "failed", "log_trouble": why}))

    async def troubles(self) -> Sequence[tuple[str, Case]]:
        """Per guild the newest case that could not be posted (``log``) or whose message stayed (``removal``).

        Only where none since went well: what was repaired is no trouble any more. Besides, some cases
        that are over and cannot be ended (``end``).
        """
        found: list[tuple[str, Case]] = []
        async with self._storage.read() as session:
            for column, bad, good in ((Case.log, "failed", "posted"), (Case.removal, "refused", "deleted")):
                tried = select(Case.guild_id, func.max(Case.number).label("number"))
                last = tried.where(column.in_((bad, good))).group_by(Case.guild_id).subquery()
                same = (Case.guild_id == last.c.guild_id) & (Case.number == last.c.number)
                query = select(Case).join(last, same).where(column == bad).order_by(Case.guild_id)
                found += [(column.key, case) for case in await session.scalars(query)]
            stuck = select(Case).where(Case.ended_how == "stuck").order_by(Case.guild_id, Case.number)
            found += [("end", case) for case in await session.scalars(stuck.limit(10))]
        return found

    async def count(self, guild_id: int, since: datetime) -> tuple[int, int]:
        """All cases of a guild, and those since a moment."""
        query = select(func.count()).select_from(Case).where(Case.guild_id == guild_id)
        async with self._storage.read() as session:
            everything = await session.scalar(query)
            recent = await session.scalar(query.where(Case.created_at >= since))
        return everything or 0, recent or 0

    async def _locked_counter(self, session: AsyncSession, guild_id: int) -> Counter:
        """The guild's counter; on PostgreSQL its row lock makes cases of one guild wait for each other."""
        counter = await session.get(Counter, guild_id, with_for_update=True)
        if counter is not None:
            return counter
        made = self._storage.insert(Counter).values(guild_id=guild_id, last=0).on_conflict_do_nothing()
        await session.execute(made)
        return await session.get_one(Counter, guild_id, with_for_update=True)

    async def _put(self, kind: str, case: Case, *more: str, session: AsyncSession) -> None:
        payload = {"guild": str(case.guild_id), "number": case.number}
        await self._outbox.put(kind, key=case_key(case, *more), payload=payload, session=session)

    @staticmethod
    def _update(case: Case, columns: Mapping[str, Any]) -> Any:
        mine = (Case.guild_id == case.guild_id, Case.number == case.number)
        return update(Case).where(*mine).values(**columns).execution_options(synchronize_session=False)


def _first_effects(case: Case) -> list[str]:
    """What a new case has done at once.

    First what protects the members. An action is told before it is done, so that the message can arrive, and
    logged after it, with what came of it: each of the three puts the next, see `Book.told` and `Book.acted`.
    """
    removal = ["remove"] if case.removal is not None else []
    told = ["dm"] if case.dm == "waiting" else []
    climbs = [CLIMB] if case.points and case.rule is None else []
    if case.act == "waiting":
        return [*removal, *(told or ["act"]), *climbs]
    return [*removal, *told, *(["log"] if case.log == "waiting" else []), *climbs]

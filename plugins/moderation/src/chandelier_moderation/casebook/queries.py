"""Looks things up in the book: cases that fit a query, page by page or all, and what a member's sum up to."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

import attrs
from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, not_, or_, select
from sqlalchemy.orm import aliased

import chandelier
from chandelier_moderation.casebook.tables import Search
from chandelier_moderation.tables import Case

__all__ = ["ACTIONS", "PAGE", "Found", "Query", "Reader", "State", "Summary", "active"]

ACTIONS = (
    "note",
    "warn",
    "timeout",
    "untimeout",
    "kick",
    "ban",
    "unban",
    "softban",
    "nick",
    "role_give",
    "role_take",
    "remove",
    "slowmode",
    "lockdown",
    "unlock",
)
"""The kinds of actions that a case may be."""

PAGE = 8
"""Cases on one page of a list: with a line each they fit an embed in any language."""
AT_A_TIME = 500
"""Cases that are read at once for a file."""

RECENT = timedelta(days=30)
MOST_HOLDING = 5
"""Actions in force that a summary names."""

State = Literal["valid", "void", "active"]
"""``active``: valid, and what it did still holds (a ban, or a timeout that has not run out)."""

SUPERSEDED_BY = {"ban": ("ban", "unban", "softban"), "timeout": ("timeout", "untimeout")}
"""What holds until it ends, and which later case about the same member takes its place."""


@attrs.frozen(kw_only=True)
class Query:
    """What is looked for in one guild; None does not narrow it down."""

    guild_id: int
    member: int | None = None
    by: int | None = None
    """The moderator."""
    action: str | None = None
    state: State | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    """Words in the reason, the message, the names of its files, or the rule's name."""

    def stored(self) -> dict[str, Any]:
        """As JSON-ready data; ids are text, because they are larger than some readers' numbers."""
        values = {name: value for name, value in attrs.asdict(self).items() if value is not None}
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = value.isoformat()
            elif isinstance(value, int):
                values[name] = str(value)
        return values

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Query:
        """From what `stored` gave."""
        values = dict(stored)
        for name in {"guild_id", "member", "by"} & values.keys():
            values[name] = int(values[name])
        for name in {"since", "until"} & values.keys():
            values[name] = datetime.fromisoformat(values[name])
        return cls(**values)


@attrs.frozen
class Found:
    """One page of what fits a query, newest first."""

    cases: Sequence[Case]
    before: int
    """How many cases are on the pages before this one."""
    total: int

    @property
    def newer(self) -> bool:
        """Whether there is a page before this one."""
        return self.before > 0

    @property
    def older(self) -> bool:
        """Whether there is a page after this one."""
        return self.before + len(self.cases) < self.total


@attrs.frozen(kw_only=True)
class Summary:
    """What the cases of one member sum up to; those that are void count for nothing but ``void``."""

    by_action: Mapping[str, int]
    """How many of each kind, in the order of `ACTIONS`."""
    void: int
    recent: int
    """Of the last 30 days."""
    points: int
    """Points of automod's cases, without decay."""
    first: datetime | None
    last: datetime | None
    holding: Sequence[Case]
    """What holds at this moment, newest first, at most `MOST_HOLDING`."""


class Reader:
    """Reads cases, and changes none."""

    def __init__(self, storage: chandelier.Storage, clock: chandelier.Clock) -> None:
        self._storage = storage
        self._clock = clock

    async def page(
        self, query: Query, *, older_than: int | None = None, newer_than: int | None = None
    ) -> Found:
        """The newest page, or the one next to a case's number: pages stay in place while cases are added."""
        fits = self._fits(query)
        wanted = select(Case).where(fits)
        if newer_than is not None:
            wanted = wanted.where(Case.number > newer_than).order_by(Case.number)
        else:
            wanted = wanted.order_by(Case.number.desc())
            if older_than is not None:
                wanted = wanted.where(Case.number < older_than)
        counted = select(func.count()).select_from(Case).where(fits)
        async with self._storage.read() as session:
            total = await session.scalar(counted) or 0
            cases = list((await session.scalars(wanted.limit(PAGE))).all())
            if newer_than is not None:
                cases.reverse()
            before = 0
            if cases:
                before = await session.scalar(counted.where(Case.number > cases[0].number)) or 0
        return Found(cases, before, total)

    async def every(self, query: Query, most: int) -> AsyncGenerator[Sequence[Case]]:
        """Up to ``most`` cases that fit, newest first, some hundred at a time."""
        last: int | None = None
        while most > 0:
            wanted = select(Case).where(self._fits(query)).order_by(Case.number.desc())
            if last is not None:
                wanted = wanted.where(Case.number < last)
            limit = min(AT_A_TIME, most)
            async with self._storage.read() as session:
                cases = (await session.scalars(wanted.limit(limit))).all()
            if cases:
                yield cases
            if len(cases) < limit:
                return
            most, last = most - len(cases), cases[-1].number

    async def summary(self, guild_id: int, member_id: int) -> Summary:
        """What a member's cases in a guild sum up to."""
        now = self._clock.now()
        theirs = and_(Case.guild_id == guild_id, Case.target_id == member_id)
        valid = and_(theirs, Case.voided_at.is_(None))
        kinds = select(Case.action, func.count()).where(valid).group_by(Case.action)
        facts = select(
            func.count().filter(Case.voided_at.is_not(None)),
            func.count().filter(Case.voided_at.is_(None), Case.created_at >= now - RECENT),
            func.sum(Case.points).filter(Case.voided_at.is_(None)),
            func.min(Case.created_at).filter(Case.voided_at.is_(None)),
            func.max(Case.created_at).filter(Case.voided_at.is_(None)),
        ).where(theirs)
        lasting = select(Case).where(theirs, active(now)).order_by(Case.number.desc()).limit(MOST_HOLDING)
        async with self._storage.read() as session:
            counts = {row[0]: row[1] for row in await session.execute(kinds)}
            void, recent, points, first, last = (await session.execute(facts)).one()
            holding = (await session.scalars(lasting)).all()
        order = {action: place for place, action in enumerate(ACTIONS)}
        by_action = {action: counts[action] for action in sorted(counts, key=lambda one: order.get(one, 99))}
        return Summary(
            by_action=by_action,
            void=void,
            recent=recent,
            points=points or 0,
            first=first,
            last=last,
            holding=holding,
        )

    async def remember(self, query: Query) -> int:
        """Keep a query for the buttons of its pages; gives the number that names it."""
        async with self._storage.transaction() as session:
            row = Search(guild_id=query.guild_id, at=self._clock.now(), query=query.stored())
            session.add(row)
            await session.flush()
            return row.id

    async def recall(self, guild_id: int, search: int) -> Query | None:
        """A query that was kept for this guild; None when it is gone."""
        async with self._storage.read() as session:
            row = await session.get(Search, search)
        return None if row is None or row.guild_id != guild_id else Query.restored(row.query)

    def _fits(self, query: Query) -> ColumnElement[bool]:
        parts: list[ColumnElement[bool]] = [Case.guild_id == query.guild_id]
        if query.member is not None:
            parts.append(Case.target_id == query.member)
        if query.by is not None:
            parts.append(Case.moderator_id == query.by)
        if query.action is not None:
            parts.append(Case.action == query.action)
        if query.since is not None:
            parts.append(Case.created_at >= query.since)
        if query.until is not None:
            parts.append(Case.created_at < query.until)
        if query.state == "void":
            parts.append(Case.voided_at.is_not(None))
        elif query.state == "valid":
            parts.append(Case.voided_at.is_(None))
        elif query.state == "active":
            parts.append(active(self._clock.now()))
        if query.text:
            parts.append(_has(query.text))
        return and_(*parts)


def active(now: datetime) -> ColumnElement[bool]:
    """Whether what a case did holds at this moment; of roles, only those that were given for a time."""
    later = aliased(Case)
    same = and_(
        later.guild_id == Case.guild_id,
        later.target_id == Case.target_id,
        later.number > Case.number,
        later.act.in_(_CARRIED_OUT),
        # A void case of the same kind does not stand in for this one; what lifted it did so all the same.
        or_(later.voided_at.is_(None), later.action != Case.action),
    )
    superseded = [
        and_(Case.action == kind, exists().where(same, later.action.in_(kinds)))
        for kind, kinds in SUPERSEDED_BY.items()
    ]
    return and_(
        or_(
            Case.action.in_(SUPERSEDED_BY),
            and_(Case.action == "role_give", Case.expires_at.is_not(None)),
        ),
        Case.act.in_(_CARRIED_OUT),
        Case.voided_at.is_(None),
        Case.ended_at.is_(None),
        or_(Case.expires_at.is_(None), Case.expires_at > now),
        not_(or_(*superseded)),
    )


_CARRIED_OUT = ("done", "already")


def _has(text: str) -> ColumnElement[bool]:
    # SQLite folds the case of ASCII letters only; the usual spellings make up for it.
    spellings = {text, text.lower(), text.upper(), text.title()}
    where = (Case.reason, Case.evidence, Case.rule, cast(Case.attachments, Text))
    return or_(*(column.icontains(each, autoescape=True) for column in where for each in spellings))

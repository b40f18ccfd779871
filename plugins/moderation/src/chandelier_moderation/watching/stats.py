"""Counts of a guild's cases: by kind of action, by moderator and by week."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

import attrs
from sqlalchemy import case, func, select

import chandelier
from chandelier_moderation.tables import Case

__all__ = ["MOST_WEEKS", "Stats", "count", "weeks_until"]

MOST_WEEKS = 52


@attrs.frozen(kw_only=True)
class Stats:
    """What moderators did in some weeks; void cases are left out."""

    weeks: Sequence[datetime]
    """When each week began, oldest first; the last one is not over."""
    by_action: Mapping[str, Sequence[int]]
    """Per kind of action a number for each week; the most frequent kind first."""
    by_moderator: Sequence[tuple[int, Counter[str]]]
    """Per moderator the numbers of each kind; the busiest first."""
    void: int
    """Cases of these weeks that are void."""

    @property
    def total(self) -> int:
        """All of them."""
        return sum(sum(numbers) for numbers in self.by_action.values())

    @property
    def by_week(self) -> Sequence[int]:
        """All actions of each week."""
        if not self.by_action:
            return [0] * len(self.weeks)
        return [sum(numbers) for numbers in zip(*self.by_action.values(), strict=True)]


def weeks_until(now: datetime, number: int, zone: tzinfo) -> list[datetime]:
    """When the last weeks began, oldest first, this one included: on Mondays at midnight in a time zone."""
    here = now.astimezone(zone)
    monday = (here - timedelta(days=here.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return [monday - timedelta(weeks=back) for back in reversed(range(number))]


async def count(
    storage: chandelier.Storage,
    guild_id: int,
    weeks: Sequence[datetime],
    *,
    member_id: int | None = None,
    moderator_id: int | None = None,
) -> Stats:
    """Count the cases of these weeks, about a member or of a moderator if one is given.

    One query over an index, grouped in the database: a guild may have a hundred thousand cases.
    """
    week = case(
        *[(Case.created_at < following, number) for number, following in enumerate(weeks[1:])],
        else_=len(weeks) - 1,
    ).label("week")
    void = Case.voided_at.is_not(None).label("void")
    wanted = [Case.guild_id == guild_id, Case.created_at >= weeks[0], Case.action != "note"]
    if member_id is not None:
        wanted.append(Case.target_id == member_id)
    if moderator_id is not None:
        wanted.append(Case.moderator_id == moderator_id)
    groups = select(week, Case.action, Case.moderator_id, void, func.count()).where(*wanted)
    async with storage.read() as session:
        rows = (await session.execute(groups.group_by(week, Case.action, Case.moderator_id, void))).all()
    by_action: dict[str, list[int]] = {}
    by_moderator: dict[int, Counter[str]] = {}
    voided = 0
    for number, action, moderator, is_void, many in rows:
        if is_void:
            voided += many
            continue
        by_action.setdefault(action, [0] * len(weeks))[number] += many
        by_moderator.setdefault(moderator, Counter())[action] += many
    return Stats(
        weeks=weeks,
        by_action=dict(sorted(by_action.items(), key=lambda item: (-sum(item[1]), item[0]))),
        by_moderator=sorted(by_moderator.items(), key=lambda item: (-item[1].total(), item[0])),
        void=voided,
    )

"""The ladder: points of a member add up, grow old, and at some numbers something happens."""

from __future__ import annotations

from datetime import datetime

import attrs
from sqlalchemy import func, select

import chandelier
from chandelier_moderation.automod.actions import Alert, Ladder
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.drafting import gravest_first, personal
from chandelier_moderation.enforcing.guilds import Guilds
from chandelier_moderation.tables import Case

__all__ = ["LADDER_ALERT", "Climber", "points_of"]

LADDER_ALERT = "automod_ladder"
"""Kind of the effect that tells staff of a step; its key names the case and the step."""


async def points_of(
    storage: chandelier.Storage,
    guild_id: int,
    user_id: int,
    ladder: Ladder,
    at: datetime,
    upto: int | None = None,
) -> int:
    """The points that count at a moment: those of cases that are neither void nor too old.

    With ``upto`` only those of cases with lower numbers.
    """
    counted = select(func.coalesce(func.sum(Case.points), 0)).where(
        Case.guild_id == guild_id,
        Case.target_id == user_id,
        Case.points > 0,
        Case.voided_at.is_(None),
        Case.created_at > at - ladder.decay,
    )
    if upto is not None:
        counted = counted.where(Case.number < upto)
    async with storage.read() as session:
        return int(await session.scalar(counted) or 0)


class Climber:
    """Does what the step says that a case's points have reached."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, guilds: Guilds) -> None:
        self._ctx = ctx
        self._book = book
        self._guilds = guilds

    async def climb(self, case: Case, *, tell: bool) -> None:
        """Act on the highest step that this case's points reach; the same case never climbs twice.

        With ``tell`` the member is told once, of the gravest thing that the step does.

        What the member had before is counted from the cases with lower numbers, so that two at once climb
        one after the other, whoever comes first.
        """
        guarded = await self._guilds.of(case.guild_id)
        # What moderators give counts also where there are no rules.
        ladder = (guarded or await self._guilds.store.rules(case.guild_id)).ladder
        if not ladder.steps or case.voided_at is not None:
            return
        before = await points_of(
            self._ctx.storage, case.guild_id, case.target_id, ladder, case.created_at, upto=case.number
        )
        step = ladder.reached(before, before + case.points)
        if step is None:
            return
        config = await self._ctx.config_for(case.guild_id)
        source = f"ladder-{case.number}-{step.points}"
        base = Draft(
            guild_id=case.guild_id,
            action="warn",
            target_id=case.target_id,
            moderator_id=self._ctx.bot_id,
            reason=f"Reached {before + case.points} points",
            source=source,
            log_channel_id=config.log_channel,
            tell_member=False,
            batch=case.batch,
            rule=case.rule,
        )
        for number, action in enumerate(gravest_first(step.actions)):
            draft = personal(base, action, case.created_at)
            told = tell and number == 0
            await self._book.open(
                attrs.evolve(draft, source=f"{source}-{number}-{action.do}", tell_member=told)
            )
        for number, action in enumerate(step.actions):
            if isinstance(action, Alert):
                await self._ctx.outbox.put(
                    LADDER_ALERT,
                    key=f"{case.guild_id}-{source}-{number}",
                    payload={
                        "guild": str(case.guild_id),
                        "user": str(case.target_id),
                        "points": before + case.points,
                        "channel": None if action.channel is None else str(action.channel),
                        "roles": [str(role) for role in action.roles],
                    },
                )

"""What the book holds about a person: exported, and taken out of it as far as it may go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Select, Text, cast, delete, func, or_, select

import chandelier
from chandelier_moderation.casebook.queries import active
from chandelier_moderation.casebook.tables import Search
from chandelier_moderation.cases import ERASED, case_key
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["People"]

_ = chandelier.Messages(__package__)


@attrs.frozen
class People:
    """Exports and erases what cases say about people; the numbers stay, without gaps."""

    ctx: chandelier.PluginContext[ModerationConfig]

    async def export(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """Every case that names a person, as JSON-ready data."""
        query = _naming(user_id).order_by(Case.guild_id, Case.number)
        async with self.ctx.storage.read() as session:
            cases = (await session.scalars(query)).all()
        return [_exported(case, user_id) for case in cases]

    async def searches(self, user_id: int) -> Sequence[Mapping[str, Any]]:
        """When moderators looked for a person's cases or what they did, as JSON-ready data."""
        query = select(Search).where(_sought(user_id)).order_by(Search.id)
        async with self.ctx.storage.read() as session:
            found = (await session.scalars(query)).all()
        return [{"guild": str(search.guild_id), "at": search.at.isoformat()} for search in found]

    async def erase(self, user_id: int, by: str) -> chandelier.Erasure:
        """Take a person out of the cases when the bot's owner decides so.

        When the person themselves asks, cases stay as they are: else a warning would last until the member
        who got it has it erased. A ban in force keeps the id of whom it bans, and nothing else about them.
        """
        ctx = self.ctx
        named = delete(Search).where(_sought(user_id))
        async with ctx.storage.transaction() as session:  # whoever looked for them can do so again
            await session.execute(named.execution_options(synchronize_session=False))
        if by != "owner":
            return chandelier.Erasure(kept=await self._kept_of(user_id))
        now = ctx.now()
        in_force = select(Case.guild_id, Case.number).where(
            Case.target_id == user_id, Case.action == "ban", active(now)
        )
        erased, bans = 0, 0
        async with ctx.storage.transaction() as session:
            banning = {(guild, number) for guild, number in await session.execute(in_force)}
            for case in (await session.scalars(_naming(user_id).with_for_update())).all():
                if case.target_id == user_id:
                    stays = (case.guild_id, case.number) in banning
                    bans += stays
                    if stays and case.reason == ERASED:
                        continue  # erased before
                    _empty(case)
                    if not stays:
                        case.target_id = 0
                        if str(user_id) in case.source:  # of raid mode, and of a mass ban
                            case.source = f"erased-{case.number}"
                for column in ("moderator_id", "voided_by", "edited_by"):
                    if getattr(case, column) == user_id:
                        setattr(case, column, 0)
                erased += 1
                if case.log != "off":
                    # The key says when and not whom: it outlives the erasure by a month.
                    key = case_key(case, f"erased-{now.timestamp():.6f}")
                    payload = {"guild": str(case.guild_id), "number": case.number}
                    await ctx.outbox.put("relog", key=key, payload=payload, session=session)
        return chandelier.Erasure(erased=erased, kept=_kept_bans(bans))

    async def _kept_of(self, user_id: int) -> tuple[chandelier.Kept, ...]:
        about = func.count().filter(Case.target_id == user_id)
        acted = func.count().filter(
            or_(Case.moderator_id == user_id, Case.voided_by == user_id, Case.edited_by == user_id)
        )
        async with self.ctx.storage.read() as session:
            of_member, of_moderator = (await session.execute(select(about, acted))).one()
        kept: list[chandelier.Kept] = []
        if of_member:
            what, why = _("cases about you"), _("a server's moderators have to be able to act fairly")
            kept.append(chandelier.Kept(count=of_member, what=what, why=why))
        if of_moderator:
            what, why = _("cases of yours as a moderator"), _("a server has to know who acted")
            kept.append(chandelier.Kept(count=of_moderator, what=what, why=why))
        return tuple(kept)


def _kept_bans(number: int) -> tuple[chandelier.Kept, ...]:
    if not number:
        return ()
    what, why = _("bans in force, with the id and nothing else"), _("else nobody could lift or explain them")
    return (chandelier.Kept(count=number, what=what, why=why),)


def _empty(case: Case) -> None:
    """Take out everything about the member but who it is."""
    case.reason, case.evidence, case.attachments, case.details = ERASED, None, [], {}
    if case.removal != "waiting":  # the way to a message is the way to its author
        case.message_id = None


def _sought(user_id: int) -> Any:
    return cast(Search.query, Text).contains(str(user_id))


def _naming(user_id: int) -> Select[Any]:
    columns = (Case.target_id, Case.moderator_id, Case.voided_by, Case.edited_by)
    return select(Case).where(or_(*(column == user_id for column in columns)))


def _exported(case: Case, user_id: int) -> Mapping[str, Any]:
    shown: dict[str, Any] = {
        "guild": str(case.guild_id),
        "case": case.number,
        "action": case.action,
        "at": case.created_at.isoformat(),
        "voided": case.voided_at is not None,
    }
    if case.target_id == user_id:
        about = {
            "until": None if case.expires_at is None else case.expires_at.isoformat(),
            "reason": case.reason,
            "message": case.evidence,
            "attachments": list(case.attachments),
            "details": dict(case.details),
        }
        return {**shown, "role": "member", **about}
    if case.moderator_id == user_id:
        return {**shown, "role": "moderator"}
    return {**shown, "role": "voided it" if case.voided_by == user_id else "edited it"}

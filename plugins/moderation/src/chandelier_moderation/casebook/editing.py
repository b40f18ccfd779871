"""Changes what a case says, or until when it holds, and writes down what it said before."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
from sqlalchemy.ext.asyncio import AsyncSession

import chandelier
from chandelier_moderation.acting.terms import TERM, Terms, lasts, term_key
from chandelier_moderation.cases import case_key
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["Change", "Editor"]

_ = chandelier.Messages(__package__)


@attrs.frozen(kw_only=True)
class Change:
    """What is to be different."""

    reason: str | None = None
    ends: bool = False
    """Whether ``expires_at`` is to be changed; None then means that it has no end."""
    expires_at: datetime | None = None


@attrs.frozen
class Editor:
    """Edits cases; the post in the log follows."""

    ctx: chandelier.PluginContext[ModerationConfig]
    terms: Terms

    async def edit(self, guild_id: int, number: int, change: Change, *, by: int, source: str) -> bool:
        """Change an existing case; False when it is so already.

        ``source`` names the request: the same one changes the case once. Raises NotAllowed to the person
        whom the case is about, InvalidRequest when that person was erased or there is no end to change.
        """
        ctx = self.ctx
        async with ctx.storage.transaction() as session:
            case = await session.get_one(Case, (guild_id, number), with_for_update=True)
            if case.target_id == by:
                raise chandelier.NotAllowed(
                    _("This case is about you; another moderator has to decide on it.")
                )
            if not case.target_id:
                raise chandelier.InvalidRequest(_("The person in this case was erased, and it stays so."))
            if case.details.get("edit") == source:  # Discord delivered the request twice
                return True
            before, after = dict[str, Any](), dict[str, Any]()
            if change.reason is not None and change.reason != case.reason:
                before["reason"], after["reason"] = case.reason, change.reason
                case.reason = change.reason
            if change.ends and change.expires_at != case.expires_at:
                before["until"], after["until"] = _text(case.expires_at), _text(change.expires_at)
                await self._change_end(case, change.expires_at, session)
            if not after:
                return False
            case.edited_at, case.edited_by = ctx.now(), by
            case.details = {**case.details, "edit": source}
            await ctx.audit.record(
                "case.edit",
                subject=f"case #{number}",
                before=before,
                after=after,
                guild_id=guild_id,
                about=case.target_id,
                session=session,
            )
            if case.log != "off":
                payload = {"guild": str(guild_id), "number": number}
                key = case_key(case, "edit", source)
                await ctx.outbox.put("relog", key=key, payload=payload, session=session)
            return True

    async def _change_end(self, case: Case, expires_at: datetime | None, session: AsyncSession) -> None:
        """Have a case in force end at another moment; the timer follows in the same transaction."""
        if case.origin != "bot":
            raise chandelier.InvalidRequest(
                _("This was done by hand, so I do not end it. Do it anew with a duration, and I will.")
            )
        if case.act not in ("done", "already") or case.ended_at is not None or case.voided_at is not None:
            raise chandelier.InvalidRequest(_("This case is not in force, so it has no end to change."))
        case.expires_at = expires_at
        if not lasts(case):
            await self.ctx.timers.cancel(TERM, term_key(case), session=session)
        elif case.action == "timeout":
            # Discord has to be told, which the renewal does: it looks at it at once.
            await self.terms.schedule(case, self.ctx.now(), session)
        else:
            await self.terms.hold(case, session)


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()

"""Changes what a case says, and writes down what it said before."""

from __future__ import annotations

import attrs

import chandelier
from chandelier_moderation.cases import case_key
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["Editor"]

_ = chandelier.Messages(__package__)


@attrs.frozen
class Editor:
    """Edits cases; the post in the log follows."""

    ctx: chandelier.PluginContext[ModerationConfig]

    async def reason(self, guild_id: int, number: int, *, by: int, reason: str, source: str) -> bool:
        """Give an existing case another reason; False when it says so already.

        ``source`` names the request: it changes the post in the log once. Raises NotAllowed to the person
        whom the case is about, InvalidRequest when that person was erased.
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
            if case.reason == reason:
                return False
            before, case.reason = case.reason, reason
            case.edited_at, case.edited_by = ctx.now(), by
            await ctx.audit.record(
                "case.edit",
                subject=f"case #{number}",
                before={"reason": before},
                after={"reason": reason},
                guild_id=guild_id,
                about=case.target_id,
                session=session,
            )
            if case.log != "off":
                payload = {"guild": str(guild_id), "number": number}
                key = case_key(case, "edit", source)
                await ctx.outbox.put("relog", key=key, payload=payload, session=session)
            return True

"""The inverse of what was done: which action undoes which, for one case and for a whole batch."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs
import hikari
from sqlalchemy import select

import chandelier
from chandelier_moderation.bulk.batches import Batches, Proposed
from chandelier_moderation.bulk.tables import Batch
from chandelier_moderation.cases import Book, Draft, case_key
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["INVERSES", "Undoing"]

_ = chandelier.Messages("chandelier_moderation")

INVERSES: Final[Mapping[str, str]] = {
    "ban": "unban",
    "unban": "ban",
    "timeout": "untimeout",
    "untimeout": "timeout",
    "role_give": "role_take",
    "role_take": "role_give",
    "nick": "nick",
    "lockdown": "unlock",
    "unlock": "lockdown",
    "slowmode": "slowmode",
}
"""What undoes an action. Nothing brings back who was kicked or a message; a warning is voided."""
_LABELS: Final[Mapping[str, str]] = {
    "ban": _("Lift the ban"),
    "unban": _("Ban again"),
    "timeout": _("End the timeout"),
    "untimeout": _("Time out again"),
    "role_give": _("Take the role back"),
    "role_take": _("Give the role back"),
    "nick": _("Nickname as before"),
    "lockdown": _("End the lockdown"),
    "unlock": _("Lock again"),
    "slowmode": _("Slowmode as before"),
}


@attrs.frozen
class Inverse:
    """What would undo a case."""

    action: str
    details: Mapping[str, Any]
    expires_at: datetime | None = None


class Undoing:
    """Undoes cases and batches."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, batches: Batches) -> None:
        self._ctx = ctx
        self._book = book
        self._batches = batches

    async def button(self, case: Case, language: str | None) -> hikari.api.MessageActionRowBuilder | None:
        """The button below a case's post in the log; None where there is nothing to undo."""
        if case.action not in INVERSES or case.act != "done" or await self._inverse(case) is None:
            return None
        row = hikari.impl.MessageActionRowBuilder()
        row.add_interactive_button(
            hikari.ButtonStyle.SECONDARY,
            self._ctx.component_id("undo", str(case.number)),
            label=self._ctx.into(language, _LABELS[case.action]),
            is_disabled=case.ended_at is not None or await self.by(case) is not None,
        )
        return row

    async def by(self, case: Case) -> Case | None:
        """The case that undid a case, or is about to."""
        tried = await self._tried(case)
        return next((one for one in tried if one.act != "failed"), None)

    async def undo(self, case: Case, moderator_id: int) -> tuple[Case, bool]:
        """Have a case undone; False when that was asked for before.

        Raises InvalidRequest when there is nothing to undo.
        """
        tried = await self._tried(case)
        for one in tried:
            if one.act != "failed":
                return one, False
        inverse = await self._inverse(case)
        if inverse is None or case.act != "done":
            raise chandelier.InvalidRequest(
                _("There is nothing to undo in case #{number}.", number=case.number)
            )
        if case.ended_at is not None:
            raise chandelier.InvalidRequest(
                _("What case #{number} did has ended already.", number=case.number)
            )
        config = await self._ctx.config_for(case.guild_id)
        undone, new = await self._book.open(
            Draft(
                guild_id=case.guild_id,
                action=inverse.action,
                target_id=case.target_id,
                channel_id=case.channel_id,
                moderator_id=moderator_id,
                reason=f"Undoes case #{case.number}",  # the cards know it by its text
                source=f"undo-{case.number}-{len(tried)}",
                log_channel_id=config.log_channel,
                tell_member=False,
                details=inverse.details,
                expires_at=inverse.expires_at,
                undoes=case.number,
            )
        )
        await self._ctx.outbox.put(
            "relog",
            key=case_key(case, "undo", str(undone.number)),
            payload={"guild": str(case.guild_id), "number": case.number},
        )
        return undone, new

    async def undo_batch(self, key: str, moderator_id: int, as_key: str) -> Batch:
        """Have everything undone that a batch did and that is not undone yet.

        Who was banned or let back in anew since then is left as they are, and so accounted for.
        ``as_key`` names the new batch. Raises InvalidRequest when nothing is left to undo.
        """
        account = await self._batches.account(key)
        batch = account.batch
        done = {entry.number: entry for entry in account.of("done") if entry.number is not None}
        tried = await self._batches.undone(batch.guild_id, list(done))
        over = await self._batches.superseded(batch.guild_id, list(tried))
        targets = [
            Proposed(done[number].target_id, "already" if number in over else "waiting", undoes=number)
            for number in tried
        ]
        action = INVERSES.get(batch.action)
        if len(over) == len(targets) or action is None:
            raise chandelier.InvalidRequest(_("Everything of it is undone, as far as it can be."))
        config = await self._ctx.config_for(batch.guild_id)
        attempts = {str(number): count for number, count in tried.items() if count}
        details = {name: value for name, value in batch.details.items() if name == "role"}
        return await self._batches.write(
            as_key,
            targets,
            start=True,
            guild_id=batch.guild_id,
            action=action,
            moderator_id=moderator_id,
            reason=batch.reason,
            details={**details, "attempts": attempts} if attempts else details,
            log_channel_id=config.log_channel,
            undoes=key,
        )

    async def _tried(self, case: Case) -> list[Case]:
        """The cases that undo a case, in their order."""
        query = select(Case).where(Case.guild_id == case.guild_id, Case.undoes == case.number)
        async with self._ctx.storage.read() as session:
            return list(await session.scalars(query.order_by(Case.number)))

    async def _inverse(self, case: Case) -> Inverse | None:
        action, details = INVERSES.get(case.action), case.details
        if action is None:
            return None
        if case.action in ("role_give", "role_take"):
            return Inverse(action, {"role": details["role"]})
        if case.action == "nick":
            return Inverse(action, {"nick": details.get("nick_before")})
        if case.action in ("unban", "untimeout"):
            return await self._again(case, action)
        if case.action == "unlock":
            return await self._locked_again(case)
        if case.action == "slowmode":
            return None if case.undoes is not None else Inverse(action, {})
        return Inverse(action, {})

    async def _again(self, case: Case, action: str) -> Inverse | None:
        """The rest of a ban or timeout that was lifted; a timeout that is over is not made again."""
        lifted = await self._lifted(case, action)
        until = None if lifted is None else lifted.expires_at
        if until is not None and until <= self._ctx.now():
            return None
        if until is None and action == "timeout":
            return None
        return Inverse(action, {}, until)

    async def _locked_again(self, case: Case) -> Inverse | None:
        """The lockdown that a case ended; not one whose time is over, nor all of a server's in one press."""
        ended = None if case.undoes is None else await self._book.find(case.guild_id, case.undoes)
        if ended is None or (ended.expires_at is not None and ended.expires_at <= self._ctx.now()):
            return None
        return Inverse("lockdown", {"scope": ended.details.get("scope", "channel")}, ended.expires_at)

    async def _lifted(self, case: Case, action: str) -> Case | None:
        """The case whose ban or timeout was lifted."""
        query = select(Case).where(
            Case.guild_id == case.guild_id,
            Case.target_id == case.target_id,
            Case.action == action,
            Case.number < case.number,
            Case.act == "done",
        )
        if case.undoes is not None:
            query = query.where(Case.number == case.undoes)
        async with self._ctx.storage.read() as session:
            return await session.scalar(query.order_by(Case.number.desc()).limit(1))

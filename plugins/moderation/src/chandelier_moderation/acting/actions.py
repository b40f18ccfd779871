"""What a case's action is on Discord: one function per kind, each safe to be carried out a second time.

An action says what came of it: it was done, it was so already, or it failed and why. When an earlier attempt
may have gone through (``uncertain``), the state that it wanted counts as its work.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import attrs
import hikari
from sqlalchemy import func, select

import chandelier
from chandelier_moderation.acting.barriers import find_barrier
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.reasons import reason_of
from chandelier_moderation.tables import Case
from chandelier_moderation.turns import Turns

__all__ = ["LONGEST_TIMEOUT", "Actions", "Handler", "Outcome", "audit_reason", "timeout_until"]

_ = chandelier.Messages("chandelier_moderation")

LONGEST_TIMEOUT: Final = timedelta(days=28)
"""https://discord.com/developers/docs/resources/guild#modify-guild-member"""
_MARGIN: Final = timedelta(minutes=5)
"""Discord counts the 28 days by its own clock, which may be behind ours."""
_AUDIT_REASON: Final = 512
"""Characters. https://discord.com/developers/docs/resources/audit-log"""
_UNKNOWN_MEMBER, _UNKNOWN_USER, _UNKNOWN_ROLE = 10_007, 10_013, 10_011
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""


@attrs.frozen
class Outcome:
    """What came of an action."""

    act: Literal["done", "already", "failed"]
    trouble: str | None = None
    """Of a failure: a key of `barriers.WORDS`."""
    details: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    """What is to be kept with the case's details."""


Handler = Callable[[Case, bool], Awaitable[Outcome | None]]
"""Carries out one kind of action: gets the case and whether an earlier attempt may have gone through.

None: it goes on, and whoever ends it calls `Book.acted`.
"""
Keep = Callable[[Case, Mapping[str, Any]], Awaitable[None]]
"""Keeps something with a case's details before it is done."""


class Actions:
    """Carries out the actions of cases, one at a time for each person of a guild."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], keep: Keep) -> None:
        self._ctx = ctx
        self._keep = keep
        self._turns = Turns[tuple[int, int]]()
        self._handlers: dict[str, Handler] = {
            "ban": self._ban,
            "unban": self._unban,
            "softban": self._softban,
            "kick": self._kick,
            "timeout": self._timeout,
            "untimeout": self._untimeout,
            "nick": self._nick,
            "role_give": self._role,
            "role_take": self._role,
        }

    def add(self, action: str, handler: Handler) -> None:
        """Let another room carry out a kind of action of its own."""
        self._handlers[action] = handler

    async def carry_out(self, case: Case, *, uncertain: bool) -> Outcome | None:
        """Do what a case says. Raises what Discord answers when it is worth another attempt."""
        handler = self._handlers.get(case.action)
        if handler is None:
            return Outcome("failed", "unknown")
        try:
            return await handler(case, uncertain)
        except hikari.NotFoundError as error:
            troubles = {_UNKNOWN_ROLE: "role_gone", _UNKNOWN_USER: "no_account"}
            return Outcome("failed", troubles.get(error.code, "absent"))
        except hikari.ForbiddenError:
            return Outcome("failed", await self.barrier(case) or "refused")
        except hikari.BadRequestError:
            return Outcome("failed", "refused")

    async def barrier(self, case: Case) -> str | None:
        """Which rule forbids the action, see `find_barrier`."""
        return await find_barrier(self._ctx.rest, self._ctx.bot_id, case)

    async def in_vain(self, case: Case) -> bool:
        """Whether an action would find it so already, or nobody to act on: then there is nothing to tell.

        A ban with an end is told all the same: its end may be another.
        """
        if case.action in ("ban", "softban"):
            return (case.expires_at is None or case.action == "softban") and await self._is_banned(case)
        if case.action not in ("kick", "timeout", "untimeout"):
            return False
        member = await self._member(case)
        if member is None or case.action != "untimeout":
            return member is None
        until = member.raw_communication_disabled_until
        return until is None or until <= self._ctx.now()

    @asynccontextmanager
    async def turn(self, guild_id: int, target_id: int) -> AsyncGenerator[None]:
        """While this is held, nothing else acts on that person, no other process on the database either."""
        async with self._turns.of((guild_id, target_id)), self._alone(guild_id, target_id):
            yield

    @asynccontextmanager
    async def _alone(self, guild_id: int, target_id: int) -> AsyncGenerator[None]:
        """Keep other processes waiting: two that look at once would both find nobody banned, and both ban.

        PostgreSQL gives the lock back when its transaction ends, also with a process that dies. SQLite is for
        one process. https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS
        """
        if self._ctx.storage.dialect == "sqlite":
            yield
            return
        name = hashlib.blake2b(f"moderation/{guild_id}/{target_id}".encode(), digest_size=8).digest()
        key = int.from_bytes(name, signed=True)
        async with self._ctx.storage.read() as session:
            await session.execute(select(func.pg_advisory_xact_lock(key)))
            yield

    # ---- kinds of actions

    async def _ban(self, case: Case, uncertain: bool) -> Outcome:
        if await self._is_banned(case):
            return Outcome("done" if uncertain else "already")
        seconds = int(case.details.get("delete_seconds", 0))
        await self._ctx.rest.ban_user(
            case.guild_id,
            case.target_id,
            delete_message_seconds=seconds or hikari.UNDEFINED,
            reason=await self._reason(case),
        )
        return Outcome("done")

    async def _unban(self, case: Case, uncertain: bool) -> Outcome:
        if not await self._is_banned(case):
            return Outcome("done" if uncertain else "already")
        # After a broken connection hikari tries again, and then the ban is gone by our own hand.
        with contextlib.suppress(hikari.NotFoundError):
            await self._ctx.rest.unban_user(case.guild_id, case.target_id, reason=await self._reason(case))
        return Outcome("done")

    async def _softban(self, case: Case, uncertain: bool) -> Outcome:
        """Ban and let back in, which deletes what they wrote.

        That the ban is ours is kept before it is made: after a crash one made by another is left alone.
        """
        banned = await self._is_banned(case)
        begun = uncertain and bool(case.details.get("begun"))
        if banned and not begun:
            return Outcome("failed", "banned")
        if not banned and begun and await self._member(case) is None:
            return Outcome("done")
        reason = await self._reason(case)
        if not banned:
            await self._keep(case, {"begun": True})
            seconds = int(case.details.get("delete_seconds", 0))
            await self._ctx.rest.ban_user(
                case.guild_id,
                case.target_id,
                delete_message_seconds=seconds or hikari.UNDEFINED,
                reason=reason,
            )
        with contextlib.suppress(hikari.NotFoundError):
            await self._ctx.rest.unban_user(case.guild_id, case.target_id, reason=reason)
        return Outcome("done")

    async def _kick(self, case: Case, uncertain: bool) -> Outcome:
        if await self._member(case) is None:
            return Outcome("done" if uncertain else "already")
        with contextlib.suppress(hikari.NotFoundError):
            await self._ctx.rest.kick_user(case.guild_id, case.target_id, reason=await self._reason(case))
        return Outcome("done")

    async def _timeout(self, case: Case, uncertain: bool) -> Outcome:
        member = await self._member(case)
        if member is None:
            return Outcome("failed", "absent")
        now = self._ctx.now()
        if case.expires_at is not None and case.expires_at <= now:
            return Outcome("failed", "over")
        until, running = timeout_until(case, now), member.raw_communication_disabled_until
        if uncertain and running is not None and abs(running - until) < _MARGIN:
            until = running  # an earlier attempt may have told another furthest moment
        kept = {"until": until.isoformat()}
        if running is not None and abs(running - until) < timedelta(seconds=1):
            return Outcome("done" if uncertain else "already", details=kept)
        await self._ctx.rest.edit_member(
            case.guild_id,
            case.target_id,
            communication_disabled_until=until,
            reason=await self._reason(case),
        )
        return Outcome("done", details=kept)

    async def _untimeout(self, case: Case, uncertain: bool) -> Outcome:
        member = await self._member(case)
        if member is None:
            return Outcome("failed", "absent")
        until = member.raw_communication_disabled_until
        if until is None or until <= self._ctx.now():
            return Outcome("done" if uncertain else "already")
        await self._ctx.rest.edit_member(
            case.guild_id,
            case.target_id,
            communication_disabled_until=None,
            reason=await self._reason(case),
        )
        return Outcome("done")

    async def _nick(self, case: Case, uncertain: bool) -> Outcome:
        member = await self._member(case)
        if member is None:
            return Outcome("failed", "absent")
        wanted = case.details.get("nick") or None
        if member.nickname == wanted:
            return Outcome("done" if uncertain else "already")
        await self._keep(case, {"nick_before": member.nickname})
        await self._ctx.rest.edit_member(
            case.guild_id, case.target_id, nickname=wanted, reason=await self._reason(case)
        )
        return Outcome("done")

    async def _role(self, case: Case, uncertain: bool) -> Outcome:
        member, role = await self._member(case), int(case.details.get("role", 0))
        if member is None:
            return Outcome("failed", "absent")
        gives = case.action == "role_give"
        if (role in member.role_ids) is gives:
            return Outcome("done" if uncertain else "already")
        rest = self._ctx.rest
        change = rest.add_role_to_member if gives else rest.remove_role_from_member
        await change(case.guild_id, case.target_id, role, reason=await self._reason(case))
        return Outcome("done")

    # ---- looking

    async def _member(self, case: Case) -> hikari.Member | None:
        try:
            return await self._ctx.rest.fetch_member(case.guild_id, case.target_id)
        except hikari.NotFoundError as error:
            if error.code in (_UNKNOWN_MEMBER, _UNKNOWN_USER):
                return None
            raise

    async def _is_banned(self, case: Case) -> bool:
        try:
            await self._ctx.rest.fetch_ban(case.guild_id, case.target_id)
        except hikari.NotFoundError:
            return False
        return True

    async def _reason(self, case: Case) -> str:
        return await audit_reason(self._ctx, case)


def timeout_until(case: Case, now: datetime) -> datetime:
    """Until when Discord is told to time a member out: it may have to be renewed later."""
    furthest = now + LONGEST_TIMEOUT - _MARGIN
    return furthest if case.expires_at is None else min(case.expires_at, furthest)


async def audit_reason(ctx: chandelier.PluginContext[ModerationConfig], case: Case) -> str:
    """What Discord's audit log says about a case: its number, its moderator's id, its reason."""
    said = _(
        "Case #{number} by {moderator}: {reason}",
        number=case.number,
        moderator=case.moderator_id,
        reason=reason_of(case),
    )
    return ctx.into(await ctx.language(case.guild_id), said)[:_AUDIT_REASON]

"""What is tidied once a day: old entries of the audit log, old searches in it, rules about who is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import hikari
from loguru import logger
from sqlalchemy import delete

from chandelier.app import ESSENTIAL, Host
from chandelier.plugin import PluginContext
from chandelier.routing.loader import Loader
from chandelier.services.access_rules import Subject
from chandelier.services.scheduler import Timer
from chandelier.storage.tables import AuditSearchRow

__all__ = ["loader", "schedule"]

loader = Loader()
EVERY: Final = timedelta(days=1)
SEARCHES_KEPT: Final = timedelta(days=30)
"""How long the buttons under an answer of `/audit search` work."""


async def schedule(ctx: PluginContext[Any]) -> None:
    """Have it done a day from now and then every day, unless that is set already."""
    if not await ctx.timers.pending("tidy"):
        await ctx.timers.schedule("tidy", key="daily", due=ctx.now() + EVERY)


@loader.timer("tidy")
async def tidy(timer: Timer, host: Host) -> datetime:
    """Tidy, and come again tomorrow."""
    now = host.clock.now()
    if host.config.audit_days:
        gone = await host.audit.tidy(now - timedelta(days=host.config.audit_days))
        if gone:
            logger.info("audit log: {} entries older than {} days are gone", gone, host.config.audit_days)
    async with host.database.transaction() as session:
        await session.execute(
            delete(AuditSearchRow)
            .where(AuditSearchRow.at < now - SEARCHES_KEPT)
            .execution_options(synchronize_session=False)
        )
    _look_at(host, await host.rules.guilds())
    return max(now, timer.due) + EVERY


def _look_at(host: Host, guilds: Sequence[int]) -> None:
    """Begin with the first of these guilds: each has a handler's time of its own, one after the other."""
    if guilds:
        host.containment.start(ESSENTIAL, "forget rules of who is gone", _forget_who_is_gone(host, guilds))


async def _forget_who_is_gone(host: Host, guilds: Sequence[int]) -> None:
    """Roles that were deleted and members who left while nobody told the bot."""
    try:
        await _forget_in(host, guilds[0])
    except (hikari.ForbiddenError, hikari.NotFoundError):
        pass  # the bot is not in that server now; if it comes back, its rules are still there
    finally:
        task = asyncio.current_task()
        stopped = task is not None and task.cancelling() and not host.containment.timed_out
        if not stopped:  # one that fails or takes too long does not keep the others from their turn
            _look_at(host, guilds[1:])


async def _forget_in(host: Host, guild_id: int) -> None:
    roles = {int(role.id) for role in await host.bot.rest.fetch_roles(guild_id)}
    subjects = {rule.subject for rule in await host.rules.of(guild_id)}
    gone = {each for each in subjects if each.kind == "role" and each.id not in roles}
    for subject in subjects:
        if subject.kind == "member" and await _left(host, guild_id, subject):
            gone.add(subject)
    await host.rules.forget(guild_id, gone)


async def _left(host: Host, guild_id: int, member: Subject) -> bool:
    try:
        await host.bot.rest.fetch_member(guild_id, member.id)
    except hikari.NotFoundError as error:
        return error.code == _UNKNOWN_MEMBER or error.code == _UNKNOWN_USER
    return False


_UNKNOWN_MEMBER: Final = 10007
_UNKNOWN_USER: Final = 10013
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes"""

"""Which server an invite leads to: asked of Discord once, and remembered for a while."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta

import hikari

import chandelier
from chandelier_moderation.automod.triggers import Invites
from chandelier_moderation.config import ModerationConfig

__all__ = ["InviteBook"]

MOST_KEPT = 2_000
KEPT_FOR = timedelta(hours=1)


class InviteBook:
    """Knows the servers of invites."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        self._known: OrderedDict[str, tuple[datetime, int | None]] = OrderedDict()

    async def foreign(self, guild_id: int, trigger: Invites, codes: Iterable[str]) -> tuple[str, ...]:
        """Those codes that lead to a server which is neither the own one nor allowed.

        One that leads nowhere (any more) counts: it was not this server's when it could still be asked. What
        Discord cannot answer now does not count, and is in the log.
        """
        fine = {guild_id, *trigger.allow_guilds}
        found: list[str] = []
        for code in codes:
            try:
                leads_to = await self._leads_to(code)
            except hikari.HikariError as error:
                self._ctx.log.warning("the invite {} was let pass, Discord did not answer: {}", code, error)
                continue
            if leads_to not in fine:
                found.append(code)
        return tuple(found)

    async def _leads_to(self, code: str) -> int | None:
        now = self._ctx.now()
        known = self._known.get(code)
        if known is not None and now - known[0] < KEPT_FOR:
            return known[1]
        try:
            invite = await self._ctx.rest.fetch_invite(code, with_counts=False)
            leads_to = None if invite.guild_id is None else int(invite.guild_id)
        except (hikari.NotFoundError, hikari.BadRequestError):
            leads_to = None
        self._known[code] = now, leads_to
        self._known.move_to_end(code)
        if len(self._known) > MOST_KEPT:
            self._known.popitem(last=False)
        return leads_to

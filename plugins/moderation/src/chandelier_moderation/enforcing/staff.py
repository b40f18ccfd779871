"""Names of staff, and names that look like them."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import attrs
import hikari

import chandelier
from chandelier_moderation.automod.normalise import look, skeleton
from chandelier_moderation.automod.triggers import Imitation
from chandelier_moderation.config import ModerationConfig

__all__ = ["StaffNames"]

KNOWN_FOR = timedelta(hours=6)
MOST_ASKED = 20_000
"""Members of a server that are looked through for staff: twenty requests."""
_STAFF = (
    hikari.Permissions.MANAGE_MESSAGES | hikari.Permissions.MANAGE_GUILD | hikari.Permissions.ADMINISTRATOR
)


@attrs.frozen
class _Staff:
    """The staff of a server: name by member, with the roles that they have."""

    until: datetime
    members: Mapping[int, tuple[frozenset[int], Mapping[str, frozenset[str]], bool]]
    """Roles, names with their shapes, and whether their permissions make them staff."""


class StaffNames:
    """Knows who is staff, per server, for some hours."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx
        self._known: dict[int, _Staff] = {}

    async def imitated(
        self, guild_id: int, trigger: Imitation, member_id: int, names: Collection[str]
    ) -> str | None:
        """Whose name, as it is written, one of a member's looks like; None when it is nobody's.

        Of staff nobody imitates anybody.
        """
        shapes = _shapes(*names)
        if not shapes:
            return None
        for name in trigger.names:
            if not shapes.isdisjoint(_shapes(name)):
                return name
        staff = await self._staff(guild_id)
        wanted = set(trigger.roles)
        imitated: str | None = None
        for user_id, (roles, theirs, permitted) in staff.members.items():
            if not (roles & wanted if wanted else permitted):
                continue
            if user_id == member_id:
                return None
            if imitated is None:
                imitated = next(
                    (name for name, shape in theirs.items() if not shapes.isdisjoint(shape)), None
                )
        return imitated

    async def _staff(self, guild_id: int) -> _Staff:
        now = self._ctx.now()
        known = self._known.get(guild_id)
        if known is not None and now < known.until:
            return known
        guild = await self._ctx.rest.fetch_guild(guild_id)
        members: dict[int, tuple[frozenset[int], Mapping[str, frozenset[str]], bool]] = {}
        async for member in self._ctx.rest.fetch_members(guild_id).limit(MOST_ASKED):
            held = chandelier.permissions_of(member, roles=guild.roles, owner_id=guild.owner_id)
            roles = frozenset(int(role) for role in member.role_ids if role != guild_id)
            if roles or member.id == guild.owner_id:
                names = (member.nickname, member.user.global_name, member.username)
                shown = {name: frozenset(_shapes(name)) for name in names if name}
                members[int(member.id)] = roles, shown, bool(held & _STAFF)
        self._known[guild_id] = _Staff(now + KNOWN_FOR, members)
        return self._known[guild_id]


def _shapes(*names: str | None) -> set[str]:
    """What is left of names when disguise and decoration are taken off."""
    found: set[str] = set()
    for name in names:
        for reading in look(name or "").readings:
            letters = "".join(letter for letter in reading if unicodedata.category(letter)[0] in "LN")
            found.add(skeleton(letters).rstrip("0123456789"))
    found.discard("")
    return found

"""Makes cases of what moderators do by hand in Discord, as the audit log tells: at once, and what was missed.

Our own actions are in the audit log, too. Their reason names their case, so they are not counted twice; one
whose case is not in the book (it came back from a backup) is put back into it, in its moderator's name.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import takewhile
from typing import Any

import attrs
import hikari
from sqlalchemy import or_, select, update

import chandelier
from chandelier_moderation.casebook.entries import ADOPTABLE, TYPES, Deed, Mark, deeds_of, mark_of_reason
from chandelier_moderation.casebook.tables import AuditPlace
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["Adoption"]

_ = chandelier.Messages(__package__)

OVERLAP = timedelta(minutes=10)
"""Entries that come at the same time may be dealt with out of order; so far back they are looked at again."""
MOST_PAGES = 50
"""Pages of 100 entries that are read of what was missed; a bot that was away for longer misses the rest."""
_LIFTS = {"unban": "ban", "untimeout": "timeout"}
_FEW = 10
"""Cases of one member that are looked at to find what was lifted."""
_SLACK = timedelta(minutes=1)
"""By how much our clock may be ahead of Discord's."""


@attrs.define
class _Reading:
    """How far a log was read back; a handler has half a minute, and what is slow goes on in the next try."""

    entries: list[hikari.AuditLogEntry] = attrs.Factory(list[hikari.AuditLogEntry])
    before: hikari.UndefinedOr[hikari.Snowflake] = hikari.UNDEFINED
    pages: int = 0


class Adoption:
    """Reads audit logs for the book."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        self._ctx = ctx
        self._book = book
        # Guilds whose log was read up to now: only there an event moves the place on, for elsewhere it would
        # hide what was missed before it.
        self._caught_up: set[int] = set()
        self._readings: dict[int, _Reading] = {}
        self.blind: set[int] = set()
        """Guilds whose audit log the bot may not read."""

    async def start(self) -> None:
        """Look back in the guilds that were there before the plugin; the others come with their events."""
        for guild_id in self._ctx.cache.get_guilds_view():
            await self.missed(int(guild_id))

    def status(self, guild_id: int, config: ModerationConfig) -> tuple[str, ...]:
        """A line for `/status` where something is missing."""
        if not config.adopt or guild_id not in self.blind:
            return ()
        return (_("What moderators do by hand becomes no case: I need View Audit Log"),)

    async def missed(self, guild_id: int) -> None:
        """Have what was missed in a guild looked for; it is tried until it works."""
        self._caught_up.discard(guild_id)
        self._readings.pop(guild_id, None)
        subject, now = f"guild/{guild_id}", self._ctx.now()
        await self._ctx.timers.schedule("audit", key=str(guild_id), due=now, subject=subject)

    async def take(self, entry: hikari.AuditLogEntry) -> None:
        """Deal with an entry that was made just now."""
        if await self._adopt(entry) and entry.guild_id in self._caught_up:
            await self._move(entry.guild_id, int(entry.id))

    async def catch_up(self, guild_id: int) -> None:
        """Deal with every entry since the last one that was dealt with."""
        async with self._ctx.storage.read() as session:
            place = await session.get(AuditPlace, guild_id)
        if place is None:
            since = await self._begin(guild_id)
        else:
            back_to = hikari.Snowflake(place.last_id).created_at - OVERLAP
            since = max(place.first_id, int(hikari.Snowflake.from_datetime(back_to)))
        try:
            entries = await self._since(guild_id, since)
        except (hikari.ForbiddenError, hikari.NotFoundError):
            self.blind.add(guild_id)  # what happens from now on is not heard of either
            return
        self.blind.discard(guild_id)
        for entry in sorted(entries, key=lambda one: one.id):
            if int(entry.action_type) in TYPES:
                await self._adopt(entry)
        self._readings.pop(guild_id, None)
        if entries:
            await self._move(guild_id, max(int(entry.id) for entry in entries))
        self._caught_up.add(guild_id)

    async def _since(self, guild_id: int, since: int) -> list[hikari.AuditLogEntry]:
        reading = self._readings.setdefault(guild_id, _Reading())
        pages = self._ctx.rest.fetch_audit_log(guild_id, before=reading.before)
        async for page in pages:
            newer = [entry for entry in page.entries.values() if entry.id > since]
            reading.entries += newer
            reading.pages += 1
            reading.before = min(page.entries, default=reading.before)
            if len(newer) < len(page.entries):
                break
            if reading.pages >= MOST_PAGES:
                self._ctx.log.warning("too much was missed in guild {}: the oldest is left out", guild_id)
                break
        return reading.entries

    async def _adopt(self, entry: hikari.AuditLogEntry) -> bool:
        """Make cases of an entry; False when it is none of ours to deal with."""
        ours = entry.user_id == self._ctx.bot_id
        mark = mark_of_reason(entry.reason) if ours else None
        if ours and mark is None:
            return False  # another part of the bot did it
        deeds = list(deeds_of(entry))
        if not deeds:
            return False
        if mark is not None and await self._known(entry, mark, deeds):
            return True
        if mark is None:
            for deed in deeds:
                await self._end(entry, deed)
        config = await self._ctx.config_for(entry.guild_id)
        wanted = {action for each in config.adopt for action in ADOPTABLE[each]}
        for number, deed in enumerate(deeds):
            if mark is not None or deed.action in wanted:
                await self._open(entry, number, deed, mark, config)
        return True

    async def _known(self, entry: hikari.AuditLogEntry, mark: Mark, deeds: list[Deed]) -> bool:
        """Whether an action of ours has its case; it learns its entry then."""
        mine = (Case.guild_id == entry.guild_id, Case.number == mark.number)
        async with self._ctx.storage.transaction() as session:
            case = (await session.scalars(select(Case).where(*mine))).one_or_none()
            # After a backup was restored, another case may have the number by now.
            if case is None or case.created_at > entry.created_at + _SLACK:
                return False
            if case.target_id not in (0, *(deed.target_id for deed in deeds)):
                return False
            if case.audit_id is None and any(deed.action == case.action for deed in deeds):
                # Not through the case as it was read: an effect may be writing what came of it.
                learnt = update(Case).where(*mine).values(audit_id=int(entry.id))
                await session.execute(learnt.execution_options(synchronize_session=False))
            return True

    async def _open(
        self,
        entry: hikari.AuditLogEntry,
        number: int,
        deed: Deed,
        mark: Mark | None,
        config: ModerationConfig,
    ) -> None:
        reason = (entry.reason or "") if mark is None else mark.reason
        moderator = entry.user_id if mark is None or mark.moderator_id is None else mark.moderator_id
        details: dict[str, Any] = dict(deed.details)
        if mark is not None:
            details["repaired"] = True
        case, new = await self._book.open(
            Draft(
                guild_id=entry.guild_id,
                action=deed.action,
                target_id=deed.target_id,
                moderator_id=moderator or 0,
                reason=reason,
                source=f"audit-{entry.id}" if number == 0 else f"audit-{entry.id}-{number}",
                log_channel_id=config.log_channel,
                tell_member=False,
                details=details,
                expires_at=deed.expires_at,
                origin="discord",
                audit_id=int(entry.id),
                undoes=await self._undone(entry, deed),
                created_at=entry.created_at,
            )
        )
        if new:
            self._ctx.log.info("audit log entry {} is case #{} of {}", entry.id, case.number, case.guild_id)

    async def _end(self, entry: hikari.AuditLogEntry, deed: Deed) -> None:
        """Have every case that a deed takes back say that it is over."""
        for case in await self._lifted(entry, deed):
            if case.ended_at is None:
                await self._book.end(case, "by_hand")

    async def _undone(self, entry: hikari.AuditLogEntry, deed: Deed) -> int | None:
        """The number of the newest case that a deed takes back."""
        lifted = await self._lifted(entry, deed)
        return lifted[0].number if lifted else None

    async def _lifted(self, entry: hikari.AuditLogEntry, deed: Deed) -> Sequence[Case]:
        """The cases that a deed takes back, those since the last time that it was done; newest first."""
        inverse = _LIFTS.get(deed.action)
        if inverse is None:
            return ()
        earlier = select(Case).where(
            Case.guild_id == entry.guild_id,
            Case.target_id == deed.target_id,
            Case.action.in_((inverse, deed.action)),
            Case.act.in_(("done", "already")),
            Case.created_at <= entry.created_at,
            or_(Case.audit_id.is_(None), Case.audit_id != int(entry.id)),
        )
        async with self._ctx.storage.read() as session:
            cases = (await session.scalars(earlier.order_by(Case.number.desc()).limit(_FEW))).all()
        return [*takewhile(lambda case: case.action == inverse, cases)]

    async def _begin(self, guild_id: int) -> int:
        """Begin with what happens from now on; gives the id that an entry of this moment would have."""
        now = int(hikari.Snowflake.from_datetime(self._ctx.now()))
        place = self._ctx.storage.insert(AuditPlace).values(guild_id=guild_id, first_id=now, last_id=now)
        async with self._ctx.storage.transaction() as session:
            await session.execute(place.on_conflict_do_nothing())
        return now

    async def _move(self, guild_id: int, last_id: int) -> None:
        async with self._ctx.storage.transaction() as session:
            moved = update(AuditPlace).where(AuditPlace.guild_id == guild_id, AuditPlace.last_id < last_id)
            await session.execute(moved.values(last_id=last_id).execution_options(synchronize_session=False))

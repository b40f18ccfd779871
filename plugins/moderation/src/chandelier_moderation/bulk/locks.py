"""Lockdowns: a case says what is locked, a row per channel remembers how it was, effects change it and back.

The row comes before the change, so a crash at any point leaves what is needed to restore the channel exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import hikari
from sqlalchemy import delete, select, update

import chandelier
from chandelier_moderation.bulk.overwrites import ROLE, USER, Bits, Change, restored
from chandelier_moderation.bulk.places import places_of
from chandelier_moderation.bulk.tables import LockedChannel
from chandelier_moderation.cases import Book
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["LOCK", "UNLOCK", "Lock", "Locks"]

_ = chandelier.Messages("chandelier_moderation")

LOCK, UNLOCK = "lock_channel", "unlock_channel"
"""The kinds of effects."""
UNKNOWN_CHANNEL = 10_003
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""
SHOWN_FAILURES = 10
"""Channels that a case names when they could not be changed; the number of all is there, too."""


@attrs.frozen
class Lock:
    """A lockdown that is in force."""

    number: int
    channels: tuple[int, ...]


class Locks:
    """Carries out the actions ``lockdown`` and ``unlock``."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        self._ctx = ctx
        self._book = book

    # ---- what is asked for

    async def active(self, guild_id: int) -> Sequence[Lock]:
        """The lockdowns of a server, the oldest first; also those that are just ending."""
        query = select(LockedChannel).where(LockedChannel.guild_id == guild_id)
        async with self._ctx.storage.read() as session:
            rows = (await session.scalars(query.order_by(LockedChannel.number, LockedChannel.position))).all()
        held: dict[int, list[int]] = {}
        for row in rows:
            held.setdefault(row.number, []).append(row.channel_id)
        return [Lock(number, tuple(channels)) for number, channels in held.items()]

    async def lock(self, case: Case) -> None:
        """Carry out a case of ``lockdown``: remember what is, then have it changed channel by channel.

        ``details["scope"]`` is ``channel``, ``category`` or ``server``; ``target_id`` the id of that.
        """
        if case.act not in ("waiting", "off") or "channels" in case.details:
            return await self._settle_lock(case)
        scope, target = case.details["scope"], case.target_id
        try:
            places = await places_of(self._ctx.rest, self._ctx.bot_id, case.guild_id, scope, target)
        except hikari.ForbiddenError:
            why = _("I may not see this server's channels; give me View Channels.")
            return await self._book.note(case, act="failed", act_trouble=_.keep(why))
        if not places:
            why = _("The channel no longer exists.")
            return await self._book.note(case, act="failed", act_trouble=_.keep(why))
        mine: list[int] = []
        async with self._ctx.storage.transaction() as session:
            for position, place in enumerate(places):
                if not place.changes:
                    continue
                row = self._ctx.storage.insert(LockedChannel).values(
                    channel_id=place.channel_id,
                    guild_id=case.guild_id,
                    number=case.number,
                    position=position,
                    changes=[change.stored() for change in place.changes],
                    state="locking",
                )
                added = row.on_conflict_do_nothing().returning(LockedChannel.channel_id)
                if (await session.execute(added)).first() is None:
                    continue  # another lockdown holds it, and restores it
                mine.append(place.channel_id)
                await self._put(LOCK, case.guild_id, case.number, place.channel_id, session)
        details = {**case.details, "channels": len(mine), "untouched": len(places) - len(mine)}
        await self._book.note(case, details=details, **({} if mine else {"act": "already"}))

    async def unlock(self, case: Case) -> None:
        """Carry out a case of ``unlock``: give the channels of the lockdown ``undoes`` back what they had.

        Without ``undoes`` it ends every lockdown of the server.
        """
        if case.act not in ("waiting", "off") or "channels" in case.details:
            return await self._settle_unlock(case)
        held = [LockedChannel.guild_id == case.guild_id]
        if case.undoes is not None:
            held.append(LockedChannel.number == case.undoes)
        async with self._ctx.storage.transaction() as session:
            rows = (await session.scalars(select(LockedChannel).where(*held).with_for_update())).all()
            for row in rows:
                if row.state == "unlocking":
                    continue
                row.state, row.ending, row.why = "unlocking", case.number, None
                await self._put(UNLOCK, case.guild_id, case.number, row.channel_id, session)
            mine = sum(row.ending == case.number for row in rows)
        details = {**case.details, "channels": mine}
        await self._book.note(case, details=details, **({} if mine else {"act": "already"}))

    # ---- channel by channel

    async def lock_channel(self, effect: chandelier.Effect) -> None:
        """Change one channel's permissions as its row says."""
        row, case = await self._row(effect)
        if row is not None and row.state == "locking":
            reason = await self._said(case, _("Lockdown, case #{number}: {reason}", **_of(case)))
            state, why = "locked", None
            try:
                for change in map(Change.read, row.changes):
                    await self._apply(row.channel_id, change, change.after, reason)
            except hikari.NotFoundError as gone:
                state = "gone" if gone.code == UNKNOWN_CHANNEL else "failed"
                why = _.keep(_("Discord does not know it: {message}", message=gone.message))
            except hikari.ForbiddenError:
                state, why = "failed", _.keep(_("I need Manage Permissions and View Channel there"))
            except hikari.BadRequestError as wrong:
                state, why = "failed", _.keep(_("Discord refused: {message}", message=wrong.message))
            await self._set(row, "locking", state, why)
        await self._settle_lock(case)

    async def unlock_channel(self, effect: chandelier.Effect) -> None:
        """Give one channel back what the lockdown changed and nobody has changed since."""
        row, case = await self._row(effect)
        if row is not None and row.state == "unlocking":
            before = await self._ctx.outbox.get(LOCK, _key(row.guild_id, row.number, row.channel_id))
            if before is not None and before.state == "started":
                raise chandelier.ServiceUnavailable(_("The channel is still being locked."))
            said = _("End of the lockdown, case #{number}: {reason}", **_of(case))
            reason = await self._said(case, said)
            state, why = "restored", None
            try:
                await self._restore(row, reason)
            except hikari.NotFoundError as gone:
                state = "gone" if gone.code == UNKNOWN_CHANNEL else "stuck"
                why = _.keep(_("Discord does not know it: {message}", message=gone.message))
            except hikari.ForbiddenError:
                state, why = "stuck", _.keep(_("I need Manage Permissions and View Channel there"))
            except hikari.BadRequestError as wrong:
                state, why = "stuck", _.keep(_("Discord refused: {message}", message=wrong.message))
            await self._set(row, "unlocking", state, why)
        await self._settle_unlock(case)

    async def _restore(self, row: LockedChannel, reason: str) -> None:
        channel = await self._ctx.rest.fetch_channel(row.channel_id)
        if not isinstance(channel, hikari.PermissibleGuildChannel):
            return
        roles = {role.id for role in await self._ctx.rest.fetch_roles(row.guild_id)}
        # The bot's own comes last, as it came first: without it, it might lose the channel half-way.
        for change in reversed([Change.read(stored) for stored in row.changes]):
            found = channel.permission_overwrites.get(hikari.Snowflake(change.target_id))
            if change.kind == ROLE and change.target_id not in roles:
                continue  # the role was deleted, and its overwrite with it
            now = None if found is None else Bits(int(found.allow), int(found.deny))
            wanted = restored(change, now)
            if wanted != now:
                await self._apply(row.channel_id, change, wanted, reason)

    async def _apply(self, channel_id: int, change: Change, wanted: Bits | None, reason: str) -> None:
        if wanted is None:
            await self._ctx.rest.delete_permission_overwrite(channel_id, change.target_id, reason=reason)
            return
        kinds = hikari.PermissionOverwriteType
        await self._ctx.rest.edit_permission_overwrite(
            channel_id,
            change.target_id,
            target_type=kinds.MEMBER if change.kind == USER else kinds.ROLE,
            allow=hikari.Permissions(wanted.allow),
            deny=hikari.Permissions(wanted.deny),
            reason=reason,
        )

    # ---- how it went

    async def _settle_lock(self, case: Case) -> None:
        """Once no channel waits, say in the case how it went."""
        mine = (LockedChannel.guild_id == case.guild_id, LockedChannel.number == case.number)
        async with self._ctx.storage.read() as session:
            rows = (await session.scalars(select(LockedChannel).where(*mine))).all()
        if any(row.state == "locking" for row in rows):
            return
        now = await self._book.get(case.guild_id, case.number)
        if now.act in ("waiting", "off") and "channels" in now.details:
            bad = [row for row in rows if row.state == "failed"]
            gone = {row.channel_id for row in rows if row.state == "gone"}
            good = len(rows) - len(bad) - len(gone)
            act = "done" if good else "failed" if bad else "already"
            details = {**now.details, "done": good, "failed": _failures(bad), "failures": len(bad)}
            await self._book.note(now, act=act, act_trouble=bad[0].why if bad else None, details=details)
        await self._forget(*mine, LockedChannel.state == "gone")

    async def _settle_unlock(self, case: Case) -> None:
        mine = (LockedChannel.guild_id == case.guild_id, LockedChannel.ending == case.number)
        async with self._ctx.storage.read() as session:
            rows = (await session.scalars(select(LockedChannel).where(*mine))).all()
        if any(row.state == "unlocking" for row in rows):
            return
        now = await self._book.get(case.guild_id, case.number)
        if now.act in ("waiting", "off") and "channels" in now.details:
            bad = [row for row in rows if row.state == "stuck"]
            good = sum(row.state == "restored" for row in rows)
            act = "failed" if bad and not good else "done"
            details = {**now.details, "done": good, "failed": _failures(bad), "failures": len(bad)}
            await self._book.note(now, act=act, act_trouble=bad[0].why if bad else None, details=details)
            await self._end_cases(now, {row.number for row in rows} - {row.number for row in bad})
        await self._forget(*mine, LockedChannel.state.in_(("restored", "gone")))

    async def _end_cases(self, case: Case, numbers: set[int]) -> None:
        for number in sorted(numbers):
            ended = await self._book.find(case.guild_id, number)
            if ended is not None and ended.ended_at is None:
                how = "expired" if case.moderator_id == self._ctx.bot_id else "lifted"
                await self._book.note(ended, ended_at=self._ctx.now(), ended_how=how)

    async def _forget(self, *which: Any) -> None:
        async with self._ctx.storage.transaction() as session:
            gone = delete(LockedChannel).where(*which)
            await session.execute(gone.execution_options(synchronize_session=False))

    async def _set(self, row: LockedChannel, was: str, state: str, why: str | None) -> None:
        change = update(LockedChannel).where(
            LockedChannel.channel_id == row.channel_id, LockedChannel.state == was
        )
        async with self._ctx.storage.transaction() as session:
            change = change.values(state=state, why=why)
            await session.execute(change.execution_options(synchronize_session=False))

    async def _row(self, effect: chandelier.Effect) -> tuple[LockedChannel | None, Case]:
        payload = effect.payload
        async with self._ctx.storage.read() as session:
            row = await session.get(LockedChannel, int(payload["channel"]))
        case = await self._book.get(int(payload["guild"]), payload["number"])
        return row, case

    async def _put(self, kind: str, guild_id: int, number: int, channel_id: int, session: Any) -> None:
        payload = {"guild": str(guild_id), "number": number, "channel": str(channel_id)}
        await self._ctx.outbox.put(
            kind, key=_key(guild_id, number, channel_id), payload=payload, session=session
        )

    async def _said(self, case: Case, text: str) -> str:
        """For Discord's audit log, at most 512 characters."""
        return self._ctx.into(await self._ctx.language(case.guild_id), text)[:512]


def _of(case: Case) -> dict[str, Any]:
    return {"number": case.number, "reason": case.reason}


def _key(guild_id: int, number: int, channel_id: int) -> str:
    return f"{guild_id}-{number}-{channel_id}"


def _failures(rows: Sequence[LockedChannel]) -> dict[str, str]:
    """Why, by the channel's id, for as many as a case names."""
    return {str(row.channel_id): row.why or "" for row in rows[:SHOWN_FAILURES]}

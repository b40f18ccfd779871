"""Lockdowns: a case says what is locked, a row per channel remembers how it was, effects change it and back.

The row comes before the change, so a crash at any point leaves what is needed to restore the channel exactly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import attrs
import hikari
from sqlalchemy import delete, select, update

import chandelier
from chandelier_moderation.acting.actions import Outcome
from chandelier_moderation.acting.barriers import UNREACHABLE
from chandelier_moderation.bulk.overwrites import ROLE, USER, Bits, Change, restored
from chandelier_moderation.bulk.places import places_of
from chandelier_moderation.bulk.tables import LockedChannel
from chandelier_moderation.cases import Book
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.reasons import reason_of
from chandelier_moderation.tables import Case

__all__ = ["LOCK", "UNLOCK", "Lock", "Locks"]

_ = chandelier.Messages("chandelier_moderation")

LOCK, UNLOCK = "lock_channel", "unlock_channel"
"""The kinds of effects."""
TRIES = 8
"""How often a channel is tried before it counts as failed, over more than two hours of an outage."""
UNKNOWN_CHANNEL = 10_003
"""https://discord.com/developers/docs/topics/opcodes-and-status-codes#json"""
SHOWN_FAILURES = 10
"""Channels that a case names when they could not be changed; the number of all is there, too."""

_SAME = {"failed": "failed", "gone": "gone"}

Plan = Sequence[tuple[Change, Bits | None]]
"""What each overwrite is to become."""


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

    async def lock(self, case: Case, uncertain: bool) -> Outcome | None:
        """Carry out a case of ``lockdown``: remember what is, then have it changed channel by channel.

        ``details["scope"]`` is ``channel``, ``category`` or ``server``; ``target_id`` the id of that.
        """
        if "channels" in case.details:  # an interrupted attempt came as far as this
            await self._settle_lock(case)
            return None
        scope, target = case.details.get("scope", "channel"), case.target_id
        rest, me = self._ctx.rest, self._ctx.bot_id
        places = await places_of(rest, me, case.guild_id, scope, target)
        if not places and scope == "channel":  # a thread has the permissions of its channel
            found = await rest.fetch_channel(target)
            if isinstance(found, hikari.GuildThreadChannel):
                places = await places_of(rest, me, case.guild_id, scope, int(found.parent_id))
        if not places and scope != "server":
            return Outcome("failed", "channel_gone")
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
                # What an earlier lockdown could not lock is tried again; what was before that stays known.
                mine_now = {"number": case.number, "position": position, "state": "locking", "why": None}
                added = row.on_conflict_do_update(
                    index_elements=["channel_id"], set_=mine_now, where=LockedChannel.state == "failed"
                )
                if (await session.execute(added.returning(LockedChannel.channel_id))).first() is None:
                    continue  # another lockdown holds it, and restores it
                mine.append(place.channel_id)
                await self._put(LOCK, case.guild_id, case.number, place.channel_id, session)
            # In the same transaction: an interrupted attempt must not take its own locks for another's.
            await session.execute(_with_details(case, channels=len(mine), untouched=len(places) - len(mine)))
        return None if mine else Outcome("already")

    async def unlock(self, case: Case, uncertain: bool) -> Outcome | None:
        """Carry out a case of ``unlock``: give the channels of the lockdown ``undoes`` back what they had.

        Without ``undoes`` it ends every lockdown of the server.
        """
        if "channels" in case.details:
            await self._settle_unlock(case)
            return None
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
            await session.execute(_with_details(case, channels=mine))
        return None if mine else Outcome("already")

    # ---- channel by channel

    async def lock_channel(self, effect: chandelier.Effect) -> None:
        """Change one channel's permissions as its row says."""
        row, case = await self._row(effect)
        if row is not None and row.state == "locking":
            reason = await self._said(case, _("Lockdown, case #{number}: {reason}", **_of(case)))
            state, why = await self._change(effect, row, self._locking, reason)
            await self._set(row, "locking", {**_SAME, "done": "locked"}[state], why)
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
            state, why = await self._change(effect, row, self._restoring, reason)
            await self._set(row, "unlocking", {**_SAME, "done": "restored", "failed": "stuck"}[state], why)
        await self._settle_unlock(case)

    async def _change(
        self,
        effect: chandelier.Effect,
        row: LockedChannel,
        plan: Callable[[LockedChannel], Awaitable[Plan]],
        reason: str,
    ) -> tuple[str, str | None]:
        """Change a channel's overwrites as planned; answers how it went and why.

        One that is refused does not keep the others from being changed. What Discord does not answer is tried
        again by the outbox; the last time it counts as failed.
        """
        trouble = None
        try:
            for change, bits in await plan(row):
                try:
                    await self._apply(row.channel_id, change, bits, reason)
                except hikari.NotFoundError as missing:
                    if missing.code == UNKNOWN_CHANNEL:
                        raise
                    # Whose overwrite it is exists no more, so neither does the overwrite.
                except (hikari.ForbiddenError, hikari.BadRequestError) as refused:
                    needs = isinstance(refused, hikari.ForbiddenError)
                    trouble = "needs_overwrites" if needs else "refused"
        except hikari.NotFoundError:
            return "gone", None
        except hikari.ForbiddenError:
            return "failed", "needs_overwrites"
        except hikari.HikariError:
            if effect.attempts + 1 < TRIES:
                raise
            return "failed", UNREACHABLE
        return ("done", None) if trouble is None else ("failed", trouble)

    async def _locking(self, row: LockedChannel) -> Plan:
        return [(change, change.after) for change in map(Change.read, row.changes)]

    async def _restoring(self, row: LockedChannel) -> Plan:
        """What makes a channel as it was; the bot's own comes last, as it came first."""
        channel = await self._ctx.rest.fetch_channel(row.channel_id)
        if not isinstance(channel, hikari.PermissibleGuildChannel):
            return ()
        roles: set[int] | None = None
        wanted: list[tuple[Change, Bits | None]] = []
        for change in reversed([Change.read(stored) for stored in row.changes]):
            found = channel.permission_overwrites.get(hikari.Snowflake(change.target_id))
            if found is None and change.kind == ROLE:
                if roles is None:
                    roles = {int(role.id) for role in await self._ctx.rest.fetch_roles(row.guild_id)}
                if change.target_id not in roles:
                    continue  # the role was deleted, and its overwrite with it
            now = None if found is None else Bits(int(found.allow), int(found.deny))
            becomes = restored(change, now)
            if becomes != now:
                wanted.append((change, becomes))
        return wanted

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
        bad = [row for row in rows if row.state == "failed"]
        good = sum(row.state == "locked" for row in rows)
        act = "done" if good else "failed" if bad else "already"
        await self._book.acted(case, act, _trouble(good, bad), _account(good, bad))
        await self._forget(*mine, LockedChannel.state == "gone")

    async def _settle_unlock(self, case: Case) -> None:
        mine = (LockedChannel.guild_id == case.guild_id, LockedChannel.ending == case.number)
        async with self._ctx.storage.read() as session:
            rows = (await session.scalars(select(LockedChannel).where(*mine))).all()
        if any(row.state == "unlocking" for row in rows):
            return
        bad = [row for row in rows if row.state == "stuck"]
        good = sum(row.state == "restored" for row in rows)
        act = "failed" if bad and not good else "done"
        await self._end_cases(case, {row.number for row in rows} - {row.number for row in bad})
        await self._book.acted(case, act, _trouble(good, bad), _account(good, bad))
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
    return {"number": case.number, "reason": reason_of(case)}


def _key(guild_id: int, number: int, channel_id: int) -> str:
    return f"{guild_id}-{number}-{channel_id}"


def _account(good: int, bad: Sequence[LockedChannel]) -> dict[str, Any]:
    """What a case keeps: how many were changed and how many were not, and of some of these why."""
    failed = {str(row.channel_id): row.why for row in bad[:SHOWN_FAILURES]}
    return {"done": good, "failures": len(bad), "failed": failed}


def _trouble(good: int, bad: Sequence[LockedChannel]) -> str | None:
    return None if not bad else "partly" if good else bad[0].why


def _with_details(case: Case, **more: Any) -> Any:
    """The statement that adds to a case's details, for a transaction that has more to say."""
    mine = (Case.guild_id == case.guild_id, Case.number == case.number)
    change = update(Case).where(*mine).values(details={**case.details, **more})
    return change.execution_options(synchronize_session=False)

"""What raid mode does: slow, lock, hold newcomers (each a case), pause invites; and then the inverse of it.

Cases are opened with a source each, so that to do it again after a crash changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import hikari
from sqlalchemy import select

import chandelier
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.raid.raids import LONGEST, Raids, batch_of, source_of
from chandelier_moderation.raid.tables import ENDING, ON, Raid
from chandelier_moderation.reasons import RAID
from chandelier_moderation.tables import Case
from chandelier_moderation.turns import Turns

__all__ = ["Measures"]

AT_ONCE = 10
"""Cases that wait to be carried out at the same time. The outbox takes what was put first: a moderator's ban,
or a message that has to go, waits for these and not for a raid's thousand."""
IN_ONE_GO = 10.0
"""Seconds after which a timer goes on in another run: a handler has half a minute."""
LOOK_AGAIN = timedelta(seconds=10)
PATIENCE, EACH = timedelta(minutes=30), timedelta(seconds=2)
"""How long the restoring waits for cases whose action is still under way, and for each case besides: Discord
lets a bot change about one member a second."""

_INVERSE = {
    "slowmode": "slowmode",
    "lockdown": "unlock",
    "timeout": "untimeout",
    "role_give": "role_take",
}
_REFUSED = (hikari.ForbiddenError, hikari.BadRequestError, hikari.NotFoundError)
"""Discord does not let the bot, or it is no longer in the server: to try again is in vain."""
_SLOWED = (hikari.ChannelType.GUILD_TEXT, hikari.ChannelType.GUILD_FORUM)


class Measures:
    """Carries out raid mode, and restores what it changed."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book, raids: Raids) -> None:
        self._ctx = ctx
        self._book = book
        self._raids = raids
        self._turns = Turns[int]()
        """By guild: one raid mode may end while the next one begins."""

    # ---- on

    async def start(self, raid: Raid) -> None:
        """Slow and lock. Those because of whom it began are held by the timer, as who joins later."""
        measures: Mapping[str, Any] = raid.measures
        chosen = [int(channel_id) for channel_id in measures["channels"]]
        if measures["lock"]:
            for scope, target in (
                [("channel", each) for each in chosen] if chosen else [("server", raid.guild_id)]
            ):
                await self._open(raid, "lockdown", target, {"scope": scope})
        if measures["slowmode"]:
            for target in chosen or await self._channels(raid.guild_id):
                await self._open(raid, "slowmode", target, {"seconds": measures["slowmode"]})
        await self._raids.late(raid)

    async def hold(self, raid_id: int) -> Sequence[Case]:
        """Open the cases of some of those who came and are not held yet; answers them.

        With the raid's row locked, so that its end comes before or after: before, and nobody is held any
        more; after, and it finds these cases.
        """
        async with self._ctx.storage.transaction() as session:
            raid = await session.get(Raid, raid_id, with_for_update=True)
            if raid is None or raid.state != ON:
                return []
            measures: Mapping[str, Any] = raid.measures
            if measures["hold"] == "timeout":
                action, details = "timeout", dict[str, Any]()
            elif measures["hold"] == "role" and measures["role"] is not None:
                action, details = "role_give", {"role": measures["role"]}
            else:
                return []
            found = await self._raids.unheld(raid, action, AT_ONCE, session)
            drafts = [self._draft(raid, action, user_id, details) for user_id in found]
            return await self._book.open_all(drafts, session)

    async def pause(self, raid: Raid) -> None:
        """Pause invites and direct messages until the end; a longer pause that was there stays."""
        if raid.state != ON and raid.pausing == "waiting":
            await self._raids.change(raid, pausing="off")
        if raid.state != ON or raid.pausing not in ("waiting", "done"):
            return
        try:
            async with self._turns.of(raid.guild_id):
                await self._pause(raid)
        except _REFUSED:
            await self._raids.change(raid, pausing="failed")
        else:
            await self._raids.change(raid, pausing="done")
            await self._raids.late(raid)

    async def _pause(self, raid: Raid) -> None:
        now = await self._paused(raid.guild_id)
        if not raid.before:  # else an earlier attempt has written it down, or the raid mode before this one
            raid.before = {name: _written(until) for name, until in now.items()}
            await self._raids.change(raid, before=raid.before)
        wanted = {
            name: max(filter(None, (until, raid.ends_at))) if raid.measures[name] else until
            for name, until in now.items()
        }
        paused = {name: _written(until) for name, until in wanted.items()}
        await self._raids.change(raid, paused=paused)
        await self._set_paused(raid.guild_id, wanted)

    # ---- off

    async def restore(self, raid: Raid, outcome: Callable[[Case], Awaitable[Case]]) -> datetime | None:
        """Undo what is not undone yet; answers when to go on, None when all is restored.

        ``outcome`` returns once a case was tried, or after some seconds.
        """
        if raid.state != ENDING:
            return None
        await self._unpause(raid)
        cases = await self._cases(raid)
        undone = {case.undoes for case in cases if case.undoes is not None}
        left = [case for case in cases if case.undoes is None and case.number not in undone]
        left = [case for case in left if case.ended_at is None and case.act != "failed"]
        begun, now = self._ctx.clock.monotonic(), self._ctx.now()
        patient = raid.ended_at is None or now < raid.ended_at + PATIENCE + len(cases) * EACH
        ready = [case for case in left if case.act != "waiting" or not patient]
        for first in range(0, len(ready), AT_ONCE):
            if self._ctx.clock.monotonic() - begun > IN_ONE_GO:
                return self._ctx.now() + timedelta(seconds=1)
            undoing = [await self._undo(raid, case) for case in ready[first : first + AT_ONCE]]
            await asyncio.gather(*map(outcome, undoing))
        settling = raid.pausing == "waiting" or any(case.act == "waiting" for case in await self._cases(raid))
        if patient and (settling or len(left) > len(ready)):
            return self._ctx.now() + LOOK_AGAIN
        await self._raids.ended(raid)
        return None

    async def _undo(self, raid: Raid, case: Case) -> Case:
        undoing, _new = await self._book.open(
            Draft(
                guild_id=case.guild_id,
                action=_INVERSE[case.action],
                target_id=case.target_id,
                moderator_id=raid.ended_by or self._ctx.bot_id,
                reason=RAID,
                source=f"{batch_of(raid)}-undo-{case.number}",
                log_channel_id=None,
                tell_member=False,
                details={"role": case.details["role"]} if "role" in case.details else {},
                batch=batch_of(raid),
                undoes=case.number,
            )
        )
        return undoing

    async def _unpause(self, raid: Raid) -> None:
        """Give back what was paused before, unless a moderator has set something else meanwhile."""
        async with self._turns.of(raid.guild_id):
            known = await self._raids.find(raid.id)
            if known is None or known.pausing != "done":  # or raid mode is on anew, and gives it back later
                return
            try:
                pausing = await self._give_back(known)
            except _REFUSED:
                pausing = "failed"
            raid.pausing = pausing
            await self._raids.change(raid, pausing=pausing)

    async def _give_back(self, raid: Raid) -> str:
        now = await self._paused(raid.guild_id)
        ours = {name: self._ahead(text) for name, text in raid.paused.items()}
        if any(not _same(until, ours[name]) for name, until in now.items()):
            return "by_hand"
        await self._set_paused(raid.guild_id, {name: self._ahead(text) for name, text in raid.before.items()})
        return "restored"

    # ---- an account

    async def outcome(self, raid: Raid) -> tuple[Mapping[str, int], Sequence[Case]]:
        """How many cases of each kind raid mode carried out, and those that failed, also at being undone.

        What is gone does not fail to be restored.
        """
        done: dict[str, int] = {}
        cases = await self._cases(raid)
        for case in cases:
            if case.undoes is None and case.act != "failed":
                done[case.action] = done.get(case.action, 0) + 1
        failed = [case for case in cases if case.act in ("failed", "waiting")]
        return done, [case for case in failed if case.undoes is None or case.act_trouble != "channel_gone"]

    # ---- shared

    async def _open(self, raid: Raid, action: str, target_id: int, details: Mapping[str, Any]) -> None:
        await self._book.open(self._draft(raid, action, target_id, details))

    def _draft(self, raid: Raid, action: str, target_id: int, details: Mapping[str, Any]) -> Draft:
        return Draft(
            guild_id=raid.guild_id,
            action=action,
            target_id=target_id,
            moderator_id=raid.started_by,
            reason=RAID,
            source=f"{source_of(raid, action)}{target_id}",
            # A raid of a thousand would be a thousand posts: the report has them all.
            log_channel_id=None,
            tell_member=False,
            details=details,
            # It ends with raid mode; this is for the case that the bot never comes back.
            expires_at=raid.started_at + LONGEST,
            batch=batch_of(raid),
        )

    async def _cases(self, raid: Raid) -> Sequence[Case]:
        query = select(Case).where(Case.guild_id == raid.guild_id, Case.batch == batch_of(raid))
        async with self._ctx.storage.read() as session:
            return (await session.scalars(query.order_by(Case.number))).all()

    async def _channels(self, guild_id: int) -> Sequence[int]:
        """The text channels and forums that everybody sees."""
        guild = await self._ctx.rest.fetch_guild(guild_id)
        view = hikari.Permissions.VIEW_CHANNEL
        base = guild.roles[hikari.Snowflake(guild_id)].permissions
        found: list[int] = []
        for channel in await self._ctx.rest.fetch_guild_channels(guild_id):
            if channel.type not in _SLOWED or not isinstance(channel, hikari.PermissibleGuildChannel):
                continue
            everyone = channel.permission_overwrites.get(hikari.Snowflake(guild_id))
            allow, deny = (everyone.allow, everyone.deny) if everyone is not None else (view & 0, view & 0)
            if ((base & ~deny) | allow) & view:
                found.append(int(channel.id))
        return found

    def _ahead(self, text: str | None) -> datetime | None:
        """A moment as it was written down; None when it is over."""
        until = None if text is None else datetime.fromisoformat(text)
        return until if until is not None and until > self._ctx.now() else None

    async def _paused(self, guild_id: int) -> dict[str, datetime | None]:
        """Until when what is paused; what is over pauses nothing, whether Discord tells it or not."""
        incidents = (await self._ctx.rest.fetch_guild(guild_id)).incidents
        moments = {"invites": incidents.invites_disabled_until, "dms": incidents.dms_disabled_until}
        return {
            name: until if until is not None and until > self._ctx.now() else None
            for name, until in moments.items()
        }

    async def _set_paused(self, guild_id: int, wanted: Mapping[str, datetime | None]) -> None:
        """What is not named is paused no more, so both always are. Discord takes no reason for it."""
        await self._ctx.rest.set_guild_incident_actions(
            guild_id,
            invites_disabled_until=wanted["invites"],
            dms_disabled_until=wanted["dms"],
        )


def _written(until: datetime | None) -> str | None:
    return None if until is None else until.isoformat()


def _same(one: datetime | None, other: datetime | None) -> bool:
    """Whether two moments are the same, but for what Discord does not keep of a second."""
    if one is None or other is None:
        return one is other
    return abs(one - other) < timedelta(seconds=1)

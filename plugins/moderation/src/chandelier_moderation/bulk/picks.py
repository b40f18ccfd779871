"""Messages picked from their menu: what they said is kept for a while, and reports are posted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import hikari
from sqlalchemy import delete, func, or_, select

import chandelier
from chandelier_moderation.bulk.pick_cards import report_card, report_rows
from chandelier_moderation.bulk.tables import Pick
from chandelier_moderation.casebook.evidence import evidence_of
from chandelier_moderation.config import ModerationConfig

__all__ = ["KEPT", "MOST_REPORTS", "Picks"]

_ = chandelier.Messages("chandelier_moderation")

KEPT = timedelta(days=7)
"""How long a picked message is remembered."""
MOST_REPORTS = 5
"""Reports of one person in `PACE`: who reports everything helps nobody."""
PACE = timedelta(minutes=10)
LOOK_BACK = 50
"""Messages that are looked through for a post that an interrupted attempt may have sent."""

_BY, _WHY = "by-", "why-"
"""Why a report is shown anew: somebody reports it, or says why. Each is worth a post where there is none."""

# Any, because a type checker sees every parameter behind ``**``.
_SILENT: Any = {"user_mentions": False, "role_mentions": False, "mentions_everyone": False}


class Picks:
    """Remembers picked messages, and posts what is reported."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx

    async def start(self) -> None:
        """Have old ones forgotten every day."""
        await self._ctx.timers.schedule("picks", key="old", due=self._ctx.now() + timedelta(hours=1))

    async def get(self, guild_id: int, message_id: int) -> Pick:
        """A picked message; raises InvalidRequest when it is not remembered any more."""
        async with self._ctx.storage.read() as session:
            pick = await session.get(Pick, message_id)
        if pick is None or pick.guild_id != guild_id or pick.state == "forgotten":
            raise chandelier.InvalidRequest(
                _("I no longer remember that message. Choose “Act on this message” in its menu again.")
            )
        return pick

    async def pick(self, guild_id: int, message: hikari.Message) -> Pick:
        """Remember what a message says now."""
        async with self._ctx.storage.transaction() as session:
            pick = await self._locked(guild_id, message, session)
            if not pick.reporters:  # the first report is the evidence: its author may edit it afterwards
                self._fill(pick, message)
            return pick

    async def report(self, guild_id: int, message: hikari.Message, by: int) -> bool:
        """Report a message; False when this person has done so before.

        Raises InvalidRequest where reports go nowhere, and to who reports too much.
        """
        config = await self._ctx.config_for(guild_id)
        channel_id = config.report_channel or config.log_channel
        if channel_id is None:
            raise chandelier.InvalidRequest(
                _("This server has not said where reports go. Tell its moderators yourself.")
            )
        async with self._ctx.storage.transaction() as session:
            since = self._ctx.now() - PACE
            lately = select(Pick).where(Pick.guild_id == guild_id, Pick.picked_at > since)
            mine = sum(str(by) in one.reporters for one in await session.scalars(lately))
            if mine >= MOST_REPORTS:
                raise chandelier.InvalidRequest(
                    _("You have reported much lately. Give the moderators ten minutes.")
                )
            pick = await self._locked(guild_id, message, session)
            if str(by) in pick.reporters:
                return False
            if not pick.reporters:
                self._fill(pick, message)
            pick.reporters = {**pick.reporters, str(by): ""}
            pick.log_channel_id = pick.log_channel_id or channel_id
            if pick.state == "picked":
                pick.state = "reported"
            await session.flush()
            await self._show(pick, f"{_BY}{len(pick.reporters)}", session)
            return True

    async def explain(self, guild_id: int, message_id: int, by: int, why: str) -> None:
        """Add why somebody has reported a message."""
        async with self._ctx.storage.transaction() as session:
            pick = await session.get(Pick, message_id, with_for_update=True)
            if pick is None or pick.guild_id != guild_id or str(by) not in pick.reporters:
                raise chandelier.InvalidRequest(_("I no longer remember that report."))
            pick.reporters = {**pick.reporters, str(by): why}
            # The key outlives the row by weeks: it says which reporter and not who.
            turn = list(pick.reporters).index(str(by))
            await self._show(pick, f"{_WHY}{turn}-{self._ctx.now().timestamp():.6f}", session)

    async def settle(self, message_id: int, state: str, by: int, number: int | None = None) -> bool:
        """Write down that moderators have dealt with it; False when somebody had before."""
        async with self._ctx.storage.transaction() as session:
            pick = await session.get(Pick, message_id, with_for_update=True)
            if pick is None or (pick.state in ("handled", "dismissed") and number is None):
                return False
            pick.state, pick.handled_by = state, by
            pick.number = number if number is not None else pick.number
            if pick.log_channel_id is not None:
                await self._show(pick, f"{state}-{number}", session)
            return True

    async def post(self, effect: chandelier.Effect) -> None:
        """Show a report as it is now: post it, or edit its post."""
        async with self._ctx.storage.read() as session:
            pick = await session.get(Pick, int(effect.payload["message"]))
        if pick is None or pick.log_channel_id is None:
            return
        language = await self._ctx.language(pick.guild_id)
        embed = self._ctx.into(language, report_card(pick))
        rows = report_rows(self._ctx, pick, lambda text: self._ctx.into(language, text))
        where, channel = pick.log_message_id, pick.log_channel_id
        if where is None and effect.uncertain:
            where = await self._sent(pick, channel)
        # Of two at once Discord drops the second, for they have the same nonce.
        nonce = f"r{pick.message_id}"
        if where is not None:
            try:
                await self._ctx.rest.edit_message(channel, where, embed=embed, components=rows, **_SILENT)
            except (hikari.NotFoundError, hikari.ForbiddenError) as gone:  # the post, or the channel
                if not _is_news(effect):
                    return
                if isinstance(gone, hikari.ForbiddenError):
                    raise  # somebody reports it and nobody sees it: the operator has to know
                config = await self._ctx.config_for(pick.guild_id)
                channel = config.report_channel or config.log_channel or channel
                nonce = f"r{where}"
                where = await self._sent(pick, channel) if effect.uncertain else None
        if where is None:
            message = await self._ctx.rest.create_message(
                channel, embed=embed, components=rows, nonce=nonce, **_SILENT
            )
            where = message.id
        if where != pick.log_message_id:
            async with self._ctx.storage.transaction() as session:
                now = await session.get_one(Pick, pick.message_id, with_for_update=True)
                now.log_channel_id, now.log_message_id = channel, int(where)
                if _shown(now) != _shown(pick):
                    await self._show(now, f"posted-{int(where)}", session)

    async def forget_old(self) -> datetime:
        """Forget what was picked long ago, and have its post forget it; answers when to come again.

        The row stays for a day longer than what was in it, because the post is changed by it.
        """
        old = Pick.picked_at < self._ctx.now() - KEPT
        done = or_(Pick.log_message_id.is_(None), Pick.state == "forgotten")
        async with self._ctx.storage.transaction() as session:
            gone = delete(Pick).where(old, done)
            await session.execute(gone.execution_options(synchronize_session=False))
            for pick in (await session.scalars(select(Pick).where(old).with_for_update())).all():
                pick.content, pick.attachments, pick.reporters, pick.state = "", [], {}, "forgotten"
                await self._show(pick, f"forgotten-{self._ctx.now().timestamp():.0f}", session)
        return self._ctx.now() + timedelta(days=1)

    async def of_person(self, user_id: int) -> Sequence[Pick]:
        """What somebody wrote, reported or dealt with of that."""
        async with self._ctx.storage.read() as session:
            found = (await session.scalars(select(Pick))).all()
        return [
            pick
            for pick in found
            if user_id in (pick.author_id, pick.handled_by) or str(user_id) in pick.reporters
        ]

    async def erase(self, user_id: int, *, written: bool) -> int:
        """Take a person's name out; with ``written`` forget what they wrote."""
        async with self._ctx.storage.transaction() as session:
            count = 0
            if written:
                mine = delete(Pick).where(Pick.author_id == user_id)
                gone: Any = await session.execute(mine.execution_options(synchronize_session=False))
                count += gone.rowcount
            for pick in await session.scalars(select(Pick)):
                if pick.handled_by == user_id or str(user_id) in pick.reporters:
                    others = {who: why for who, why in pick.reporters.items() if who != str(user_id)}
                    pick.reporters, count = others, count + 1
                    pick.handled_by = 0 if pick.handled_by == user_id else pick.handled_by
                    await self._show(pick, f"erased-{self._ctx.now().timestamp():.6f}", session)
        return count

    async def open_reports(self, guild_id: int) -> int:
        """How many reports wait for a moderator."""
        query = select(func.count()).select_from(Pick)
        waiting = query.where(Pick.guild_id == guild_id, Pick.state == "reported")
        async with self._ctx.storage.read() as session:
            return await session.scalar(waiting) or 0

    async def _locked(self, guild_id: int, message: hikari.Message, session: Any) -> Pick:
        """The row of a message, made if it is not there; others wait for it."""
        row = self._ctx.storage.insert(Pick).values(
            message_id=int(message.id),
            guild_id=guild_id,
            channel_id=int(message.channel_id),
            author_id=int(message.author.id),
            content="",
            picked_at=self._ctx.now(),
            state="picked",
        )
        await session.execute(row.on_conflict_do_nothing())
        return await session.get_one(Pick, int(message.id), with_for_update=True)

    def _fill(self, pick: Pick, message: hikari.Message) -> None:
        evidence = evidence_of(message)
        pick.content, pick.attachments = evidence.text or "", list(evidence.attachments)
        pick.picked_at = self._ctx.now()
        if pick.state == "forgotten":
            pick.state = "picked"

    async def _show(self, pick: Pick, why: str, session: Any) -> None:
        # Picked anew after it was forgotten, the same things may happen again.
        key = f"{pick.message_id}-{int(pick.picked_at.timestamp())}-{why}"
        payload = {"message": str(pick.message_id)}
        await self._ctx.outbox.put("report", key=key, payload=payload, session=session)

    async def _sent(self, pick: Pick, channel: int) -> hikari.Snowflake | None:
        """The post that an attempt whose end nobody saw may have made."""
        custom_id = self._ctx.component_id("act_open", str(pick.message_id))
        async for message in self._ctx.rest.fetch_messages(channel).limit(LOOK_BACK):
            rows: Any = message.components
            parts = [part for row in rows for part in getattr(row, "components", ())]
            if any(getattr(part, "custom_id", None) == custom_id for part in parts):
                return message.id
        return None


def _is_news(effect: chandelier.Effect) -> bool:
    _message, _picked, why = effect.key.split("-", 2)
    return why.startswith((_BY, _WHY))


def _shown(pick: Pick) -> tuple[Any, ...]:
    return (pick.reporters, pick.state, pick.number)

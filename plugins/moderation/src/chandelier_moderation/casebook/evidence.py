"""Evidence: what a message said, kept with its case as long as the server wants it kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import attrs
import hikari
from sqlalchemy import ColumnElement, Text, and_, cast, delete, or_, select

import chandelier
from chandelier_moderation.appeals.tables import Appeal
from chandelier_moderation.cards import FIELD_VALUE, crop
from chandelier_moderation.casebook.tables import Search
from chandelier_moderation.cases import case_key
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.tables import Case

__all__ = ["Evidence", "Keeper", "evidence_of"]

EVERY = timedelta(days=1)
SOON = timedelta(minutes=10)
AT_ONCE = 200
"""Cases of one guild whose evidence is forgotten in one go: each is an edit of a post in the log, and a
channel takes about one edit a second."""
SEARCHES_KEPT = timedelta(days=30)
"""How long the buttons under a list work."""


@attrs.frozen
class Evidence:
    """What a message held, for `Draft.evidence` and `Draft.attachments`."""

    text: str | None
    attachments: tuple[str, ...]


def evidence_of(message: hikari.PartialMessage) -> Evidence:
    """The text of a message and of what it forwards, as much as a case shows, and its files' names.

    Where there is none, as bots and polls write: the text of its embeds, the poll's question and answers.
    """
    parts = [message, *(message.message_snapshots or ())]
    said = [part.content or "\n".join(_embedded(part.embeds or ())) for part in parts]
    if message.poll:
        said += [each.text or "" for each in (message.poll.question, *_answers(message.poll))]
    text = "\n".join(filter(None, said))
    files = tuple(file.filename for part in parts for file in part.attachments or ())
    return Evidence(crop(text, FIELD_VALUE) or None, files)


def _embedded(embeds: Sequence[hikari.Embed]) -> Iterator[str]:
    for embed in embeds:
        yield from filter(None, (embed.title, embed.description, embed.url))
        for field in embed.fields:
            yield from (field.name, field.value)


def _answers(poll: hikari.Poll) -> Iterator[hikari.PollMedia]:
    return (answer.poll_media for answer in poll.answers)


class Keeper:
    """Forgets evidence in time; the case and its reason stay."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx

    async def start(self) -> None:
        """Have it done every day, unless that is set already."""
        if not await self._ctx.timers.pending("casebook"):
            await self._ctx.timers.schedule("casebook", key="daily", due=self._ctx.now() + EVERY)

    async def tidy(self, due: datetime) -> datetime:
        """Forget what has had its time; answers when to come again."""
        now, more = self._ctx.now(), False
        async with self._ctx.storage.transaction() as session:
            old = delete(Search).where(Search.at < now - SEARCHES_KEPT)
            await session.execute(old.execution_options(synchronize_session=False))
        async with self._ctx.storage.read() as session:
            guilds = (await session.scalars(select(Case.guild_id).where(_has_evidence()).distinct())).all()
        for guild_id in guilds:
            days = (await self._ctx.config_for(guild_id)).evidence_days
            since = now - timedelta(days=days) if days else None
            forgotten = await self._forget(guild_id, now, since)
            if forgotten:
                self._ctx.log.info("the evidence of {} cases in guild {} is forgotten", forgotten, guild_id)
            more = more or forgotten == AT_ONCE
        return now + SOON if more else max(now, due) + EVERY

    async def _forget(self, guild_id: int, now: datetime, since: datetime | None) -> int:
        """Forget the evidence of cases made before ``since``, and of those that were to be kept until now."""
        over = [Case.evidence_until <= now, *([Case.created_at <= since] if since is not None else [])]
        old = select(Case).where(Case.guild_id == guild_id, _has_evidence(), or_(*over))
        # What is about to be deleted or told still needs its message; it comes up again tomorrow.
        old = old.where(or_(Case.removal.is_(None), Case.removal != "waiting"))
        async with self._ctx.storage.transaction() as session:
            oldest = old.order_by(Case.number).limit(AT_ONCE).with_for_update()
            cases = (await session.scalars(oldest)).all()
            for case in cases:
                case.evidence, case.attachments, case.evidence_until = None, [], now
                if case.log != "off":
                    payload = {"guild": str(guild_id), "number": case.number}
                    key = case_key(case, "evidence", f"{now.timestamp():.0f}")
                    await self._ctx.outbox.put("relog", key=key, payload=payload, session=session)
            # Staff read the message in the post of an appeal, too.
            posted = select(Appeal.id).where(
                Appeal.guild_id == guild_id,
                Appeal.number.in_([case.number for case in cases]),
                Appeal.post_message_id.is_not(None),
            )
            for appeal_id in (await session.scalars(posted)).all():
                key = f"{appeal_id}-evidence-{now.timestamp():.0f}"
                payload = {"appeal": appeal_id}
                await self._ctx.outbox.put("appeal_repost", key=key, payload=payload, session=session)
        return len(cases)


def _has_evidence() -> ColumnElement[bool]:
    return or_(
        Case.evidence.is_not(None),
        and_(Case.attachments.is_not(None), cast(Case.attachments, Text) != "[]"),
    )

"""What rules hit, written down with its cases before anything is done about it, once for the same find."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from sqlalchemy import delete, func, or_, select, update

import chandelier
from chandelier_moderation.automod.rules import SEVERITIES
from chandelier_moderation.automod.triggers import (
    Capitals,
    Emoji,
    Mentions,
    NewAccount,
    Newlines,
    Rate,
    Repeated,
    Zalgo,
)
from chandelier_moderation.cards import FIELD_VALUE, crop
from chandelier_moderation.cases import Book, Draft
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.drafting import batch_of, does_more, drafts_of
from chandelier_moderation.enforcing.judge import Found, Writing
from chandelier_moderation.enforcing.store import key_of
from chandelier_moderation.enforcing.tables import StoredHit
from chandelier_moderation.tables import Case

__all__ = ["ACT", "KEPT_FOR", "Hits"]

ACT = "automod"
"""Kind of the outbox entry that carries out what a rule says besides cases; its key is the hit's id."""

KEPT_FOR = timedelta(days=30)
"""As long as the outbox keeps its keys."""

_COUNTING = (Capitals, Emoji, Mentions, Newlines, Zalgo, Rate, Repeated, NewAccount)
"""What they find is a number: another number is no other find."""


class Hits:
    """The room's record."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig], book: Book) -> None:
        self._ctx = ctx
        self._book = book

    async def record(self, writing: Writing, found: Sequence[Found], *, event: str = "") -> int:
        """Write down hits, open their rules' cases and have all else carried out; returns how many were new.

        All in one transaction: a message that has to go does not wait for a second one, and is as safe from
        a crash. ``event`` tells apart what is not a message and may happen again with the same words.
        """
        config = await self._ctx.config_for(writing.guild_id)
        spare = writing.user_id == await self._owner(writing.guild_id)
        new, more, told = 0, list[int](), config.tell_member != "always"
        drafts: dict[str, Draft] = {}
        ranked = sorted(found, key=lambda one: SEVERITIES.index(one.hit.rule.severity), reverse=True)
        async with self._ctx.storage.transaction() as session:
            for one in ranked:
                row = self._row(writing, one, event)
                made = self._ctx.storage.insert(StoredHit).values(**row).on_conflict_do_nothing()
                hit_id = (await session.execute(made.returning(StoredHit.id))).scalar()
                if hit_id is None:
                    continue
                new += 1
                hit, rule = StoredHit(id=hit_id, **row), one.hit.rule
                if does_more(rule, hit):
                    more.append(hit_id)
                if hit.dry:
                    continue
                # One message is one matter to its author, whatever the number of rules it breaks.
                tell, told = not told, True
                for draft in drafts_of(rule, hit, config, bot_id=self._ctx.bot_id, tell=tell, spare=spare):
                    drafts.setdefault(draft.source, draft)
            for case in await self._book.open_all([*drafts.values()], session):
                self._ctx.log.info("rule {!r}: {} is case #{}", case.rule, case.action, case.number)
            for hit_id in more:  # after the cases: what they do comes first in the outbox
                payload = {"hit": hit_id, "guild": str(writing.guild_id)}
                await self._ctx.outbox.put(ACT, key=str(hit_id), payload=payload, session=session)
        return new

    async def _owner(self, guild_id: int) -> int:
        """Who owns a server: no rule does anything to them."""
        guild = self._ctx.cache.get_guild(guild_id) or await self._ctx.rest.fetch_guild(guild_id)
        return int(guild.owner_id)

    async def find(self, hit_id: int) -> StoredHit | None:
        """A hit by its id."""
        async with self._ctx.storage.read() as session:
            return await session.get(StoredHit, hit_id)

    async def scoring(self, hit: StoredHit) -> Sequence[Case]:
        """The cases of a hit that give points."""
        mine = select(Case).where(Case.guild_id == hit.guild_id, Case.batch == batch_of(hit), Case.points > 0)
        async with self._ctx.storage.read() as session:
            return (await session.scalars(mine.order_by(Case.number))).all()

    async def handle(self, hit_id: int, by: int, how: str) -> tuple[StoredHit | None, bool]:
        """Record that one of the staff answered the alert; only the first does."""
        async with self._ctx.storage.transaction() as session:
            free = update(StoredHit).where(StoredHit.id == hit_id, StoredHit.handled_how.is_(None))
            taken: Any = await session.execute(free.values(handled_by=by, handled_how=how))
            return await session.get(StoredHit, hit_id), bool(taken.rowcount)

    async def release(self, hit_id: int) -> None:
        """Let the alert be answered again: what was chosen could not be done."""
        async with self._ctx.storage.transaction() as session:
            mine = update(StoredHit).where(StoredHit.id == hit_id)
            await session.execute(mine.values(handled_by=None, handled_how=None))

    async def counts(self, guild_id: int) -> Mapping[str, int]:
        """How often each rule, by its key, hit in the last 30 days."""
        counted = select(StoredHit.rule, func.count()).where(StoredHit.guild_id == guild_id)
        async with self._ctx.storage.read() as session:
            rows = (await session.execute(counted.group_by(StoredHit.rule))).all()
        return {row[0]: row[1] for row in rows}

    async def tidy(self) -> int:
        """Forget what is older than `KEPT_FOR`; returns how many hits. Texts go with `evidence_days`."""
        now = self._ctx.now()
        async with self._ctx.storage.transaction() as session:
            gone: Any = await session.execute(delete(StoredHit).where(StoredHit.at < now - KEPT_FOR))
        with_text = select(StoredHit.guild_id).where(StoredHit.evidence.is_not(None)).distinct()
        async with self._ctx.storage.read() as session:
            guilds = (await session.scalars(with_text)).all()
        for guild_id in guilds:
            days = (await self._ctx.config_for(guild_id)).evidence_days
            if 0 < days < KEPT_FOR.days:
                mine = update(StoredHit).where(StoredHit.guild_id == guild_id)
                over = mine.where(StoredHit.at <= now - timedelta(days=days))
                async with self._ctx.storage.transaction() as session:
                    await session.execute(over.values(evidence=None, attachments=[]))
        return int(gone.rowcount)

    async def forget_person(self, user_id: int) -> int:
        """Forget the hits of a person, and that they answered alerts; returns of how many."""
        async with self._ctx.storage.transaction() as session:
            gone: Any = await session.execute(delete(StoredHit).where(StoredHit.user_id == user_id))
            answered = update(StoredHit).where(StoredHit.handled_by == user_id)
            changed: Any = await session.execute(answered.values(handled_by=0))
            return int(gone.rowcount) + int(changed.rowcount)

    async def of_person(self, user_id: int) -> list[Mapping[str, Any]]:
        """The hits of a person and the alerts that they answered, for their export."""
        theirs = or_(StoredHit.user_id == user_id, StoredHit.handled_by == user_id)
        mine = select(StoredHit).where(theirs).order_by(StoredHit.id)
        async with self._ctx.storage.read() as session:
            rows = (await session.scalars(mine)).all()
        return [_exported(row, user_id) for row in rows]

    def _row(self, writing: Writing, one: Found, event: str) -> dict[str, Any]:
        rule, hit = one.hit.rule, one.hit
        what = f"message-{writing.message_id}" if writing.message_id is not None else event
        finds = "" if isinstance(rule.trigger, _COUNTING) else _digest(hit.found)
        return {
            "guild_id": writing.guild_id,
            "rule": key_of(rule.name),
            "source": f"{what}-{_digest([key_of(rule.name)])}-{finds}",
            "user_id": writing.user_id,
            "author": "webhook" if writing.webhook else "bot" if writing.bot else "member",
            "channel_id": writing.channel_id,
            "message_id": writing.message_id,
            "part": one.where or hit.part,
            "found": list(hit.found[:20]),
            "evidence": crop("\n".join(text.text for text in writing.content.texts), FIELD_VALUE) or None,
            "attachments": [file.name for file in writing.content.attachments][:10],
            "more": [[str(channel), str(message)] for channel, message in one.more],
            "dry": rule.dry_run,
            "at": self._ctx.now(),
        }


def _exported(row: StoredHit, user_id: int) -> Mapping[str, Any]:
    shown = {"guild": str(row.guild_id), "rule": row.rule, "at": row.at.isoformat()}
    if row.user_id != user_id:
        return {**shown, "role": "answered the alert", "answer": row.handled_how}
    return {
        **shown,
        "role": row.author,
        "part": row.part,
        "message": row.evidence,
        "found": list(row.found),
        "files": list(row.attachments),
    }


def _digest(parts: Iterable[str]) -> str:
    return blake2b("\0".join(sorted(parts)).encode(errors="surrogatepass"), digest_size=8).hexdigest()

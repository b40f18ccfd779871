"""What rules hit, written down before anything is done about it, and once for the same find."""

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
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.judge import Found, Writing
from chandelier_moderation.enforcing.store import key_of
from chandelier_moderation.enforcing.tables import StoredHit

__all__ = ["ACT", "KEPT_FOR", "Hits"]

ACT = "automod"
"""Kind of the outbox entry that carries out what a rule says; its key is the hit's id."""

KEPT_FOR = timedelta(days=30)
"""As long as the outbox keeps its keys."""

_COUNTING = (Capitals, Emoji, Mentions, Newlines, Zalgo, Rate, Repeated, NewAccount)
"""What they find is a number: another number is no other find."""


class Hits:
    """The room's record."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx

    async def record(self, writing: Writing, found: Sequence[Found], *, event: str = "") -> int:
        """Write down hits and have their rules' actions carried out; returns how many were new.

        ``event`` tells apart what is not a message and may happen again with the same words.
        """
        new, told = 0, False
        ranked = sorted(found, key=lambda one: SEVERITIES.index(one.hit.rule.severity), reverse=True)
        async with self._ctx.storage.transaction() as session:
            for one in ranked:
                row = self._row(writing, one, event)
                made = self._ctx.storage.insert(StoredHit).values(**row).on_conflict_do_nothing()
                hit_id = (await session.execute(made.returning(StoredHit.id))).scalar()
                if hit_id is None:
                    continue
                new += 1
                # One message is one matter to its author, whatever the number of rules it breaks.
                tell = not told and not row["dry"]
                told = told or tell
                payload = {"hit": hit_id, "guild": str(writing.guild_id), "tell": tell}
                await self._ctx.outbox.put(ACT, key=str(hit_id), payload=payload, session=session)
        return new

    async def find(self, hit_id: int) -> StoredHit | None:
        """A hit by its id."""
        async with self._ctx.storage.read() as session:
            return await session.get(StoredHit, hit_id)

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

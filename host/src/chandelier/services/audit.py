"""The audit log: who changed what, when, before and after, written in the transaction of the change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from math import isfinite
from typing import Any, Final, cast

import attrs
from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.config.secret import REDACTED, Secret
from chandelier.observe.redact import Redactor
from chandelier.services.acting import Actor, ActorKind, current_actor
from chandelier.storage.engine import Database
from chandelier.storage.names import HOST_NAME
from chandelier.storage.tables import AuditRow, AuditSearchRow

__all__ = ["Actor", "Audit", "AuditLog", "Entry", "Query", "current_actor"]

LONGEST: Final = 64 * 1024
"""Characters of JSON that ``before`` and ``after`` may each have; what is longer is cut and says so."""
ERASED: Final = "erased person"


@attrs.frozen(kw_only=True)
class Entry:
    """One change, as it was written down."""

    id: int
    at: datetime
    actor: Actor
    guild_id: int | None
    """The server it concerns; None when it concerns the whole bot."""
    plugin: str
    action: str
    """What was done, as in ``config.change``."""
    subject: str
    """To what, in words."""
    about: int | None
    """Id of the person whom it concerns."""
    before: Any
    after: Any


@attrs.frozen(kw_only=True)
class Query:
    """Which entries are wanted; what is None does not matter."""

    guild_id: int | None = None
    by: int | None = None
    """Id of the person who did it."""
    about: int | None = None
    plugin: str | None = None
    action: str | None = None
    """A whole action, or its first part: ``config`` finds ``config.change``."""
    since: datetime | None = None
    until: datetime | None = None
    """Entries before this moment."""
    text: str | None = None
    """Words that stand in action, subject, before or after; upper and lower case are the same."""


class Audit:
    """One plugin's way into the audit log."""

    def __init__(self, plugin: str, log: AuditLog) -> None:
        self._plugin = plugin
        self._log = log

    async def record(
        self,
        action: str,
        *,
        subject: str = "",
        before: Any = None,
        after: Any = None,
        guild_id: int | None = None,
        about: int | None = None,
        actor: Actor | None = None,
        session: AsyncSession | None = None,
    ) -> None:
        """Write down a change; with ``session`` exactly if that transaction is committed, without at once.

        ``action`` says what was done, as in ``case.void``; ``subject`` to what; ``before`` and ``after`` are
        JSON-ready, or attrs objects, and their Secrets are left out. The id of a person whom it concerns
        belongs in ``about``. Who did it is whoever's command, press or form is being handled, unless
        ``actor`` says otherwise. Without ``guild_id`` only the bot's owner sees the entry.
        """
        await self._log.record(
            action,
            plugin=self._plugin,
            subject=subject,
            before=before,
            after=after,
            guild_id=guild_id,
            about=about,
            actor=actor,
            session=session,
        )


class AuditLog:
    """The audit log of the whole host."""

    def __init__(self, database: Database, redactor: Redactor | None = None) -> None:
        self._storage = database.storage(HOST_NAME)
        self._clock = database.clock
        self._redactor = redactor or Redactor()

    def audit(self, plugin: str) -> Audit:
        """The way in for one plugin."""
        return Audit(plugin, self)

    async def record(
        self,
        action: str,
        *,
        plugin: str = HOST_NAME,
        subject: str = "",
        before: Any = None,
        after: Any = None,
        guild_id: int | None = None,
        about: int | None = None,
        actor: Actor | None = None,
        session: AsyncSession | None = None,
    ) -> None:
        """See `Audit.record`."""
        who = actor or current_actor()
        row = AuditRow(
            at=self._clock.now(),
            guild_id=None if guild_id is None else int(guild_id),
            actor_kind=who.kind,
            actor_id=who.user_id,
            plugin=plugin,
            action=action,
            subject=self._redactor.text(_plain(str(subject))),
            about=None if about is None else int(about),
            before=self._kept(before),
            after=self._kept(after),
        )
        row.words = _words(row)
        if session is not None:
            session.add(row)
            return
        async with self._storage.transaction() as own:
            own.add(row)

    async def find(
        self,
        query: Query,
        *,
        limit: int,
        older_than: int | None = None,
        newer_than: int | None = None,
        session: AsyncSession | None = None,
    ) -> list[Entry]:
        """At most ``limit`` entries, the newest first.

        ``older_than`` and ``newer_than`` are ids of entries: the page after, or before, the one they end or
        begin.
        """
        statement = select(AuditRow).where(*_conditions(query)).limit(limit)
        if newer_than is not None:
            statement = statement.where(AuditRow.id > newer_than).order_by(AuditRow.id)
        else:
            statement = statement.order_by(AuditRow.id.desc())
            if older_than is not None:
                statement = statement.where(AuditRow.id < older_than)
        if session is not None:
            rows = list(await session.scalars(statement))
        else:
            async with self._storage.read() as own:
                rows = list(await own.scalars(statement))
        rows.sort(key=lambda row: row.id, reverse=True)
        return [_entry(row) for row in rows]

    async def get(self, entry_id: int) -> Entry | None:
        """One entry, by its id."""
        async with self._storage.read() as session:
            row = await session.get(AuditRow, entry_id)
            return None if row is None else _entry(row)

    async def tidy(self, before: datetime) -> int:
        """Forget what is older than a moment; returns how many entries that were."""
        async with self._storage.transaction() as session:
            gone = await session.execute(
                delete(AuditRow)
                .where(AuditRow.at < before)
                .returning(AuditRow.id)
                .execution_options(synchronize_session=False)
            )
            return len(gone.all())

    # ---- people

    async def export_person(self, user_id: int) -> list[dict[str, Any]]:
        """What the log says of a person: what they did, and what was done about them."""
        statement = select(AuditRow).where(_of_person(user_id)).order_by(AuditRow.id)
        async with self._storage.read() as session:
            return [as_data(_entry(row)) for row in await session.scalars(statement)]

    async def erase_person(self, user_id: int, *, session: AsyncSession | None = None) -> int:
        """Take a person's id out of every entry; what was done stays, by an erased person.

        Returns how many entries named them.
        """
        if session is None:
            async with self._storage.transaction() as own:
                return await self.erase_person(user_id, session=own)
        rows = list(await session.scalars(select(AuditRow).where(_of_person(user_id)).with_for_update()))
        for row in rows:
            if row.actor_id == user_id:
                row.actor_id, row.actor_kind = None, "erased"
            if row.about == user_id:
                row.about = None
            row.subject = row.subject.replace(str(user_id), ERASED)
            row.before, row.after = _without(row.before, user_id), _without(row.after, user_id)
            row.words = _words(row)
        for search in await session.scalars(select(AuditSearchRow)):
            if user_id in (search.query.get("by"), search.query.get("about")):
                await session.delete(search)
        return len(rows)

    def _kept(self, value: Any) -> Any:
        plain = self._redactor.data(_plain(value))
        text = json.dumps(plain)
        return plain if len(text) <= LONGEST else {"cut": text[:1000], "characters": len(text)}


def as_data(entry: Entry) -> dict[str, Any]:
    """An entry as JSON-ready data; ids are text, because other languages cut large numbers."""
    return {
        "id": entry.id,
        "at": entry.at.isoformat(),
        "actor": entry.actor.kind,
        "actor_id": _text(entry.actor.user_id),
        "guild_id": _text(entry.guild_id),
        "plugin": entry.plugin,
        "action": entry.action,
        "subject": entry.subject,
        "about": _text(entry.about),
        "before": entry.before,
        "after": entry.after,
    }


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _entry(row: AuditRow) -> Entry:
    return Entry(
        id=row.id,
        at=row.at,
        actor=Actor(cast("ActorKind", row.actor_kind), row.actor_id),
        guild_id=row.guild_id,
        plugin=row.plugin,
        action=row.action,
        subject=row.subject,
        about=row.about,
        before=row.before,
        after=row.after,
    )


def _conditions(query: Query) -> Sequence[Any]:
    found: list[Any] = []
    if query.guild_id is not None:
        found.append(AuditRow.guild_id == query.guild_id)
    if query.by is not None:
        found.append(AuditRow.actor_id == query.by)
    if query.about is not None:
        found.append(AuditRow.about == query.about)
    if query.plugin is not None:
        found.append(AuditRow.plugin == query.plugin)
    if query.action is not None:
        part = AuditRow.action.startswith(f"{query.action}.", autoescape=True)
        found.append(or_(AuditRow.action == query.action, part))
    if query.since is not None:
        found.append(AuditRow.at >= query.since)
    if query.until is not None:
        found.append(AuditRow.at < query.until)
    if query.text:
        found.append(AuditRow.words.contains(query.text.lower(), autoescape=True))
    return found


def _of_person(user_id: int) -> Any:
    return or_(
        AuditRow.actor_id == user_id,
        AuditRow.about == user_id,
        AuditRow.words.contains(str(user_id), autoescape=True),
    )


def _words(row: AuditRow) -> str:
    """What a search for text looks at."""
    values = (json.dumps(value, ensure_ascii=False) for value in (row.before, row.after) if value is not None)
    return " ".join((row.action, row.subject, *values)).lower()


def _plain(value: Any) -> Any:
    """The value as JSON has it, without secrets."""
    if value is None or isinstance(value, bool) or type(value) is int:
        return value
    if isinstance(value, float):
        return value if isfinite(value) else str(value)
    if isinstance(value, str):  # PostgreSQL keeps neither NUL nor half characters in JSON
        return value.replace("\0", "").encode(errors="replace").decode()
    if isinstance(value, Secret):
        return REDACTED
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, int):  # hikari's Snowflake, flags
        return int(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if attrs.has(type(value)):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in attrs.fields(type(value))
            if not field.name.startswith("_")
        }
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value).items()
        return {_plain(str(key)): _plain(item) for key, item in items}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast("Iterable[Any]", value)]
    return _plain(str(value))


def _without(value: Any, user_id: int) -> Any:
    """The value with a person's id taken out of it."""
    if isinstance(value, str):
        return value.replace(str(user_id), ERASED)
    if isinstance(value, int) and not isinstance(value, bool):
        return ERASED if value == user_id else value
    if isinstance(value, list):
        return [_without(item, user_id) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key.replace(str(user_id), ERASED): _without(item, user_id) for key, item in items}
    return value

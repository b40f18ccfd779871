"""The audit log as a file: CSV for spreadsheets, JSON for programs; and entries made at the command line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import inspect
from sqlalchemy.ext.asyncio import AsyncConnection

from chandelier.errors import InvalidRequest
from chandelier.languages import Messages
from chandelier.services.acting import Actor
from chandelier.services.audit import AuditLog, Entry, Query, as_data
from chandelier.storage.engine import Database
from chandelier.storage.tables import AuditRow

__all__ = ["Format", "entries_of", "has_log", "moment", "note_at_command_line", "written"]

_ = Messages(__package__)

Format = Literal["csv", "json"]
COLUMNS: Final = (
    "id",
    "at",
    "actor",
    "actor_id",
    "guild_id",
    "plugin",
    "action",
    "subject",
    "about",
    "before",
    "after",
)
_AT_A_TIME: Final = 500
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula; see https://owasp.org/www-community/attacks/CSV_Injection"""


async def entries_of(log: AuditLog, query: Query, *, most: int | None = None) -> AsyncGenerator[Entry]:
    """Every entry that fits, the newest first, at most ``most``; read a few hundred at a time."""
    older: int | None = None
    left = most
    while left is None or left > 0:
        wanted = _AT_A_TIME if left is None else min(left, _AT_A_TIME)
        found = await log.find(query, limit=wanted, older_than=older)
        for entry in found:
            yield entry
        if len(found) < wanted:
            return
        older = found[-1].id
        left = None if left is None else left - len(found)


def written(entries: Sequence[Entry], form: Format) -> str:
    """The text of a file with these entries."""
    rows = [as_data(entry) for entry in entries]
    if form == "json":
        return json.dumps(rows, indent=1, ensure_ascii=False) + "\n"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([[_cell(row[column]) for column in COLUMNS] for row in rows])
    return out.getvalue()


def moment(text: str, now: datetime) -> datetime:
    """The moment that somebody typed: ``2026-01-31``, ``2026-01-31 18:30`` (UTC), or how long ago: ``7d``.

    Raises InvalidRequest with what can be typed.
    """
    text = text.strip()
    unit = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}.get(text[-1:].lower())
    try:
        if unit is not None and text[:-1].isdecimal():
            return now - timedelta(**{unit: int(text[:-1])})
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            _(
                "{text} is no time that I can read. Write a day like 2026-01-31, a moment like "
                "2026-01-31 18:30 (UTC), or how long ago: 30m, 12h, 7d, 2w.",
                text=text[:40] or "''",
            )
        ) from None


async def note_at_command_line(database: Database, action: str, **facts: Any) -> bool:
    """Write down what the owner did at the command line; False when this database has no audit log yet.

    ``facts`` are those of `AuditLog.record`.
    """
    async with database.connect() as connection:
        if not await has_log(connection):
            return False
    await AuditLog(database).record(action, actor=Actor.command_line(), **facts)
    return True


async def has_log(connection: AsyncConnection) -> bool:
    """Whether a database has an audit log."""
    return await connection.run_sync(lambda sync: inspect(sync).has_table(AuditRow.__tablename__))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text

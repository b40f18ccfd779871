"""Writes cases as files: CSV for spreadsheets, JSON for programs, packed when they are large."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any, Literal

from chandelier_moderation.tables import Case

__all__ = ["COLUMNS", "LARGEST", "Format", "packed", "row_of", "written"]

Format = Literal["csv", "json"]

LARGEST = 10 * 1024 * 1024
"""Bytes of one attachment without boosts. https://discord.com/developers/docs/reference#uploading-files"""

COLUMNS = (
    "case",
    "action",
    "member",
    "moderator",
    "reason",
    "at",
    "expires_at",
    "ended_at",
    "ended_how",
    "outcome",
    "why_failed",
    "told",
    "channel",
    "message_id",
    "message",
    "attachments",
    "message_outcome",
    "log_channel",
    "log_message",
    "voided_at",
    "voided_by",
    "edited_at",
    "edited_by",
    "origin",
    "audit_entry",
    "batch",
    "undoes",
    "rule",
    "points",
    "details",
)
"""What a file tells of a case, in order; added to, but never renamed, because people's sheets rely on it."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a cell for a formula. https://owasp.org/www-community/attacks/CSV_Injection"""


def row_of(case: Case) -> dict[str, Any]:
    """A case as JSON-ready data; ids are text, because many programs cut numbers that large."""
    return {
        "case": case.number,
        "action": case.action,
        "member": _id(case.target_id),
        "moderator": _id(case.moderator_id),
        "reason": case.reason,
        "at": _at(case.created_at),
        "expires_at": _at(case.expires_at),
        "ended_at": _at(case.ended_at),
        "ended_how": case.ended_how,
        "outcome": case.act,
        "why_failed": case.act_trouble,
        "told": case.dm,
        "channel": _id(case.channel_id),
        "message_id": _id(case.message_id),
        "message": case.evidence,
        "attachments": list(case.attachments),
        "message_outcome": case.removal,
        "log_channel": _id(case.log_channel_id),
        "log_message": _id(case.log_message_id),
        "voided_at": _at(case.voided_at),
        "voided_by": _id(case.voided_by),
        "edited_at": _at(case.edited_at),
        "edited_by": _id(case.edited_by),
        "origin": case.origin,
        "audit_entry": _id(case.audit_id),
        "batch": case.batch,
        "undoes": case.undoes,
        "rule": case.rule,
        "points": case.points,
        "details": dict(case.details),
    }


def written(rows: Iterable[Mapping[str, Any]], form: Format) -> str:
    """The text of a file with these rows."""
    if form == "json":
        return json.dumps(list(rows), indent=1, ensure_ascii=False) + "\n"
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([[_cell(row[column]) for column in COLUMNS] for row in rows])
    # Excel takes a file without this mark for text in the computer's old code page.
    return "\ufeff" + out.getvalue()


def packed(name: str, text: str) -> tuple[str, bytes] | None:
    """(file name, content), as an archive when it is too large else; None when that is too large as well.

    Takes time: call it in a thread.
    """
    # A lone surrogate can be in no file; in what Discord's JSON brought it can be in a text.
    content = text.encode("utf-8", "replace")
    if len(content) <= LARGEST:
        return name, content
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    zipped = buffer.getvalue()
    return (f"{name}.zip", zipped) if len(zipped) <= LARGEST else None


def _cell(value: Any) -> str:
    if value is None or value in ([], {}):
        return ""
    if isinstance(value, list):
        value = "\n".join(map(str, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - names of files
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _id(number: int | None) -> str | None:
    return str(number) if number else None


def _at(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()

"""Copies of the bot's tables in PostgreSQL: a zip with one CSV file per table, through COPY.

No client programs are needed, and PostgreSQL itself writes and reads every value, so what comes back is
what was there. The tables' definitions are not in it: revisions build them again before `load`.
"""

from __future__ import annotations

import asyncio
import json
import zipfile
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chandelier.storage.files import complete
from chandelier.storage.names import owners, version_table

__all__ = ["drop", "dump", "is_complete", "load", "owned", "revisions"]

_HEADER = "backup.json"
_FORMAT = 1
_PIECE = 256 * 1024


async def dump(connection: AsyncConnection, path: Path, *, only: str | None = None) -> None:
    """Write every table of the bot, or those of the plugin ``only``.

    ``connection`` must be in a REPEATABLE READ transaction, so that the tables fit together.
    """
    found = await owned(connection)
    chosen = {each: tables for each, tables in found.items() if only in {None, each}}
    stored: dict[str, str] = {}
    for each in chosen:
        query = f'SELECT version_num FROM "{version_table(each)}"'  # noqa: S608 - an identifier
        revision = await connection.scalar(text(query))
        if revision is not None:
            stored[each] = revision
    columns = {table: await _columns(connection, table) for tables in chosen.values() for table in tables}
    header: dict[str, Any] = {
        "chandelier_backup": _FORMAT,
        "complete": only is None,
        "revisions": stored,
        "plugins": {
            each: [
                {
                    "table": table,
                    "columns": columns[table],
                    "counters": await _counters(connection, table, columns[table]),
                }
                for table in tables
                if table != version_table(each)
            ]
            for each, tables in chosen.items()
        },
    }
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    with complete(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_HEADER, json.dumps(header, indent=2))
        for tables in header["plugins"].values():
            for each in tables:
                with archive.open(f"{each['table']}.csv", "w", force_zip64=True) as entry:

                    async def write(data: bytes, into: Any = entry) -> None:
                        await asyncio.to_thread(into.write, data)

                    await driver.copy_from_table(
                        each["table"], columns=each["columns"], format="csv", output=write
                    )


def revisions(path: Path) -> dict[str, str]:
    """The revision of every plugin in a copy (blocking). Raises ValueError or OSError."""
    return _header(path)["revisions"]


def is_complete(path: Path) -> bool:
    """Whether the copy holds everything that there was, not only one plugin's tables (blocking)."""
    return bool(_header(path)["complete"])


async def load(connection: AsyncConnection, path: Path, plugin: str) -> None:
    """Fill the empty tables of ``plugin``, which are at the copy's revision, from the copy."""
    header = await asyncio.to_thread(_header, path)
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    with zipfile.ZipFile(path) as archive:
        for each in header["plugins"][plugin]:
            with archive.open(f"{each['table']}.csv") as entry:
                await driver.copy_to_table(
                    each["table"], columns=each["columns"], format="csv", source=_pieces(entry)
                )
            for column, value in each["counters"].items():
                await connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, :column), :value)"),
                    {"name": each["table"], "column": column, "value": value},
                )


async def owned(connection: AsyncConnection) -> dict[str, list[str]]:
    """The tables of the host and of every plugin, parents before children."""

    def tables(sync: Connection) -> list[str]:
        ordered = inspect(sync).get_sorted_table_and_fkc_names()
        return [table for table, _ in ordered if table is not None]

    ordered = await connection.run_sync(tables)
    return {each: sorted(found, key=ordered.index) for each, found in owners(ordered).items()}


async def drop(connection: AsyncConnection, tables: Iterable[str]) -> None:
    """Drop tables, children first: the reverse of the order in which `owned` gives them."""
    for table in reversed(list(tables)):
        await connection.execute(text(f'DROP TABLE "{table}"'))


async def _columns(connection: AsyncConnection, table: str) -> list[str]:
    rows = await connection.execute(
        text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() "
            "AND table_name = :name AND is_generated = 'NEVER' ORDER BY ordinal_position"
        ),
        {"name": table},
    )
    return list(rows.scalars())


async def _counters(connection: AsyncConnection, table: str, columns: Iterable[str]) -> dict[str, int]:
    """The last number given out for each column that counts up by itself."""
    found: dict[str, int] = {}
    for column in columns:
        sequence = await connection.scalar(
            text("SELECT pg_get_serial_sequence(:name, :column)"), {"name": table, "column": column}
        )
        if sequence is not None:
            value = await connection.scalar(
                text(f"SELECT last_value FROM {sequence} WHERE is_called")  # noqa: S608 - quoted by PostgreSQL
            )
            if value is not None:
                found[column] = value
    return found


def _header(path: Path) -> dict[str, Any]:
    try:
        with zipfile.ZipFile(path) as archive:
            header = json.loads(archive.read(_HEADER))
    except (zipfile.BadZipFile, KeyError) as error:
        raise ValueError(f"it is damaged or no backup at all ({error})") from error
    if not isinstance(header, dict) or header.get("chandelier_backup") != _FORMAT:
        raise ValueError("a newer version of chandelier wrote it")
    return header


async def _pieces(entry: Any) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(entry.read, _PIECE):
        yield piece

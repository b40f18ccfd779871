"""``chandelier audit``: who changed what, read from the database, whether or not the bot runs."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from chandelier.cli.db import open_database
from chandelier.cli.output import EXIT_PROBLEM, config_option, console, fail
from chandelier.clock import SystemClock
from chandelier.services.audit import AuditLog, Entry, Query
from chandelier.services.audit_files import entries_of, moment, written

__all__ = ["audit_group"]

_ID = click.IntRange(0, 2**63 - 1)


@click.group("audit")
def audit_group() -> None:
    """Read the audit log: who changed what, when, before and after."""


@audit_group.command("export")
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--since", help="From when on: 2026-01-31, '2026-01-31 18:30' (UTC), or 7d, 12h ago.")
@click.option("--until", help="Up to when, written alike.")
@click.option("--guild", type=_ID, help="Only of this server, by its id.")
@click.option("--by", type=_ID, help="Only what this person did, by their id.")
@click.option("--about", type=_ID, help="Only what concerns this person, by their id.")
@click.option("--plugin", help="Only of this plugin.")
@click.option("--action", help="Only this, as in config or access.deny.")
@click.option("--text", help="Only entries with these words.")
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file; without it, standard output."
)
@config_option
def export_command(form: str, output: Path | None, config_path: Path, **wanted: Any) -> None:
    """Write the entries that fit, the newest first."""
    now = SystemClock().now()
    query = Query(
        guild_id=wanted["guild"],
        by=wanted["by"],
        about=wanted["about"],
        plugin=wanted["plugin"],
        action=wanted["action"],
        since=_moment(wanted["since"], now),
        until=_moment(wanted["until"], now),
        text=wanted["text"],
    )

    async def read() -> list[Entry] | None:
        async with open_database(config_path) as database:
            if database is None:
                return None
            return [entry async for entry in entries_of(AuditLog(database), query)]

    entries = asyncio.run(read())
    if entries is None:
        fail("there is no audit log yet: the bot makes it at its first start", EXIT_PROBLEM)
    text = written(entries, "json" if form == "json" else "csv")
    if output is None:
        click.echo(text, nl=False)
        return
    output.write_text(text, encoding="utf-8", newline="")
    console(err=True).print(f"{len(entries)} entries written to {output}", markup=False)


def _moment(text: str | None, now: datetime) -> datetime | None:
    return None if text is None else moment(text, now)

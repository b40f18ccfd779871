"""``chandelier check``: what an operator should know before starting, and what to do about it.

Nothing is changed. Without ``--online`` nothing is connected to but the database.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

import attrs
import click
from rich.markup import escape

from chandelier.cli.doctor import Examination, Finding, Level, examine
from chandelier.cli.installed import Installed
from chandelier.cli.output import (
    EXIT_CONFIG,
    EXIT_PROBLEM,
    config_option,
    console,
    json_option,
    print_json,
)
from chandelier.observe.log import Logs

__all__ = ["check_command"]

_SIGNS = {Level.OK: "[green]✓[/]", Level.WARNING: "[yellow]![/]", Level.PROBLEM: "[bold red]✗[/]"}
_FOR_PEOPLE = frozenset({"config", "token", "intents"})
"""Problems that stay until a person changes something: `run` ends with the same code for them."""


@click.command("check")
@config_option
@click.option(
    "--online",
    is_flag=True,
    help="Also ask Discord: token, intents, permissions in every server, the clock.",
)
@json_option
@click.pass_obj
def check_command(installed: Installed, config_path: Path, online: bool, as_json: bool) -> None:
    """Look at packages, plugins, config, token, disk, clock and database, and say what is wrong.

    Exit codes: 0 nothing is wrong (warnings aside), 78 the config is wrong, there is no token, or Discord
    refuses token or intents, 1 anything else.
    """
    with Logs(level="CRITICAL"):  # what would be logged is among the findings
        _ = installed.plugins  # before there is a loop, in which one Ctrl-C does not end what blocks it
        found = asyncio.run(_all(Examination(installed, config_path, os.environ, online=online)))
    problems = [finding for finding in found if finding.level is Level.PROBLEM]
    if as_json:
        print_json({"ok": not problems, "findings": [attrs.asdict(finding) for finding in found]})
    else:
        _show(found, len(problems))
    if problems:
        config = any(finding.area in _FOR_PEOPLE for finding in problems)
        raise click.exceptions.Exit(EXIT_CONFIG if config else EXIT_PROBLEM)


async def _all(patient: Examination) -> list[Finding]:
    return [finding async for finding in examine(patient)]


def _show(found: Iterable[Finding], problems: int) -> None:
    out = console()
    for finding in found:
        out.print(f"{_SIGNS[finding.level]} [bold]{finding.area:<12}[/] {escape(finding.message)}")
        if finding.advice and finding.level is not Level.OK:
            out.print(f"               → {escape(finding.advice)}")
    if problems:
        out.print(f"\n[bold red]{problems} {'problem' if problems == 1 else 'problems'}.[/]")
    else:
        out.print("\nReady: [bold]chandelier run[/]")

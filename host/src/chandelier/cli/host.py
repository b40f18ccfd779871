"""``chandelier status`` and ``chandelier logs``: look at the bot that runs on the data folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
from rich.markup import escape

from chandelier.cli.output import EXIT_PROBLEM, config_option, console, json_option, print_json, table
from chandelier.control.client import ask, data_folder, follow
from chandelier.observe.log import LEVELS

__all__ = ["logs_command", "status_command"]

_COLOURS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red", "DEBUG": "dim", "TRACE": "dim"}


@click.command("status")
@config_option
@json_option
def status_command(config_path: Path, as_json: bool) -> None:
    """Ask the running bot how it is; exit code 1 when it is not ready, or does not run."""
    status = ask(data_folder(config_path), "status")
    if as_json:
        print_json(status)
    else:
        _show(status)
    if not status["ready"]:
        raise click.exceptions.Exit(EXIT_PROBLEM)


@click.command("logs")
@config_option
@click.option("-f", "--follow", "following", is_flag=True, help="Go on with new lines as they come.")
@click.option("-n", "--lines", "count", type=click.IntRange(0, 2000), default=100, show_default=True)
@click.option("--plugin", metavar="NAME", help="Only what this plugin, or work for it, logged.")
@click.option("--level", type=click.Choice(LEVELS, case_sensitive=False), help="The least important level.")
@json_option
def logs_command(
    config_path: Path, following: bool, count: int, plugin: str | None, level: str | None, as_json: bool
) -> None:
    """Show the last lines of the running bot's log, secrets left out; Ctrl-C ends following.

    The bot keeps the last 2000 lines that its log_level lets through. With --json each line is an object.
    """
    out = console()
    folder = data_folder(config_path)
    try:
        for entry in follow(folder, "logs", count=count, plugin=plugin, level=level, follow=following):
            if as_json:
                click.echo(json.dumps(entry, ensure_ascii=False))
            else:
                _line(out, entry)
    except KeyboardInterrupt:
        return


def _line(out: Any, entry: Mapping[str, Any]) -> None:
    level = str(entry["level"])
    time = entry.get("time")
    at = datetime.fromisoformat(time).astimezone().strftime("%Y-%m-%d %H:%M:%S") if time else " " * 19
    origin = entry.get("plugin") or entry.get("logger") or ""
    reference = f" [{entry['reference']}]" if entry.get("reference") else ""
    text = _printable(f"{entry['message']}{reference}")
    colour = _COLOURS.get(level, "default")
    out.print(f"[dim]{at}[/] [{colour}]{level:<8}[/] [cyan]{escape(origin)}[/] {escape(text)}")
    for line in str(entry.get("exception") or "").splitlines():
        out.print(f"    {escape(_printable(line))}", style="dim")


def _printable(text: str) -> str:
    """The text without what would steer a terminal: people's messages can stand in a log."""
    return "".join(each if each.isprintable() or each == " " else f"\\x{ord(each):02x}" for each in text)


def _show(status: Mapping[str, Any]) -> None:
    out = console()
    sign = "[green]✓[/] ready" if status["ready"] else "[bold red]✗[/] not ready"
    up = status["up_seconds"]
    since = f", up {timedelta(seconds=int(up))}" if up is not None else ""
    out.print(f"{sign}, chandelier {status['version']}{since}")
    for reason in status["reasons"]:
        out.print(f"  {reason}", style="red", markup=False)
    for cause in status.get("alerts", ()):
        out.print(f"  alert: {cause}", style="yellow", markup=False)
    latency = status["gateway_latency_seconds"].values()
    database = status["database_bytes"]
    facts = {
        "gateway": f"{max(latency) * 1000:.0f} ms" if latency else "measuring",
        "loop lag": f"{status['loop_lag_seconds'] * 1000:.0f} ms at worst within a minute",
        "memory": _megabytes(status["memory_bytes"]),
        "database": _megabytes(database) if database is not None else "does not answer",
        "timers": f"{status['timers']} set, {status['timers_late']} late",
        "outbox": "{outbox} waiting, {outbox_late} late, {outbox_failed} given up".format_map(status),
    }
    for name, text in facts.items():
        out.print(f"  [bold]{name:<9}[/] {escape(text)}")
    out.print()
    rows = [
        (
            each["name"],
            each["version"],
            each["state"],
            str(each["failed"]),
            each["reason"] or each["last_error"],
        )
        for each in status["plugins"]
    ]
    table(("plugin", "version", "state", "failures", ""), rows)


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:.1f} MB"

"""``chandelier check``: what an operator should know before starting, and what to do about it.

Nothing is changed, nothing is connected to but the database.
"""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path

import attrs
import click
from rich.markup import escape

from chandelier.cli.config import judge
from chandelier.cli.installed import Installed
from chandelier.cli.output import (
    EXIT_CONFIG,
    EXIT_PROBLEM,
    config_option,
    console,
    json_option,
    print_json,
)
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.problems import ConfigError
from chandelier.discovery import versions_of
from chandelier.errors import ChandelierError
from chandelier.private_use import private_use_of
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY, StorageHistory
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME

__all__ = ["Finding", "Level", "check_command", "findings"]

_PACKAGES = ("chandelier", "hikari", "hikari-lightbulb", "aiohttp", "sqlalchemy", "alembic", "loguru")


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@attrs.frozen
class Finding:
    """One thing that was looked at: where, how it is, and in words."""

    area: str
    level: Level
    message: str


_SIGNS = {Level.OK: "[green]✓[/]", Level.WARNING: "[yellow]![/]", Level.PROBLEM: "[bold red]✗[/]"}


@click.command("check")
@config_option
@json_option
@click.pass_obj
def check_command(installed: Installed, config_path: Path, as_json: bool) -> None:
    """Look at Python, packages, plugins, config, token and database, and say what is wrong.

    Exit codes: 0 nothing is wrong (warnings aside), 78 the config is wrong or has no token, 1 anything else.
    """
    found = list(findings(installed, config_path))
    problems = [finding for finding in found if finding.level is Level.PROBLEM]
    if as_json:
        print_json({"ok": not problems, "findings": [attrs.asdict(finding) for finding in found]})
    else:
        _show(found, len(problems))
    if problems:
        config = any(finding.area in {"config", "token"} for finding in problems)
        raise click.exceptions.Exit(EXIT_CONFIG if config else EXIT_PROBLEM)


def findings(installed: Installed, config_path: Path) -> Iterator[Finding]:
    """Look at everything, in the order in which it should be put right."""
    yield Finding(
        "python", Level.OK, f"Python {platform.python_version()} on {platform.platform(terse=True)}"
    )
    versions = versions_of(_PACKAGES)
    yield Finding("packages", Level.OK, ", ".join(f"{name} {version}" for name, version in versions.items()))
    yield from _plugins(installed)
    try:
        deployment = Deployment.read(config_path, os.environ)
    except ConfigError as error:
        yield from (Finding("config", Level.PROBLEM, str(problem)) for problem in error.problems)
        return
    yield from _config(installed, deployment, config_path)
    try:
        config = deployment.host(HostConfig)
    except ConfigError:
        return  # the problems are told; without the host's own settings there is nowhere to look further
    yield _token(config)
    yield _data(config.data_path(deployment.base))
    if (log := config.log_path(deployment.base)) is not None:
        yield _log(log)
    yield from asyncio.run(_database(installed, deployment, config))


def _plugins(installed: Installed) -> Iterator[Finding]:
    for plugin in installed.plugins:
        if plugin.problem is not None:
            said = plugin.problem if plugin.name in plugin.problem else f"{plugin.name}: {plugin.problem}"
            yield Finding("plugins", Level.PROBLEM, said)
        else:
            yield Finding("plugins", Level.OK, f"{plugin.name} {plugin.candidate.version} can run")
        if (private := private_use_of(plugin.candidate)) is not None:
            yield Finding("plugins", Level.WARNING, f"{plugin.name}: {private}")


def _config(installed: Installed, deployment: Deployment, path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield Finding(
            "config",
            Level.WARNING,
            f"there is no {path}: everything has its default; write one: chandelier init",
        )
    due, problems, warnings = judge(installed, deployment)
    yield from (Finding("config", Level.PROBLEM, str(problem)) for problem in problems)
    odd = [*(f"due: {change} (chandelier config migrate)" for change in due), *map(str, warnings)]
    yield from (Finding("config", Level.WARNING, line) for line in odd)
    if not problems and not due and path.exists():
        yield Finding("config", Level.OK, f"{path} is fine")


def _token(config: HostConfig) -> Finding:
    if config.token is None:
        return Finding(
            "token",
            Level.PROBLEM,
            "there is no token: set CHANDELIER_TOKEN, CHANDELIER_TOKEN_FILE or token_file",
        )
    from chandelier.connection import token_problem  # late: it brings hikari, which takes its time

    if (problem := token_problem(config.token.reveal())) is not None:
        return Finding("token", Level.PROBLEM, problem)
    return Finding("token", Level.OK, "there is one (it is never shown)")


def _data(folder: Path) -> Finding:
    there = _nearest(folder)
    if not _takes_files(there):
        return Finding(
            "data", Level.PROBLEM, f"{folder} cannot be written to: look at the permissions of {there}"
        )
    return Finding("data", Level.OK, f"{folder} is writable" if folder.exists() else f"{folder} will be made")


def _log(file: Path) -> Finding:
    there = _nearest(file)
    if not (there.is_file() and os.access(there, os.W_OK) if there == file else _takes_files(there)):
        return Finding(
            "log", Level.PROBLEM, f"{file} cannot be written to: look at {there}, or choose another log_file"
        )
    return Finding("log", Level.OK, f"{file} is written to, besides standard error")


def _nearest(path: Path) -> Path:
    """The path itself, or what is there of the way to it."""
    return next(parent for parent in (path, *path.resolve().parents) if parent.exists())


def _takes_files(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


async def _database(installed: Installed, deployment: Deployment, config: HostConfig) -> list[Finding]:
    try:
        database = Database(
            config.database(deployment.base).render_as_string(hide_password=False),
            data_dir=config.data_path(deployment.base),
            clock=SystemClock(),
        )
        if database.dialect == "sqlite" and not database.path.exists():
            return [Finding("database", Level.OK, f"{database.path} will be made at the first start")]
        await database.start()
    except ChandelierError as error:
        return [Finding("database", Level.PROBLEM, str(error))]
    try:
        found = [
            await _pending(Migrator(database), name, history)
            for name, history in {HOST_NAME: HOST_HISTORY, **installed.histories()}.items()
        ]
    finally:
        await database.close()
    return list(_sum_up(found, config))


async def _pending(migrator: Migrator, name: str, history: StorageHistory) -> Finding | None:
    try:
        steps = await migrator.pending(name, history)
    except ChandelierError as error:
        return Finding("database", Level.PROBLEM, str(error))
    if not steps:
        return None
    words = ", ".join(f"{step.id} {step.summary}" for step in steps)
    return Finding("database", Level.WARNING, f"{name}: due: {words}")


def _sum_up(found: Iterable[Finding | None], config: HostConfig) -> Iterator[Finding]:
    due = [finding for finding in found if finding is not None]
    for finding in due:
        if finding.level is Level.WARNING:
            how = "done at the next start" if config.auto_migrate else "do it with: chandelier db upgrade"
            finding = attrs.evolve(finding, message=f"{finding.message} ({how})")
        yield finding
    if not due:
        yield Finding("database", Level.OK, "reachable and up to date")


def _show(found: Iterable[Finding], problems: int) -> None:
    out = console()
    for finding in found:
        out.print(f"{_SIGNS[finding.level]} [bold]{finding.area:<9}[/] {escape(finding.message)}")
    if problems:
        out.print(f"\n[bold red]{problems} {'problem' if problems == 1 else 'problems'}.[/]")
    else:
        out.print("\nReady: [bold]chandelier run[/]")

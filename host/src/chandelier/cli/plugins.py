"""``chandelier plugins``: what is installed, what can run, and switching the plugins of a running bot."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from chandelier.cli.claim import claim
from chandelier.cli.installed import Installed, InstalledPlugin
from chandelier.cli.output import EXIT_PROBLEM, config_option, console, json_option, print_json, table
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.problems import nearest
from chandelier.control.client import NotRunning, ask, data_folder
from chandelier.errors import InvalidRequest

__all__ = ["plugins_group"]


@click.group("plugins")
def plugins_group() -> None:
    """See the installed plugins; enable, disable and reload those of the running bot."""


@plugins_group.command("list")
@json_option
@click.pass_obj
def list_command(installed: Installed, as_json: bool) -> None:
    """List every installed plugin and whether it can run; exit code 1 when one of them cannot.

    What the running bot makes of each is in `chandelier status`.
    """
    plugins = installed.plugins
    if as_json:
        print_json([_row(plugin) for plugin in plugins])
    else:
        rows = [
            (
                plugin.name,
                plugin.candidate.version,
                "cannot run" if plugin.problem else "ready",
                plugin.problem or (plugin.description.manifest.summary if plugin.description else ""),
            )
            for plugin in plugins
        ]
        table(("plugin", "version", "state", ""), rows)
    if any(plugin.problem for plugin in plugins):
        raise click.exceptions.Exit(EXIT_PROBLEM)


_next_start = click.option(
    "--next-start",
    is_flag=True,
    help="When no bot runs: write it down for the next start, without asking.",
)


@plugins_group.command("enable")
@click.argument("name")
@config_option
@_next_start
@click.pass_obj
def enable_command(installed: Installed, name: str, config_path: Path, next_start: bool) -> None:
    """Start a plugin of the running bot, and remember it."""
    _switch(installed, config_path, name, enabled=True, next_start=next_start)


@plugins_group.command("disable")
@click.argument("name")
@config_option
@_next_start
@click.pass_obj
def disable_command(installed: Installed, name: str, config_path: Path, next_start: bool) -> None:
    """Stop a plugin of the running bot and keep it stopped; its data stays."""
    _switch(installed, config_path, name, enabled=False, next_start=next_start)


@plugins_group.command("reload")
@click.argument("name")
@config_option
def reload_command(name: str, config_path: Path) -> None:
    """Have the running bot bring in the version of a plugin that is installed now.

    If the new version does not start, the old one goes on running, and the exit code is 1.
    """
    _say(ask(data_folder(config_path), "plugins.reload", name=name))


def _switch(installed: Installed, config_path: Path, name: str, *, enabled: bool, next_start: bool) -> None:
    verb = "enable" if enabled else "disable"
    try:
        _say(ask(data_folder(config_path), f"plugins.{verb}", name=name))
    except NotRunning as error:
        hint = f"or write it down for the next start: chandelier plugins {verb} {name} --next-start"
        if not next_start:
            if not console().is_terminal:
                raise NotRunning(f"{error}; {hint}") from None
            console().print(str(error), markup=False)
            click.confirm(f"Write down to {verb} {name} at the next start?", abort=True)
        asyncio.run(_write_down(installed, config_path, name, enabled=enabled))
        click.echo(f"{name} will be {verb}d at the next start")


async def _write_down(installed: Installed, config_path: Path, name: str, *, enabled: bool) -> None:
    from chandelier.app import ESSENTIAL
    from chandelier.services.acting import Actor, acting
    from chandelier.services.audit import AuditLog
    from chandelier.storage.engine import Database
    from chandelier.storage.history import HOST_HISTORY
    from chandelier.storage.migrations import Migrator
    from chandelier.storage.names import HOST_NAME
    from chandelier.switching import remember
    from chandelier.upgrading.journal import Journal

    known = {plugin.name: plugin.candidate for plugin in installed.plugins}
    if name not in known:
        meant = nearest(name, known)
        raise InvalidRequest(
            f"no plugin named {name!r} is installed" + (f"; did you mean {meant}?" if meant else "")
        )
    if name == ESSENTIAL and not enabled:
        raise InvalidRequest("core holds the host's own commands and cannot be disabled")
    deployment = Deployment.read(config_path, os.environ)
    config = deployment.host(HostConfig)
    folder = config.data_path(deployment.base)
    url = config.database(deployment.base).render_as_string(hide_password=False)
    with claim(folder):
        Journal.refuse_if_open(folder)
        database = Database(url, data_dir=folder, clock=SystemClock())
        await database.start()
        try:
            await Migrator(database).upgrade(HOST_NAME, HOST_HISTORY)
            version = known[name].config_version
            with acting(Actor.command_line()):
                await remember(database, AuditLog(database), name, enabled=enabled, config_version=version)
        finally:
            await database.close()


def _say(plugin: dict[str, Any]) -> None:
    reason = f": {plugin['reason']}" if plugin["reason"] else ""
    click.echo(f"{plugin['name']} {plugin['version']} is {plugin['state']}{reason}")


def _row(plugin: InstalledPlugin) -> dict[str, Any]:
    described = plugin.description
    return {
        "name": plugin.name,
        "distribution": plugin.candidate.distribution,
        "version": plugin.candidate.version,
        "config_version": plugin.candidate.config_version,
        "storage_revision": plugin.candidate.storage_revision,
        "summary": described.manifest.summary if described else None,
        "state": "refused" if plugin.candidate.verdict else "broken" if plugin.problem else "ready",
        "problem": plugin.problem,
    }

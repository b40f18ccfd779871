"""``chandelier upgrade``: bring a deployment along with newly installed packages, all of it or nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from chandelier.cli.claim import claim
from chandelier.cli.installed import Installed
from chandelier.cli.output import (
    EXIT_PROBLEM,
    complain,
    config_option,
    console,
    fail,
    json_option,
    print_json,
)
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.errors import ChandelierError, InvalidRequest, PluginError
from chandelier.loading import Description
from chandelier.observe.log import Logs
from chandelier.storage.engine import Database
from chandelier.storage.trouble import in_short
from chandelier.upgrading.journal import Journal

__all__ = ["resolve_interrupted", "upgrade_command"]


@click.command("upgrade")
@config_option
@click.option("--dry-run", is_flag=True, help="Rehearse on a copy and say what would change; touch nothing.")
@click.option("--no-smoke", is_flag=True, help="Do not start the bot against the local Discord first.")
@click.option(
    "--without", multiple=True, metavar="NAME", help="Leave this plugin and its data as they are; repeatable."
)
@json_option
@click.pass_obj
def upgrade_command(
    installed: Installed,
    config_path: Path,
    dry_run: bool,
    no_smoke: bool,
    without: tuple[str, ...],
    as_json: bool,
) -> None:
    """Bring config and database along with newly installed packages: all of it, or nothing.

    Stop the bot, pip install, then this. It says what is due, upgrades a copy and starts the bot on that
    copy against the local Discord; only when everything works there, it backs up and upgrades the real data.
    If that fails, everything is put back as it was.

    Exit codes: 0 done (or nothing to do), 1 it failed and nothing has changed, 78 bad config.
    """
    from chandelier.upgrading.rehearsal import without_local_discord

    if not no_smoke and (missing := without_local_discord()) is not None:
        fail(missing, EXIT_PROBLEM)
    upgrade = _Upgrade(installed, config_path, without, smoke=not no_smoke)
    with Logs(level="ERROR"):
        report = upgrade.rehearse_only() if dry_run else upgrade.for_real()
    if as_json:
        print_json(report)
    else:
        _show(report, config_path.name)
    if not report["ok"]:
        raise click.exceptions.Exit(EXIT_PROBLEM)


def resolve_interrupted(installed: Installed, config_path: Path) -> None:
    """Undo an upgrade that was interrupted, before the bot starts; the caller holds the claim."""
    config, deployment = _read(config_path)
    database = _database(config, deployment)
    if Journal.read(database.data_dir) is not None:
        _resolve(installed, database)


def _resolve(installed: Installed, database: Database) -> None:
    from chandelier.storage.history import HOST_HISTORY
    from chandelier.storage.names import HOST_NAME
    from chandelier.upgrading.safety import resolve

    done = asyncio.run(resolve(database, {HOST_NAME: HOST_HISTORY, **installed.histories()}))
    if done is None:
        return
    journal, left = done
    console(err=True).print(
        f"The upgrade of {journal.started_at} was interrupted. Config and database are as before it.",
        style="yellow",
        markup=False,
    )
    for line in left:
        complain(line)


class _Upgrade:
    """One run of the command."""

    def __init__(
        self, installed: Installed, config_path: Path, without: tuple[str, ...], *, smoke: bool
    ) -> None:
        self._installed = installed
        self._path = config_path
        self._without = without
        self._smoke = smoke

    def rehearse_only(self) -> dict[str, Any]:
        """Everything on a copy; nothing is touched."""
        config, deployment = _read(self._path)
        database = _database(config, deployment)
        Journal.refuse_if_open(database.data_dir)
        report = self._report(dry_run=True)
        try:
            plugins = self._chosen(config, deployment)
            self._survey(report, deployment, database, plugins)
            asyncio.run(self._rehearse(report, deployment, database, plugins))
        except Exception as error:  # noqa: BLE001 - whatever a plugin's migration raises
            return _failed(report, error)
        return report

    def for_real(self) -> dict[str, Any]:
        """Rehearse, then do it; when it fails, everything is as it was."""
        config, deployment = _read(self._path)
        with claim(_database(config, deployment).data_dir):
            _resolve(self._installed, _database(config, deployment))
            config, deployment = _read(self._path)
            database = _database(config, deployment)
            report = self._report(dry_run=False)
            try:
                plugins = self._chosen(config, deployment)
                survey = self._survey(report, deployment, database, plugins)
                if self._smoke:
                    asyncio.run(self._rehearse(report, deployment, database, plugins))
            except Exception as error:  # noqa: BLE001 - whatever a plugin's migration raises
                return _failed(report, error)
            if not survey.lines:
                return report
            return self._carry_out(report, deployment, database, plugins, survey.new_text)

    def _carry_out(
        self,
        report: dict[str, Any],
        deployment: Deployment,
        database: Database,
        plugins: Mapping[str, Description],
        new_text: str,
    ) -> dict[str, Any]:
        from chandelier.cli.db import note_in_log
        from chandelier.upgrading.carry_out import carry_out
        from chandelier.upgrading.safety import begin, finish, undo
        from chandelier.upgrading.survey import histories

        try:
            journal = asyncio.run(begin(deployment, database, new_text, SystemClock().now()))
        except (OSError, ChandelierError) as error:
            message = f"no copy of what is there can be made, so nothing was changed: {error}"
            return _failed(report, InvalidRequest(message))
        report["copies"] = journal.folder
        try:
            asyncio.run(carry_out(deployment, database, plugins))
        except BaseException as error:
            left = asyncio.run(undo(journal, database, histories(plugins)))
            report["notes"] += [*left, "config and database were put back as they were"]
            if not isinstance(error, Exception):  # Ctrl-C, say
                raise
            return _failed(report, error)
        asyncio.run(finish(journal, database))
        note_in_log(self._path, "upgrade", after={"done": list(report["plan"]["lines"])})
        report["changed"] = True
        return report

    def _chosen(self, config: HostConfig, deployment: Deployment) -> Mapping[str, Description]:
        """What takes part. Raises PluginError with every plugin that cannot."""
        from chandelier.upgrading.survey import disabled

        known = {plugin.name for plugin in self._installed.plugins}
        for name in self._without:
            if name not in known:
                raise InvalidRequest(f"no plugin {name!r} is installed; there are {', '.join(sorted(known))}")
        out = {*self._without, *config.without}
        out |= asyncio.run(disabled(_database(config, deployment))) - {"core"}
        chosen: dict[str, Description] = {}
        problems: list[str] = []
        for plugin in self._installed.plugins:
            if plugin.name in out:
                continue
            if plugin.description is not None:
                chosen[plugin.name] = plugin.description
            else:
                problems.append(f"{plugin.name} {plugin.candidate.version} cannot run: {plugin.problem}")
        if problems:
            raise PluginError(
                f"{'; '.join(problems)}. Install another version, or leave it out: --without NAME"
            )
        return chosen

    def _survey(
        self,
        report: dict[str, Any],
        deployment: Deployment,
        database: Database,
        plugins: Mapping[str, Description],
    ) -> Any:
        from chandelier.upgrading.survey import survey

        found = asyncio.run(survey(deployment, database, plugins))
        report["plan"] = {"lines": found.lines, **found.to_json(self._path.name)}
        return found

    async def _rehearse(
        self,
        report: dict[str, Any],
        deployment: Deployment,
        database: Database,
        plugins: Mapping[str, Description],
    ) -> None:
        from chandelier.upgrading.commands import described
        from chandelier.upgrading.rehearsal import rehearse

        done = await rehearse(deployment, database, plugins, start=self._smoke, without=self._without)
        if done is not None:
            report["started"] = [
                {
                    "plugin": each.plugin,
                    "version": each.version,
                    "state": str(each.state),
                    "reason": each.reason,
                }
                for each in done.outcomes
            ]
        report["commands"] = await described(
            deployment.host(HostConfig), plugins, None if done is None else done.plan
        )

    def _report(self, *, dry_run: bool) -> dict[str, Any]:
        return {
            "ok": True,
            "dry_run": dry_run,
            "changed": False,
            "plan": None,
            "started": None,
            "commands": None,
            "copies": None,
            "notes": [],
            "problem": None,
        }


def _failed(report: dict[str, Any], error: BaseException) -> dict[str, Any]:
    said = (
        str(error) if isinstance(error, ChandelierError) else f"{type(error).__name__}: {in_short_of(error)}"
    )
    return {**report, "ok": False, "problem": said}


def in_short_of(error: BaseException) -> str:
    """What went wrong outside our own code, in one line."""
    return in_short(error) if isinstance(error, Exception) else str(error)


def _read(path: Path) -> tuple[HostConfig, Deployment]:
    deployment = Deployment.read(path, os.environ)
    return deployment.host(HostConfig), deployment


def _database(config: HostConfig, deployment: Deployment) -> Database:
    base = deployment.path.absolute().parent
    return Database(config.database(base), data_dir=config.data_path(base), clock=SystemClock())


def _show(report: Mapping[str, Any], config_name: str) -> None:
    out = console()

    def say(line: str) -> None:
        out.print(line, markup=False)

    plan = report["plan"]
    if plan is not None:
        say("Due:" if plan["lines"] else "Nothing is due: config and database are up to date.")
        for line in plan["lines"]:
            say(f"  {line}")
        if plan["config_diff"]:
            say(f"\nChange of {config_name}:")
            say(plan["config_diff"].rstrip("\n"))
    if report["started"] is not None:
        say("\nStarted on a copy, against the local Discord:")
        for each in report["started"]:
            reason = f": {each['reason']}" if each["reason"] else ""
            say(f"  {each['plugin']} {each['version']} is {each['state']}{reason}")
    if report["commands"] is not None:
        _show_commands(report["commands"], say)
    for line in report["notes"]:
        say(line)
    if report["problem"] is not None:
        complain(report["problem"])
        say("Nothing has changed.")
    elif report["dry_run"]:
        say("\nThat was a rehearsal: nothing was touched.")
    elif report["changed"]:
        say(f"\nDone. What was there before is in {report['copies']}. Start the bot: chandelier run")
    else:
        say("\nThere was nothing to change. Start the bot: chandelier run")


def _show_commands(commands: Mapping[str, Any], say: Any) -> None:
    if commands["note"]:
        say(f"\nCommands ({commands['note']}): {', '.join(commands['planned'])}")
    else:
        changes = [
            f"{what} {', '.join(commands[what])}"
            for what in ("created", "updated", "deleted")
            if commands[what]
        ]
        say(f"\nCommands at Discord: {'; '.join(changes) or 'no change'}")
    for line in commands["left_out"]:
        say(f"  {line}")

"""``chandelier config``: write, check, explain, migrate and roll back the deployment's config."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from chandelier.cli.init import init_command
from chandelier.cli.installed import Installed
from chandelier.cli.output import (
    EXIT_CONFIG,
    EXIT_PROBLEM,
    complain,
    config_option,
    console,
    fail,
    json_option,
    print_json,
    table,
)
from chandelier.config.bounds import shown
from chandelier.config.deployment import Change, Deployment
from chandelier.config.environment import HOST
from chandelier.config.host import HostConfig
from chandelier.config.json_schema import json_schema
from chandelier.config.layers import Layer, Row, Section, explain
from chandelier.config.migrations import ConfigMigration
from chandelier.config.problems import ConfigError, Problem, nearest
from chandelier.errors import InvalidRequest

__all__ = ["Judgement", "config_group", "judge", "versioned"]


@click.group("config")
def config_group() -> None:
    """Write, check, explain, migrate and roll back the config."""


config_group.add_command(init_command, "init")


@config_group.command("check")
@config_option
@json_option
@click.pass_obj
def check_command(installed: Installed, config_path: Path, as_json: bool) -> None:
    """Check config.toml and the environment; every problem is listed at once.

    Exit codes: 0 all is well (warnings aside), 1 a plugin's section cannot be checked because the plugin
    cannot be loaded, 78 the config is wrong.
    """
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    due: list[str] = []
    unchecked = [f"{plugin.name}: {plugin.problem}" for plugin in installed.plugins if plugin.problem]
    try:
        deployment = Deployment.read(config_path, os.environ)
        _tell_of_upgrade(deployment)
        pending, problems, warnings = judge(installed, deployment)
        due = [f"{change} is due: chandelier config migrate" for change in pending]
    except ConfigError as error:
        problems = error.problems
    if as_json:
        print_json(
            {
                "ok": not problems and not unchecked,
                "problems": [problem.to_json() for problem in problems],
                "warnings": [warning.to_json() for warning in warnings],
                "due": due,
                "unchecked": unchecked,
            }
        )
    else:
        _show_check(config_path, problems, [*map(str, warnings), *due], unchecked)
    if problems:
        raise click.exceptions.Exit(EXIT_CONFIG)
    if unchecked:
        raise click.exceptions.Exit(EXIT_PROBLEM)


@config_group.command("show")
@click.argument("section", required=False)
@config_option
@json_option
@click.pass_obj
def show_command(installed: Installed, section: str | None, config_path: Path, as_json: bool) -> None:
    """Show every setting in force and the layer it comes from; secrets are hidden.

    SECTION is a plugin's name, or chandelier for the host's own settings; without it all are shown.
    """
    schemas = {name: schema for name, (schema, _) in versioned(installed).items()}
    if section is not None and section not in schemas:
        raise click.BadParameter(_no_such_section(section, schemas), param_hint="SECTION")
    chosen = schemas if section is None else {section: schemas[section]}
    deployment = Deployment.read(config_path, os.environ)
    _tell_of_upgrade(deployment)
    rows: dict[str, list[Row]] = {}
    problems: list[Problem] = []
    for name, schema in chosen.items():
        try:
            rows[name] = explain(deployment.load(name, schema))
        except ConfigError as error:
            problems.extend(problem for problem in error.problems if problem not in problems)
    if problems:
        raise ConfigError(problems)
    if as_json:
        print_json({name: [row.to_json() for row in rows[name]] for name in rows})
        return
    for name, settings in rows.items():
        console().print(f"[bold]{name}[/]")
        table(("setting", "value", "from", "allowed"), [_cells(row) for row in settings])


@config_group.command("schema")
@json_option
@click.pass_obj
def schema_command(installed: Installed, as_json: bool) -> None:
    """Print the JSON Schema of config.toml, for editors (always JSON)."""
    del as_json
    print_json(json_schema({name: schema for name, (schema, _) in versioned(installed).items()}))


@config_group.command("migrate")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@config_option
@json_option
@click.pass_obj
def migrate_command(installed: Installed, dry_run: bool, config_path: Path, as_json: bool) -> None:
    """Bring every section up to the version that the installed plugins read, after a backup."""
    deployment = Deployment.read(config_path, os.environ)
    before = deployment.file.text
    sections = versioned(installed)
    if not dry_run:
        _refuse_while_upgrading(deployment)
    if dry_run:
        changes, after = deployment.preview(sections)
    else:
        changes = deployment.migrate(sections)
        after = deployment.file.text
    backup = deployment.backups.newest() if changes and not dry_run else None
    if backup is not None:
        _note(config_path, "config.migrate", subject="; ".join(map(str, changes)))
    diff = list(
        difflib.unified_diff(
            before.splitlines(),
            after.splitlines(),
            str(config_path),
            f"{config_path} (migrated)",
            lineterm="",
        )
    )
    if as_json:
        done = {"dry_run": dry_run, "changes": [change.to_json() for change in changes]}
        print_json({**done, "backup": backup and str(backup), "diff": diff})
        return
    for line in [*map(str, changes), *(diff if dry_run else [])]:
        click.echo(line)
    if not changes:
        click.echo(f"{config_path} is up to date.")
    if backup is not None:
        click.echo(f"What it was: {backup} (to go back: chandelier config rollback)")


@config_group.command("rollback")
@config_option
@json_option
def rollback_command(config_path: Path, as_json: bool) -> None:
    """Make the newest backup the config again; repeat it to go further back."""
    deployment = Deployment.read_for_rollback(config_path, os.environ)
    _refuse_while_upgrading(deployment)
    if deployment.backups.newest() is None:
        fail(f"there is no backup to go back to in {deployment.backups.folder}", EXIT_PROBLEM)
    undone = deployment.rollback()
    _note(config_path, "config.rollback", after={"restored": undone.restored.name})
    if as_json:
        kept = undone.kept and str(undone.kept)
        print_json({"restored": str(undone.restored), "kept": kept})
        return
    click.echo(f"{config_path} is again what {undone.restored.name} was.")
    if undone.kept is not None:
        click.echo(f"What was undone: {undone.kept}")


def _refuse_while_upgrading(deployment: Deployment) -> None:
    """An interrupted upgrade puts config.toml back as it was: what is done now would be undone."""
    from chandelier.upgrading.journal import Journal

    Journal.refuse_if_open(deployment.data_dir)


def _tell_of_upgrade(deployment: Deployment) -> None:
    try:
        _refuse_while_upgrading(deployment)
    except InvalidRequest as error:
        console(err=True).print("warning:", str(error), style="yellow", markup=False)


def _note(config_path: Path, action: str, **facts: Any) -> None:
    from chandelier.cli.db import note_in_log  # late: of all these commands, two need a database

    note_in_log(config_path, action, **facts)


class Judgement(NamedTuple):
    """What is due, wrong and odd in a config."""

    due: list[Change]
    problems: list[Problem]
    warnings: list[Problem]


def judge(installed: Installed, deployment: Deployment) -> Judgement:
    """Check every section at once, and what is around them; of one that is due, only that it is due."""
    sections = versioned(installed)
    try:
        due = deployment.pending(sections)
    except ConfigError:  # a newer version wrote a section: that is among the problems, beside all others
        due = []
    schemas = {name: schema for name, (schema, _) in sections.items()}
    for change in due:
        del schemas[change.section]
    names = [plugin.name for plugin in installed.plugins]
    good, problems, warnings = deployment.check(schemas, also=names)
    if HOST in good:
        warnings.extend(_left_out_for_nothing(good[HOST], names))
    return Judgement(due, problems, warnings)


def _left_out_for_nothing(host: Section[HostConfig], installed: Sequence[str]) -> Iterator[Problem]:
    """A misspelt name in `without` would start the very plugin that was to stay off."""
    for name in host.value.without:
        if name not in installed:
            guess = nearest(name, installed)
            hint = f"; did you mean {guess}?" if guess else ""
            yield Problem(
                file=host.places["without",],
                path="[chandelier].without",
                message=f"no plugin {shown(name)} is installed{hint}",
            )


def versioned(installed: Installed) -> Mapping[str, tuple[type[Any], Sequence[ConfigMigration]]]:
    """The host's section and those of the plugins that could be loaded."""
    migrations = installed.config_migrations()
    plugins = {name: (schema, migrations.get(name, ())) for name, schema in installed.schemas().items()}
    return {HOST: (HostConfig, ()), **plugins}


def _no_such_section(section: str, known: Mapping[str, Any]) -> str:
    guess = nearest(section, known)
    hint = f"; did you mean {guess}?" if guess else f"; there are {', '.join(known)}"
    return f"there is no section {section!r}{hint}"


def _cells(row: Row) -> tuple[str, str, str, str]:
    value = "" if row.value is None else str(row.value) if row.secret else shown(row.value)
    return (row.path, value, row.place if row.layer is not Layer.DEFAULT else "default", row.allowed)


def _show_check(
    path: Path, problems: Sequence[Problem], warnings: Sequence[str], unchecked: Sequence[str]
) -> None:
    for problem in problems:
        complain(str(problem))
    for line in unchecked:
        complain(f"cannot be checked: {line}")
    for line in warnings:
        console(err=True).print("warning:", line, style="yellow", markup=False)
    if not problems and not unchecked:
        click.echo(
            f"{path} is fine." if path.exists() else f"There is no {path}: everything has its default."
        )

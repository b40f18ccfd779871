"""``chandelier db``: the revisions of the tables, backups, and the way back."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import attrs
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
    table,
)
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.errors import ChandelierError, InvalidRequest, PluginError
from chandelier.observe.log import Logs
from chandelier.services.audit_files import has_log, note_at_command_line
from chandelier.storage.backup import Backup
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY, StorageHistory
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME
from chandelier.storage.restore import restore, set_aside
from chandelier.storage.trouble import advised
from chandelier.upgrading.journal import Journal

__all__ = ["db_group", "note_in_log", "open_database"]

ResultT = TypeVar("ResultT")


@click.group("db")
def db_group() -> None:
    """See and change the database: revisions, backups, restore."""


@attrs.frozen(kw_only=True)
class _State:
    """How far the tables of one plugin are."""

    name: str
    stored: str | None
    newest: str | None
    """The newest revision that the installed code knows; None when the plugin is not installed."""
    pending: int
    state: str

    @property
    def settled(self) -> bool:
        """Whether nothing needs to be done."""
        return self.state in {"up to date", "not installed"}


@db_group.command("status")
@config_option
@json_option
@click.pass_obj
def status_command(installed: Installed, config_path: Path, as_json: bool) -> None:
    """Say which revision each plugin's tables have; exit code 1 when something is due."""
    database = _database(config_path)
    histories = _histories(installed)

    async def look() -> list[_State]:
        if database.dialect == "sqlite" and not await asyncio.to_thread(database.path.exists):
            return _states(Migrator(database), histories, {})
        async with _opened(database) as migrator:
            return _states(migrator, histories, await migrator.installed())

    states = asyncio.run(look())
    if as_json:
        print_json({"database": repr(database), "plugins": [attrs.asdict(state) for state in states]})
    else:
        rows = [(each.name, each.stored or "none", each.newest or "", each.state) for each in states]
        table(("plugin", "revision", "newest", "state"), rows)
    if not all(state.settled for state in states):
        raise click.exceptions.Exit(EXIT_PROBLEM)


@db_group.command("upgrade")
@click.argument("plugin", required=False)
@config_option
@json_option
@click.pass_obj
def upgrade_command(installed: Installed, plugin: str | None, config_path: Path, as_json: bool) -> None:
    """Bring the tables of PLUGIN, or of the host and of every plugin, up to date, after a backup.

    A plugin that fails is as it was before, and the others go on; the exit code is 1 then.
    """
    histories = _chosen(_histories(installed), plugin)
    Journal.refuse_if_open(_database(config_path).data_dir)

    async def upgrade(migrator: Migrator) -> list[dict[str, Any]]:
        done: list[dict[str, Any]] = []
        for name, history in histories.items():
            try:
                before, after = await migrator.upgrade(name, history)
                if before != after:
                    await note_at_command_line(
                        migrator.database, "db.upgrade", subject=name, before=before, after=after
                    )
                done.append({"plugin": name, "before": before, "after": after, "problem": None})
            except PluginError as error:
                done.append({"plugin": name, "before": None, "after": None, "problem": str(error)})
        return done

    done = _with_database(config_path, upgrade)
    if as_json:
        print_json(done)
    else:
        _tell(done)
    if any(each["problem"] for each in done):
        raise click.exceptions.Exit(EXIT_PROBLEM)


@db_group.command("downgrade")
@click.argument("plugin")
@click.argument("revision")
@config_option
@json_option
@click.pass_obj
def downgrade_command(
    installed: Installed, plugin: str, revision: str, config_path: Path, as_json: bool
) -> None:
    """Take the tables of PLUGIN back to REVISION ("base": no tables), after a backup. Stop the bot first."""
    history = _chosen(_histories(installed), plugin)[plugin]

    async def downgrade(migrator: Migrator) -> dict[str, Any]:
        before, after = await migrator.downgrade(plugin, history, revision)
        await note_at_command_line(
            migrator.database, "db.downgrade", subject=plugin, before=before, after=after
        )
        return {"plugin": plugin, "before": before, "after": after, "problem": None}

    with claim(data_dir := _database(config_path).data_dir):
        Journal.refuse_if_open(data_dir)
        done = _with_database(config_path, downgrade)
    if as_json:
        print_json(done)
    else:
        _tell([done])


@db_group.command("backup")
@config_option
@json_option
def backup_command(config_path: Path, as_json: bool) -> None:
    """Back up the whole database; the bot may be running."""
    database = _database(config_path)
    if database.dialect == "sqlite" and not database.path.exists():
        fail(
            f"there is no database at {database.path} yet: the bot makes it at its first start", EXIT_PROBLEM
        )
    backup = _with_database(config_path, _back_up)
    if as_json:
        print_json(_described(backup))
    else:
        console().print(f"Backed up to {backup.path}", markup=False)


@db_group.command("backups")
@config_option
@json_option
def backups_command(config_path: Path, as_json: bool) -> None:
    """List the backups, newest first."""
    backups = asyncio.run(Migrator(_database(config_path)).backups.all())
    if as_json:
        print_json([_described(backup) for backup in backups])
    else:
        rows = [
            (
                f"{backup.taken_at:%Y-%m-%d %H:%M:%S} UTC",
                backup.label,
                ", ".join(f"{name} {revision}" for name, revision in sorted(backup.revisions.items())),
                str(backup.path),
            )
            for backup in backups
        ]
        table(("taken", "why", "revisions", "file"), rows)


@db_group.command("restore")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--plugin", help="Put back the tables of this plugin only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@config_option
@json_option
@click.pass_obj
def restore_command(
    installed: Installed, file: Path, plugin: str | None, yes: bool, config_path: Path, as_json: bool
) -> None:
    """Put the backup FILE back, after backing up what is there now. Stop the bot first."""
    if not yes:
        what = f"the tables of {plugin}" if plugin else "everything"
        click.confirm(f"Is the bot stopped, and should {what} become as in {file}?", abort=True, err=True)
    histories = _histories(installed)
    database = _database(config_path)

    async def put_back() -> dict[str, Any]:
        # A damaged file cannot even be opened, and it is what most restores are for.
        aside = await set_aside(database, file) if plugin is None else None
        async with _opened(database):
            done = await restore(database, file, histories, only=plugin)
            facts = {"file": file.name, "put back": list(done.put_back)}
            await note_at_command_line(database, "db.restore", subject=plugin or "everything", after=facts)
        return {
            "put_back": list(done.put_back),
            "left_alone": list(done.left_alone),
            "safety": str(aside) if aside else done.safety and str(done.safety.path),
        }

    with claim(database.data_dir):
        Journal.refuse_if_open(database.data_dir)
        done = asyncio.run(put_back())
    if as_json:
        print_json(done)
        return
    console().print(f"Put back: {', '.join(done['put_back']) or 'nothing'}", markup=False)
    if done["left_alone"]:
        console().print(f"Left alone, not installed: {', '.join(done['left_alone'])}", markup=False)
    if done["safety"]:
        console().print(f"What was there before is in {done['safety']}", markup=False)


def _database(config_path: Path) -> Database:
    deployment = Deployment.read(config_path, os.environ)
    config = deployment.host(HostConfig)
    base = config_path.absolute().parent
    return Database(config.database(base), data_dir=config.data_path(base), clock=SystemClock())


@asynccontextmanager
async def open_database(config_path: Path) -> AsyncGenerator[Database | None, None]:
    """The database of a deployment, opened for reading beside the bot; None before the bot's first start."""
    database = _database(config_path)
    if database.dialect == "sqlite" and not await asyncio.to_thread(database.path.exists):
        yield None
        return
    async with _opened(database):
        async with database.connect() as connection:
            ready = await has_log(connection)
        yield database if ready else None


def note_in_log(config_path: Path, action: str, **facts: Any) -> None:
    """Write down in the audit log what the owner did at the command line; see `Audit.record`.

    What was done is done: that it cannot be written down, before the bot's first start or while its database
    is away, is no reason to fail.
    """

    async def note() -> None:
        async with open_database(config_path) as database:
            if database is not None:
                await note_at_command_line(database, action, **facts)

    try:
        asyncio.run(note())
    except ChandelierError as error:
        console(err=True).print(f"not in the audit log: {error}", style="yellow", markup=False)


@asynccontextmanager
async def _opened(database: Database) -> AsyncGenerator[Migrator, None]:
    # The commands say themselves what they did; only warnings are news.
    with Logs(level="WARNING"):
        await database.start()
        try:
            yield Migrator(database)
        finally:
            await database.close()


async def _back_up(migrator: Migrator) -> Backup:
    try:
        if await migrator.installed():
            return await migrator.backups.take("manual")
    except sqlite3.Error as error:
        said = advised(error)
        if said == str(error):  # nothing better is known than that the file cannot be read
            said += "; put an older one back: chandelier db backups"
        raise InvalidRequest(f"no backup was made: {said}") from error
    raise InvalidRequest(
        "the database is empty, so there is nothing to back up; the bot fills it at its start"
    )


def _with_database(config_path: Path, work: Callable[[Migrator], Awaitable[ResultT]]) -> ResultT:
    database = _database(config_path)

    async def run() -> ResultT:
        async with _opened(database) as migrator:
            return await work(migrator)

    return asyncio.run(run())


def _histories(installed: Installed) -> dict[str, StorageHistory]:
    """The host's own history first: plugins may rely on the host's tables."""
    return {HOST_NAME: HOST_HISTORY, **installed.histories()}


def _chosen(histories: Mapping[str, StorageHistory], plugin: str | None) -> Mapping[str, StorageHistory]:
    if plugin is None:
        return histories
    if plugin not in histories:
        raise PluginError(
            f"no installed plugin {plugin!r} that stores something; there are {', '.join(histories)}"
        )
    return {plugin: histories[plugin]}


def _states(
    migrator: Migrator, histories: Mapping[str, StorageHistory], stored: Mapping[str, str]
) -> list[_State]:
    states: list[_State] = []
    for name, history in histories.items():
        known = migrator.revisions(name, history)
        at = stored.get(name)
        pending, state = 0, "up to date"
        if at is not None and at not in known:
            state = "written by a newer version"
        else:
            pending = len(known) if at is None else len(known) - 1 - known.index(at)
            if pending:
                state = f"{pending} to do: chandelier db upgrade"
        states.append(_State(name=name, stored=at, newest=known[-1], pending=pending, state=state))
    strangers = sorted(stored.keys() - histories.keys())
    return states + [
        _State(name=name, stored=stored[name], newest=None, pending=0, state="not installed")
        for name in strangers
    ]


def _tell(done: list[dict[str, Any]]) -> None:
    for each in done:
        if each["problem"]:
            complain(each["problem"])
        elif each["before"] == each["after"]:
            console().print(f"{each['plugin']}: up to date ({each['after']})", markup=False)
        else:
            line = f"{each['plugin']}: {each['before'] or 'none'} → {each['after'] or 'none'}"
            console().print(line, markup=False)


def _described(backup: Backup) -> dict[str, Any]:
    return {
        "path": str(backup.path),
        "taken_at": backup.taken_at.isoformat(),
        "label": backup.label,
        "revisions": dict(backup.revisions),
    }

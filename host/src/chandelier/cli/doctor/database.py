"""The database: reachable, whole, at which revisions, whose data it keeps, and how old its backups are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import text

from chandelier.cli.doctor.finding import Examination, Finding, Level
from chandelier.errors import ChandelierError
from chandelier.storage.backup import Backups
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY, StorageHistory
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME

__all__ = ["backups", "opened", "tables"]

OLD_BACKUP = timedelta(days=30)


async def tables(patient: Examination) -> list[Finding]:
    """Whether the database can be opened and is whole, what is due in it, and what belongs to nobody now."""
    if patient.data is None:
        return []
    try:
        async with opened(patient) as database:
            if database is None:
                assert patient.deployment is not None and patient.config is not None
                path = patient.config.database(patient.deployment.base).database
                return [Finding("database", Level.OK, f"{path} will be made at the first start")]
            return await _look(patient, database)
    except ChandelierError as error:
        return [Finding("database", Level.PROBLEM, str(error))]


async def backups(patient: Examination) -> list[Finding]:
    """How old the newest backup is."""
    if patient.data is None:
        return []
    try:
        async with opened(patient) as database:
            if database is None:
                return []
            found = await Backups(database).all()
    except ChandelierError as error:
        return [Finding("backups", Level.WARNING, str(error))]
    how = "chandelier db backup, and copy it to another machine"
    if not found:
        return [Finding("backups", Level.WARNING, "there is no backup of the database yet", how)]
    age = patient.clock.now() - found[0].taken_at
    said = f"the newest of {len(found)} is {found[0].path.name}, {max(age.days, 0)} days old"
    return [Finding("backups", Level.WARNING if age > OLD_BACKUP else Level.OK, said, how)]


@asynccontextmanager
async def opened(patient: Examination) -> AsyncGenerator[Database | None, None]:
    """The database, open; None when it is a file that is not there yet, and must not be made by looking."""
    assert patient.deployment is not None and patient.config is not None and patient.data is not None
    database = Database(
        patient.config.database(patient.deployment.base).render_as_string(hide_password=False),
        data_dir=patient.data,
        clock=patient.clock,
    )
    if database.dialect == "sqlite" and not database.path.exists():
        yield None
        return
    await database.start()
    try:
        yield database
    finally:
        await database.close()


async def _look(patient: Examination, database: Database) -> list[Finding]:
    found: list[Finding] = []
    version = await _version(database)
    if (damage := await _damage(database)) is not None:
        do = "stop the bot and restore a backup: chandelier db backups, chandelier db restore FILE"
        found.append(Finding("database", Level.PROBLEM, f"it is damaged: {damage}", do))
    assert patient.config is not None
    migrator, histories = Migrator(database), patient.installed.histories()
    for name, history in {HOST_NAME: HOST_HISTORY, **histories}.items():
        found.extend(await _pending(migrator, name, history, automatic=patient.config.auto_migrate))
    found.extend(
        _abandoned(await migrator.installed(), {plugin.name for plugin in patient.installed.plugins})
    )
    if all(finding.level is not Level.PROBLEM for finding in found):
        behind = any("due:" in finding.message for finding in found)
        said = f"{version}: reachable" if behind else f"{version}: reachable and up to date"
        found.append(Finding("database", Level.OK, said))
    return found


async def _version(database: Database) -> str:
    async with database.connect() as connection:
        if database.dialect == "sqlite":
            return f"SQLite {(await connection.execute(text('SELECT sqlite_version()'))).scalar()}"
        said = str((await connection.execute(text("SHOW server_version"))).scalar())
        return f"PostgreSQL {said.split(' ')[0]}"


async def _damage(database: Database) -> str | None:
    """What SQLite's own check finds wrong; PostgreSQL looks after itself."""
    if database.dialect != "sqlite":
        return None
    async with database.connect() as connection:
        try:
            # https://www.sqlite.org/pragma.html#pragma_quick_check
            lines = (await connection.execute(text("PRAGMA quick_check(3)"))).scalars().all()
        except Exception as error:  # noqa: BLE001 - whatever the driver makes of a damaged file
            return str(getattr(error, "orig", error))
    return None if list(lines) == ["ok"] else "; ".join(str(line) for line in lines)


async def _pending(
    migrator: Migrator, name: str, history: StorageHistory, *, automatic: bool
) -> list[Finding]:
    try:
        steps = await migrator.pending(name, history)
    except ChandelierError as error:
        return [Finding("database", Level.PROBLEM, str(error))]
    if not steps:
        return []
    words = ", ".join(f"{step.id} {step.summary}" for step in steps)
    how = "done at the next start" if automatic else "do it with: chandelier db upgrade"
    return [Finding("database", Level.WARNING, f"{name}: due: {words}", how)]


def _abandoned(stored: dict[str, str], installed: set[str]) -> Iterator[Finding]:
    """Data of plugins that were uninstalled: it is kept, and is there again when they come back."""
    for name in sorted(stored.keys() - installed - {HOST_NAME}):
        said = f"the plugin {name} is not installed, its data (revision {stored[name]}) is kept"
        do = f"install it to use it again; to be rid of the data, then `chandelier db downgrade {name} base`"
        yield Finding("database", Level.WARNING, said, do)

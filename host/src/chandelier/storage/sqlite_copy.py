"""Copies of a SQLite database: made while it is in use, checked, and put back whole or one plugin's part.

Everything here blocks: call it in a thread.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Generator
from contextlib import closing, contextmanager
from pathlib import Path

from chandelier.storage.files import complete
from chandelier.storage.names import owners, version_table

__all__ = ["copy", "damaged", "move", "put_back", "revisions"]

_WAIT = 30.0
"""Seconds to wait for another process that is writing."""


def copy(source: Path, target: Path) -> None:
    """Write a consistent, checked and synced copy; ``target`` appears only when it is complete."""
    with complete(target) as part, _open(source) as original, _open(part) as duplicate:
        original.backup(duplicate)
        # The copy inherits WAL mode, which would make every reader of it write files beside it.
        duplicate.execute("PRAGMA journal_mode=DELETE")
        verdict = duplicate.execute("PRAGMA quick_check").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"the copy of {source} is damaged: {verdict}")


def revisions(path: Path) -> dict[str, str]:
    """The revision of every plugin in the database or copy at ``path``."""
    with _open(path, read_only=True) as database:
        return _revisions(database)


def damaged(path: Path) -> bool:
    """Whether the file is there and SQLite cannot make sense of all of it.

    Raises sqlite3.OperationalError when that cannot be told: another process has it locked, say.
    """
    if not path.is_file():
        return False
    try:
        with _open(path) as database:
            return database.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok"
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        return True


def move(path: Path, target: Path) -> None:
    """Give a database another name, with the files that SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(target.with_name(target.name + suffix))


def put_back(live: Path, backup: Path, only: Collection[str] | None) -> list[str]:
    """Make the tables of ``live`` those of ``backup``, in one transaction; returns the plugins put back.

    With ``only`` (names), other plugins' tables stay as they are. Raises sqlite3.Error, and then nothing
    has changed.
    """
    with _open(live) as database:
        database.execute("PRAGMA foreign_keys=OFF")
        database.execute("ATTACH DATABASE ? AS backup", (_address(backup, read_only=True),))
        database.execute("BEGIN IMMEDIATE")
        try:
            done = _put_back(database, only)
            broken = database.execute("PRAGMA main.foreign_key_check").fetchone()
            if broken is not None:
                raise sqlite3.IntegrityError(
                    f"a row of {broken[0]} would refer to a row of {broken[2]} that does not exist"
                )
            database.execute("COMMIT")
        except BaseException:
            database.execute("ROLLBACK")
            raise
    return done


def _put_back(database: sqlite3.Connection, only: Collection[str] | None) -> list[str]:
    now, then = owners(_tables(database, "main")), owners(_tables(database, "backup"))
    chosen = sorted(only if only is not None else {*now, *then})
    for plugin in chosen:
        for table in now.get(plugin, ()):
            database.execute(f'DROP TABLE main."{table}"')
        for table in then.get(plugin, ()):
            statements = database.execute(
                "SELECT sql FROM backup.sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL "
                "ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 ELSE 2 END",
                (table,),
            ).fetchall()
            database.execute(statements[0][0])
            database.execute(f'INSERT INTO main."{table}" SELECT * FROM backup."{table}"')  # noqa: S608
            for (statement,) in statements[1:]:
                database.execute(statement)
            if _tables(database, "backup", "sqlite_sequence"):
                _restore_counter(database, table)
    return chosen


def _restore_counter(database: sqlite3.Connection, table: str) -> None:
    counter = database.execute("SELECT seq FROM backup.sqlite_sequence WHERE name = ?", (table,)).fetchone()
    if counter is not None:
        database.execute("DELETE FROM main.sqlite_sequence WHERE name = ?", (table,))
        database.execute("INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)", (table, counter[0]))


def _tables(database: sqlite3.Connection, schema: str, like: str = "%") -> list[str]:
    rows = database.execute(
        f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table' AND name LIKE ?",  # noqa: S608
        (like,),
    )
    return [name for (name,) in rows]


def _revisions(database: sqlite3.Connection) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in owners(_tables(database, "main")):
        row = database.execute(f'SELECT version_num FROM "{version_table(each)}"').fetchone()  # noqa: S608
        if row is not None:
            found[each] = row[0]
    return found


@contextmanager
def _open(path: Path, *, read_only: bool = False) -> Generator[sqlite3.Connection, None, None]:
    address = _address(path, read_only=read_only)
    with closing(sqlite3.connect(address, uri=True, timeout=_WAIT, isolation_level=None)) as connection:
        yield connection


def _address(path: Path, *, read_only: bool) -> str:
    return path.absolute().as_uri() + ("?mode=ro" if read_only else "")

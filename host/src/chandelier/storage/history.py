"""What a plugin says of its tables, and the quick look that spares Alembic when nothing is due."""

from __future__ import annotations

import re
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

import attrs
from sqlalchemy import Connection, MetaData, inspect, text

from chandelier.errors import PluginError
from chandelier.storage.engine import Database
from chandelier.storage.names import HOST_NAME, table_prefix, version_table
from chandelier.storage.tables import HostTables

__all__ = ["HOST_HISTORY", "StorageHistory", "check_names", "folder_of", "is_current"]

_NUMBERED = re.compile(r"(\d{4})_\w+\.py")


@attrs.frozen
class StorageHistory:
    """A plugin's tables and the Alembic revisions that build them.

    ``location`` is ``"package:folder"``: the folder, inside an importable package, with files such as
    ``0001_first_tables.py``. Revisions form one line and have no ``env.py``; ``upgrade`` and ``downgrade``
    use ``alembic.op``.
    """

    metadata: MetaData
    location: str


HOST_HISTORY = StorageHistory(HostTables.metadata, "chandelier.storage:revisions")
"""The history of the host's own tables; its name is ``"chandelier"``."""


def check_names(name: str, history: StorageHistory, others: Collection[str] = ()) -> None:
    """Raise PluginError when a table or an index is not under the plugin's own prefix."""
    prefix = table_prefix(name)
    taken = [table_prefix(other) for other in others if table_prefix(other).startswith(prefix)]
    taken = [other for other in taken if other != prefix]
    if prefix.startswith(table_prefix(HOST_NAME)) and history is not HOST_HISTORY:
        raise PluginError(f"plugin {name!r}: names that start with {HOST_NAME!r} are the host's own")
    for table in history.metadata.tables.values():
        names = [("table", table.name), *(("index", str(index.name)) for index in table.indexes)]
        for what, found in names:
            if not found.startswith(prefix):
                raise PluginError(f"plugin {name!r}: the {what} {found!r} must be named {prefix}…")
            if found.startswith(tuple(taken)):
                raise PluginError(
                    f"plugin {name!r}: the {what} {found!r} would belong to the plugin whose "
                    "tables start the same; rename it"
                )


def folder_of(name: str, history: StorageHistory) -> Path:
    """Where the revisions are. Raises PluginError when there is no such folder."""
    package, _, folder = history.location.partition(":")
    spec = find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = [place for place in (Path(root) / folder for root in places) if place.is_dir()]
    if not folder or not found:
        raise PluginError(
            f"plugin {name!r}: no folder of revisions at {history.location!r}; give "
            "StorageHistory a location like 'my_package:revisions' and ship the folder in the wheel"
        )
    return found[0]


async def is_current(database: Database, name: str, history: StorageHistory) -> bool:
    """Whether the database is at the newest revision, judged by the numbers of the files' names.

    Loading Alembic and the revisions costs a tenth of a start and 12 MiB, and at most starts nothing is
    due. False when in doubt: then Alembic decides.
    """
    check_names(name, history)
    files = [_NUMBERED.fullmatch(path.name) for path in folder_of(name, history).glob("*.py")]
    numbers = [match[1] for match in files if match is not None]
    if not numbers or len(numbers) != len(set(numbers)):
        return False
    async with database.connect() as connection:
        return await connection.run_sync(_stored, name) == max(numbers)


def _stored(connection: Connection, name: str) -> str | None:
    table = version_table(name)
    if not inspect(connection).has_table(table):
        return None
    quoted = connection.dialect.identifier_preparer.quote(table)
    return connection.execute(text(f"SELECT version_num FROM {quoted}")).scalar()  # noqa: S608 - a quoted name

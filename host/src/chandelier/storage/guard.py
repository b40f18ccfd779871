"""Keeps a plugin inside its own tables: every statement of its session is looked at before it runs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.orm import Session
from sqlalchemy.sql import ClauseElement, visitors

from chandelier.errors import PluginError
from chandelier.storage.names import HOST_NAME, table_prefix

__all__ = ["GuardedSession"]


class GuardedSession(Session):
    """A session of ``info["plugin"]`` that refuses statements on other plugins' tables.

    The host's own tables pass, because its services write timers and outbox rows in the plugin's
    transaction. It guards against mistakes: textual SQL is not read.
    """

    def get_bind(
        self, mapper: Any = None, *, clause: ClauseElement | None = None, **options: Any
    ) -> Engine | Connection:
        """Look at what is about to run, then answer as SQLAlchemy does."""
        plugin: str = self.info["plugin"]
        if plugin != HOST_NAME:
            allowed = (table_prefix(plugin), table_prefix(HOST_NAME))
            for table in _tables(mapper, clause):
                if not table.name.startswith(allowed):
                    raise PluginError(
                        f"plugin {plugin!r} used the table {table.name!r}, which is not its own "
                        f"({allowed[0]}…); ask for foreign data through a hook"
                    )
        return super().get_bind(mapper, clause=clause, **options)


def _tables(mapper: Any, clause: ClauseElement | None) -> set[Table]:
    found: set[Table] = set()
    if mapper is not None:
        found.update(table for table in mapper.tables if isinstance(table, Table))
    if clause is not None:
        for element in visitors.iterate(clause):
            if isinstance(element, Table):
                found.add(element)
            elif isinstance(getattr(element, "table", None), Table):
                found.add(element.table)  # pyright: ignore[reportAttributeAccessIssue]
    return found

"""Looks at the connections of a host's database."""

from __future__ import annotations

from typing import Any

__all__ = ["checked_out"]


def checked_out(host: Any) -> int:
    """Connections of the database that somebody has and has not given back."""
    engines = {host.database._writer, host.database._reader}
    return sum(getattr(engine.pool, "checkedout", int)() for engine in engines)

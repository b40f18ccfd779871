"""Where loopcord does as Discord does although simcord, which is behind it, does not.

Each room that corrects something has a tuple ``CORRECTIONS`` beside its code; :func:`corrections` gathers
them, and the parity page is written from that.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Correction", "corrections"]


@dataclass(frozen=True, slots=True)
class Correction:
    """One rule of Discord's that simcord gets wrong or lacks."""

    #: The route (``"GET /guilds/{guild_id}/bans"``), gateway event or act that it concerns.
    where: str
    #: What simcord does, in a clause.
    was: str
    #: What loopcord does, which is what Discord does, in a clause.
    now: str
    #: The page of Discord's documentation that says so.
    source: str


def corrections() -> tuple[Correction, ...]:
    """Every correction of every room, by room and in the order they are written there."""
    found: list[Correction] = []
    for name in sorted(_rooms()):
        found += getattr(importlib.import_module(name), "CORRECTIONS", ())
    return tuple(found)


def _rooms() -> Iterator[str]:
    package = importlib.import_module(__package__ or "loopcord")
    for room in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        # The pytest plugin is pytest's to import, and it needs pytest.
        if not room.name.endswith(("__main__", "pytest_plugin")):
            yield room.name

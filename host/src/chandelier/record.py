"""What the host knows about one plugin, and where it is in its life."""

from __future__ import annotations

import asyncio
from datetime import datetime
from enum import StrEnum
from typing import Any

import attrs

from chandelier.breaker import Breaker
from chandelier.discovery import Candidate
from chandelier.ledger import Ledger
from chandelier.loading import Description
from chandelier.plugin import Plugin

__all__ = ["ACTIVE", "Record", "State"]


class State(StrEnum):
    """Where a plugin is in its life."""

    FOUND = "found"
    REFUSED = "refused"
    LOADED = "loaded"
    SET_UP = "set up"
    RUNNING = "running"
    DEGRADED = "degraded"
    QUARANTINED = "quarantined"
    STOPPED = "stopped"


ACTIVE = frozenset({State.RUNNING, State.DEGRADED})


@attrs.define(eq=False)
class Record:
    """All that the host knows about one plugin."""

    candidate: Candidate
    since: datetime
    breaker: Breaker
    state: State = State.FOUND
    reason: str = ""
    enabled: bool = True
    plugin: Plugin[Any] | None = None
    description: Description | None = None
    context: Any = None
    ledger: Ledger = attrs.Factory(Ledger)
    requires: tuple[str, ...] = ()
    """Names of the plugins that its code, when last loaded, said it needs."""
    failed: int = 0
    last_error: str = ""
    retry: asyncio.Task[None] | None = None
    warning: str = ""
    """What its owner should know although it runs."""
    missing: str = ""
    """What the host cannot give it until it is restarted; the plugin is degraded meanwhile."""
    superseded: bool = False
    """Its code is older than what is installed, so its data is left as it is."""

    @property
    def name(self) -> str:
        """The plugin's name: that of its entry point."""
        return self.candidate.name

    @property
    def active(self) -> bool:
        """Whether the plugin takes part now."""
        return self.state in ACTIVE

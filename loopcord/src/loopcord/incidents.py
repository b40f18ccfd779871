"""What a guild has paused during an incident: joining by invite, and direct messages between its members.

Source: https://discord.com/developers/docs/resources/guild#incidents-data-object
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

__all__ = ["Incidents", "Paused"]


@dataclass(frozen=True, slots=True)
class Paused:
    """Until when; None where nothing is paused."""

    invites: datetime | None = None
    dms: datetime | None = None


class Incidents:
    """The incident actions of every guild; what is over is as if it had never been."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._paused: dict[int, Paused] = {}

    def pause(self, guild_id: int, *, invites: datetime | None, dms: datetime | None) -> None:
        """Pause until these moments; None ends a pause."""
        self._paused[guild_id] = Paused(invites, dms)

    def of(self, guild_id: int) -> Paused:
        """What is paused now."""
        now, kept = self._now(), self._paused.get(guild_id, Paused())
        ahead = [until if until is not None and until > now else None for until in (kept.invites, kept.dms)]
        return Paused(*ahead)

    def payload(self, guild_id: int) -> dict[str, Any] | None:
        """``incidents_data`` of a guild, which is null when nothing is paused.

        Source: https://github.com/discord/discord-api-docs/pull/6396
        """
        paused = self.of(guild_id)
        if paused == Paused():
            return None
        return {
            "invites_disabled_until": None if paused.invites is None else paused.invites.isoformat(),
            "dms_disabled_until": None if paused.dms is None else paused.dms.isoformat(),
        }

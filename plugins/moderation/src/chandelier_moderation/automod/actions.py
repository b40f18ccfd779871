"""What a rule does when it hits: plain data, several per rule, carried out elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar

import attrs

__all__ = [
    "ACTIONS",
    "Action",
    "Alert",
    "Ban",
    "Delete",
    "GiveRole",
    "Id",
    "Kick",
    "Ladder",
    "Lockdown",
    "Points",
    "Reply",
    "Slowmode",
    "Step",
    "TakeRole",
    "Timeout",
    "Warn",
]

Id = Annotated[int, "a snowflake"]
"""In files and databases it is text, since not every reader of JSON has so large numbers."""


@attrs.frozen(kw_only=True)
class Delete:
    """Delete the message; where a name was found, clear the nickname or rename the thread."""

    do: ClassVar = "delete"


@attrs.frozen(kw_only=True)
class Warn:
    """Warn the author."""

    do: ClassVar = "warn"
    reason: str = ""
    """Empty: the rule's name and what it found."""


@attrs.frozen(kw_only=True)
class Timeout:
    """Time the author out."""

    do: ClassVar = "timeout"
    duration: timedelta
    reason: str = ""


@attrs.frozen(kw_only=True)
class Kick:
    """Kick the author."""

    do: ClassVar = "kick"
    reason: str = ""


@attrs.frozen(kw_only=True)
class Ban:
    """Ban the author."""

    do: ClassVar = "ban"
    duration: timedelta | None = None
    """None: for good."""
    delete_messages: timedelta = timedelta(0)
    """How far back the author's messages are deleted; Discord allows seven days."""
    reason: str = ""


@attrs.frozen(kw_only=True)
class Alert:
    """Tell staff, with buttons to act."""

    do: ClassVar = "alert"
    channel: Id | None = None
    """None: the log channel."""
    roles: tuple[Id, ...] = ()
    """Roles that are mentioned."""


@attrs.frozen(kw_only=True)
class Reply:
    """Answer in the channel."""

    do: ClassVar = "reply"
    text: str
    vanishes: timedelta = timedelta(seconds=15)
    """After how long the answer is deleted; zero: it stays."""


@attrs.frozen(kw_only=True)
class GiveRole:
    """Give the author a role."""

    do: ClassVar = "give_role"
    role: Id
    duration: timedelta | None = None


@attrs.frozen(kw_only=True)
class TakeRole:
    """Take a role from the author."""

    do: ClassVar = "take_role"
    role: Id


@attrs.frozen(kw_only=True)
class Slowmode:
    """Slow the message's channel."""

    do: ClassVar = "slowmode"
    interval: timedelta
    """Between two messages of one member; Discord allows six hours."""
    duration: timedelta = timedelta(minutes=10)


@attrs.frozen(kw_only=True)
class Lockdown:
    """Lock the message's channel."""

    do: ClassVar = "lockdown"
    duration: timedelta = timedelta(minutes=10)


@attrs.frozen(kw_only=True)
class Points:
    """Give the author points, which the ladder turns into actions."""

    do: ClassVar = "points"
    points: int = 1


Action = (
    Delete | Warn | Timeout | Kick | Ban | Alert | Reply | GiveRole | TakeRole | Slowmode | Lockdown | Points
)

ACTIONS: tuple[type[Action], ...] = (
    Delete,
    Warn,
    Timeout,
    Kick,
    Ban,
    Alert,
    Reply,
    GiveRole,
    TakeRole,
    Slowmode,
    Lockdown,
    Points,
)
"""Every kind of action; ``do`` is its name in a file."""


@attrs.frozen(kw_only=True)
class Step:
    """A rung of the ladder: who reaches so many points gets the actions."""

    points: int
    actions: tuple[Action, ...]


@attrs.frozen(kw_only=True)
class Ladder:
    """Turns points into actions. Points that are older than ``decay`` count no more."""

    decay: timedelta = timedelta(days=30)
    steps: tuple[Step, ...] = ()
    """In rising order of points."""

    def reached(self, before: int, now: int) -> Step | None:
        """The highest step that is reached by going from ``before`` points to ``now``; None when none is."""
        passed = [step for step in self.steps if before < step.points <= now]
        return max(passed, key=lambda step: step.points, default=None)

"""The audit log's words: its events, an entry and its JSON, and changes as differences of two states.

Source: https://discord.com/developers/docs/resources/audit-log
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import Any

__all__ = ["COUNTED", "COUNTING_SECONDS", "KEPT_DAYS", "Entry", "Event", "differences", "gone", "made"]

#: "All audit log entries are stored for 45 days."
KEPT_DAYS = 45
#: For so many seconds a further deletion (move, disconnection) raises the count of the entry that is there.
#: Discord does not document the span; five minutes is what clients see.
COUNTING_SECONDS = 300

#: Milliseconds from the Unix epoch to that of snowflakes.
#: https://discord.com/developers/docs/reference#snowflakes
_EPOCH = 1420070400000


class Event(IntEnum):
    """What an entry is about: the events that loopcord can bring about."""

    GUILD_UPDATE = 1
    CHANNEL_CREATE = 10
    CHANNEL_UPDATE = 11
    CHANNEL_DELETE = 12
    CHANNEL_OVERWRITE_CREATE = 13
    CHANNEL_OVERWRITE_UPDATE = 14
    CHANNEL_OVERWRITE_DELETE = 15
    MEMBER_KICK = 20
    MEMBER_PRUNE = 21
    MEMBER_BAN_ADD = 22
    MEMBER_BAN_REMOVE = 23
    MEMBER_UPDATE = 24
    MEMBER_ROLE_UPDATE = 25
    MEMBER_MOVE = 26
    MEMBER_DISCONNECT = 27
    BOT_ADD = 28
    ROLE_CREATE = 30
    ROLE_UPDATE = 31
    ROLE_DELETE = 32
    INVITE_CREATE = 40
    INVITE_DELETE = 42
    WEBHOOK_CREATE = 50
    WEBHOOK_UPDATE = 51
    WEBHOOK_DELETE = 52
    EMOJI_CREATE = 60
    EMOJI_UPDATE = 61
    EMOJI_DELETE = 62
    MESSAGE_DELETE = 72
    MESSAGE_BULK_DELETE = 73
    MESSAGE_PIN = 74
    MESSAGE_UNPIN = 75
    STAGE_INSTANCE_CREATE = 83
    STAGE_INSTANCE_UPDATE = 84
    STAGE_INSTANCE_DELETE = 85
    STICKER_CREATE = 90
    STICKER_UPDATE = 91
    STICKER_DELETE = 92
    GUILD_SCHEDULED_EVENT_CREATE = 100
    GUILD_SCHEDULED_EVENT_UPDATE = 101
    GUILD_SCHEDULED_EVENT_DELETE = 102
    THREAD_CREATE = 110
    THREAD_UPDATE = 111
    THREAD_DELETE = 112
    AUTO_MODERATION_RULE_CREATE = 140
    AUTO_MODERATION_RULE_UPDATE = 141
    AUTO_MODERATION_RULE_DELETE = 142
    AUTO_MODERATION_BLOCK_MESSAGE = 143
    AUTO_MODERATION_FLAG_TO_CHANNEL = 144
    AUTO_MODERATION_USER_COMMUNICATION_DISABLED = 145
    AUTO_MODERATION_QUARANTINE_USER = 146


#: Events whose entry counts repetitions instead of being made anew.
COUNTED = frozenset({Event.MESSAGE_DELETE, Event.MEMBER_MOVE, Event.MEMBER_DISCONNECT})

_CREATED_BY: dict[int, Event] = {
    Event.CHANNEL_UPDATE: Event.CHANNEL_CREATE,
    Event.ROLE_UPDATE: Event.ROLE_CREATE,
    Event.THREAD_UPDATE: Event.THREAD_CREATE,
}


@dataclass(slots=True)
class Entry:
    """One entry of a guild's log."""

    id: int
    action_type: int
    user_id: int | None
    target_id: int | None
    reason: str | None = None
    changes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def made_at(self) -> float:
        """When it was made, in seconds since the Unix epoch."""
        return ((self.id >> 22) + _EPOCH) / 1000

    def payload(self) -> dict[str, Any]:
        """Its JSON: ``changes``, ``options`` and ``reason`` are there only when there are any."""
        result: dict[str, Any] = {
            "id": str(self.id),
            "action_type": int(self.action_type),
            "user_id": str(self.user_id) if self.user_id is not None else None,
            "target_id": str(self.target_id) if self.target_id is not None else None,
        }
        if self.changes:
            result["changes"] = [dict(change) for change in self.changes]
        if self.options:
            result["options"] = dict(self.options)
        if self.reason:
            result["reason"] = self.reason
        return result

    def counts_on(self, earlier: Entry) -> bool:
        """Whether this is a repetition of ``earlier``, which only raises its count."""
        return (
            self.action_type in COUNTED
            and (self.action_type, self.user_id, self.target_id, self.options.get("channel_id"))
            == (earlier.action_type, earlier.user_id, earlier.target_id, earlier.options.get("channel_id"))
            and self.made_at - earlier.made_at <= COUNTING_SECONDS
        )

    def absorb(self, later: Entry) -> bool:
        """Take in the changes of an entry of the same act about the same thing; False when it is another.

        Discord logs one entry for what one request does to one thing; what is set while a channel or role
        is being made belongs to its creation.
        """
        if (self.target_id, self.options) != (later.target_id, later.options):
            return False
        if self.action_type != later.action_type and self.action_type != _CREATED_BY.get(later.action_type):
            return False
        if not later.changes:
            return False
        known = {change["key"]: change for change in self.changes}
        for change in later.changes:
            if change["key"] in known and "new_value" in change:
                known[change["key"]]["new_value"] = change["new_value"]
            elif change["key"] not in known:
                if self.action_type != later.action_type:
                    change = {key: value for key, value in change.items() if key != "old_value"}
                self.changes.append(change)
        return True


@dataclass(slots=True)
class Act:
    """What one person or app does at once: who, why, and the entries it makes."""

    user_id: int | None
    reason: str | None
    entries: list[tuple[int, Entry]] = field(default_factory=list[tuple[int, Entry]])


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes from one state to another; a value that was or becomes null is left out."""
    return [
        _change(key, before.get(key), after.get(key))
        for key in _keys(before, after)
        if before.get(key) != after.get(key)
    ]


def made(after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes of a creation."""
    return differences({}, after)


def gone(before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes of a deletion."""
    return differences(before, {})


def _keys(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    yield from before
    yield from (key for key in after if key not in before)


def _change(key: str, old: Any, new: Any) -> dict[str, Any]:
    change: dict[str, Any] = {"key": key}
    if old is not None:
        change["old_value"] = old
    if new is not None:
        change["new_value"] = new
    return change


def expired(entry: Entry, now: datetime) -> bool:
    """Whether Discord would no longer store an entry."""
    return now.timestamp() - entry.made_at > KEPT_DAYS * 86_400

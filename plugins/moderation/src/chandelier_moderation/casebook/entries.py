"""What an entry of Discord's audit log says was done to a member, and which case of ours it belongs to.

Source: https://discord.com/developers/docs/resources/audit-log
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import attrs
import hikari

__all__ = ["ADOPTABLE", "TYPES", "Deed", "Mark", "deeds_of", "mark_of_reason"]

_Event = hikari.AuditLogEventType
_Key = hikari.AuditLogChangeKey

TYPES = frozenset(
    map(
        int,
        (
            _Event.MEMBER_KICK,
            _Event.MEMBER_BAN_ADD,
            _Event.MEMBER_BAN_REMOVE,
            _Event.MEMBER_UPDATE,
            _Event.MEMBER_ROLE_UPDATE,
        ),
    )
)
"""The types of entries that may say that a moderator acted on a member."""

ADOPTABLE: Mapping[str, tuple[str, ...]] = {
    "ban": ("ban", "unban"),
    "kick": ("kick",),
    "timeout": ("timeout", "untimeout"),
    "nick": ("nick",),
    "role": ("role_give", "role_take"),
}
"""What a guild can choose to have as cases, and the kinds of actions each stands for."""

_MARK = re.compile(r"\S+ #(\d{1,9})(?:\D+(\d{15,20}))?: ?(.*)", re.DOTALL)
"""How the reasons of our own actions begin, in any language: "Case #12 by 123456789012345678: spam"."""


@attrs.frozen(kw_only=True)
class Deed:
    """One thing that was done to a member."""

    action: str
    target_id: int
    details: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    expires_at: datetime | None = None


@attrs.frozen
class Mark:
    """What the reason of one of our own actions says."""

    number: int
    moderator_id: int | None
    reason: str


def deeds_of(entry: hikari.AuditLogEntry) -> Iterator[Deed]:
    """What an entry says was done to a member by another; nothing for what is no moderation."""
    target, kind = entry.target_id, int(entry.action_type)
    if target is None or entry.user_id is None or entry.user_id == target:
        return
    simple = {_Event.MEMBER_KICK: "kick", _Event.MEMBER_BAN_ADD: "ban", _Event.MEMBER_BAN_REMOVE: "unban"}
    for event, action in simple.items():
        if kind == event:
            yield Deed(action=action, target_id=target)
    if kind not in (_Event.MEMBER_UPDATE, _Event.MEMBER_ROLE_UPDATE):
        return
    for change in entry.changes:
        if change.key == _Key.COMMUNICATION_DISABLED_UNTIL:
            # Nothing is in the log when a timeout runs out; without a new value somebody ended it.
            until = None if change.new_value is None else datetime.fromisoformat(str(change.new_value))
            if until is not None and until > entry.created_at:
                yield Deed(action="timeout", target_id=target, expires_at=until)
            else:
                yield Deed(action="untimeout", target_id=target)
        elif change.key == _Key.NICK:
            details = {"nick_before": change.old_value, "nick": change.new_value}
            yield Deed(action="nick", target_id=target, details=details)
        elif change.key in (_Key.ADD_ROLE_TO_MEMBER, _Key.REMOVE_ROLE_FROM_MEMBER):
            action = "role_give" if change.key == _Key.ADD_ROLE_TO_MEMBER else "role_take"
            for role_id in change.new_value or ():
                yield Deed(action=action, target_id=target, details={"role": str(int(role_id))})


def mark_of_reason(reason: str | None) -> Mark | None:
    """Which case a reason of ours names; None for what this plugin did not write."""
    found = _MARK.match(reason or "")
    if found is None:
        return None
    return Mark(int(found[1]), int(found[2]) if found[2] else None, found[3].strip())

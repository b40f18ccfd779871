"""Entries of Discord's audit log as events: nicknames, roles and channels, with before, after and by whom.

The gateway tells only how a member or a channel is now. The audit log tells what changed and who did it, and
needs no cache of members. https://discord.com/developers/docs/resources/audit-log
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import hikari

__all__ = ["KIND_OF", "Change", "read"]

_Event = hikari.AuditLogEventType

KIND_OF: Mapping[int, str] = {
    int(_Event.MEMBER_UPDATE): "nicknames",
    int(_Event.MEMBER_ROLE_UPDATE): "roles",
    int(_Event.ROLE_CREATE): "roles",
    int(_Event.ROLE_UPDATE): "roles",
    int(_Event.ROLE_DELETE): "roles",
    int(_Event.CHANNEL_CREATE): "channels",
    int(_Event.CHANNEL_UPDATE): "channels",
    int(_Event.CHANNEL_DELETE): "channels",
    int(_Event.CHANNEL_OVERWRITE_CREATE): "channels",
    int(_Event.CHANNEL_OVERWRITE_UPDATE): "channels",
    int(_Event.CHANNEL_OVERWRITE_DELETE): "channels",
}
"""Which kind of events an entry is."""

_THINGS: Mapping[int, str] = {
    int(_Event.ROLE_CREATE): "role_created",
    int(_Event.ROLE_UPDATE): "role_changed",
    int(_Event.ROLE_DELETE): "role_deleted",
    int(_Event.CHANNEL_CREATE): "channel_created",
    int(_Event.CHANNEL_UPDATE): "channel_changed",
    int(_Event.CHANNEL_DELETE): "channel_deleted",
    int(_Event.CHANNEL_OVERWRITE_CREATE): "overwrite_created",
    int(_Event.CHANNEL_OVERWRITE_UPDATE): "overwrite_changed",
    int(_Event.CHANNEL_OVERWRITE_DELETE): "overwrite_deleted",
}
_SHOWN = {
    "name", "topic", "nsfw", "rate_limit_per_user", "parent_id", "permissions", "allow", "deny", "color",
    "hoist", "mentionable",
}  # fmt: skip
"""Keys of changes that are told; the others (icons, flags, positions) say little in a log."""
_PERMISSIONS = {"permissions", "allow", "deny"}


@attrs.frozen(kw_only=True)
class Change:
    """What an entry tells."""

    what: str
    member_id: int | None = None
    channel_id: int | None = None
    details: Mapping[str, Any] = attrs.field(factory=dict[str, Any])


def read(entry: hikari.AuditLogEntry) -> Change | None:
    """What an entry tells; None when nothing that is shown."""
    changes = {str(change.key): change for change in entry.changes}
    if entry.action_type == _Event.MEMBER_UPDATE:
        nick = changes.get("nick")
        if nick is None or entry.target_id is None:
            return None
        details = {"before": nick.old_value, "after": nick.new_value}
        return Change(what="nick", member_id=int(entry.target_id), details=details)
    if entry.action_type == _Event.MEMBER_ROLE_UPDATE:
        given, taken = (_roles(changes.get(key)) for key in ("$add", "$remove"))
        if entry.target_id is None or not (given or taken):
            return None
        details = {"given": given, "taken": taken}
        return Change(what="member_roles", member_id=int(entry.target_id), details=details)
    what = _THINGS.get(int(entry.action_type))
    if what is None or entry.target_id is None:
        return None
    return _thing(what, entry, changes)


def _thing(what: str, entry: hikari.AuditLogEntry, changes: Mapping[str, Any]) -> Change | None:
    shown: list[list[str]] = []
    for key, change in changes.items():
        if key in _SHOWN and not (key == "name" and not what.endswith("_changed")):
            before, after = _value(key, change.old_value), _value(key, change.new_value)
            # What was made or deleted is its whole self: only what says something.
            if before != after and (before or after):
                shown.append([key, before, after])
    name = changes.get("name")
    if what.endswith("_changed") and not shown:
        return None
    details: dict[str, Any] = {"changes": shown if what.endswith("_changed") or "overwrite" in what else []}
    if name is not None:
        details["name"] = str(name.new_value or name.old_value or "")
    if what.startswith("role"):
        return Change(what=what, details={**details, "role": str(entry.target_id)})
    if isinstance(entry.options, hikari.ChannelOverwriteEntryInfo):
        for_role = entry.options.type == hikari.PermissionOverwriteType.ROLE
        details["overwrite"] = f"<@&{entry.options.id}>" if for_role else f"<@{entry.options.id}>"
    return Change(what=what, channel_id=int(entry.target_id or 0), details=details)


def _roles(change: Any) -> Sequence[str]:
    value: Any = None if change is None else change.new_value
    return [str(int(role)) for role in value] if isinstance(value, Mapping) else []  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def _value(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key in _PERMISSIONS:
        names = [flag.name or "" for flag in hikari.Permissions(value)]
        return ", ".join(name.replace("_", " ").title() for name in sorted(names))
    if key == "rate_limit_per_user":
        seconds = value.total_seconds() if hasattr(value, "total_seconds") else value
        return f"{seconds:g} s"
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return str(value)

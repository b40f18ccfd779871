"""The JSON of single things as Discord writes it, where simcord's serializers leave out, null or misplace.

The serializers are wrapped once, in place, because REST answers and gateway events are both built from
them. They gain fields, and lose those that Discord leaves out when they are empty; what simcord's other
users in the process read is still there. What is right is what :mod:`loopcord.conformance` checks.
"""

from __future__ import annotations

import copy
from typing import Any

from ._simcord import serializers
from .automod_actions import QUARANTINED

__all__ = ["install"]


def _wrap(name: str, extend: Any) -> None:
    """Replace ``serializers.NAME`` by itself followed by ``extend(payload, *arguments)``, once."""
    original = getattr(serializers, name)
    if getattr(original, "__loopcord__", False):
        return

    def repaired(*args: Any, **kwargs: Any) -> Any:
        payload = original(*args, **kwargs)
        extend(payload, *args)
        return payload

    repaired.__loopcord__ = True  # type: ignore[attr-defined]
    repaired.__wrapped__ = original  # type: ignore[attr-defined]
    repaired.__name__ = name
    setattr(serializers, name, repaired)


def _user(payload: dict[str, Any], *_: Any) -> None:
    payload.setdefault("banner", None)
    payload.setdefault("accent_color", None)


def _member(payload: dict[str, Any], backend: Any, guild: Any, member: Any, *_: Any) -> None:
    payload.setdefault("banner", None)
    if (guild.id, member.user_id) in getattr(backend, "quarantined", ()):
        payload["flags"] |= QUARANTINED


def _channel(payload: dict[str, Any], backend: Any, channel: Any, *_: Any) -> None:
    if channel.type == 1:
        payload["name"] = None
    payload["nsfw"] = channel.id in getattr(backend, "nsfw_channels", ())
    payload.setdefault("flags", 0)
    if channel.type == 15:
        payload.setdefault("default_sort_order", None)
        payload.setdefault("default_forum_layout", 0)


def _guild(payload: dict[str, Any], backend: Any, guild: Any, *_: Any) -> None:
    # Discord sends `unavailable` only around outages and at start; the gateway adds it there.
    payload.pop("unavailable", None)
    me = guild.members.get(backend.bot_user.id)
    if me is not None:
        payload["joined_at"] = me.joined_at
    payload.update(
        nsfw_level=0,
        nsfw=False,
        max_video_channel_users=25,
        max_stage_video_channel_users=50,
        approximate_member_count=len(guild.members),
        approximate_presence_count=len(guild.members),
        widget_enabled=False,
        widget_channel_id=None,
        safety_alerts_channel_id=None,
        incidents_data=backend.incidents.payload(guild.id) if hasattr(backend, "incidents") else None,
        hub_type=None,
    )


def _message(payload: dict[str, Any], *_: Any) -> None:
    if payload["nonce"] is None:
        del payload["nonce"]
    metadata = payload.get("interaction_metadata")
    if metadata is not None and metadata["type"] == 2:
        # Deprecated and still sent with answers to commands; discord.py knows by it, up to 2.3, whose
        # buttons are pressed. https://discord.com/developers/docs/resources/message#message-object
        payload["interaction"] = {key: metadata[key] for key in ("id", "type", "name", "user")}


def _snapshot(payload: dict[str, Any], _backend: Any, message: Any) -> None:
    """A forward of a forward carries the snapshot of the original; they are not nested.

    Source: https://discord.com/developers/docs/resources/message#message-snapshot-object
    """
    if message.snapshots:
        payload["message"] = copy.deepcopy(message.snapshots[0]["message"])


def _audit_log_entry(payload: dict[str, Any], *_: Any) -> None:
    """What an entry does not have is left out, not null; the ids in its changes are text, as everywhere."""
    for key in ("reason", "options"):
        if payload[key] is None:
            del payload[key]
    payload["changes"] = [
        {key: _plain(change["key"], value) for key, value in change.items() if value is not None}
        for change in payload["changes"]
    ]


def _plain(key: str, value: Any) -> Any:
    return str(value) if isinstance(value, int) and (key == "id" or key.endswith("_id")) else value


def _invite(payload: dict[str, Any], *_: Any) -> None:
    payload["type"] = 0  # to a guild, the only kind there is here


def _scheduled_event(payload: dict[str, Any], *_: Any) -> None:
    payload.setdefault("recurrence_rule", None)


def install() -> None:
    """Wrap the serializers, if they are not yet."""
    _wrap("audit_log_entry_payload", _audit_log_entry)
    _wrap("channel_payload", _channel)
    _wrap("guild_create_payload", _guild)
    _wrap("invite_payload", _invite)
    _wrap("member_payload", _member)
    _wrap("message_payload", _message)
    _wrap("message_snapshot_payload", _snapshot)
    _wrap("scheduled_event_payload", _scheduled_event)
    _wrap("user_payload", _user)

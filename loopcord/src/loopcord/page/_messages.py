"""What one member sees in the chat: the messages of a channel as JSON for the page.

Ephemeral answers are included only for the person they were given to; reactions say whether the
viewer is among them; a forward shows the snapshot it carries.
"""

from __future__ import annotations

import re
from typing import Any

from loopcord._simcord import EPHEMERAL_FLAG, channel_accessible

from ._world import display_name, may

__all__ = ["PAGE_SIZE", "messages"]

PAGE_SIZE = 60
"""How many messages a channel shows before someone asks for older ones."""

_LOADING_FLAG = 1 << 7
"""An interaction's answer that is still "thinking".

Source: https://discord.com/developers/docs/resources/message#message-object-message-flags
"""
_FORWARD = 1
_CDN_FILE = re.compile(
    r"https?://(?:cdn\.simcord\.invalid|127\.0\.0\.1:\d+/cdn)/(?P<path>attachments/\d+/\d+/[^/?#]+)$"
)


def messages(backend: Any, guild_id: int, viewer_id: int, channel_id: int, limit: int) -> dict[str, Any]:
    """The last ``limit`` messages of a channel that ``viewer_id`` may read, oldest first.

    Returns ``{"messages": […], "older": bool}``; empty when the channel is closed to the viewer.
    """
    channel = backend.channels.get(channel_id)
    if channel is None or not channel_accessible(backend, channel_id, viewer_id, history=True):
        return {"messages": [], "older": False}
    rows = [row for row in backend.messages.get(channel_id, {}).values() if row.visible_to(viewer_id)]
    rows.sort(key=lambda row: row.id)
    allowed = may(backend, viewer_id, channel)
    shown = rows[-limit:]
    return {
        "messages": [_message(backend, guild_id, viewer_id, row, allowed) for row in shown],
        "older": len(rows) > len(shown),
    }


def _message(
    backend: Any, guild_id: int, viewer_id: int, row: Any, allowed: dict[str, bool]
) -> dict[str, Any]:
    author = backend.users[row.author_id]
    mine = row.author_id == viewer_id
    ephemeral = bool(row.flags & EPHEMERAL_FLAG)
    return {
        "id": str(row.id),
        "type": int(row.type),
        "author": {
            "id": str(author.id),
            "name": row.author_name or display_name(backend, guild_id, author.id),
            "bot": author.bot,
        },
        "content": row.content,
        "timestamp": row.timestamp,
        "edited": row.edited_timestamp is not None and not row.flags & _LOADING_FLAG,
        "pinned": row.pinned,
        "ephemeral": ephemeral,
        "loading": bool(row.flags & _LOADING_FLAG),
        "embeds": [_embed(embed) for embed in row.embeds],
        "components": row.components,
        "attachments": [_attachment(item) for item in row.attachments],
        "reactions": [_reaction(backend, guild_id, viewer_id, r) for r in row.reactions if r.user_ids],
        "reply": _reply(backend, guild_id, viewer_id, row),
        "forward": _forward(backend, viewer_id, row),
        "used": _used(backend, guild_id, row),
        "names": {str(user): display_name(backend, guild_id, user) for user in row.mention_user_ids},
        "pings_me": _pings(backend, guild_id, viewer_id, row),
        "may": {
            "edit": mine and not row.snapshots,
            "delete": (mine or allowed["manage"]) and not ephemeral,
            "react": allowed["react"] and not ephemeral,
            "reply": allowed["send"] and not ephemeral,
        },
    }  # fmt: skip


def _pings(backend: Any, guild_id: int, viewer_id: int, row: Any) -> bool:
    guild = backend.guilds.get(guild_id)
    member = guild.members.get(viewer_id) if guild is not None else None
    by_role = member is not None and any(role in member.role_ids for role in row.ping_role_ids)
    return row.mention_everyone or viewer_id in row.ping_user_ids or by_role


def _media(url: str | None) -> str | None:
    """A file of the local Discord's CDN becomes a path the page serves itself; others stay as they are."""
    found = _CDN_FILE.match(url) if url is not None else None
    return f"media/{found['path']}" if found is not None else url


def _embed(embed: dict[str, Any]) -> dict[str, Any]:
    shown = dict(embed)
    for key in ("image", "thumbnail"):
        if isinstance(picture := embed.get(key), dict):
            shown[key] = {**picture, "url": _media(picture.get("url"))}
    return shown


def _attachment(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "filename": item["filename"],
        "size": item["size"],
        "url": _media(item.get("url")),
        "content_type": item.get("content_type") or "application/octet-stream",
    }


def _reaction(backend: Any, guild_id: int, viewer_id: int, item: Any) -> dict[str, Any]:
    return {
        "emoji": item.emoji,
        "count": len(item.user_ids),
        "me": viewer_id in item.user_ids,
        "names": [display_name(backend, guild_id, user) for user in item.user_ids[:20]],
    }


def _reply(backend: Any, guild_id: int, viewer_id: int, row: Any) -> dict[str, Any] | None:
    """The quoted line above a reply; ``gone`` when its target was deleted or is not for the viewer."""
    reference = row.reference
    if reference is None or reference.get("type", 0) == _FORWARD or "message_id" not in reference:
        return None
    channel_id = int(reference.get("channel_id", row.channel_id))
    target = backend.messages.get(channel_id, {}).get(int(reference["message_id"]))
    if target is None or not target.visible_to(viewer_id):
        return {"gone": True}
    return {
        "gone": False,
        "id": str(target.id),
        "author": {
            "id": str(target.author_id),
            "name": target.author_name or display_name(backend, guild_id, target.author_id),
        },
        "content": target.content or ("(embed)" if target.embeds else "(attachment)"),
    }


def _forward(backend: Any, viewer_id: int, row: Any) -> dict[str, Any] | None:
    if not row.snapshots:
        return None
    snapshot = row.snapshots[0]["message"]
    source = int((row.reference or {}).get("channel_id", 0))
    known = source in backend.channels and channel_accessible(backend, source, viewer_id)
    return {
        "content": snapshot.get("content", ""),
        "embeds": [_embed(embed) for embed in snapshot.get("embeds", [])],
        "attachments": [_attachment(item) for item in snapshot.get("attachments", [])],
        "timestamp": snapshot.get("timestamp"),
        "channel": {"id": str(source), "name": backend.channels[source].name} if known else None,
    }


def _used(backend: Any, guild_id: int, row: Any) -> dict[str, Any] | None:
    """Who called the command that a message answers, and the command's name."""
    metadata = row.interaction_metadata
    if not metadata or not metadata.get("name"):
        return None
    user_id = int(metadata["user"]["id"])
    return {
        "id": str(user_id),
        "name": display_name(backend, guild_id, user_id),
        "command": metadata["name"],
        "slash": metadata.get("command_type", 1) == 1,
    }

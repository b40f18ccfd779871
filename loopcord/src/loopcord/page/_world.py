"""What one member sees around the chat: channels, people and the commands the picker offers.

Every function here reads the local Discord and returns JSON; nothing is remembered between calls,
so a page is never out of step with the world it shows.
"""

from __future__ import annotations

import heapq
from typing import Any

from loopcord._simcord import channel_accessible
from loopcord.permissions import BITS

__all__ = ["display_name", "dm_channel", "may", "people", "world"]

TEXT, DM, VOICE, CATEGORY, NEWS, STAGE, FORUM = 0, 1, 2, 4, 5, 13, 15
READABLE = frozenset({TEXT, NEWS, 10, 11, 12})
"""Channel types whose messages the page shows (text, announcements, threads).

Source: https://discord.com/developers/docs/resources/channel#channel-object-channel-types
"""

SHOWN_MEMBERS = 200
"""How many members the list shows; a bigger guild is counted in full but listed in part."""

_SUBCOMMANDS = frozenset({1, 2})
_CHAT_INPUT, _ON_USER, _ON_MESSAGE = 1, 2, 3
_OPTION_FIELDS = (
    "name", "type", "description", "required", "choices", "autocomplete", "channel_types",
    "min_value", "max_value", "min_length", "max_length",
)  # fmt: skip


def display_name(backend: Any, guild_id: int, user_id: int) -> str:
    """The name people read: the guild nickname, else the display name, else the user name."""
    user = backend.users.get(user_id)
    if user is None:
        return "Unknown user"
    guild = backend.guilds.get(guild_id)
    member = guild.members.get(user_id) if guild is not None else None
    nick = member.nick if member is not None else None
    return str(nick or user.global_name or user.name)


def dm_channel(backend: Any, user_id: int) -> Any | None:
    """The direct message channel between ``user_id`` and the bot, once one of them opened it."""
    return backend.channels.get(backend.dm_channels.get(user_id))


def may(backend: Any, viewer_id: int, channel: Any) -> dict[str, bool]:
    """What the composer and the message menus may offer ``viewer_id`` in ``channel``."""
    if channel.guild_id is None:
        return {"send": True, "react": True, "attach": True, "manage": False, "history": True}
    bits = backend.compute_permissions(channel.guild_id, viewer_id, channel.id)
    send = "send_messages_in_threads" if channel.is_thread else "send_messages"
    return {
        "send": bool(bits & BITS[send]),
        "react": bool(bits & BITS["add_reactions"]),
        "attach": bool(bits & BITS["attach_files"]),
        "manage": bool(bits & BITS["manage_messages"]),
        "history": bool(bits & BITS["read_message_history"]),
    }


def world(backend: Any, guild_id: int, viewer_id: int, channel_id: int) -> dict[str, Any]:
    """Everything but messages and :func:`people`, as ``viewer_id`` would see it in ``channel_id``."""
    guild = backend.guilds[guild_id]
    channel = backend.channels.get(channel_id)
    inside = viewer_id in guild.members
    open_here = (
        inside
        and channel is not None
        and channel.type in READABLE | {DM}
        and channel_accessible(backend, channel_id, viewer_id)
    )
    return {
        "guild": {"id": str(guild.id), "name": guild.name, "member_count": len(guild.members)},
        "me": {
            "id": str(viewer_id),
            "name": display_name(backend, guild_id, viewer_id),
            "inside": inside,
            "timed_out_until": guild.members[viewer_id].timed_out_until if inside else None,
            "permissions": _permissions(backend, guild, viewer_id),
        },
        "bot": {"id": str(backend.bot_user.id), "name": backend.bot_user.name},
        "channel": _channel(backend, viewer_id, channel) if open_here else None,
        "channels": _channels(backend, guild, viewer_id) if inside else [],
        "dm": _direct(backend, viewer_id),
        "commands": _commands(backend, viewer_id, channel_id) if open_here else [],
        "menus": _menus(backend, viewer_id, channel_id) if open_here else {"user": [], "message": []},
    }


def people(backend: Any, guild_id: int) -> dict[str, Any]:
    """The guild's members, highest role first, and its roles; the dear part of the page in a big guild."""
    guild = backend.guilds[guild_id]
    return {
        "roles": [
            {"id": str(role.id), "name": role.name, "color": role.color}
            for role in sorted(guild.roles.values(), key=lambda role: -role.position)
            if role.id != guild.id
        ],
        "members": _members(backend, guild),
    }


def _permissions(backend: Any, guild: Any, viewer_id: int) -> list[str]:
    if viewer_id not in guild.members:
        return []
    bits = backend.compute_permissions(guild.id, viewer_id)
    return [
        name
        for name in ("kick_members", "ban_members", "moderate_members", "use_application_commands")
        if bits & BITS[name]
    ]


def _channel(backend: Any, viewer_id: int, channel: Any) -> dict[str, Any]:
    name = backend.bot_user.name if channel.type == DM else channel.name
    return {
        "id": str(channel.id),
        "type": int(channel.type),
        "name": name,
        "topic": channel.topic,
        "slowmode": channel.rate_limit_per_user,
        "may": may(backend, viewer_id, channel),
    }


def _channels(backend: Any, guild: Any, viewer_id: int) -> list[dict[str, Any]]:
    """Categories and the channels under them, in the order a client draws them."""
    visible = [
        channel
        for channel_id in (*guild.channel_ids, *guild.thread_ids)
        if (channel := backend.channels.get(channel_id)) is not None
        and (channel.type == CATEGORY or channel_accessible(backend, channel.id, viewer_id))
    ]
    return [
        {
            "id": str(channel.id),
            "type": int(channel.type),
            "name": channel.name,
            "parent": str(channel.parent_id) if channel.parent_id else None,
            "position": channel.position,
            "readable": channel.type in READABLE,
            "thread": bool(channel.is_thread),
            "last": str(_last_visible(backend, channel, viewer_id) or ""),
        }
        for channel in sorted(visible, key=lambda channel: (channel.position, channel.id))
    ]


def _last_visible(backend: Any, channel: Any, viewer_id: int) -> int | None:
    messages = backend.messages.get(channel.id, {})
    return next((key for key in reversed(messages) if messages[key].visible_to(viewer_id)), None)


def _direct(backend: Any, viewer_id: int) -> dict[str, Any] | None:
    channel = dm_channel(backend, viewer_id)
    if channel is None:
        return None
    return {
        "id": str(channel.id),
        "name": backend.bot_user.name,
        "last": str(_last_visible(backend, channel, viewer_id) or ""),
    }


def _members(backend: Any, guild: Any) -> list[dict[str, Any]]:
    def standing(member: Any) -> Any | None:
        roles = [guild.roles[r] for r in member.role_ids if r in guild.roles and not guild.roles[r].managed]
        return max(roles, key=lambda role: role.position, default=None)

    def row(member: Any) -> dict[str, Any]:
        user, top = backend.users[member.user_id], standing(member)
        colours = [
            guild.roles[r] for r in member.role_ids if r in guild.roles and guild.roles[r].color
        ]  # fmt: skip
        colour = max(colours, key=lambda role: role.position, default=None)
        return {
            "id": str(user.id),
            "name": display_name(backend, guild.id, user.id),
            "username": user.name,
            "bot": user.bot,
            "owner": user.id == guild.owner_id,
            "group": "Apps" if user.bot else top.name if top is not None else "Members",
            "rank": -1 if user.bot else top.position if top is not None else 0,
            "color": colour.color if colour is not None else 0,
            "roles": [str(role_id) for role_id in member.role_ids],
            "timed_out_until": member.timed_out_until,
        }

    ranked = ((not member.role_ids, member.user_id) for member in guild.members.values())
    first = [guild.members[user_id] for _, user_id in heapq.nsmallest(SHOWN_MEMBERS, ranked)]
    return sorted((row(member) for member in first), key=lambda r: (-r["rank"], r["name"].casefold()))


def _commands(backend: Any, viewer_id: int, channel_id: int) -> list[dict[str, Any]]:
    """The chat input commands the member could run here, one entry per (sub)command."""
    found: list[dict[str, Any]] = []

    def visit(path: list[str], node: dict[str, Any]) -> None:
        options = node.get("options") or []
        children = [option for option in options if option.get("type") in _SUBCOMMANDS]
        for child in children:
            visit([*path, child["name"]], child)
        if not children:
            found.append(
                {
                    "path": " ".join(path),
                    "description": node.get("description") or "",
                    "options": [
                        {field: option[field] for field in _OPTION_FIELDS if option.get(field) is not None}
                        for option in options
                    ],
                }
            )

    for command in backend.visible_commands(user_id=viewer_id, channel_id=channel_id, type=_CHAT_INPUT):
        visit([command["name"]], command)
    return found


def _menus(backend: Any, viewer_id: int, channel_id: int) -> dict[str, list[str]]:
    def named(kind: int) -> list[str]:
        commands = backend.visible_commands(user_id=viewer_id, channel_id=channel_id, type=kind)
        return [command["name"] for command in commands]

    return {"user": named(_ON_USER), "message": named(_ON_MESSAGE)}

"""Request Guild Members (opcode 8): who is asked for, in which chunks, and how often all of them.

Source: https://discord.com/developers/docs/events/gateway-events#request-guild-members
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._simcord import GuildModel, serializers

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["chunks", "wants_all"]

#: Members per GUILD_MEMBERS_CHUNK (Discord: "up to 1000").
CHUNK_SIZE = 1000


def wants_all(data: Mapping[str, Any]) -> bool:
    """Whether every member of a guild is asked for, which Discord allows once in a while only."""
    return "user_ids" not in data and not data.get("query") and not data.get("limit")


def chunks(backend: LocalBackend, guild: GuildModel, data: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The payloads of GUILD_MEMBERS_CHUNK that answer a request."""
    not_found: list[str] = []
    if "user_ids" in data:
        wanted = data["user_ids"] if isinstance(data["user_ids"], list) else [data["user_ids"]]
        found = [guild.members[int(i)] for i in wanted if int(i) in guild.members]
        not_found = [str(i) for i in wanted if int(i) not in guild.members]
    else:
        prefix = str(data.get("query") or "").casefold()
        found = [
            member
            for member in guild.members.values()
            if backend.users[member.user_id].name.casefold().startswith(prefix)
            or (member.nick or "").casefold().startswith(prefix)
        ]
    limit = int(data.get("limit") or 0)
    if limit:
        found = found[:limit]
    parts = [found[i : i + CHUNK_SIZE] for i in range(0, len(found), CHUNK_SIZE)] or [[]]
    for index, part in enumerate(parts):
        payload: dict[str, Any] = {
            "guild_id": str(guild.id),
            "members": [serializers.member_payload(backend, guild, member) for member in part],
            "chunk_index": index,
            "chunk_count": len(parts),
        }
        if not_found and index == 0:
            payload["not_found"] = not_found
        if data.get("presences"):
            payload["presences"] = []
        if data.get("nonce") is not None:
            payload["nonce"] = data["nonce"]
        yield payload

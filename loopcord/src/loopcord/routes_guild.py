"""Routes about guilds: messages, reactions, channels, members and bans.

Source: https://discord.com/developers/docs/resources/guild and its siblings
"""

from __future__ import annotations

from typing import Any

from ._simcord import BackendError, serializers
from .posting import ONLY_AT_CREATION
from .routes import Call, Routes

__all__ = ["ROUTES"]

ROUTES = Routes()
_route = ROUTES.add

# ------------------------------------------------------------------ messages


@_route("POST", "/channels/{channel_id}/messages")
def _send_message(call: Call) -> Any:
    """With ``enforce_nonce``, a nonce used lately by the author returns the first message."""
    nonce = call.body.get("nonce")
    if nonce is None:
        return call.proceed(call.context.json)
    nonce = str(nonce)
    if len(nonce) > 25:
        raise BackendError(400, 50035, "Invalid Form Body: nonce must be 25 or fewer in length")
    channel, me = call.id("channel_id"), call.backend.bot_user.id
    first = call.backend.message_of_nonce(channel, me, nonce) if call.body.get("enforce_nonce") else None
    if first is not None and first in call.backend.messages.get(channel, {}):
        message = call.backend.messages[channel][first]
        return {**serializers.message_payload(call.backend, message, for_user=me), "nonce": nonce}
    sent = call.proceed(call.context.json)
    call.backend.remember_nonce(channel, me, nonce, int(sent["id"]))
    return {**sent, "nonce": nonce}


@_route("GET", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}")
def _reactions(call: Call) -> Any:
    """Page through who reacted, by ascending id; without pages a client would ask for ever."""
    people = sorted(call.proceed(None), key=lambda user: int(user["id"]))
    return _page(call, people, default=25, most=100)


# ------------------------------------------------------------------ channels


def _with_nsfw(call: Call) -> Any:
    """Keep ``nsfw`` ourselves; simcord refuses it."""
    body = dict(call.body)
    nsfw = body.pop("nsfw", None)
    payload = call.proceed(body)
    if nsfw is not None:
        call.backend.set_nsfw(int(payload["id"]), bool(nsfw))
        payload["nsfw"] = bool(nsfw)
    return payload


_route("PATCH", "/channels/{channel_id}")(_with_nsfw)
_route("POST", "/guilds/{guild_id}/channels")(_with_nsfw)


# ------------------------------------------------------------------ guilds, members and bans


def _page(call: Call, items: list[dict[str, Any]], *, default: int, most: int, key: str = "id") -> Any:
    """Discord's paging by ``limit``, ``after`` and ``before`` over ascending snowflakes."""
    query = call.context.params
    limit = int(query.get("limit", default))
    if not 1 <= limit <= most:
        raise BackendError(400, 50035, f"Invalid Form Body: limit must be between 1 and {most}")

    def snowflake(item: dict[str, Any]) -> int:
        return int(item["user"]["id"] if key == "user" else item["id"])

    if "after" in query:
        items = [item for item in items if snowflake(item) > int(query["after"])]
    if "before" in query:
        return [item for item in items if snowflake(item) < int(query["before"])][-limit:]
    return items[:limit]


@_route("GET", "/users/@me/guilds")
def _my_guilds(call: Call) -> Any:
    backend, me = call.backend, call.backend.bot_user.id
    guilds = [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": guild.owner_id == me,
            "permissions": str(backend.compute_permissions(guild.id, me)),
            "features": [],
            "approximate_member_count": len(guild.members),
            "approximate_presence_count": len(guild.members),
        }
        for guild in sorted(backend.guilds.values(), key=lambda guild: guild.id)
    ]
    return _page(call, guilds, default=200, most=200)


@_route("GET", "/guilds/{guild_id}")
@_route("PATCH", "/guilds/{guild_id}")
def _guild(call: Call) -> Any:
    """The guild object, without what only GUILD_CREATE tells: its members, channels and the rest."""
    counts = () if str(call.context.params.get("with_counts")).lower() in ("true", "1") else _COUNTS
    answer = call.proceed(call.context.json)
    return {key: value for key, value in answer.items() if key not in (*ONLY_AT_CREATION, *counts)}


_COUNTS = ("approximate_member_count", "approximate_presence_count")


@_route("GET", "/users/@me/guilds/{guild_id}/member")
def _my_member(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    return dict(serializers.member_payload(call.backend, guild, guild.members[call.backend.bot_user.id]))


@_route("GET", "/guilds/{guild_id}/bans")
def _bans(call: Call) -> Any:
    bans = sorted(call.proceed(None), key=lambda ban: int(ban["user"]["id"]))
    return _page(call, bans, default=1000, most=1000, key="user")


@_route("GET", "/guilds/{guild_id}/members/search")
def _search_members(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    prefix = str(call.context.params.get("query", "")).casefold()
    limit = int(call.context.params.get("limit", 1))
    found = [
        member
        for member in guild.members.values()
        if call.backend.users[member.user_id].name.casefold().startswith(prefix)
        or (member.nick or "").casefold().startswith(prefix)
    ]
    return [dict(serializers.member_payload(call.backend, guild, member)) for member in found[:limit]]


@_route("PUT", "/guilds/{guild_id}/bans/{user_id}")
def _ban(call: Call) -> Any:
    """Ban, then delete the person's messages of the last ``delete_message_seconds``."""
    seconds = call.body.get("delete_message_seconds")
    if seconds is None:
        seconds = int(call.body.get("delete_message_days") or 0) * 86_400
    if not 0 <= int(seconds) <= 604_800:
        raise BackendError(
            400, 50035, "Invalid Form Body: delete_message_seconds must be between 0 and 604800"
        )
    answer = call.proceed({})
    call.backend.delete_recent(call.id("guild_id"), call.id("user_id"), int(seconds))
    return answer


@_route("DELETE", "/guilds/{guild_id}/members/{user_id}")
def _kick(call: Call) -> Any:
    if call.id("user_id") not in call.backend.get_guild(call.id("guild_id")).members:
        raise BackendError(404, 10007, "Unknown Member")
    return call.proceed(call.context.json)


@_route("GET", "/voice/regions")
def _voice_regions(call: Call) -> Any:
    return [{"id": "loopback", "name": "Loopback", "optimal": True, "deprecated": False, "custom": False}]

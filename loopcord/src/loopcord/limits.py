"""Discord's rate limits, as far as they are known: one table, each row with its source.

Discord documents the rules, the global limit and that emoji routes are limited by guild, and asks
clients to read the headers for the rest ("rate limits should not be hard coded"); the other numbers
were observed by authors of libraries and may change any day.
Source of the rules: https://discord.com/developers/docs/topics/rate-limits
"""

from __future__ import annotations

from typing import NamedTuple

from .buckets import Limit

__all__ = [
    "DISCORD_LIMITS",
    "DISCORD_SHARED",
    "GLOBAL",
    "IDENTIFY",
    "INVALID",
    "OTHERS",
    "REQUEST_MEMBERS",
    "RouteLimit",
    "SharedLimit",
]

_ISSUES = "https://github.com/discord/discord-api-docs/issues"
_HATA = "observed: https://github.com/HuyaneMatsu/hata, hata/discord/http/rate_limit_groups.py"

#: "All bots can make up to 50 requests per second" (documented).
GLOBAL = Limit(50, 1)
#: Answers of 401, 403 and 429 (but for those of scope ``shared``) before an address is banned for the
#: rest of the ten minutes (documented).
INVALID = Limit(10_000, 600)
#: IDENTIFYs of the shards whose id is the same modulo ``max_concurrency``; more answer opcode 9 (documented).
#: https://discord.com/developers/docs/events/gateway#sharding-max-concurrency
IDENTIFY = Limit(1, 5)
#: Requests for all members of one guild; more answer RATE_LIMITED (documented).
#: https://discord.com/developers/docs/events/gateway-events#request-guild-members
REQUEST_MEMBERS = Limit(1, 30)
#: For a route of which nothing is known: a guess, modelled on those that are.
OTHERS = Limit(5, 1)


class RouteLimit(NamedTuple):
    """The limit of a route such as ``POST /channels/{channel_id}/messages``; None frees it."""

    route: str
    limit: Limit | None
    source: str
    #: The row is only about messages sent more than so many seconds ago.
    older_than: float = 0.0


class SharedLimit(NamedTuple):
    """A second limit, of the resource and not of the bot: headers do not show it, only its 429 does.

    It counts requests that carry one of ``fields`` in their JSON body, or all if there are none.
    """

    route: str
    limit: Limit
    source: str
    fields: frozenset[str] = frozenset()


_DAY = 86_400
_MESSAGE = "/channels/{channel_id}/messages/{message_id}"
_MEMBER = "/guilds/{guild_id}/members/{user_id}"
_RULE = "/guilds/{guild_id}/auto-moderation/rules"
_WEBHOOK = "/webhooks/{webhook_id}/{webhook_token}"


def _rows(limit: Limit | None, source: str, *routes: str) -> tuple[RouteLimit, ...]:
    return tuple(RouteLimit(route, limit, source) for route in routes)


DISCORD_LIMITS: tuple[RouteLimit, ...] = (
    *_rows(
        Limit(5, 5, "messages"),
        f"observed: {_ISSUES}/981",
        "POST /channels/{channel_id}/messages",
        f"PATCH {_MESSAGE}",
    ),
    RouteLimit(
        f"DELETE {_MESSAGE}",
        Limit(30, 120, "delete-old", sliding=True),
        f"observed: {_ISSUES}/8330",
        14 * _DAY,
    ),
    RouteLimit(f"DELETE {_MESSAGE}", Limit(3, 1, "delete", sliding=True), f"observed: {_ISSUES}/8330", 10),
    RouteLimit(f"DELETE {_MESSAGE}", Limit(5, 5, "delete-new", sliding=True), f"observed: {_ISSUES}/8330"),
    *_rows(Limit(1, 3), _HATA, "POST /channels/{channel_id}/messages/bulk-delete"),
    *_rows(Limit(5, 5), _HATA, "GET /channels/{channel_id}/messages", f"GET {_MESSAGE}"),
    *_rows(
        Limit(1, 0.25, "reactions"),
        "observed: https://github.com/discord-jda/JDA/pull/1020",
        f"PUT {_MESSAGE}/reactions/{{emoji}}/@me",
        f"DELETE {_MESSAGE}/reactions/{{emoji}}/@me",
        f"DELETE {_MESSAGE}/reactions/{{emoji}}/{{user_id}}",
        f"DELETE {_MESSAGE}/reactions/{{emoji}}",
        f"DELETE {_MESSAGE}/reactions",
    ),
    *_rows(Limit(10, 3_600), _HATA, f"POST {_MESSAGE}/crosspost"),
    *_rows(
        Limit(5, 4, "pins"),
        _HATA,
        "PUT /channels/{channel_id}/pins/{message_id}",
        "DELETE /channels/{channel_id}/pins/{message_id}",
    ),
    *_rows(Limit(5, 5), _HATA, "POST /channels/{channel_id}/typing"),
    *_rows(Limit(5, 15), f"observed: {_ISSUES}/1900", "PATCH /channels/{channel_id}"),
    *_rows(
        Limit(10, 15, "overwrites"),
        _HATA,
        "PUT /channels/{channel_id}/permissions/{overwrite_id}",
        "DELETE /channels/{channel_id}/permissions/{overwrite_id}",
    ),
    *_rows(Limit(5, 15), _HATA, "POST /channels/{channel_id}/invites"),
    *_rows(
        Limit(50, 300, "threads"), _HATA, "POST /channels/{channel_id}/threads", f"POST {_MESSAGE}/threads"
    ),
    *_rows(Limit(5, 1), _HATA, f"GET {_MEMBER}", f"DELETE {_MEMBER}"),
    *_rows(Limit(10, 10), _HATA, f"PATCH {_MEMBER}", f"PUT {_MEMBER}"),
    *_rows(Limit(1, 1), _HATA, "PATCH /guilds/{guild_id}/members/@me"),
    *_rows(Limit(10, 10), _HATA, "GET /guilds/{guild_id}/members", "GET /guilds/{guild_id}/members/search"),
    *_rows(
        Limit(10, 10, "member-roles"),
        _HATA,
        f"PUT {_MEMBER}/roles/{{role_id}}",
        f"DELETE {_MEMBER}/roles/{{role_id}}",
    ),
    *_rows(Limit(10, 10), _HATA, "GET /guilds/{guild_id}/bans"),
    *_rows(Limit(250, 2 * _DAY), _HATA, "POST /guilds/{guild_id}/roles"),
    *_rows(Limit(1_000, _DAY), _HATA, "PATCH /guilds/{guild_id}/roles/{role_id}"),
    *_rows(Limit(5, 10), _HATA, f"GET {_RULE}", f"GET {_RULE}/{{rule_id}}"),
    *_rows(Limit(5, 30), _HATA, f"POST {_RULE}", f"DELETE {_RULE}/{{rule_id}}"),
    *_rows(Limit(10, 30), _HATA, f"PATCH {_RULE}/{{rule_id}}"),
    *(
        row
        for commands in (
            "/applications/{application_id}/commands",
            "/applications/{application_id}/guilds/{guild_id}/commands",
        )
        for row in (
            *_rows(None, _HATA, f"GET {commands}", f"GET {commands}/{{command_id}}"),
            *_rows(Limit(2, 60), _HATA, f"PUT {commands}"),
            *_rows(
                Limit(5, 20),
                _HATA,
                f"POST {commands}",
                f"PATCH {commands}/{{command_id}}",
                f"DELETE {commands}/{{command_id}}",
            ),
        )
    ),
    *_rows(
        Limit(5, 2, "webhook"),
        f"observed: {_ISSUES}/367",
        f"POST {_WEBHOOK}",
        f"GET {_WEBHOOK}/messages/{{message_id}}",
        f"PATCH {_WEBHOOK}/messages/{{message_id}}",
        f"DELETE {_WEBHOOK}/messages/{{message_id}}",
    ),
    *_rows(None, _HATA, "POST /interactions/{interaction_id}/{interaction_token}/callback"),
    *_rows(None, _HATA, "POST /users/@me/channels"),
    *_rows(Limit(30, 30), _HATA, "GET /users/{user_id}"),
    *_rows(Limit(2, 600), _HATA, "PATCH /users/@me"),
    *_rows(Limit(2, 5), _HATA, "GET /gateway/bot"),
)

DISCORD_SHARED: tuple[SharedLimit, ...] = (
    SharedLimit(
        "PATCH /channels/{channel_id}",
        Limit(2, 600),
        f"observed: {_ISSUES}/1900",
        frozenset({"name", "topic"}),
    ),
    SharedLimit(
        "POST /guilds/{guild_id}/emojis",
        Limit(50, 3_600),
        f"documented that there is one for each guild; {_HATA}",
    ),
)

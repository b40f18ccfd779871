"""Routes that list things page by page, where simcord's pages never end, lose rows or know no limits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import pages
from ._simcord import ChannelModel, channel_accessible, serializers
from .parity import Correction
from .routes import Call, Handler, Routes
from .routes_messages import reaction_emoji
from .rules import limits
from .rules.forms import Form, Integer, moment

__all__ = ["CORRECTIONS", "ROUTES"]

ROUTES: Routes[Handler] = Routes()
_route = ROUTES.add


def _users(call: Call, ids: Iterable[int], size: tuple[int, int], *cursors: str) -> list[int]:
    """The page of people, by ascending id, that the query asks for."""
    page = pages.asked(call.context.params, size, cursors=cursors)
    return list(pages.ascending(sorted(ids), page))


def _user(call: Call, user_id: int) -> dict[str, Any]:
    return dict(serializers.user_payload(call.backend.get_user(user_id)))


# ------------------------------------------------------------------ messages


@_route("GET", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}")
def _reactions(call: Call) -> Any:
    """Who reacted; nobody super-reacts here, so that asking for those (``type`` 1) finds nobody."""
    people = call.proceed(None)
    reaction_emoji(call)
    ids = [] if call.context.params.get("type") == "1" else [int(user["id"]) for user in people]
    by_id = {int(user["id"]): user for user in people}
    return [by_id[i] for i in _users(call, ids, limits.REACTIONS_PAGE, "after")]


@_route("GET", "/channels/{channel_id}/polls/{message_id}/answers/{answer_id}")
def _voters(call: Call) -> Any:
    call.proceed(None)  # for its checks
    message = call.backend.get_message(call.id("channel_id"), call.id("message_id"))
    votes = message.poll.votes.get(call.id("answer_id"), set()) if message.poll is not None else ()
    return {"users": [_user(call, i) for i in _users(call, votes, limits.VOTERS_PAGE, "after")]}


# ------------------------------------------------------------------ threads


@_route("GET", "/channels/{channel_id}/thread-members")
def _thread_members(call: Call) -> Any:
    """Everybody in the thread at once, or with ``with_member`` page by page."""
    everybody = call.proceed(None)
    if not pages.flag(call.context.params, "with_member"):
        return everybody
    thread = call.backend.get_thread(call.id("channel_id"))
    guild = call.backend.get_guild(thread.guild_id or 0)
    by_id = {int(member["user_id"]): member for member in everybody}
    page = _users(call, by_id, limits.THREAD_MEMBERS_PAGE, "after")
    return [
        {**by_id[i], "member": dict(serializers.member_payload(call.backend, guild, guild.members[i]))}
        for i in page
        if i in guild.members
    ]


def _archived(call: Call) -> list[ChannelModel]:
    """The archived threads that simcord's handler of the same route lists, after its checks."""
    listed = call.proceed(None)["threads"]
    return [call.backend.get_channel(int(thread["id"])) for thread in listed]


def _threads(call: Call, ids: Iterable[int], more: bool) -> Any:
    threads = [call.backend.get_channel(i) for i in ids]
    return serializers.thread_list_payload(call.backend, threads, has_more=more)


def _by_archiving(call: Call) -> Any:
    """Newest archived first, cut at the instant of archiving."""
    limit, before = pages.asked_of_archive(call.context.params, limits.ARCHIVED_THREADS_PAGE)
    rows = [
        (archived, thread.id)
        for thread in _archived(call)
        if thread.thread_metadata is not None
        and (archived := moment(thread.thread_metadata.archive_timestamp)) is not None
    ]
    return _threads(call, *pages.archive(rows, limit, before))


_route("GET", "/channels/{channel_id}/threads/archived/public")(_by_archiving)
_route("GET", "/channels/{channel_id}/threads/archived/private")(_by_archiving)


@_route("GET", "/channels/{channel_id}/users/@me/threads/archived/private")
def _joined(call: Call) -> Any:
    """Newest thread first, cut at the thread's id."""
    page = pages.asked(call.context.params, limits.ARCHIVED_THREADS_PAGE, cursors=("before",))
    ids = sorted(thread.id for thread in _archived(call) if page.before is None or thread.id < page.before)
    return _threads(call, pages.newest_first(ids, page), len(ids) > page.limit)


@_route("GET", "/guilds/{guild_id}/threads/active")
def _active(call: Call) -> Any:
    """The threads that the bot can see, newest first."""
    me = call.backend.bot_user.id
    seen = [
        thread
        for thread in call.backend.active_threads(call.id("guild_id"))
        if channel_accessible(call.backend, thread.id, me)
    ]
    return serializers.thread_list_payload(call.backend, sorted(seen, key=lambda t: t.id, reverse=True))


# ------------------------------------------------------------------ guilds


@_route("GET", "/users/@me/guilds")
def _my_guilds(call: Call) -> Any:
    backend, me = call.backend, call.backend.bot_user.id
    page = pages.asked(call.context.params, limits.GUILDS_PAGE)
    guilds = [backend.guilds[i] for i in pages.ascending(sorted(backend.guilds), page)]
    return [
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
        for guild in guilds
    ]


@_route("GET", "/guilds/{guild_id}/members")
def _members(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    page = _users(call, guild.members, limits.MEMBERS_PAGE, "after")
    return [dict(serializers.member_payload(call.backend, guild, guild.members[i])) for i in page]


@_route("GET", "/guilds/{guild_id}/members/search")
def _search_members(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    form, query = Form(), call.context.params
    if not query.get("query"):
        form.require(("query",))
    most, default = limits.MEMBERS_PAGE
    limit = Integer(1, most).check(query.get("limit", default), ("limit",), form)
    form.refuse()
    prefix = str(query["query"]).casefold()
    found = [
        member
        for member in guild.members.values()
        if call.backend.users[member.user_id].name.casefold().startswith(prefix)
        or (member.nick or "").casefold().startswith(prefix)
    ]
    return [dict(serializers.member_payload(call.backend, guild, member)) for member in found[:limit]]


@_route("GET", "/guilds/{guild_id}/bans")
def _bans(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    call.context.require_guild_permissions(guild.id, "ban_members")
    page = _users(call, guild.bans, limits.BANS_PAGE, "before", "after")
    return [{"user": _user(call, i), "reason": guild.bans[i]} for i in page]


@_route("GET", "/guilds/{guild_id}/bans/{user_id}")
def _one_ban(call: Call) -> Any:
    call.context.require_guild_permissions(call.id("guild_id"), "ban_members")
    return call.proceed(None)


@_route("GET", "/guilds/{guild_id}/scheduled-events/{event_id}/users")
def _event_users(call: Call) -> Any:
    backend, guild = call.backend, call.backend.get_guild(call.id("guild_id"))
    event = backend.get_scheduled_event(guild.id, call.id("event_id"))
    page = _users(call, event.user_ids, limits.EVENT_USERS_PAGE, "before", "after")
    members = pages.flag(call.context.params, "with_member")
    rows: list[dict[str, Any]] = []
    for user_id in page:
        row: dict[str, Any] = {"guild_scheduled_event_id": str(event.id), "user": _user(call, user_id)}
        if members and user_id in guild.members:
            row["member"] = dict(serializers.member_payload(backend, guild, guild.members[user_id]))
        rows.append(row)
    return rows


_DOCS = "https://discord.com/developers/docs/resources"
CORRECTIONS = (
    Correction(
        "GET /channels/{channel_id}/messages/{message_id}/reactions/{emoji}",
        "answers with everybody, whatever `limit` and `after` say, so that a pager never ends",
        "pages by ascending user id, 1 to 100, 25 by default; `type` 1 finds no super reactions",
        f"{_DOCS}/message#get-reactions",
    ),
    Correction(
        "GET /channels/{channel_id}/polls/{message_id}/answers/{answer_id}",
        "knows no `after` and no order",
        "pages by ascending user id, 1 to 100, 25 by default",
        f"{_DOCS}/poll#get-answer-voters",
    ),
    Correction(
        "GET /channels/{channel_id}/thread-members",
        "knows no `with_member`, `after` and `limit`",
        "with `with_member` pages by ascending user id, each with the guild member",
        f"{_DOCS}/channel#list-thread-members",
    ),
    Correction(
        "GET /channels/{channel_id}/threads/archived/{public,private}",
        "answers with every archived thread in order of creation and `has_more` false",
        "newest archived first, cut by `before` (the instant of archiving) and `limit`, with `has_more`",
        f"{_DOCS}/channel#list-public-archived-threads",
    ),
    Correction(
        "GET /channels/{channel_id}/users/@me/threads/archived/private",
        "answers with every joined thread",
        "newest thread first, cut by `before` (an id) and `limit`, with `has_more`",
        f"{_DOCS}/channel#list-joined-private-archived-threads",
    ),
    Correction(
        "GET /guilds/{guild_id}/threads/active",
        "lists in order of creation, threads that the bot cannot see included",
        "newest first, only what the bot can see",
        f"{_DOCS}/guild#list-active-guild-threads",
    ),
    Correction(
        "GET /guilds/{guild_id}/bans",
        "answers with every ban to everybody, in order of banning",
        "needs BAN_MEMBERS; pages by ascending user id, 1 to 1,000; of two cursors only `before` counts",
        f"{_DOCS}/guild#get-guild-bans",
    ),
    Correction(
        "GET /guilds/{guild_id}/bans/{user_id}",
        "needs no permission",
        "needs BAN_MEMBERS",
        f"{_DOCS}/guild#get-guild-ban",
    ),
    Correction(
        "GET /guilds/{guild_id}/members",
        "takes any `limit`",
        "takes 1 to 1,000, 1 by default",
        f"{_DOCS}/guild#list-guild-members",
    ),
    Correction(
        "GET /guilds/{guild_id}/scheduled-events/{event_id}/users",
        "answers with everybody, in no order, always with the member",
        "pages by ascending user id, 1 to 100; the member only with `with_member`",
        f"{_DOCS}/guild-scheduled-event#get-guild-scheduled-event-users",
    ),
)

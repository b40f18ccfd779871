"""Routes about guilds: channels, threads, members and bans.

Source: https://discord.com/developers/docs/resources/guild and its siblings
"""

from __future__ import annotations

from typing import Any

from ._simcord import BackendError, serializers
from .pages import flag
from .parity import Correction
from .posting import ONLY_AT_CREATION
from .routes import Call, Handler, Routes, stamped
from .rules import people
from .rules.forms import moment

__all__ = ["CORRECTIONS", "ROUTES"]

ROUTES: Routes[Handler] = Routes()
_route = ROUTES.add

# ------------------------------------------------------------------ channels and threads


#: What Discord says of a forum tag that was made with no more than a name.
#: https://discord.com/developers/docs/resources/channel#forum-tag-object
_PLAIN_TAG: dict[str, Any] = {"moderated": False, "emoji_id": None, "emoji_name": None}


def _with_nsfw(call: Call) -> Any:
    """Keep ``nsfw`` ourselves, which simcord refuses; complete the tags of a forum."""
    body = dict(call.body)
    nsfw = body.pop("nsfw", None)
    if body.get("available_tags") is not None:
        body["available_tags"] = [{**_PLAIN_TAG, **tag} for tag in body["available_tags"]]
    payload = call.proceed(body)
    if nsfw is not None:
        call.backend.set_nsfw(int(payload["id"]), bool(nsfw))
        payload["nsfw"] = bool(nsfw)
    return payload


_route("POST", "/guilds/{guild_id}/channels")(_with_nsfw)


@_route("PATCH", "/channels/{channel_id}")
def _change_channel(call: Call) -> Any:
    """Change a channel; a thread that is archived or opened again remembers when."""
    metadata = call.backend.get_channel(call.id("channel_id")).thread_metadata
    if metadata is None:
        return _with_nsfw(call)
    archived = call.body.get("archived")
    if metadata.archived and archived is not False:
        raise BackendError(400, 50083, "Tried to perform an operation on an archived thread")
    before = metadata.archive_timestamp
    if archived is not None and archived != metadata.archived:
        metadata.archive_timestamp = call.backend.memory.instant()
    try:
        return call.proceed(call.context.json)
    except BackendError:
        metadata.archive_timestamp = before
        raise


def _new_thread(call: Call) -> Any:
    """Give a thread the slow mode it was asked for; simcord forgets it."""
    slowmode = call.body.get("rate_limit_per_user")
    if not slowmode:
        return call.proceed(call.context.json)
    with stamped(call.backend, "THREAD_CREATE", {"rate_limit_per_user": slowmode}):
        payload = call.proceed(call.context.json)
    call.backend.get_channel(int(payload["id"])).rate_limit_per_user = slowmode
    return {**payload, "rate_limit_per_user": slowmode}


_route("POST", "/channels/{channel_id}/threads")(_new_thread)
_route("POST", "/channels/{channel_id}/messages/{message_id}/threads")(_new_thread)


@_route("POST", "/webhooks/{webhook_id}/{token}")
def _execute_webhook(call: Call) -> Any:
    """A webhook answers with its message only when asked to (``wait``); an interaction always does."""
    of_webhook = call.context.args["token"] in call.backend.webhook_tokens
    if of_webhook and "thread_id" in call.context.params:
        raise NotImplementedError("thread_id of a webhook")
    message = call.proceed(call.context.json)
    return None if of_webhook and not flag(call.context.params, "wait") else message


# ------------------------------------------------------------------ members and bans


@_route("GET", "/guilds/{guild_id}")
@_route("PATCH", "/guilds/{guild_id}")
def _guild(call: Call) -> Any:
    """The guild object, without what only GUILD_CREATE tells: its members, channels and the rest."""
    counts = () if str(call.context.params.get("with_counts")).lower() in ("true", "1") else _COUNTS
    answer = call.proceed(call.context.json)
    return {key: value for key, value in answer.items() if key not in (*ONLY_AT_CREATION, *counts)}


_COUNTS = ("approximate_member_count", "approximate_presence_count")


@_route("PUT", "/guilds/{guild_id}/incident-actions")
def _incident_actions(call: Call) -> Any:
    """Pause invites or direct messages; what is not named is paused no more, as with every PUT."""
    guild = call.backend.get_guild(call.id("guild_id"))
    call.context.require_guild_permissions(guild.id, "manage_guild")
    call.backend.incidents.pause(
        guild.id,
        invites=moment(call.body.get("invites_disabled_until")),
        dms=moment(call.body.get("dms_disabled_until")),
    )
    call.backend.emit("GUILD_UPDATE", serializers.guild_create_payload(call.backend, guild))
    return call.backend.incidents.payload(guild.id) or {
        "invites_disabled_until": None,
        "dms_disabled_until": None,
    }


@_route("GET", "/users/@me/guilds/{guild_id}/member")
def _my_member(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    return dict(serializers.member_payload(call.backend, guild, guild.members[call.backend.bot_user.id]))


@_route("PATCH", "/guilds/{guild_id}/members/@me")
def _change_me(call: Call) -> Any:
    """The bot's own nickname: ``@me`` is nobody's id."""
    return call.proceed(call.context.json)


@_route("PATCH", "/guilds/{guild_id}/members/{user_id}")
def _change_member(call: Call) -> Any:
    """Change a member; nobody times out the owner or an administrator."""
    guild_id, user_id = call.id("guild_id"), call.id("user_id")
    if call.body.get("communication_disabled_until") is not None:
        call.context.require_guild_permissions(guild_id, "moderate_members")
        call.backend.get_member(guild_id, user_id)
        people.check_timeout_target(call.backend, guild_id, user_id)
    return call.proceed(call.context.json)


@_route("GET", "/guilds/{guild_id}/vanity-url")
def _vanity_url(call: Call) -> Any:
    return {"uses": 0, **call.proceed(None)}


@_route("PUT", "/guilds/{guild_id}/bans/{user_id}")
def _ban(call: Call) -> Any:
    """Ban, then delete the person's messages of the last ``delete_message_seconds``."""
    answer = call.proceed({})
    call.backend.delete_recent(call.id("guild_id"), call.id("user_id"), _delete_seconds(call))
    return answer


def _delete_seconds(call: Call) -> int:
    given = {**call.context.params, **call.body}  # discord.py sends it in the query
    seconds = given.get("delete_message_seconds")
    return int(given.get("delete_message_days") or 0) * 86_400 if seconds is None else int(seconds)


@_route("POST", "/guilds/{guild_id}/bulk-ban")
def _bulk_ban(call: Call) -> Any:
    """Ban whom one can, and delete their messages of the last ``delete_message_seconds``."""
    backend, guild = call.backend, call.backend.get_guild(call.id("guild_id"))
    known = [i for i in call.body["user_ids"] if int(i) in backend.users]
    unknown = [str(i) for i in call.body["user_ids"] if int(i) not in backend.users]
    call.context.require_guild_permissions(guild.id, "ban_members", "manage_guild")
    answer: dict[str, list[str]] = {"banned_users": [], "failed_users": []}
    if known:
        answer = call.proceed({"user_ids": known})
    for user_id in answer["banned_users"]:
        backend.delete_recent(guild.id, int(user_id), _delete_seconds(call))
    if not answer["banned_users"]:
        raise BackendError(400, 500000, "Failed to ban users")
    return {**answer, "failed_users": [*answer["failed_users"], *unknown]}


@_route("DELETE", "/guilds/{guild_id}/members/{user_id}")
def _kick(call: Call) -> Any:
    if call.id("user_id") not in call.backend.get_guild(call.id("guild_id")).members:
        raise BackendError(404, 10007, "Unknown Member")
    return call.proceed(call.context.json)


# ------------------------------------------------------------------ what is not there


@_route("DELETE", "/channels/{channel_id}/permissions/{target_id}")
def _delete_overwrite(call: Call) -> Any:
    channel = call.context.require_channel_permissions(call.id("channel_id"), "manage_roles")
    if not any(overwrite.target_id == call.id("target_id") for overwrite in channel.overwrites):
        raise BackendError(404, 10009, "Unknown Overwrite")
    return call.proceed(call.context.json)


def _voice_state(call: Call) -> Any:
    user_id = call.backend.bot_user.id if "user_id" not in call.context.args else call.id("user_id")
    if user_id not in call.backend.get_guild(call.id("guild_id")).voice_states:
        raise BackendError(404, 10065, "Unknown Voice State")
    return call.proceed(call.context.json)


_route("GET", "/guilds/{guild_id}/voice-states/@me")(_voice_state)
_route("GET", "/guilds/{guild_id}/voice-states/{user_id}")(_voice_state)


def _stage(call: Call) -> Any:
    if call.id("channel_id") not in call.backend.stage_instances:
        raise BackendError(404, 10067, "Unknown Stage Instance")
    return call.proceed(call.context.json)


for _method in ("GET", "PATCH", "DELETE"):
    _route(_method, "/stage-instances/{channel_id}")(_stage)


@_route("GET", "/voice/regions")
def _voice_regions(call: Call) -> Any:
    return [{"id": "loopback", "name": "Loopback", "optimal": True, "deprecated": False, "custom": False}]


_DOCS = "https://discord.com/developers/docs"
CORRECTIONS = (
    Correction(
        "PATCH /channels/{channel_id} of a thread",
        "keeps the instant of creation as `archive_timestamp`, and changes archived threads",
        "`archive_timestamp` is when it was archived or opened again; 50083 for an archived one",
        f"{_DOCS}/resources/channel#thread-metadata-object",
    ),
    Correction(
        "POST /channels/{channel_id}/threads",
        "forgets `rate_limit_per_user`",
        "keeps it, and people have to wait",
        f"{_DOCS}/resources/channel#start-thread-without-message",
    ),
    Correction(
        "POST /webhooks/{webhook_id}/{token}",
        "answers with the message, and ignores `thread_id`",
        "204 without `wait`; `thread_id` is not modelled and says so",
        f"{_DOCS}/resources/webhook#execute-webhook",
    ),
    Correction(
        "PATCH /guilds/{guild_id}/members/{user_id}",
        "times out administrators below the bot",
        "50013 for administrators and the owner",
        f"{_DOCS}/resources/guild#modify-guild-member",
    ),
    Correction(
        "PUT /guilds/{guild_id}/bans/{user_id}",
        "deletes no messages",
        "deletes what the person wrote in the last `delete_message_seconds` (or `delete_message_days`)",
        f"{_DOCS}/resources/guild#create-guild-ban",
    ),
    Correction(
        "POST /guilds/{guild_id}/bulk-ban",
        "deletes no messages, and 200 with nobody banned",
        "deletes their messages; unknown people are among the failed; 500000 when nobody was banned",
        f"{_DOCS}/resources/guild#bulk-guild-ban",
    ),
    Correction(
        "permission overwrites, voice states and stages that are not there",
        "204 for an overwrite, 40032 for a voice state, 10003 for a stage",
        "10009, 10065, 10067",
        f"{_DOCS}/topics/opcodes-and-status-codes#json-json-error-codes",
    ),
)

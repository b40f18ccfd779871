"""Routes of messages and reactions, where simcord does what Discord refuses, or the other way round.

Source: https://discord.com/developers/docs/resources/message
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from . import pages
from ._simcord import (
    AuditLogAction,
    BackendError,
    ChannelModel,
    ChannelType,
    MessageType,
    message_response,
    serializers,
)
from .parity import Correction
from .routes import Call, Handler, Routes, stamped
from .rules import limits, people
from .rules.emoji import unknown_emoji, usable_emoji

__all__ = ["CORRECTIONS", "ROUTES", "reaction_emoji"]

ROUTES: Routes[Handler] = Routes()
_route = ROUTES.add

#: Messages of these types cannot be deleted.
#: https://discord.com/developers/docs/resources/message#message-object-message-types
_UNDELETABLE = frozenset(
    {
        MessageType.RECIPIENT_ADD,
        MessageType.RECIPIENT_REMOVE,
        MessageType.CALL,
        MessageType.CHANNEL_NAME_CHANGE,
        MessageType.CHANNEL_ICON_CHANGE,
        MessageType.THREAD_STARTER_MESSAGE,
    }
)
_SUPPRESS_EMBEDS = 1 << 2


def _dm_refused() -> BackendError:
    return BackendError(403, 50003, "Cannot execute action on a DM channel")


# ------------------------------------------------------------------ sending


def _may_send(call: Call, channel: ChannelModel) -> None:
    """What the bot needs for the parts of its message, besides SEND_MESSAGES."""
    if channel.guild_id is None:
        people.check_dm(call.backend, channel)
        return
    body, wanted = call.body, list[str]()
    wanted += ["embed_links"] if body.get("embeds") else []
    wanted += ["attach_files"] if call.context.files else []
    wanted += ["send_polls"] if body.get("poll") else []
    wanted += ["send_tts_messages"] if body.get("tts") else []
    call.context.require_channel_permissions(channel.id, *wanted)


@_route("POST", "/channels/{channel_id}/messages")
def _send(call: Call) -> Any:
    """With ``enforce_nonce``, a nonce used lately by the author returns the first message."""
    backend, me = call.backend, call.backend.bot_user.id
    channel = backend.get_channel(call.id("channel_id"))
    _may_send(call, channel)
    nonce = call.body.get("nonce")
    if nonce is None:
        return call.proceed(call.context.json)
    first = backend.message_of_nonce(channel.id, me, str(nonce)) if call.body.get("enforce_nonce") else None
    if first is not None and first in backend.messages.get(channel.id, {}):
        message = backend.messages[channel.id][first]
        return {**serializers.message_payload(backend, message, for_user=me), "nonce": nonce}
    with stamped(backend, "MESSAGE_CREATE", {"nonce": nonce}):
        sent = call.proceed(call.context.json)
    backend.remember_nonce(channel.id, me, str(nonce), int(sent["id"]))
    return {**sent, "nonce": nonce}


# ------------------------------------------------------------------ reading


@_route("GET", "/channels/{channel_id}/messages")
def _history(call: Call) -> Any:
    """Newest first, next to the cursor; nothing without READ_MESSAGE_HISTORY."""
    backend = call.backend
    channel = call.context.require_channel_permissions(call.id("channel_id"))
    if channel.type in (ChannelType.VOICE, ChannelType.STAGE_VOICE):
        call.context.require_channel_permissions(channel.id, "connect")
    page = pages.asked(call.context.params, limits.MESSAGES_PAGE, cursors=("around", "before", "after"))
    try:
        call.context.require_channel_permissions(channel.id, "read_message_history")
    except BackendError:
        return []
    stored = backend.messages[channel.id]
    keys = pages.newest_first(sorted(stored), page, lambda key: not stored[key].is_ephemeral)
    return [message_response(call.context, stored[key]) for key in keys]


# ------------------------------------------------------------------ changing and deleting


@_route("PATCH", "/channels/{channel_id}/messages/{message_id}")
def _edit(call: Call) -> Any:
    """One's own message; of others', with MANAGE_MESSAGES, only whether embeds are shown."""
    backend = call.backend
    message = call.context.require_message(call.id("channel_id"), call.id("message_id"))
    if message.system_metadata is not None:
        raise BackendError(403, 50021, "Cannot execute action on a system message")
    if message.author_id == backend.bot_user.id:
        return call.proceed(call.context.json)
    channel = backend.get_channel(message.channel_id)
    if set(call.body) != {"flags"} or channel.guild_id is None:
        raise BackendError(403, 50005, "Cannot edit a message authored by another user")
    call.context.require_channel_permissions(channel.id, "manage_messages")
    wanted = int(call.body["flags"] or 0) & _SUPPRESS_EMBEDS
    message.flags = message.flags & ~_SUPPRESS_EMBEDS | wanted
    backend.emit("MESSAGE_UPDATE", dict(serializers.message_payload(backend, message)))
    return message_response(call.context, message)


@_route("DELETE", "/channels/{channel_id}/messages/{message_id}")
def _delete(call: Call) -> Any:
    message = call.context.require_message(call.id("channel_id"), call.id("message_id"))
    if message.type in _UNDELETABLE:
        raise BackendError(403, 50021, "Cannot execute action on a system message")
    channel = call.backend.get_channel(message.channel_id)
    if channel.guild_id is None and message.author_id != call.backend.bot_user.id:
        raise _dm_refused()
    if message.type == MessageType.AUTO_MODERATION_ACTION:
        call.context.require_channel_permissions(channel.id, "manage_messages")
    return call.proceed(call.context.json)


@_route("POST", "/channels/{channel_id}/messages/bulk-delete")
def _bulk_delete(call: Call) -> Any:
    """Two to a hundred different ids, none older than two weeks; unknown ones count and do no harm."""
    backend = call.backend
    channel = backend.get_channel(call.id("channel_id"))
    if channel.guild_id is None:
        raise _dm_refused()
    call.context.require_channel_permissions(channel.id, "manage_messages")
    ids = [int(message_id) for message_id in call.body["messages"]]
    low, high = limits.BULK_DELETE
    if not low <= len(ids) <= high:
        many = f"Must provide at least {low} and fewer than {high} messages to delete."
        raise BackendError(400, 50016, f"Provided too few or too many messages to delete. {many}")
    oldest = backend.clock.now().timestamp() - limits.BULK_DELETE_AGE
    if any(_sent_at(message_id) < oldest for message_id in ids):
        raise BackendError(400, 50034, "You can only bulk delete messages that are under 14 days old.")
    stored = backend.messages.get(channel.id, {})
    known = [i for i in ids if i in stored and not stored[i].is_ephemeral]
    if known:
        backend.bulk_delete_messages(channel.id, known)
        backend.record_audit_log(
            channel.guild_id,
            AuditLogAction.MESSAGE_BULK_DELETE,
            target_id=channel.id,
            options={"count": str(len(known))},
            reason=call.context.reason,
        )


def _sent_at(message_id: int) -> float:
    """When a message was sent, in seconds since 1970, as its id tells.

    Source: https://discord.com/developers/docs/reference#snowflakes
    """
    return ((message_id >> 22) + 1_420_070_400_000) / 1_000


# ------------------------------------------------------------------ reactions


def reaction_emoji(call: Call) -> str:
    """The emoji of the path, which must be one.

    Raises:
        BackendError: 400/10014 when it is none.
    """
    emoji = unquote(call.context.args["emoji"])
    channel = call.backend.get_channel(call.id("channel_id"))
    message = call.backend.get_message(channel.id, call.id("message_id"))
    known = message.reaction_for(emoji) is not None
    if not known and not usable_emoji(call.backend, emoji, guild_id=channel.guild_id, external=True):
        raise unknown_emoji()
    return emoji


@_route("PUT", "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me")
def _react(call: Call) -> Any:
    context = call.context
    message = context.require_message(call.id("channel_id"), call.id("message_id"), "read_message_history")
    channel = call.backend.get_channel(message.channel_id)
    emoji = unquote(context.args["emoji"])
    people.check_reaction(call.backend, channel, message, emoji, call.backend.bot_user.id)
    return call.proceed(None)


def _unreact(call: Call) -> Any:
    """Taking back what is not there is no error, and nobody is told."""
    context, backend = call.context, call.backend
    mine = "user_id" not in context.args or call.id("user_id") == backend.bot_user.id
    user_id = backend.bot_user.id if mine else call.id("user_id")
    channel = backend.get_channel(call.id("channel_id"))
    if not mine and channel.guild_id is None:
        raise _dm_refused()
    needs = "read_message_history" if mine else "manage_messages"
    message = context.require_message(channel.id, call.id("message_id"), needs)
    reaction = message.reaction_for(reaction_emoji(call))
    if reaction is None or user_id not in reaction.user_ids:
        return None
    return call.proceed(None)


_REACTIONS = "/channels/{channel_id}/messages/{message_id}/reactions"
_route("DELETE", f"{_REACTIONS}/{{emoji}}/@me")(_unreact)
_route("DELETE", f"{_REACTIONS}/{{emoji}}/{{user_id}}")(_unreact)


@_route("DELETE", _REACTIONS)
def _clear(call: Call) -> Any:
    if call.backend.get_channel(call.id("channel_id")).guild_id is None:
        raise _dm_refused()
    return call.proceed(None)


@_route("DELETE", f"{_REACTIONS}/{{emoji}}")
def _clear_emoji(call: Call) -> Any:
    channel = call.backend.get_channel(call.id("channel_id"))
    if channel.guild_id is None:
        raise _dm_refused()
    call.context.require_channel_permissions(channel.id, "manage_messages")
    reaction_emoji(call)
    return call.proceed(None)


_DOCS = "https://discord.com/developers/docs"
CORRECTIONS = (
    Correction(
        "POST /channels/{channel_id}/messages",
        "forgets `nonce` and knows no `enforce_nonce`",
        "the answer and MESSAGE_CREATE carry the nonce; enforced, it sends once in a few minutes",
        f"{_DOCS}/resources/message#create-message",
    ),
    Correction(
        "POST /channels/{channel_id}/messages",
        "reaches everybody's direct messages",
        "50007 when the person has closed their direct messages or blocked the bot "
        "(`member.close_dms()`, `member.block(…)`), 50278 without a common guild",
        f"{_DOCS}/topics/opcodes-and-status-codes#json-json-error-codes",
    ),
    Correction(
        "POST /channels/{channel_id}/messages",
        "lets embeds, files, polls and spoken messages through with SEND_MESSAGES alone",
        "needs EMBED_LINKS, ATTACH_FILES, SEND_POLLS, SEND_TTS_MESSAGES",
        f"{_DOCS}/topics/permissions#permissions-bitwise-permission-flags",
    ),
    Correction(
        "GET /channels/{channel_id}/messages",
        "`after` gives the newest messages instead of the next; `around` counts rows from the nearest",
        "the messages next to the cursor, newest first, 1 to 100, 50 by default",
        f"{_DOCS}/resources/message#get-channel-messages",
    ),
    Correction(
        "PATCH /channels/{channel_id}/messages/{message_id}",
        "refuses any edit of others' messages",
        "with MANAGE_MESSAGES lets one change the flag SUPPRESS_EMBEDS of others' messages; "
        "system messages answer 50021",
        f"{_DOCS}/resources/message#edit-message",
    ),
    Correction(
        "DELETE /channels/{channel_id}/messages/{message_id}",
        "deletes everything, others' direct messages and system messages included",
        "50003 for the other's direct messages, 50021 for system messages that cannot be deleted",
        f"{_DOCS}/resources/message#message-object-message-types",
    ),
    Correction(
        "POST /channels/{channel_id}/messages/bulk-delete",
        "deletes messages of any age, duplicated ids, ephemeral answers, in direct messages too",
        "50034 when one is older than two weeks, 50016 for fewer than 2 or more than 100, "
        "50035 for duplicates, 50003 in direct messages",
        f"{_DOCS}/resources/message#bulk-delete-messages",
    ),
    Correction(
        "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me",
        "takes any text as an emoji and any number of them",
        "10014 for what is no emoji or not of a guild of the bot, 30010 for a 21st, "
        "90001 when the author has blocked the bot",
        f"{_DOCS}/resources/message#create-reaction",
    ),
    Correction(
        "DELETE /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/{user_id}",
        "10008 when that person has not reacted",
        "204 and no event; 10014 for what is no emoji; 50003 for others' in direct messages",
        "https://github.com/discord/discord-api-docs/issues/2896",
    ),
)

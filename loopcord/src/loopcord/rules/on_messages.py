"""What a request about messages meets before anything answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopcord._simcord import BackendError, ChannelModel, InteractionModel, MessageModel, MessageType
from loopcord.routes import Call, Handler, Routes

from . import limits
from .forms import Choice, Form, Items, Path, Record, Snowflake, Text, needed
from .guilds import THREAD
from .messages import EPHEMERAL, MENTIONS, check_message, empty_message
from .modals import check_modal

__all__ = ["CHECKS"]

CHECKS: Routes[Handler] = Routes()
_check = CHECKS.add

#: What can be replied to. https://discord.com/developers/docs/resources/message#create-message-limitations
_ANSWERABLE = frozenset(
    {
        MessageType.DEFAULT,
        MessageType.REPLY,
        MessageType.CHAT_INPUT_COMMAND,
        MessageType.CONTEXT_MENU_COMMAND,
    }
)


def _visible(call: Call) -> ChannelModel:
    """The channel of the path, if the bot sees it."""
    return call.context.require_channel_permissions(call.id("channel_id"))


def _check_reply(call: Call, channel: ChannelModel, body: dict[str, Any], form: Form) -> None:
    """A reply answers a message that is there, unless ``fail_if_not_exists`` is false."""
    reference = body.get("message_reference")
    if not isinstance(reference, Mapping) or reference.get("type") == 1 or form.count:
        return
    target = call.backend.messages.get(channel.id, {}).get(int(reference["message_id"]))
    if target is None or target.is_ephemeral:
        if reference.get("fail_if_not_exists") is False:
            del body["message_reference"]
        else:
            form.add(("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
    elif target.type not in _ANSWERABLE:
        system = "Cannot reply to a system message"
        form.add(("message_reference",), "REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE", system)
    try:
        call.context.require_channel_permissions(channel.id, "read_message_history")
    except BackendError:
        unread = "Cannot reply without permission to read message history"
        raise BackendError(403, 160002, unread) from None


@_check("POST", "/channels/{channel_id}/messages")
def _create(call: Call) -> Any:
    channel, form = _visible(call), Form()
    body = check_message(call.context.json, (), form)
    _check_reply(call, channel, body, form)
    form.refuse()
    empty_message(body, files=len(call.context.files))
    return body


@_check("PATCH", "/channels/{channel_id}/messages/{message_id}")
def _edit(call: Call) -> Any:
    old = call.context.require_message(call.id("channel_id"), call.id("message_id"))
    if old.author_id != call.backend.bot_user.id:
        return call.context.json
    return _edited(call, old)


def _edited(call: Call, old: MessageModel, *, mentions: Mapping[str, Any] | None = None) -> Any:
    form = Form()
    body = check_message(call.context.json, (), form, old=old, default_mentions=mentions)
    form.refuse()
    empty_message(body, files=len(call.context.files), old=old)
    return body


_BULK_DELETE = Record({"messages": needed(Items(Snowflake(), unique=True))})


@_check("POST", "/channels/{channel_id}/messages/bulk-delete")
def _bulk_delete(call: Call) -> Any:
    form = Form()
    body = _BULK_DELETE.check(call.context.json or {}, (), form)
    form.refuse()
    return body


# ------------------------------------------------------------------ threads


@_check("POST", "/channels/{channel_id}/threads")
def _new_thread(call: Call) -> Any:
    channel, form = _visible(call), Form()
    body = THREAD.check(call.context.json or {}, (), form)
    forum = channel.type in (15, 16)
    if isinstance(body, dict) and forum:
        body["message"] = check_message(body.get("message"), ("message",), form)
    elif isinstance(body, dict) and body.get("type") is None:
        # https://discord.com/developers/docs/resources/channel#start-thread-without-message
        body["type"] = 12
    form.refuse()
    if forum:
        empty_message(body["message"], files=len(call.context.files))
    return body


@_check("POST", "/channels/{channel_id}/messages/{message_id}/threads")
def _thread_from_message(call: Call) -> Any:
    channel, form = _visible(call), Form()
    message = call.backend.get_message(channel.id, call.id("message_id"))
    body = THREAD.check(call.context.json or {}, (), form)
    form.refuse()
    if message.id in call.backend.channels:
        raise BackendError(400, 160004, "A thread has already been created for this message")
    return body


# ------------------------------------------------------------------ webhooks and answers


@_check("POST", "/webhooks/{webhook_id}/{token}")
def _execute(call: Call) -> Any:
    backend, token = call.backend, call.context.args["token"]
    if token in backend.interaction_tokens:
        record = backend.interaction_by_token(token)
        if record.loading and record.message_id is not None:
            old = backend.get_message(record.channel_id, record.message_id)
            return _edited(call, old, mentions=MENTIONS)
        return _said(call, flags=EPHEMERAL)
    if token not in backend.webhook_tokens:
        return call.context.json
    return _said(call, flags=0)


def _said(call: Call, *, flags: int) -> Any:
    form = Form()
    body = check_message(call.context.json, (), form, extra_flags=flags, default_mentions=MENTIONS)
    form.refuse()
    empty_message(body, files=len(call.context.files))
    return body


def _answer(call: Call, message_id: int | None) -> Any:
    """Edit the message of an interaction or of a webhook, if it is one of theirs."""
    backend, token = call.backend, call.context.args["token"]
    channel_id: int | None = None
    if token in backend.interaction_tokens:
        record = backend.interaction_by_token(token)
        message_id = record.message_id if message_id is None else message_id
        channel_id = record.channel_id
    elif token in backend.webhook_tokens:
        channel_id = backend.webhooks[backend.webhook_tokens[token]].channel_id
    old = backend.messages.get(channel_id or 0, {}).get(message_id or 0)
    return call.context.json if old is None else _edited(call, old, mentions=MENTIONS)


@_check("PATCH", "/webhooks/{webhook_id}/{token}/messages/@original")
def _edit_original(call: Call) -> Any:
    return _answer(call, None)


@_check("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message_id}")
def _edit_answer(call: Call) -> Any:
    return _answer(call, call.id("message_id"))


_CALLBACK = Record({"type": needed(Choice((1, 4, 5, 6, 7, 8, 9)))})


def _choice_value(choice: dict[str, Any], path: Path, form: Form) -> None:
    """A choice's value, which may be a number or empty text, has to be there."""
    value = choice.get("value")
    if value is None:
        form.require((*path, "value"))
    elif isinstance(value, str):
        Text(high=limits.CHOICE_TEXT).check(value, (*path, "value"), form)


_CHOICE = Record({"name": needed(Text(1, limits.CHOICE_TEXT))}, _choice_value)
_CHOICES = Record({"choices": Items(_CHOICE, high=limits.COMMAND_CHOICES)})


@_check("POST", "/interactions/{interaction_id}/{token}/callback")
def _callback(call: Call) -> Any:
    """The answer itself, unless the interaction is unknown, too old or answered already."""
    record = call.backend.interactions.get(call.id("interaction_id"))
    if record is None or record.responded or record.token != call.context.args["token"]:
        return call.context.json
    form = Form()
    body = _CALLBACK.check(call.context.json or {}, (), form)
    form.refuse()
    data, files = body.get("data"), len(call.context.files)
    if body["type"] == 4:
        body["data"] = check_message(data, ("data",), form, extra_flags=EPHEMERAL, default_mentions=MENTIONS)
        form.refuse()
        empty_message(body["data"], files=files)
    elif body["type"] == 7:
        old = _source(call, record)
        body["data"] = check_message(data, ("data",), form, old=old, default_mentions=MENTIONS)
        form.refuse()
        if old is not None:
            empty_message(body["data"], files=files, old=old)
    elif body["type"] == 8:
        body["data"] = _CHOICES.check(data or {}, ("data",), form)
    elif body["type"] == 9:
        body["data"] = check_modal(data or {}, ("data",), form)
    form.refuse()
    return body


def _source(call: Call, record: InteractionModel) -> MessageModel | None:
    """The message whose component was used."""
    return call.backend.messages.get(record.channel_id, {}).get(record.source_message_id or 0)

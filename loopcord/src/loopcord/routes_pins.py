"""Routes of pins: who may pin, how many, and the list page by page, also by its older paths.

Source: https://discord.com/developers/docs/resources/message#get-channel-pins
"""

from __future__ import annotations

from typing import Any

from . import pages
from ._simcord import BackendError, MessageModel, message_response
from .parity import Correction
from .routes import Call, Handler, Routes
from .rules import limits
from .rules.forms import moment

__all__ = ["CORRECTIONS", "ROUTES"]

ROUTES: Routes[Handler] = Routes()
_route = ROUTES.add


def _pinned(call: Call, channel_id: int) -> list[MessageModel]:
    return [m for m in call.backend.messages[channel_id].values() if m.pinned and not m.is_ephemeral]


def _pinned_at(call: Call, message: MessageModel) -> str:
    """When it was pinned; of what a test has arranged, when it was sent."""
    return call.backend.memory.pinned_at.get(message.id, message.timestamp)


def _list(call: Call) -> tuple[list[MessageModel], bool]:
    """The page of pins that was asked for, newest pin first, and whether there are more."""
    channel = call.context.require_channel_permissions(call.id("channel_id"))
    limit, before = pages.asked_of_archive(call.context.params, limits.PINS_PAGE)
    try:
        call.context.require_channel_permissions(channel.id, "read_message_history")
    except BackendError:
        return [], False
    rows = [
        (pinned, message.id)
        for message in _pinned(call, channel.id)
        if (pinned := moment(_pinned_at(call, message))) is not None
    ]
    ids, more = pages.archive(rows, limit, before)
    return [call.backend.messages[channel.id][i] for i in ids], more


@_route("GET", "/channels/{channel_id}/messages/pins")
def _pins(call: Call) -> Any:
    messages, more = _list(call)
    items = [
        {"message": message_response(call.context, m), "pinned_at": _pinned_at(call, m)} for m in messages
    ]
    return {"items": items, "has_more": more}


@_route("GET", "/channels/{channel_id}/pins")
def _first_pins(call: Call) -> Any:
    """The older path: the first fifty, without an envelope."""
    return [message_response(call.context, message) for message in _list(call)[0]]


def _pin(call: Call) -> Any:
    channel = call.context.require_channel_permissions(call.id("channel_id"), "pin_messages")
    message = call.context.require_message(channel.id, call.id("message_id"))
    if message.system_metadata is not None:
        raise BackendError(403, 50021, "Cannot execute action on a system message")
    if message.pinned:
        return
    if len(_pinned(call, channel.id)) >= limits.PINS:
        most = f"Maximum number of pins reached for the channel ({limits.PINS})"
        raise BackendError(400, 30003, most)
    call.backend.memory.pinned_at[message.id] = call.backend.memory.instant()
    call.backend.set_pinned(channel.id, message.id, True)


def _unpin(call: Call) -> Any:
    channel = call.context.require_channel_permissions(call.id("channel_id"), "pin_messages")
    message = call.context.require_message(channel.id, call.id("message_id"))
    call.backend.memory.pinned_at.pop(message.id, None)
    call.backend.set_pinned(channel.id, message.id, False)


for _prefix in ("/channels/{channel_id}/messages/pins", "/channels/{channel_id}/pins"):
    _route("PUT", f"{_prefix}/{{message_id}}")(_pin)
    _route("DELETE", f"{_prefix}/{{message_id}}")(_unpin)

_MESSAGE = "https://discord.com/developers/docs/resources/message"
CORRECTIONS = (
    Correction(
        "GET /channels/{channel_id}/messages/pins",
        "lists every pin in order of sending, pinned now, and refuses without READ_MESSAGE_HISTORY",
        "newest pin first, with the instant of pinning, cut by `before` and `limit` (1 to 50); "
        "nothing without READ_MESSAGE_HISTORY",
        f"{_MESSAGE}#get-channel-pins",
    ),
    Correction(
        "PUT /channels/{channel_id}/messages/pins/{message_id}",
        "needs MANAGE_MESSAGES and pins any number of messages, system messages too",
        "needs PIN_MESSAGES; 30003 beyond 250; 50021 for system messages",
        f"{_MESSAGE}#pin-message",
    ),
    Correction(
        "/channels/{channel_id}/pins",
        "lacks the older paths of pins, which some libraries use still",
        "GET answers with the first 50 messages, PUT and DELETE as the newer ones",
        f"{_MESSAGE}#get-pinned-messages-deprecated",
    ),
)

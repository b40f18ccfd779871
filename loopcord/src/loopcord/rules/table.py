"""Which rules a request meets before anything answers it, in order: its path, then its body."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from loopcord.parity import Correction
from loopcord.routes import Call

from . import on_guilds, on_messages
from .forms import Form, Snowflake

__all__ = ["CORRECTIONS", "check"]

#: What a path segment is called in Discord's errors, by the segment before it.
_IDS = {
    "answers": "answer_id",
    "applications": "application_id",
    "bans": "user_id",
    "channels": "channel_id",
    "commands": "command_id",
    "emojis": "emoji_id",
    "guilds": "guild_id",
    "interactions": "interaction_id",
    "members": "user_id",
    "messages": "message_id",
    "pins": "message_id",
    "polls": "message_id",
    "roles": "role_id",
    "rules": "auto_moderation_rule_id",
    "scheduled-events": "guild_scheduled_event_id",
    "stickers": "sticker_id",
    "thread-members": "user_id",
    "users": "user_id",
    "webhooks": "webhook_id",
}
#: Segments in the place of an id that are a route of their own.
_WORDS = frozenset(
    {
        "@me",
        "@original",
        "active",
        "bulk-delete",
        "member-counts",
        "permissions",
        "pins",
        "search",
        "templates",
    }
)


def check(method: str, path: str, call: Callable[[dict[str, str]], Call]) -> Any:
    """Check one request; returns the body to go on with.

    Args:
        method: the HTTP method.
        path: the path below the API's prefix.
        call: makes the call of these arguments of the path.

    Raises:
        BackendError: with Discord's status, code and errors, when a rule refuses.
    """
    _check_path(path)
    for table in (on_messages.CHECKS, on_guilds.CHECKS):
        found = table.find(method, path)
        if found is not None:
            rule, arguments = found
            return rule(call(arguments))
    return call({}).context.json


def _check_path(path: str) -> None:
    """The ids of a path are snowflakes."""
    segments = path.strip("/").split("/")
    form = Form()
    for before, segment in itertools.pairwise(segments):
        if before in _IDS and segment not in _WORDS:
            Snowflake().check(segment, (_IDS[before],), form)
    form.refuse()


_DOCS = "https://discord.com/developers/docs"
_WAS = "a sentence of simcord's own, one problem at a time, or none"
CORRECTIONS = (
    Correction(
        "every path with an id",
        "a Python error as the message of a 400",
        "50035 that names the id in `errors`",
        f"{_DOCS}/reference#error-messages",
    ),
    Correction(
        "every message: created, edited, of an interaction, of a webhook, of a forum post",
        _WAS,
        "50035 with every problem in `errors` by path and index: content of 2,000 code points, embeds, "
        "mentions, stickers, polls, components and their custom ids",
        f"{_DOCS}/reference#error-messages",
    ),
    Correction(
        "every message",
        "50035 for an empty one, and lets an embed with nothing in it through",
        "50006; 50035 `embeds.0.description` for the embed; 30015 for more than 10 files",
        f"{_DOCS}/topics/opcodes-and-status-codes#json-json-error-codes",
    ),
    Correction(
        "every message with embeds",
        "keeps blanks around the texts, takes any colour, address and timestamp",
        "trims, checks, counts 6,000 over all embeds, and calls each `rich`",
        f"{_DOCS}/resources/message#embed-object-embed-limits",
    ),
    Correction(
        "every message with `allowed_mentions`",
        "refuses an empty `users` or `roles` beside `parse`",
        "takes it as not given",
        f"{_DOCS}/resources/message#allowed-mentions-object-allowed-mentions-examples",
    ),
    Correction(
        "answers to interactions, webhooks",
        "mention roles and everyone when `allowed_mentions` is not given",
        "mention people alone then",
        f"{_DOCS}/resources/message#allowed-mentions-object-default-settings-for-allowed-mentions",
    ),
    Correction(
        "POST /channels/{channel_id}/messages",
        "lets any flag be set, so that EPHEMERAL hides a message",
        "ignores the flags that cannot be set",
        f"{_DOCS}/resources/message#create-message",
    ),
    Correction(
        "POST /channels/{channel_id}/messages as a reply",
        "takes a reply to a message that is gone, to a system message, to what the bot cannot read",
        "50035 `message_reference` (or no reply with `fail_if_not_exists` false), 160002 without "
        "READ_MESSAGE_HISTORY",
        f"{_DOCS}/resources/message#create-message-limitations",
    ),
    Correction(
        "a forward of a forward",
        "is not modelled",
        "carries the snapshot of the original: snapshots are one deep",
        f"{_DOCS}/resources/message#message-snapshot-object",
    ),
    Correction(
        "POST /channels/{channel_id}/threads",
        "makes a public thread when `type` is not given, and a second thread of one message",
        "makes a private one; 160004 for the second",
        f"{_DOCS}/resources/channel#start-thread-without-message",
    ),
    Correction(
        "modals and autocompletion",
        _WAS,
        "50035 with every problem in `errors` below `data`",
        f"{_DOCS}/components/reference",
    ),
    Correction(
        "application commands",
        "takes any names, descriptions, options and choices, any number of them",
        "50035 by index and path; 30032 beyond 100 slash commands, 15 of each menu",
        f"{_DOCS}/interactions/application-commands#application-command-object",
    ),
    Correction(
        "channels: created, changed",
        "takes any name, topic, slow mode, bitrate, parent, any number of channels",
        "50035 for what is out of bounds, for a parent that is no category or full; 30013 beyond 500",
        f"{_DOCS}/resources/channel#modify-channel",
    ),
    Correction(
        "roles: created, changed",
        "takes any name and colour, any number of roles, and grants nothing by default",
        "50035 for what is out of bounds, 30005 beyond 250; by default grants what @everyone may",
        f"{_DOCS}/resources/guild#create-guild-role",
    ),
    Correction(
        "PATCH /guilds/{guild_id}/members/{user_id}",
        "takes any nickname, and a timeout of any length",
        "50035 beyond 32 characters and beyond 28 days",
        f"{_DOCS}/resources/guild#modify-guild-member",
    ),
    Correction(
        "bans, bulk bans and prunes",
        "takes any `delete_message_seconds`, `user_ids` and `days`",
        "50035 beyond 604,800 seconds, 200 people, 1 to 30 days",
        f"{_DOCS}/resources/guild#create-guild-ban",
    ),
    Correction(
        "webhooks, invites, emojis, scheduled events, stages",
        "takes any names and numbers, any number of them",
        "50035 for what is out of bounds; 30007 beyond 15 webhooks of a channel, 30016 beyond 1,000 "
        "invites, 30038 beyond 100 events to come",
        f"{_DOCS}/topics/opcodes-and-status-codes#json-json-error-codes",
    ),
)

"""Where Discord differs from ``discord-api-types``, and the few shapes that the package does not have.

Each deviation loosens the shipped schema in one place and says why, and where that is written. What Discord
itself says is loosened only where its documentation says otherwise than the package; what clients send also
where libraries in wide use send it to Discord every day.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["ACCEPTED", "DEVIATIONS", "OWN", "Deviation", "amend"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place of the schema that is stricter than Discord is."""

    definitions: tuple[str, ...]
    #: The way from each of them to what is replaced: keys, separated by slashes.
    place: str
    change: Callable[[Any], Any]
    why: str
    source: str
    #: Whether only what clients send is concerned.
    sent: bool = False


def _or_null(schema: Any) -> Any:
    return {"anyOf": [schema, {"type": "null"}]}


def _not_required(*names: str) -> Callable[[Any], Any]:
    return lambda required: [name for name in required if name not in names]


def _open_ended(branches: Any) -> Any:
    """Besides the keys of an audit log's changes that are known, any other."""
    known = [branch["properties"]["key"]["const"] for branch in branches]
    other = {"type": "string", "not": {"enum": known}}
    return [*branches, {"type": "object", "properties": {"key": other}, "required": ["key"]}]


_DOCS = "https://discord.com/developers/docs"
_COMMANDS = (
    "RESTPostAPIChatInputApplicationCommandsJSONBody",
    "RESTPostAPIContextMenuApplicationCommandsJSONBody",
)
_DISCORD_PY = "https://github.com/Rapptz/discord.py/blob/v2.7.1"

DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        ("APIStageInstance",),
        "properties/guild_scheduled_event_id",
        _or_null,
        "null when the stage belongs to no scheduled event",
        f"{_DOCS}/resources/stage-instance#stage-instance-object",
    ),
    Deviation(
        ("APIMessageComponentEmoji",),
        "properties/id",
        _or_null,
        "it is a partial emoji, and the id of a standard one is null",
        f"{_DOCS}/resources/emoji#emoji-object-emoji-structure",
    ),
    Deviation(
        ("APIAuditLogChange",),
        "anyOf",
        _open_ended,
        "an app may run into any field of the changed object, such as a channel's parent_id",
        f"{_DOCS}/resources/audit-log#audit-log-entry-object-audit-log-events",
    ),
    Deviation(
        ("APIPartialEmoji",),
        "required",
        _not_required("id", "name"),
        "the emoji of a poll's answer is sent as its name alone, or its id alone",
        f"{_DOCS}/resources/poll#poll-media-object",
        sent=True,
    ),
    Deviation(
        ("APIPollMedia",),
        "properties/emoji",
        _or_null,
        "sent by discord.js for an answer without emoji",
        "https://github.com/discordjs/discord.js/blob/14.28.1/packages/discord.js/src/structures/MessagePayload.js",
        sent=True,
    ),
    Deviation(
        ("RESTPostAPIChannelMessagesThreadsJSONBody", "RESTPostAPIChannelThreadsJSONBody"),
        "properties/rate_limit_per_user",
        _or_null,
        "a nullable integer",
        f"{_DOCS}/resources/channel#start-thread-from-message-json-params",
        sent=True,
    ),
    Deviation(
        ("RESTPostAPIChannelMessageJSONBody", "APIInteractionResponseCallbackData"),
        "properties/content",
        _or_null,
        "null for no text, or to remove it in an update",
        f"{_DISCORD_PY}/discord/http.py",
        sent=True,
    ),
    Deviation(
        ("RESTPostAPIChannelMessageJSONBody",),
        "properties/nonce",
        _or_null,
        "a string, an integer or null",
        "https://github.com/discord/discord-api-docs/issues/955",
        sent=True,
    ),
    Deviation(
        _COMMANDS,
        "properties/contexts",
        _or_null,
        "null for the default, as Discord itself says it of a command",
        f"{_DISCORD_PY}/discord/app_commands/commands.py",
        sent=True,
    ),
    Deviation(
        _COMMANDS,
        "properties/integration_types",
        _or_null,
        "null for the default",
        f"{_DISCORD_PY}/discord/app_commands/commands.py",
        sent=True,
    ),
    Deviation(
        ("APIRoleColors",),
        "required",
        _not_required("secondary_color", "tertiary_color"),
        "a role of one colour is sent with the primary one alone",
        f"{_DISCORD_PY}/discord/guild.py",
        sent=True,
    ),
    Deviation(
        ("RESTPostAPIGuildPruneJSONBody",),
        "properties/compute_prune_count",
        lambda schema: {"anyOf": [schema, {"enum": ["true", "false"]}]},
        "sent as text",
        f"{_DISCORD_PY}/discord/http.py",
        sent=True,
    ),
)

_DIGITS = {"type": "string", "pattern": "^[0-9]{1,20}$"}
#: What Discord takes from a client in place of what it says itself: integers where the text of one is due.
#: Source: https://github.com/discord/discord-api-spec/issues/11 (its comment of 2023-08-05)
ACCEPTED: dict[str, Any] = {
    name: {"anyOf": [_DIGITS, {"type": "integer", "minimum": 0}]} for name in ("Snowflake", "Permissions")
}

#: Shapes that the package does not have, from Discord's documentation.
OWN: dict[str, Any] = {
    # https://discord.com/developers/docs/reference#error-messages
    "Error": {
        "type": "object",
        "properties": {
            "code": {"type": "integer", "minimum": 0},
            "message": {"type": "string", "minLength": 1},
            "errors": {"$ref": "#/definitions/ErrorTree"},
        },
        "required": ["code", "message"],
    },
    "ErrorTree": {
        "type": "object",
        "properties": {
            "_errors": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    "required": ["code", "message"],
                },
            }
        },
        "additionalProperties": {"$ref": "#/definitions/ErrorTree"},
        "minProperties": 1,
    },
    # https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit-rate-limit-response-structure
    "RateLimit": {
        "type": "object",
        "properties": {
            "message": {"type": "string"},
            "retry_after": {"type": "number", "minimum": 0},
            "global": {"type": "boolean"},
            "code": {"type": "integer"},
        },
        "required": ["message", "retry_after", "global"],
    },
}


def amend(definitions: dict[str, Any], deviation: Deviation) -> None:
    """Change what a deviation is about.

    Raises:
        KeyError: when the schema no longer has that place.
    """
    *way, last = deviation.place.split("/")
    for name in deviation.definitions:
        node = definitions[name]
        for step in way:
            node = node[step]
        node[last] = deviation.change(node[last])

"""Where Discord differs from ``discord-api-types``, and the few shapes that the package does not have.

Each deviation loosens the shipped schema in one place and says why, and where that is written. A test
holds that each is still needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ACCEPTED", "DEVIATIONS", "OWN", "Deviation", "amend"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One place of the schema that is stricter than Discord is."""

    #: The definition, and the way from it to what is replaced: keys and indexes, separated by slashes;
    #: ``-`` is the place after the last element of a list.
    definition: str
    place: str
    #: What takes its place; None removes it.
    schema: Any
    why: str
    source: str
    #: Whether only what clients send is concerned.
    sent: bool = False


_DOCS = "https://discord.com/developers/docs"
DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        "APIStageInstance",
        "properties/guild_scheduled_event_id",
        {"anyOf": [{"$ref": "#/definitions/Snowflake"}, {"type": "null"}]},
        "null when the stage belongs to no scheduled event",
        f"{_DOCS}/resources/stage-instance#stage-instance-object",
    ),
    Deviation(
        "APIAuditLogChange",
        "anyOf/-",
        {
            "type": "object",
            "properties": {
                "key": {
                    "type": "string",
                    "pattern": "^(applied_tags|invitable|scheduled_(start|end)_time|"
                    "[$](add|remove)_(keyword_filter|regex_patterns|allow_list))$",
                }
            },
            "required": ["key"],
        },
        "a change may be of any field of the thing, also of those that the package does not list",
        f"{_DOCS}/resources/audit-log#audit-log-change-object",
    ),
    Deviation(
        "APIPartialEmoji",
        "required/id",
        None,
        "the emoji of a poll's answer is sent as its name alone, or its id alone",
        f"{_DOCS}/resources/poll#poll-media-object",
        sent=True,
    ),
)

_NUMBER_OR_TEXT = {
    "anyOf": [{"type": "string", "pattern": "^[0-9]{1,20}$"}, {"type": "integer", "minimum": 0}]
}
#: What Discord takes from a client in place of what it says itself: integers where the text of one is due.
#: Source: https://github.com/discord/discord-api-spec/issues/11 (its comment of 2023-08-05)
ACCEPTED: dict[str, Any] = {"Snowflake": _NUMBER_OR_TEXT, "Permissions": _NUMBER_OR_TEXT}

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
    """Replace what a deviation is about.

    Raises:
        LookupError: when the schema no longer has that place.
    """
    *way, last = deviation.place.split("/")
    node: Any = definitions[deviation.definition]
    for step in way:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if last == "-":
        node.append(deviation.schema)
    elif isinstance(node, list):
        index = node.index(last)
        node[index : index + 1] = [] if deviation.schema is None else [deviation.schema]
    elif deviation.schema is None:
        del node[last]
    else:
        assert last in node, f"{deviation.definition}/{deviation.place}"
        node[last] = deviation.schema

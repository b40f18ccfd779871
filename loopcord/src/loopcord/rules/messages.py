"""Bodies of messages: created, edited, as an answer to an interaction, through a webhook.

Source: https://discord.com/developers/docs/resources/message#create-message
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopcord._simcord import BackendError, MessageModel

from . import limits
from .components import COMPONENTS_V2, check_components
from .embeds import EMBEDS
from .forms import Boolean, Choice, Form, Integer, Items, Path, Record, Snowflake, Text, needed

__all__ = ["LOADING", "MENTIONS", "check_message", "empty_message"]

#: Flags that may be set on a new message; others are ignored.
#: https://discord.com/developers/docs/resources/message#create-message (SUPPRESS_EMBEDS,
#: SUPPRESS_NOTIFICATIONS, IS_VOICE_MESSAGE, IS_COMPONENTS_V2)
_SETTABLE = 1 << 2 | 1 << 12 | 1 << 13 | COMPONENTS_V2
#: .../interactions/receiving-and-responding#interaction-response-object-messages
EPHEMERAL = 1 << 6
#: An answer to an interaction that is still to come.
LOADING = 1 << 7
#: What is mentioned when nothing is said: everything in regular messages, people alone in answers to
#: interactions and through webhooks.
#: https://discord.com/developers/docs/resources/message#allowed-mentions-object
MENTIONS = {"parse": ["users"]}


def _mentions_rule(mentions: dict[str, Any], path: Path, form: Form) -> None:
    for name in ("users", "roles"):
        if not mentions.get(name):
            # simcord takes an empty list as given; Discord takes it as not given.
            mentions.pop(name, None)
        elif name in (mentions.get("parse") or []):
            both = f'parse:["{name}"] and {name}: [ids...] are mutually exclusive.'
            form.add(path, "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", both)
    for name in ("parse", "replied_user"):
        if mentions.get(name, ...) is None:
            del mentions[name]


_MENTIONED = Items(Snowflake(), high=limits.ALLOWED_MENTIONS, unique=True)
_ALLOWED_MENTIONS = Record(
    {
        "parse": Items(Choice(("roles", "users", "everyone")), unique=True),
        "users": _MENTIONED,
        "roles": _MENTIONED,
        "replied_user": Boolean(),
    },
    _mentions_rule,
)
_REFERENCE = Record(
    {
        "type": Choice((0, 1)),
        "message_id": needed(Snowflake()),
        "channel_id": Snowflake(),
        "guild_id": Snowflake(),
        "fail_if_not_exists": Boolean(),
    }
)
_ANSWER = Record({"poll_media": needed(Record({"text": needed(Text(1, limits.POLL_ANSWER))}))})
_POLL = Record(
    {
        "question": needed(Record({"text": needed(Text(1, limits.POLL_QUESTION))})),
        "answers": needed(Items(_ANSWER, 1, limits.POLL_ANSWERS)),
        "duration": Integer(1, limits.POLL_HOURS),
        "allow_multiselect": Boolean(),
        "layout_type": Choice((1,)),
    }
)
_MESSAGE = Record(
    {
        "content": Text(high=limits.CONTENT),
        "tts": Boolean(),
        "flags": Integer(0),
        "embeds": EMBEDS,
        "allowed_mentions": _ALLOWED_MENTIONS,
        "message_reference": _REFERENCE,
        "sticker_ids": Items(Snowflake(), high=limits.STICKERS, unique=True),
        "attachments": Items(Record({"description": Text(high=limits.ATTACHMENT_DESCRIPTION)})),
        "poll": _POLL,
        "username": Text(1, limits.WEBHOOK_NAME, strip=True),
        "nonce": Text(high=limits.NONCE),
        "enforce_nonce": Boolean(),
    }
)


def check_message(
    body: Any,
    path: Path,
    form: Form,
    *,
    old: MessageModel | None = None,
    extra_flags: int = 0,
    default_mentions: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Check and complete the body of a message.

    Args:
        body: what was asked.
        path: where the message is in the request.
        form: takes the problems.
        old: the message that is edited.
        extra_flags: flags that may be set here besides those of any message.
        default_mentions: what may be mentioned when the body does not say.
    """
    if isinstance(body, Mapping) and body.get("embed") is not None and "embeds" not in body:
        body = {**body, "embeds": [body["embed"]]}
        del body["embed"]
    body = {} if body is None else body
    checked = _MESSAGE.check(body, path, form)
    if not isinstance(checked, dict):
        return {}
    if isinstance(body.get("nonce"), int):  # it comes back as it was sent
        checked["nonce"] = body["nonce"]
    flags = checked.get("flags")
    flags = flags if isinstance(flags, int) else 0
    v2 = bool((flags | (old.flags if old is not None else 0)) & COMPONENTS_V2)
    if old is None and "flags" in checked:
        checked["flags"] = flags & (_SETTABLE | extra_flags)
    if checked.get("components") is not None:
        checked["components"] = check_components(checked["components"], (*path, "components"), form, v2=v2)
    if v2:
        _only_components(checked, path, form)
    if default_mentions is not None and checked.get("allowed_mentions") is None and _speaks(checked):
        checked["allowed_mentions"] = dict(default_mentions)
    return checked


def _speaks(body: Mapping[str, Any]) -> bool:
    return body.get("content") is not None or body.get("components") is not None


def _only_components(body: Mapping[str, Any], path: Path, form: Form) -> None:
    """A message of Components V2 has nothing else."""
    for name in ("content", "embeds", "sticker_ids", "poll"):
        if body.get(name):
            other = f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
            form.add((*path, name), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", other)


def empty_message(body: Mapping[str, Any], *, files: int, old: MessageModel | None = None) -> None:
    """Refuse a message that shows nothing; a forward shows what it forwards.

    Raises:
        BackendError: 400 with code 50006, or 30015 for too many files.
    """
    if files > limits.ATTACHMENTS:
        most = f"Maximum number of attachments in a message reached ({limits.ATTACHMENTS})"
        raise BackendError(400, 30015, most)
    reference = body.get("message_reference")
    if files or (isinstance(reference, Mapping) and reference.get("type") == 1):
        return
    names = ("content", "embeds", "components", "sticker_ids", "poll", "attachments")
    before: dict[str, Any] = {}
    if old is not None:
        if old.flags & LOADING and "poll" in body:
            return
        before = {
            "content": old.content,
            "embeds": old.embeds,
            "components": old.components,
            "sticker_ids": old.stickers,
            "poll": old.poll,
            "attachments": old.attachments,
        }
    else:
        names = names[:-1]
    for name in names:
        value = body.get(name, before.get(name))
        if value and (name != "content" or str(value).strip()):
            return
    if old is not None and (old.snapshots or old.system_metadata is not None):
        return
    raise BackendError(400, 50006, "Cannot send an empty message")

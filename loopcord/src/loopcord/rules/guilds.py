"""Bodies about guilds: channels, threads, roles, members, bans, webhooks, invites, events.

Source: https://discord.com/developers/docs/resources/guild and its siblings
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from loopcord._simcord import ChannelType

from . import limits
from .forms import (
    Anything,
    Boolean,
    Choice,
    Form,
    Integer,
    Items,
    Kind,
    Moment,
    Path,
    Record,
    Snowflake,
    Text,
    moment,
    needed,
)

__all__ = [
    "BAN",
    "BULK_BAN",
    "EMOJI",
    "EVENT",
    "GUILD",
    "INCIDENT_ACTIONS",
    "INVITE",
    "MEMBER",
    "NEW_EMOJI",
    "NEW_EVENT",
    "NEW_WEBHOOK",
    "PRUNE",
    "ROLE",
    "STAGE",
    "THREAD",
    "WEBHOOK",
    "channel",
    "check_incident_actions",
    "check_timeout",
]

_NAME = Text(1, limits.CHANNEL_NAME)
_PERMISSIONS = Integer(0)
_OVERWRITE = Record(
    {
        "id": needed(Snowflake()),
        "type": needed(Choice((0, 1))),
        "allow": _PERMISSIONS,
        "deny": _PERMISSIONS,
    }
)
#: One permission overwrite, whose id is in the path.
OVERWRITE = Record({"type": needed(Choice((0, 1))), "allow": _PERMISSIONS, "deny": _PERMISSIONS})
_TAG = Record({"name": needed(Text(1, limits.FORUM_TAG_NAME)), "moderated": Boolean()})


def channel(kind: int, *, new: bool) -> Kind:
    """The body of a channel of a type, created or changed."""
    forum = kind == ChannelType.FORUM
    stage = kind == ChannelType.STAGE_VOICE
    fields: dict[str, Any] = {
        "name": needed(_NAME) if new else _NAME,
        "topic": Text(high=limits.FORUM_TOPIC if forum else limits.TOPIC),
        "nsfw": Boolean(),
        "rate_limit_per_user": Integer(0, limits.SLOWMODE),
        "bitrate": Integer(limits.BITRATE[0], 64_000 if stage else limits.BITRATE[1]),
        "user_limit": Integer(0, limits.STAGE_USERS if stage else limits.VOICE_USERS),
        "parent_id": Snowflake(),
        "permission_overwrites": Items(_OVERWRITE, high=limits.OVERWRITES),
        "available_tags": Items(_TAG, high=limits.FORUM_TAGS),
        "default_auto_archive_duration": Choice(limits.ARCHIVE_AFTER),
    }
    if new:
        fields["type"] = Choice((0, 2, 4, 5, 13, 14, 15, 16))
    return Record(fields)


_THREAD_FIELDS: dict[str, Any] = {
    "auto_archive_duration": Choice(limits.ARCHIVE_AFTER),
    "rate_limit_per_user": Integer(0, limits.SLOWMODE),
    "invitable": Boolean(),
    "applied_tags": Items(Snowflake(), high=limits.POST_TAGS),
}
#: A new thread or forum post; its first message is checked apart.
THREAD = Record({"name": needed(_NAME), "type": Choice((10, 11, 12)), **_THREAD_FIELDS})
#: A thread that is changed.
OLD_THREAD = Record({"name": _NAME, "archived": Boolean(), "locked": Boolean(), **_THREAD_FIELDS})

_COLOR = Integer(0, limits.COLOR)
ROLE = Record(
    {
        "name": Text(high=limits.ROLE_NAME),
        "permissions": _PERMISSIONS,
        "color": _COLOR,
        "colors": Record(
            {"primary_color": needed(_COLOR), "secondary_color": _COLOR, "tertiary_color": _COLOR}
        ),
        "hoist": Boolean(),
        "mentionable": Boolean(),
    }
)
MEMBER = Record(
    {
        "nick": Text(high=limits.NICK),
        "roles": Items(Snowflake(), unique=True),
        "mute": Boolean(),
        "deaf": Boolean(),
        "channel_id": Snowflake(),
        "communication_disabled_until": Moment(),
    }
)


def check_timeout(until: datetime, now: datetime, path: Path, form: Form) -> None:
    """A timeout ends within 28 days.

    Source: https://discord.com/developers/docs/resources/guild#modify-guild-member
    """
    if until > now + timedelta(seconds=limits.TIMEOUT):
        late = "Invalid communication disabled timestamp"
        form.add(path, "INVALID_COMMUNICATION_DISABLED_TIMESTAMP", late)


INCIDENT_ACTIONS = Record({"invites_disabled_until": Moment(), "dms_disabled_until": Moment()})


def check_incident_actions(body: Mapping[str, Any], now: datetime, form: Form) -> None:
    """What is paused is so for at most 24 hours; the documentation names the bound and no code for it.

    Source: https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions
    """
    for name in ("invites_disabled_until", "dms_disabled_until"):
        until = moment(body.get(name))
        if until is not None and until > now + timedelta(seconds=limits.INCIDENT_ACTION):
            form.add((name,), "INVALID_INCIDENT_ACTION_TIMESTAMP", "Must be at most 24 hours from now.")


_DELETE_SECONDS = Integer(0, limits.BAN_DELETE_SECONDS)
BAN = Record(
    {
        "delete_message_seconds": _DELETE_SECONDS,
        "delete_message_days": Integer(0, limits.BAN_DELETE_DAYS),
    }
)
BULK_BAN = Record(
    {
        "user_ids": needed(Items(Snowflake(), 1, limits.BULK_BAN)),
        "delete_message_seconds": _DELETE_SECONDS,
    }
)
PRUNE = Record({"days": Integer(*limits.PRUNE_DAYS)})
GUILD = Record(
    {
        "name": Text(*limits.GUILD_NAME, strip=True),
        "afk_timeout": Choice((60, 300, 900, 1_800, 3_600)),
        "verification_level": Choice((0, 1, 2, 3, 4)),
        "default_message_notifications": Choice((0, 1)),
        "explicit_content_filter": Choice((0, 1, 2)),
    }
)


class _WebhookName:
    """1 to 80 characters, without the words that Discord keeps for itself."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        value = Text(1, limits.WEBHOOK_NAME, strip=True).check(value, path, form)
        for word in ("clyde", "discord"):
            if isinstance(value, str) and word in value.lower():
                form.add(path, "USERNAME_INVALID_CONTAINS", f'Username cannot contain "{word}"')
        return value


NEW_WEBHOOK = Record({"name": needed(_WebhookName())})
WEBHOOK = Record({"name": _WebhookName(), "channel_id": Snowflake()})
INVITE = Record(
    {
        "max_age": Integer(0, limits.INVITE_AGE),
        "max_uses": Integer(0, limits.INVITE_USES),
        "temporary": Boolean(),
        "unique": Boolean(),
    }
)
_EMOJI_NAME = Text(*limits.EMOJI_NAME)
NEW_EMOJI = Record({"name": needed(_EMOJI_NAME), "roles": Items(Snowflake())})
EMOJI = Record({"name": _EMOJI_NAME, "roles": Items(Snowflake())})


def _event_rule(event: dict[str, Any], path: Path, form: Form) -> None:
    kind, external = event.get("entity_type"), 3
    if kind == external:
        metadata = event.get("entity_metadata")
        if not (isinstance(metadata, Mapping) and metadata.get("location")):
            form.require((*path, "entity_metadata", "location"))
        if event.get("scheduled_end_time") is None:
            form.require((*path, "scheduled_end_time"))
    elif kind in (1, 2) and event.get("channel_id") is None:
        form.require((*path, "channel_id"))


_EVENT_FIELDS: dict[str, Any] = {
    "description": Text(high=limits.EVENT_DESCRIPTION),
    "scheduled_end_time": Moment(),
    "channel_id": Snowflake(),
    "entity_metadata": Record({"location": Text(high=limits.EVENT_LOCATION)}),
}
NEW_EVENT = Record(
    {
        "name": needed(Text(1, limits.EVENT_NAME)),
        "entity_type": needed(Choice((1, 2, 3))),
        "privacy_level": Choice((2,)),
        "scheduled_start_time": needed(Moment()),
        **_EVENT_FIELDS,
    },
    _event_rule,
)
EVENT = Record(
    {
        "name": Text(1, limits.EVENT_NAME),
        "status": Choice((1, 2, 3, 4)),
        "scheduled_start_time": Moment(),
        **_EVENT_FIELDS,
    }
)
STAGE = Record({"channel_id": needed(Anything()), "topic": needed(Text(1, limits.STAGE_TOPIC))})

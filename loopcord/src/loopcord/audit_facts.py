"""What the audit log tells of a thing: its fields, by the keys that Discord's entries use.

Two of these, before and after, make an entry's ``changes``.
Source: https://discord.com/developers/docs/resources/audit-log#audit-log-change-object
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._simcord import ChannelModel, GuildModel, MemberModel, Overwrite, RoleModel, serializers

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = [
    "automod_rule",
    "channel",
    "emoji",
    "guild",
    "invite",
    "member",
    "overwrite",
    "overwrite_options",
    "role",
    "scheduled_event",
    "stage_instance",
    "sticker",
    "thread",
    "webhook",
]

_VOICE, _STAGE, _FORUM, _PRIVATE_THREAD = 2, 13, 15, 12


def guild(model: GuildModel) -> dict[str, Any]:
    """Settings of a guild."""
    return {
        "name": model.name,
        "description": model.description,
        "preferred_locale": model.preferred_locale,
        "afk_timeout": model.afk_timeout,
        "verification_level": model.verification_level,
        "default_message_notifications": model.default_message_notifications,
        "explicit_content_filter": model.explicit_content_filter,
        "afk_channel_id": _id(model.afk_channel_id),
        "system_channel_id": _id(model.system_channel_id),
        "rules_channel_id": _id(model.rules_channel_id),
        "public_updates_channel_id": _id(model.public_updates_channel_id),
    }


def channel(backend: LocalBackend, model: ChannelModel) -> dict[str, Any]:
    """Settings of a channel, without its overwrites, which have entries of their own."""
    facts: dict[str, Any] = {
        "name": model.name,
        "type": int(model.type),
        "topic": model.topic,
        "nsfw": model.id in backend.nsfw_channels,
        "rate_limit_per_user": model.rate_limit_per_user,
    }
    if model.type in (_VOICE, _STAGE):
        facts |= {"bitrate": model.bitrate, "user_limit": model.user_limit, "rtc_region": model.rtc_region}
    if model.type == _FORUM:
        facts["available_tags"] = [dict(tag) for tag in model.available_tags]
    return facts


def thread(model: ChannelModel) -> dict[str, Any]:
    """Settings of a thread."""
    facts: dict[str, Any] = {
        "name": model.name,
        "type": int(model.type),
        "rate_limit_per_user": model.rate_limit_per_user,
        "applied_tags": [str(tag) for tag in model.applied_tags] or None,
    }
    if (meta := model.thread_metadata) is not None:
        facts |= {
            "archived": meta.archived,
            "locked": meta.locked,
            "auto_archive_duration": meta.auto_archive_duration,
        }
        if model.type == _PRIVATE_THREAD:
            facts["invitable"] = meta.invitable
    return facts


def overwrite(model: Overwrite) -> dict[str, Any]:
    """One permission overwrite of a channel."""
    return {
        "id": str(model.target_id),
        "type": int(model.type),
        "allow": str(model.allow),
        "deny": str(model.deny),
    }


def overwrite_options(of: GuildModel, model: Overwrite) -> dict[str, Any]:
    """Whose overwrite it is: ``id``, ``type``, and for roles ``role_name``."""
    options = {"id": str(model.target_id), "type": str(int(model.type))}
    if int(model.type) == 0 and model.target_id in of.roles:
        options["role_name"] = of.roles[model.target_id].name
    return options


def member(model: MemberModel) -> dict[str, Any]:
    """What others can change of a member, roles aside."""
    return {
        "nick": model.nick,
        "mute": model.mute,
        "deaf": model.deaf,
        "communication_disabled_until": model.timed_out_until,
    }


def role(model: RoleModel) -> dict[str, Any]:
    """Settings of a role; permissions are text, as everywhere since API v8."""
    return {
        "name": model.name,
        "permissions": str(model.permissions),
        "color": model.color,
        "hoist": model.hoist,
        "mentionable": model.mentionable,
    }


def invite(model: Any) -> dict[str, Any]:
    """An invite, with ``channel_id`` instead of the object's channel."""
    return {
        "code": model.code,
        "channel_id": str(model.channel_id),
        "inviter_id": str(model.inviter_id),
        "uses": model.uses,
        "max_uses": model.max_uses,
        "max_age": model.max_age,
        "temporary": model.temporary,
    }


def webhook(backend: LocalBackend, model: Any) -> dict[str, Any]:
    """A webhook; ``application_id`` when the bot made it."""
    mine = model.creator_id == backend.bot_user.id
    return {
        "type": 1,
        "name": model.name,
        "channel_id": str(model.channel_id),
        "application_id": str(backend.application_id) if mine else None,
    }


def emoji(model: Any) -> dict[str, Any]:
    """A custom emoji."""
    return {"name": model.name}


def sticker(model: Any) -> dict[str, Any]:
    """A custom sticker."""
    return {
        "name": model.name,
        "description": model.description,
        "tags": model.tags,
        "type": 2,
        "format_type": model.format_type,
        "available": model.available,
        "guild_id": str(model.guild_id),
        "id": str(model.id),
    }


def scheduled_event(model: Any) -> dict[str, Any]:
    """A scheduled event, with ``location`` instead of ``entity_metadata``."""
    return {
        "name": model.name,
        "description": model.description,
        "channel_id": _id(model.channel_id),
        "location": (model.entity_metadata or {}).get("location"),
        "entity_type": model.entity_type,
        "privacy_level": model.privacy_level,
        "status": model.status,
        "scheduled_start_time": model.scheduled_start_time,
        "scheduled_end_time": model.scheduled_end_time,
    }


def stage_instance(model: Any) -> dict[str, Any]:
    """A stage that is live."""
    return {"topic": model.topic, "privacy_level": model.privacy_level}


def automod_rule(backend: LocalBackend, model: Any) -> dict[str, Any]:
    """An auto-moderation rule."""
    payload = serializers.auto_mod_rule_payload(backend, model)
    return {key: payload[key] for key in payload if key not in ("id", "guild_id", "creator_id")}


def _id(value: int | None) -> str | None:
    return str(value) if value is not None else None

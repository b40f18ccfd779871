"""What a request about guilds and the application's commands meets before anything answers it."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from loopcord._simcord import AppCommandType, BackendError, ChannelType
from loopcord.routes import Call, Handler, Routes

from . import commands, guilds, limits
from .forms import Form, Kind, Path, moment

__all__ = ["CHECKS"]

CHECKS: Routes[Handler] = Routes()
_check = CHECKS.add


def _body(call: Call, kind: Kind, path: Path = ()) -> Any:
    form = Form()
    checked = kind.check(call.context.json or {}, path, form)
    form.refuse()
    return checked


def _reached(what: str, most: int, code: int) -> BackendError:
    return BackendError(400, code, f"Maximum number of {what} reached ({most})")


# ------------------------------------------------------------------ channels


def _check_parent(call: Call, guild_id: int, body: dict[str, Any], form: Form) -> None:
    """A parent is a category of the same guild with room for one more."""
    if body.get("parent_id") is None or form.count:
        return
    parent = call.backend.channels.get(int(body["parent_id"]))
    if parent is None or parent.guild_id != guild_id or parent.type != ChannelType.CATEGORY:
        form.add(("parent_id",), "CHANNEL_PARENT_INVALID_TYPE", "Not a category")
        return
    children = [c for c in call.backend.channels.values() if c.parent_id == parent.id and not c.is_thread]
    if len(children) >= limits.CATEGORY_CHANNELS:
        full = f"Maximum number of channels in category reached ({limits.CATEGORY_CHANNELS})"
        form.add(("parent_id",), "CHANNEL_PARENT_MAX_CHANNELS", full)


@_check("POST", "/guilds/{guild_id}/channels")
def _new_channel(call: Call) -> Any:
    guild, form = call.backend.get_guild(call.id("guild_id")), Form()
    kind = call.body.get("type")
    kind = kind if isinstance(kind, int) else int(ChannelType.TEXT)
    body = guilds.channel(kind, new=True).check(call.context.json or {}, (), form)
    if isinstance(body, dict):
        _check_parent(call, guild.id, body, form)
    form.refuse()
    if len(guild.channel_ids) >= limits.CHANNELS:
        raise _reached("guild channels", limits.CHANNELS, 30013)
    return body


@_check("PATCH", "/channels/{channel_id}")
def _channel(call: Call) -> Any:
    channel, form = call.backend.get_channel(call.id("channel_id")), Form()
    kind = guilds.OLD_THREAD if channel.is_thread else guilds.channel(channel.type, new=False)
    body = kind.check(call.context.json or {}, (), form)
    if isinstance(body, dict) and channel.guild_id is not None and not channel.is_thread:
        moved = str(body.get("parent_id")) != str(channel.parent_id)
        _check_parent(call, channel.guild_id, body if moved else {}, form)
    form.refuse()
    return body


@_check("PUT", "/channels/{channel_id}/permissions/{target_id}")
def _overwrite(call: Call) -> Any:
    channel = call.backend.get_channel(call.id("channel_id"))
    known = any(overwrite.target_id == call.id("target_id") for overwrite in channel.overwrites)
    if not known and len(channel.overwrites) >= limits.OVERWRITES:
        raise _reached("channel permission overwrites", limits.OVERWRITES, 30060)
    return _body(call, guilds.OVERWRITE)


@_check("POST", "/channels/{channel_id}/webhooks")
def _new_webhook(call: Call) -> Any:
    channel = call.backend.get_channel(call.id("channel_id"))
    body = _body(call, guilds.NEW_WEBHOOK)
    here = [hook for hook in call.backend.webhooks.values() if hook.channel_id == channel.id]
    if len(here) >= limits.WEBHOOKS:
        raise _reached("webhooks", limits.WEBHOOKS, 30007)
    return body


@_check("PATCH", "/webhooks/{webhook_id}")
def _webhook(call: Call) -> Any:
    return _body(call, guilds.WEBHOOK)


@_check("PATCH", "/webhooks/{webhook_id}/{token}")
def _webhook_with_token(call: Call) -> Any:
    return _body(call, guilds.WEBHOOK)


@_check("POST", "/channels/{channel_id}/invites")
def _new_invite(call: Call) -> Any:
    channel = call.backend.get_channel(call.id("channel_id"))
    body = _body(call, guilds.INVITE)
    there = [invite for invite in call.backend.invites.values() if invite.guild_id == channel.guild_id]
    if len(there) >= limits.INVITES:
        raise _reached("invites", limits.INVITES, 30016)
    return body


@_check("POST", "/stage-instances")
def _new_stage(call: Call) -> Any:
    return _body(call, guilds.STAGE)


# ------------------------------------------------------------------ roles, members, bans


@_check("POST", "/guilds/{guild_id}/roles")
def _new_role(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    body = _body(call, guilds.ROLE)
    if len(guild.roles) >= limits.ROLES:
        raise _reached("guild roles", limits.ROLES, 30005)
    if body.get("permissions") is None:
        # https://discord.com/developers/docs/resources/guild#create-guild-role
        body["permissions"] = str(guild.everyone_role.permissions)
    return body


@_check("PATCH", "/guilds/{guild_id}/roles/{role_id}")
def _role(call: Call) -> Any:
    return _body(call, guilds.ROLE)


@_check("PATCH", "/guilds/{guild_id}/members/@me")
def _my_member(call: Call) -> Any:
    return _body(call, guilds.MEMBER)


@_check("PATCH", "/guilds/{guild_id}/members/{user_id}")
def _member(call: Call) -> Any:
    form = Form()
    body = guilds.MEMBER.check(call.context.json or {}, (), form)
    if isinstance(body, dict):
        path = ("communication_disabled_until",)
        until = moment(body.get(path[0]))
        if until is not None:
            guilds.check_timeout(until, call.backend.clock.now(), path, form)
            body[path[0]] = until.astimezone(UTC).isoformat()
    form.refuse()
    return body


@_check("PUT", "/guilds/{guild_id}/bans/{user_id}")
def _ban(call: Call) -> Any:
    return _body(call, guilds.BAN)


@_check("POST", "/guilds/{guild_id}/bulk-ban")
def _bulk_ban(call: Call) -> Any:
    return _body(call, guilds.BULK_BAN)


@_check("POST", "/guilds/{guild_id}/prune")
def _prune(call: Call) -> Any:
    return _body(call, guilds.PRUNE)


@_check("PATCH", "/guilds/{guild_id}")
def _guild(call: Call) -> Any:
    return _body(call, guilds.GUILD)


@_check("PUT", "/guilds/{guild_id}/incident-actions")
def _incident_actions(call: Call) -> Any:
    form = Form()
    body = guilds.INCIDENT_ACTIONS.check(call.context.json or {}, (), form)
    if isinstance(body, dict):
        guilds.check_incident_actions(body, call.backend.clock.now(), form)
    form.refuse()
    return body


# ------------------------------------------------------------------ emojis and events


@_check("POST", "/guilds/{guild_id}/emojis")
def _new_emoji(call: Call) -> Any:
    return _body(call, guilds.NEW_EMOJI)


@_check("PATCH", "/guilds/{guild_id}/emojis/{emoji_id}")
def _emoji(call: Call) -> Any:
    return _body(call, guilds.EMOJI)


@_check("POST", "/guilds/{guild_id}/scheduled-events")
def _new_event(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    body = _body(call, guilds.NEW_EVENT)
    open_events = [event for event in guild.scheduled_events.values() if event.status in (1, 2)]
    if len(open_events) >= limits.SCHEDULED_EVENTS:
        raise _reached("uncompleted guild scheduled events", limits.SCHEDULED_EVENTS, 30038)
    return body


@_check("PATCH", "/guilds/{guild_id}/scheduled-events/{event_id}")
def _event(call: Call) -> Any:
    return _body(call, guilds.EVENT)


# ------------------------------------------------------------------ commands


def _scope(call: Call) -> dict[tuple[str, int], dict[str, Any]]:
    guild_id = call.id("guild_id") if "guild_id" in call.context.args else None
    return call.backend.commands.get(guild_id, {})


def _all_commands(call: Call) -> Any:
    form = Form()
    body = commands.check_commands(call.context.json, form)
    form.refuse()
    commands.check_count(command.get("type") or AppCommandType.CHAT_INPUT for command in body)
    return body


def _new_command(call: Call) -> Any:
    form = Form()
    body = commands.check_command(call.context.json or {}, (), form)
    form.refuse()
    key = (body["name"], body.get("type") or AppCommandType.CHAT_INPUT)
    commands.check_count(kind for _, kind in {*_scope(call), key})
    return body


def _command(call: Call) -> Any:
    """What the command would be with the changes."""
    form = Form()
    for old in _scope(call).values():
        if old["id"] == call.context.args["command_id"]:
            commands.check_command({**old, **call.body, "type": old["type"]}, (), form)
    form.refuse()
    return call.context.json


for _prefix in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
    _check("PUT", f"{_prefix}/commands")(_all_commands)
    _check("POST", f"{_prefix}/commands")(_new_command)
    _check("PATCH", f"{_prefix}/commands/{{command_id}}")(_command)

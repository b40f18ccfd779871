"""Routes about the bot itself: gateway, application, its commands and its answers to interactions.

Source: https://discord.com/developers/docs/interactions/application-commands
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from . import pages
from ._simcord import BackendError, serializers
from .routes import Call, Handler, Routes

__all__ = ["ROUTES"]

ROUTES: Routes[Handler] = Routes()
_route = ROUTES.add

# ------------------------------------------------------------------ gateway and application


@_route("GET", "/gateway")
def _gateway(call: Call) -> Any:
    return {"url": call.facts.gateway_url()}


@_route("GET", "/gateway/bot")
def _gateway_bot(call: Call) -> Any:
    return {
        "url": call.facts.gateway_url(),
        "shards": call.facts.shards,
        "session_start_limit": call.facts.starts.as_json(),
    }


def _application(call: Call) -> dict[str, Any]:
    bot = dict(serializers.user_payload(call.backend.bot_user))
    guilds = len(call.backend.guilds)
    return {
        "id": str(call.backend.application_id),
        "name": call.backend.bot_user.name,
        "icon": None,
        "description": "",
        "summary": "",
        "bot_public": True,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "owner": dict(serializers.user_payload(call.backend.developer)),
        "flags": call.facts.application_flags,
        "flags_new": str(call.facts.application_flags),
        "team": None,
        "bot": bot,
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "integration_types_config": {"0": {}, "1": {}},
    }


@_route("GET", "/applications/@me")
def _current_application(call: Call) -> Any:
    return _application(call)


@_route("GET", "/oauth2/applications/@me")
def _oauth_application(call: Call) -> Any:
    return _application(call)


# ------------------------------------------------------------------ application commands


def _scope(call: Call) -> int | None:
    return call.id("guild_id") if "guild_id" in call.context.args else None


def _set_commands(call: Call) -> Any:
    if not isinstance(call.context.json, list):
        raise BackendError(400, 50035, "Invalid Form Body: expected an array of commands")
    return call.backend.register_commands(_scope(call), [dict(command) for command in call.context.json])


def _create_command(call: Call) -> Any:
    scope = _scope(call)
    others = [
        command
        for key, command in call.backend.commands.get(scope, {}).items()
        if key != (call.body.get("name"), call.body.get("type", 1))
    ]
    return call.backend.register_commands(scope, [*others, dict(call.body)])[-1]


def _commands(call: Call) -> Any:
    """The commands of a scope; their texts in other languages come only when asked for.

    https://discord.com/developers/docs/interactions/application-commands#get-global-application-commands
    """
    commands = call.backend.commands.get(_scope(call), {}).values()
    if pages.flag(call.context.params, "with_localizations"):
        return list(commands)
    return [_without_localizations(command) for command in commands]


def _without_localizations(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_localizations(one) for one in cast("list[Any]", part)]
    if not isinstance(part, Mapping):
        return part
    items = cast("Mapping[str, Any]", part).items()
    return {key: _without_localizations(value) for key, value in items if not key.endswith("_localizations")}


def _known_command(call: Call) -> dict[str, Any]:
    for command in call.backend.commands.get(_scope(call), {}).values():
        if command["id"] == call.context.args["command_id"]:
            return command
    raise BackendError(404, 10063, "Unknown application command")


def _edit_command(call: Call) -> Any:
    old = _known_command(call)
    new = {**old, **call.body, "type": old["type"]}
    rest = [c for c in call.backend.commands[_scope(call)].values() if c is not old]
    call.backend.rename_command(_scope(call), old, new)
    return call.backend.register_commands(_scope(call), [*rest, new])[-1]


def _delete_command(call: Call) -> Any:
    old = _known_command(call)
    del call.backend.commands[_scope(call)][(old["name"], old["type"])]


for _prefix in ("/applications/{application_id}", "/applications/{application_id}/guilds/{guild_id}"):
    _route("PUT", f"{_prefix}/commands")(_set_commands)
    _route("GET", f"{_prefix}/commands")(_commands)
    _route("POST", f"{_prefix}/commands")(_create_command)
    _route("GET", f"{_prefix}/commands/{{command_id}}")(_known_command)
    _route("PATCH", f"{_prefix}/commands/{{command_id}}")(_edit_command)
    _route("DELETE", f"{_prefix}/commands/{{command_id}}")(_delete_command)


@_route("GET", "/applications/{application_id}/guilds/{guild_id}/commands/permissions")
def _all_command_permissions(call: Call) -> Any:
    guild = call.id("guild_id")
    return [
        {
            "id": str(command),
            "application_id": str(call.backend.application_id),
            "guild_id": str(guild),
            "permissions": list(permissions),
        }
        for (in_guild, command), permissions in call.backend.command_permissions.items()
        if in_guild == guild
    ]


# ------------------------------------------------------------------ interactions


@_route("POST", "/interactions/{interaction_id}/{token}/callback")
def _callback(call: Call) -> Any:
    """Answer with the callback only when asked (``with_response``), and without null ids."""
    answer = call.proceed(call.context.json)
    if str(call.context.params.get("with_response", "")).lower() not in ("true", "1"):
        return None
    answer["interaction"] = {key: value for key, value in answer["interaction"].items() if value is not None}
    return answer

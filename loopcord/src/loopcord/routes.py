"""Routes that simcord lacks, and those where it refuses or forgets what Discord accepts.

Each handler may ``proceed`` to simcord's own with a changed body.
Source: https://discord.com/developers/docs/reference
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ._simcord import BackendError, RequestContext, serializers

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["Call", "Facts", "find"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the server knows about itself."""

    gateway_url: Callable[[], str]
    shards: int


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a route of ours."""

    backend: LocalBackend
    context: RequestContext
    facts: Facts
    #: Run simcord's handler of the same route with this JSON body.
    proceed: Callable[[Any], Any]

    @property
    def body(self) -> dict[str, Any]:
        """The JSON body when it is an object, else an empty one."""
        return self.context.json if isinstance(self.context.json, dict) else {}

    def id(self, name: str) -> int:
        """A snowflake of the path.

        Raises:
            BackendError: 400/50035 when it is none.
        """
        try:
            return int(self.context.args[name])
        except ValueError:
            raise BackendError(400, 50035, f"Invalid Form Body: {name} is no snowflake") from None


Handler = Callable[[Call], Any]
_ROUTES: list[tuple[str, tuple[str, ...], Handler]] = []


def _route(method: str, template: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        _ROUTES.append((method, tuple(template.strip("/").split("/")), handler))
        return handler

    return register


def find(method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
    """Our handler of a route and the path's arguments; None leaves it to simcord."""
    segments = path.strip("/").split("/")
    for known, template, handler in _ROUTES:
        if known != method or len(template) != len(segments):
            continue
        arguments: dict[str, str] = {}
        for part, segment in zip(template, segments, strict=True):
            if part.startswith("{"):
                arguments[part[1:-1]] = segment
            elif part != segment:
                break
        else:
            return handler, arguments
    return None


# ------------------------------------------------------------------ gateway and application


@_route("GET", "/gateway")
def _gateway(call: Call) -> Any:
    return {"url": call.facts.gateway_url()}


@_route("GET", "/gateway/bot")
def _gateway_bot(call: Call) -> Any:
    return {
        "url": call.facts.gateway_url(),
        "shards": call.facts.shards,
        "session_start_limit": {
            "total": 1000,
            "remaining": 1000,
            "reset_after": 0,
            # Every shard in a bucket of its own, so that a client need not wait between them.
            "max_concurrency": max(call.facts.shards, 1),
        },
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
        "flags": 0,
        "team": None,
        "bot": bot,
        "approximate_guild_count": guilds,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "integration_types_config": {"0": {}, "1": {}},
        "tags": [],
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


# ------------------------------------------------------------------ messages


@_route("POST", "/channels/{channel_id}/messages")
def _send_message(call: Call) -> Any:
    """With ``enforce_nonce``, a nonce used lately by the author returns the first message."""
    nonce = call.body.get("nonce")
    if nonce is None:
        return call.proceed(call.context.json)
    nonce = str(nonce)
    if len(nonce) > 25:
        raise BackendError(400, 50035, "Invalid Form Body: nonce must be 25 or fewer in length")
    channel, me = call.id("channel_id"), call.backend.bot_user.id
    first = call.backend.message_of_nonce(channel, me, nonce) if call.body.get("enforce_nonce") else None
    if first is not None and first in call.backend.messages.get(channel, {}):
        message = call.backend.messages[channel][first]
        return {**serializers.message_payload(call.backend, message, for_user=me), "nonce": nonce}
    sent = call.proceed(call.context.json)
    call.backend.remember_nonce(channel, me, nonce, int(sent["id"]))
    return {**sent, "nonce": nonce}


# ------------------------------------------------------------------ channels


def _with_nsfw(call: Call) -> Any:
    """Keep ``nsfw`` ourselves; simcord refuses it."""
    body = dict(call.body)
    nsfw = body.pop("nsfw", None)
    payload = call.proceed(body)
    if nsfw is not None:
        channel = int(payload["id"])
        (call.backend.nsfw_channels.add if nsfw else call.backend.nsfw_channels.discard)(channel)
        call.backend.announce_channel_update(channel)
        payload["nsfw"] = bool(nsfw)
    return payload


_route("PATCH", "/channels/{channel_id}")(_with_nsfw)
_route("POST", "/guilds/{guild_id}/channels")(_with_nsfw)


# ------------------------------------------------------------------ members and bans


@_route("GET", "/guilds/{guild_id}/members/search")
def _search_members(call: Call) -> Any:
    guild = call.backend.get_guild(call.id("guild_id"))
    prefix = str(call.context.params.get("query", "")).casefold()
    limit = int(call.context.params.get("limit", 1))
    found = [
        member
        for member in guild.members.values()
        if call.backend.users[member.user_id].name.casefold().startswith(prefix)
        or (member.nick or "").casefold().startswith(prefix)
    ]
    return [dict(serializers.member_payload(call.backend, guild, member)) for member in found[:limit]]


@_route("PUT", "/guilds/{guild_id}/bans/{user_id}")
def _ban(call: Call) -> Any:
    """Ban, then delete the person's messages of the last ``delete_message_seconds``."""
    seconds = call.body.get("delete_message_seconds")
    if seconds is None:
        seconds = int(call.body.get("delete_message_days") or 0) * 86_400
    if not 0 <= int(seconds) <= 604_800:
        raise BackendError(
            400, 50035, "Invalid Form Body: delete_message_seconds must be between 0 and 604800"
        )
    answer = call.proceed({})
    call.backend.delete_recent(call.id("guild_id"), call.id("user_id"), int(seconds))
    return answer


@_route("DELETE", "/guilds/{guild_id}/members/{user_id}")
def _kick(call: Call) -> Any:
    if call.id("user_id") not in call.backend.get_guild(call.id("guild_id")).members:
        raise BackendError(404, 10007, "Unknown Member")
    return call.proceed(call.context.json)


@_route("GET", "/voice/regions")
def _voice_regions(call: Call) -> Any:
    return [{"id": "loopback", "name": "Loopback", "optimal": True, "deprecated": False, "custom": False}]

"""The one door to simcord: every name of its (private) backend that loopcord uses.

simcord's backend is not a public API, so the version is pinned exactly and only this module
and :mod:`loopcord._repairs` import it; an upgrade is read here first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import discord as _discord
from simcord.backend import Backend, serializers
from simcord.backend.access import (
    can_access_channel,
    channel_accessible,
    message_accessible,
    reaction_permissions,
)
from simcord.backend.cdn import CdnStore
from simcord.backend.command_access import command_access
from simcord.backend.errors import BackendError, OptionError, SetupError
from simcord.backend.models import (
    EPHEMERAL_FLAG,
    AllowedMentions,
    AuditLogEntry,
    Overwrite,
    ResponseKind,
)
from simcord.backend.models import Channel as ChannelModel
from simcord.backend.models import Guild as GuildModel
from simcord.backend.models import Interaction as InteractionModel
from simcord.backend.models import Member as MemberModel
from simcord.backend.models import Message as MessageModel
from simcord.backend.models import Role as RoleModel
from simcord.backend.models import User as UserModel
from simcord.components import validate_modal, walk_components
from simcord.enums import (
    SELECT_TYPES,
    AppCommandType,
    AuditLogAction,
    ChannelType,
    ComponentType,
    InteractionType,
    MessageType,
    OptionType,
    OverwriteType,
)
from simcord.http import client as _client  # registers every route
from simcord.http._helpers import message_response
from simcord.http.router import _ROUTES, RequestContext, RouteNotImplemented, UnsupportedField
from simcord.intents import EVENT_INTENTS, PRIVILEGED_INTENTS, censor_message
from simcord.interactions import (
    base_payload,
    nest_options,
    store_interaction_attachment,
    validate_option_value,
    walk_to_subcommand,
)

__all__ = [
    "EPHEMERAL_FLAG",
    "EVENT_INTENTS",
    "INTENT_BITS",
    "PRIVILEGED_INTENTS",
    "SELECT_TYPES",
    "SIMCORD_ROUTES",
    "AllowedMentions",
    "AppCommandType",
    "AuditLogAction",
    "AuditLogEntry",
    "Backend",
    "BackendError",
    "CdnStore",
    "ChannelModel",
    "ChannelType",
    "ComponentType",
    "GuildModel",
    "InteractionModel",
    "InteractionType",
    "MemberModel",
    "MessageModel",
    "MessageType",
    "OptionError",
    "OptionType",
    "Overwrite",
    "OverwriteType",
    "RequestContext",
    "ResponseKind",
    "RoleModel",
    "RouteNotImplemented",
    "SetupError",
    "UnsupportedField",
    "UserModel",
    "base_payload",
    "can_access_channel",
    "censor_message",
    "channel_accessible",
    "command_access",
    "dispatch",
    "message_accessible",
    "message_response",
    "nest_options",
    "reaction_permissions",
    "serializers",
    "store_interaction_attachment",
    "validate_modal",
    "validate_option_value",
    "walk_components",
    "walk_to_subcommand",
]

#: Name of a gateway intent, as simcord's tables spell it, to its bit.
INTENT_BITS: dict[str, int] = dict(_discord.Intents.VALID_FLAGS)
# Importing simcord's HTTP client is what registers its routes; nothing else of it is used.
assert _client.router is not None

_Handler = Callable[[RequestContext], Any]
#: simcord's routes by method and number of segments: (template, handler).
_BY_SHAPE: Mapping[tuple[str, int], list[tuple[list[str], _Handler]]] = {
    (method, length): [(template, handler) for template, handler in routes if len(template) == length]
    for method, routes in _ROUTES.items()
    for length in {len(template) for template, _ in routes}
}


def dispatch(
    backend: Backend,
    method: str,
    path: str,
    *,
    json: Any,
    params: dict[str, Any],
    files: list[Any],
    reason: str | None,
    message_content_access: bool,
) -> Any:
    """Run simcord's handler of a request: as simcord's own ``dispatch``, without its copies and its log.

    Raises:
        RouteNotImplemented: when simcord has no such route.
    """
    backend.transcript.append(("HTTP", f"{method} {path}", json if isinstance(json, dict) else None))
    segments = path.strip("/").split("/")
    best: tuple[int, dict[str, str], _Handler] | None = None
    for template, handler in _BY_SHAPE.get((method, len(segments)), ()):
        arguments: dict[str, str] = {}
        for part, segment in zip(template, segments, strict=True):
            if part.startswith("{"):
                arguments[part[1:-1]] = segment
            elif part != segment:
                break
        else:
            if best is None or len(arguments) < best[0]:
                best = len(arguments), arguments, handler
    if best is None:
        raise RouteNotImplemented(method, path)
    _, arguments, handler = best
    return handler(
        RequestContext(
            backend,
            arguments,
            json=json,
            params=params,
            files=files,
            reason=reason,
            method=method,
            path=path,
            message_content_access=message_content_access,
        )
    )


#: Method and template, such as ``/guilds/{guild_id}``, of every route that simcord answers.
SIMCORD_ROUTES: list[tuple[str, str]] = [
    (method, "/" + "/".join(template)) for method, routes in _ROUTES.items() for template, _ in routes
]

"""The one door to simcord: every name of its (private) backend that loopcord uses.

simcord's backend is not a public API, so the version is pinned exactly and only this module
and :mod:`loopcord._repairs` import it; an upgrade is read here first.
"""

from __future__ import annotations

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
from simcord.http.router import RequestContext, RouteNotImplemented, UnsupportedField, dispatch
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

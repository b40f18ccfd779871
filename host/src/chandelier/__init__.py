"""Chandelier: a self-hosted Discord bot whose features are ordinary Python packages.

This is the public API for authors of plugins, and only it: what is not in ``__all__`` may change. A name is
imported when it is first used: `chandelier --version` need not wait for hikari, nor does Ctrl-C.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chandelier.clock import Clock, SystemClock
    from chandelier.config.migrations import ConfigMigration, change_value, rename_key
    from chandelier.config.schema import schema, setting
    from chandelier.config.secret import Secret
    from chandelier.errors import (
        ChandelierError,
        InvalidRequest,
        NotAllowed,
        PluginError,
        ServiceUnavailable,
        message_of,
    )
    from chandelier.hookspecs import hookimpl, hookspec
    from chandelier.languages import Message, Messages
    from chandelier.observe.plugin_metrics import Metrics
    from chandelier.personal import Erasure, Kept, PersonalExport
    from chandelier.plugin import (
        Capability,
        Health,
        HealthLevel,
        Manifest,
        PersonalData,
        Plugin,
        PluginContext,
        StatusSection,
    )
    from chandelier.routing.components import ComponentPress, FormSubmit
    from chandelier.routing.loader import Loader
    from chandelier.services.access import (
        Access,
        Person,
        Standing,
        check_hierarchy,
        fetch_standings,
        permissions_of,
        standing_of,
    )
    from chandelier.services.acting import Actor
    from chandelier.services.audit import Audit
    from chandelier.services.http import HttpClient, HttpResponse
    from chandelier.services.outbox import Effect, Outbox
    from chandelier.services.people import person_in_channel
    from chandelier.services.scheduler import Timer, Timers
    from chandelier.services.vault import OpenedValue, SealBroken, SealedValue, SealErased, Vault
    from chandelier.storage.columns import NAMING_CONVENTION, Json, RowId, UtcDateTime
    from chandelier.storage.engine import Storage
    from chandelier.storage.history import StorageHistory

__all__ = [
    "NAMING_CONVENTION",
    "Access",
    "Actor",
    "Audit",
    "Capability",
    "ChandelierError",
    "Clock",
    "ComponentPress",
    "ConfigMigration",
    "Effect",
    "Erasure",
    "FormSubmit",
    "Health",
    "HealthLevel",
    "HttpClient",
    "HttpResponse",
    "InvalidRequest",
    "Json",
    "Kept",
    "Loader",
    "Manifest",
    "Message",
    "Messages",
    "Metrics",
    "NotAllowed",
    "OpenedValue",
    "Outbox",
    "Person",
    "PersonalData",
    "PersonalExport",
    "Plugin",
    "PluginContext",
    "PluginError",
    "RowId",
    "SealBroken",
    "SealErased",
    "SealedValue",
    "Secret",
    "ServiceUnavailable",
    "Standing",
    "StatusSection",
    "Storage",
    "StorageHistory",
    "SystemClock",
    "Timer",
    "Timers",
    "UtcDateTime",
    "Vault",
    "change_value",
    "check_hierarchy",
    "fetch_standings",
    "hookimpl",
    "hookspec",
    "message_of",
    "permissions_of",
    "person_in_channel",
    "rename_key",
    "schema",
    "setting",
    "standing_of",
]

_HOMES = (
    "chandelier.clock",
    "chandelier.config.migrations",
    "chandelier.config.schema",
    "chandelier.config.secret",
    "chandelier.errors",
    "chandelier.hookspecs",
    "chandelier.languages",
    "chandelier.observe.plugin_metrics",
    "chandelier.personal",
    "chandelier.plugin",
    "chandelier.routing.components",
    "chandelier.routing.loader",
    "chandelier.services.access",
    "chandelier.services.acting",
    "chandelier.services.audit",
    "chandelier.services.http",
    "chandelier.services.outbox",
    "chandelier.services.people",
    "chandelier.services.scheduler",
    "chandelier.services.vault",
    "chandelier.storage.columns",
    "chandelier.storage.engine",
    "chandelier.storage.history",
)
"""The modules that public names come from, those first that import little; the imports above say which."""


def __getattr__(name: str) -> Any:
    """A public name, imported when first asked for (PEP 562)."""
    if name in __all__:
        for home in _HOMES:
            module = import_module(home)
            if name in module.__all__:
                value = globals()[name] = getattr(module, name)
                return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

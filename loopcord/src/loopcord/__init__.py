"""loopcord: a local Discord on loopback, for tests and demos of any bot library.

REST and gateway over real sockets, builders to arrange a world, actors who do what a client could,
queries, virtual time, settling without sleeps, faults on demand, and a page for people.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .buckets import Limit
    from .clock import Clock, SystemClock, VirtualClock
    from .errors import ActError, LoopcordError, SettleError, WorldError
    from .guilds import Channel, Guild, Role
    from .limits import SharedLimit
    from .local import LocalDiscord
    from .members import Member
    from .messages import Message, Reply
    from .page import Page
    from .ratelimits import RateLimits
    from .rest import Request
    from .trouble import Trouble
    from .users import User

__all__ = [
    "ActError",
    "Channel",
    "Clock",
    "Guild",
    "Limit",
    "LocalDiscord",
    "LoopcordError",
    "Member",
    "Message",
    "Page",
    "RateLimits",
    "Reply",
    "Request",
    "Role",
    "SettleError",
    "SharedLimit",
    "SystemClock",
    "Trouble",
    "User",
    "VirtualClock",
    "WorldError",
]

__version__ = "0.1.0"

_HOMES = {
    "ActError": "errors",
    "Channel": "guilds",
    "Clock": "clock",
    "Guild": "guilds",
    "Limit": "buckets",
    "LocalDiscord": "local",
    "LoopcordError": "errors",
    "Member": "members",
    "Message": "messages",
    "Page": "page",
    "RateLimits": "ratelimits",
    "Reply": "messages",
    "Request": "rest",
    "Role": "guilds",
    "SettleError": "errors",
    "SharedLimit": "limits",
    "SystemClock": "clock",
    "Trouble": "trouble",
    "User": "users",
    "VirtualClock": "clock",
    "WorldError": "errors",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used (PEP 562).

    pytest loads loopcord's plugin in every run; one that never asks for a local Discord must not pay
    for importing aiohttp and simcord.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value

"""loopcord: a local Discord on loopback, for tests and demos of any bot library.

REST and gateway over real sockets, builders to arrange a world, actors who do what a client could,
queries, virtual time, settling without sleeps, and faults on demand.
"""

from __future__ import annotations

from .clock import Clock, SystemClock, VirtualClock
from .errors import ActError, LoopcordError, SettleError, WorldError
from .guilds import Channel, Guild, Role, User
from .local import LocalDiscord
from .members import Member
from .messages import Message, Reply
from .page import Page
from .rest import Request

__all__ = [
    "ActError",
    "Channel",
    "Clock",
    "Guild",
    "LocalDiscord",
    "LoopcordError",
    "Member",
    "Message",
    "Page",
    "Reply",
    "Request",
    "Role",
    "SettleError",
    "SystemClock",
    "User",
    "VirtualClock",
    "WorldError",
]

__version__ = "0.1.0"

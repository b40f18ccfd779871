"""What can go wrong, one class per way out: each maps to one clear answer for the person who asked.

Anything else that a handler raises is our own fault: it is logged with a reference and the person sees
that reference, never the details.
"""

from __future__ import annotations

__all__ = [
    "ChandelierError",
    "InvalidRequest",
    "NotAllowed",
    "PluginError",
    "ServiceUnavailable",
    "message_of",
]


class ChandelierError(Exception):
    """Base of the host's own errors. ``str(error)`` is written for people: what happened and what to do."""


class InvalidRequest(ChandelierError):
    """What the person asked cannot be done as asked (validation): say what is wrong and what would work."""


class NotAllowed(ChandelierError):
    """The person may not do this (access): say which rule refused and who could change it."""


class ServiceUnavailable(ChandelierError):
    """Discord or another service failed (API); trying again later may work."""


class PluginError(ChandelierError):
    """A plugin cannot be found, loaded, set up or stopped: names the plugin and the next step."""


def message_of(error: BaseException) -> str:
    """What an error says to people: the message it was made with, where ``str`` makes it plain."""
    first = error.args[0] if len(error.args) == 1 else None
    return first if isinstance(first, str) else str(error)

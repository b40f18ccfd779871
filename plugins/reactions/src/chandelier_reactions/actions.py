"""The words that plugins with actions of their own share with this one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

__all__ = ["Action", "Reaction", "Run"]


@attrs.frozen(kw_only=True)
class Reaction:
    """Somebody put an emoji under a message of a guild; nothing of the message itself is known."""

    guild_id: int
    channel_id: int
    message_id: int
    user_id: int
    role_ids: frozenset[int]
    emoji: str
    """As ``emoji_key`` has it: a custom emoji's id, or the characters without variation selectors."""
    is_bot: bool = False
    is_self: bool = False
    """Whether it was this bot."""


@attrs.frozen(kw_only=True)
class Run:
    """One action about to be carried out."""

    reaction: Reaction
    data: Mapping[str, Any]
    """The action's data of the moment when the reaction came."""
    uncertain: bool
    """An earlier attempt may have done it already: look before doing it again."""


@attrs.frozen(kw_only=True)
class Action:
    """What a reaction does. It is carried out once per message, also when a hundred people react."""

    name: str
    """Unique within its plugin; the action of that name is the one that goes on after a restart."""
    emoji: str
    """The emoji that asks for it: ``➡️``, or ``<:name:id>`` for a custom one."""
    allows: Callable[[Reaction], bool | Awaitable[bool]]
    """Whether this reaction counts: asked once per reaction with the emoji; must be quick."""
    run: Callable[[Run], Awaitable[Mapping[str, Any] | None]]
    """Does it. May return JSON-ready data to keep.

    InvalidRequest and NotAllowed, with words for the server's admins, end it as failed; anything else is
    tried again later.
    """
    data: Mapping[str, Any] = attrs.Factory(dict[str, Any])
    """JSON-ready data to keep from the reaction to the run, such as the target in force then."""
    bots: bool = False
    """Whether reactions of bots, this one included, are offered to ``allows`` as well."""

"""The hooks that this plugin publishes for other plugins."""

from __future__ import annotations

from collections.abc import Sequence

from chandelier import hookspec
from chandelier_reactions.actions import Action

__all__ = ["reactions_actions"]


@hookspec
def reactions_actions(guild_id: int) -> Sequence[Action]:  # pyright: ignore[reportReturnType]
    """The actions that a plugin offers in a guild now; asked for with every reaction, so be quick."""

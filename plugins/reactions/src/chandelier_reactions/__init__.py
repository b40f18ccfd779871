"""Reactions that do something, once: forwarding for Chandelier, and a hook for actions of other plugins.

What is not in ``__all__`` may change.
"""

from __future__ import annotations

from chandelier_reactions.actions import Action, Reaction, Run
from chandelier_reactions.plugin import ReactionsPlugin

__all__ = ["Action", "Reaction", "ReactionsPlugin", "Run"]

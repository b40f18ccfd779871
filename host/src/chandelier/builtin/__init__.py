"""The host's own slash commands, written as a plugin with the same hooks as every other."""

from __future__ import annotations

from chandelier.builtin.plugin import Core

__all__ = ["Core"]

"""`/config`: what is set for a server, where each value comes from, changing it, and taking changes back."""

from __future__ import annotations

from chandelier.builtin.config import commands, form, history, panel, pickers
from chandelier.builtin.config.group import group, loader

__all__ = ["commands", "form", "history", "loader", "panel", "pickers"]

loader.command(group)  # once every room has added its commands to it

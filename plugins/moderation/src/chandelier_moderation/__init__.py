"""Moderation for Chandelier: warnings, numbered cases, and a rule that removes messages with given words."""

from __future__ import annotations

from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["ModerationPlugin"]

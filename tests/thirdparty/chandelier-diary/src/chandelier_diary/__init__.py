"""A plugin by somebody else, which does everything right: entries by command or message, and reminders."""

from __future__ import annotations

from chandelier_diary.plugin import Diary

__all__ = ["Diary"]

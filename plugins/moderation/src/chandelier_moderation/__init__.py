"""Moderation for Chandelier: actions on members, cases, automod, raid mode, purges and a log of events.

``cases`` is the book: every action is a row there before it happens, and ``effects`` carries out what a row
says, tells the member and posts it. The rooms ask the book to act and never act themselves: ``acting`` (one
member), ``bulk`` (many, and channels), ``automod`` (finds what rules mean) and ``enforcing`` (does what they
say), ``native`` (Discord's own AutoMod), ``raid``, ``appeals``. ``casebook`` looks things up, ``cleaning``,
``pinger`` and ``watching`` have books of their own. ``plugin`` puts the rooms together.
"""

from __future__ import annotations

from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["ModerationPlugin"]

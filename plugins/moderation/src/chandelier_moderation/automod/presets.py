"""Rules ready to be taken over: scam links, invites, slurs in English and Italian, spam."""

from __future__ import annotations

from chandelier_moderation.automod.rules import RuleSet

__all__ = ["PRESETS", "preset"]

PRESETS = ("scam-links", "invites", "slurs-en", "slurs-it", "spam")


def preset(name: str) -> RuleSet:
    """The rules of a preset. Raises KeyError when there is none of that name."""
    raise NotImplementedError

"""Rules ready to be taken over: scam links, invites, slurs in English and Italian, spam."""

from __future__ import annotations

from functools import cache
from importlib import resources

from chandelier_moderation.automod.plain import read_toml
from chandelier_moderation.automod.rules import RuleSet

__all__ = ["PRESETS", "preset"]

PRESETS = ("scam-links", "invites", "slurs-en", "slurs-it", "spam")


@cache
def preset(name: str) -> RuleSet:
    """The rules of a preset, as its file has them. Raises KeyError when there is none of that name."""
    if name not in PRESETS:
        raise KeyError(name)
    return read_toml(resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))

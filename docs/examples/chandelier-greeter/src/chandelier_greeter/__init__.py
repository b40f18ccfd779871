"""Greets members, and notices when nobody waves back."""

from __future__ import annotations

from chandelier_greeter.plugin import Greeter

__all__ = ["Greeter"]

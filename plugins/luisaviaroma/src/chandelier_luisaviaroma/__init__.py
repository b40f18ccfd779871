"""luisaviaroma: keeps the products of that shop which a monitor bot posts and a moderator picks with 🔗."""

from __future__ import annotations

from chandelier_luisaviaroma.plugin import Luisaviaroma

__all__ = ["Luisaviaroma"]

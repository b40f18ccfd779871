"""redeye: watches product pages and tells a channel when a price changes."""

from __future__ import annotations

from chandelier_redeye.hookspecs import RedeyeHooks, StoreAdapter, StoreProduct
from chandelier_redeye.plugin import Redeye

__all__ = ["Redeye", "RedeyeHooks", "StoreAdapter", "StoreProduct"]

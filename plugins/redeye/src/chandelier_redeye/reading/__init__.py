"""From a page's HTML to what it says about its product: a price that is right, or none and the reason."""

from __future__ import annotations

from chandelier_redeye.reading.money import Money
from chandelier_redeye.reading.offers import Stock
from chandelier_redeye.reading.page import Reading, read_page

__all__ = ["Money", "Reading", "Stock", "read_page"]

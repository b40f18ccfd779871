"""What to try first: the five things that the demo tells its visitors."""

from __future__ import annotations

from chandelier.demo.shop import Shop

__all__ = ["programme"]


def programme(shop: Shop) -> list[str]:
    """Five lines of Markdown, in the order of the story."""
    return [
        "As **mod**, type `/warn` in #general, choose bob and a reason, then `/case view` and `/history`.",
        'As **alice**, write "free nitro" in #general: the message goes, and #mod-log (as mod) says why.',
        "As **mod**, react with ➡️ to a message in #deals: it is forwarded to #forwarded, once.",
        f"As **mod**, `/watch add` {shop.product_url('lamp')}, then lower its price at {shop.url}",
        "As **mod**, react with 🔗 to a find in #monitor, then `/luisaviaroma list` shows the product's id.",
    ]

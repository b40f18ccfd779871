"""What the demo's monitor bot posts about and its shop sells; all of it is invented."""

from __future__ import annotations

from decimal import Decimal

import attrs

__all__ = ["FINDS", "GOODS", "Find", "Good"]


@attrs.frozen
class Find:
    """A product that the monitor found at LUISAVIAROMA."""

    brand: str
    title: str
    code: str
    price: int
    was: int
    sizes: tuple[str, ...]

    @property
    def url(self) -> str:
        """Its address in the form that the shop's own links have."""
        path = f"{self.brand}/women/new-season".lower().replace(" & ", "-").replace(" ", "-")
        return f"https://www.luisaviaroma.com/en-it/p/{path}/{self.code}?lvrid=_p"


FINDS = (
    Find("Golden Lantern", "Super-Moth leather sneakers", "80I-GLN001", 288, 480, ("40", "41", "43")),
    Find("Maison Lustre", "Candelabra knit cardigan", "81I-MLU014", 395, 690, ("S", "M")),
    Find("Officine Prisma", "Crystal drop earrings", "80I-OPR207", 122, 245, ("One size",)),
    Find("Wick & Ember", "Waxed cotton parka", "79I-WEM033", 540, 900, ("M", "L", "XL")),
    Find("Atelier Norrsken", "Aurora silk scarf", "81I-ANO118", 96, 160, ("One size",)),
    Find("Brass Arms", "Twelve-light derby shoes", "80I-BRA512", 310, 620, ("41", "42", "44", "45")),
)


@attrs.define
class Good:
    """A product of the demo's own shop; its price can be changed."""

    slug: str
    title: str
    about: str
    price: Decimal


GOODS = (
    ("lamp", "Brass desk lamp", "One arm, one light, a long evening.", Decimal("49.90")),
    ("candles", "Beeswax candles, box of 12", "They burn for nine hours each.", Decimal("18.00")),
    ("crystal", "Spare crystal drop", "Fits every chandelier made since 1897.", Decimal("6.50")),
)
"""Slug, title, description and price in euro of what every shop starts with."""

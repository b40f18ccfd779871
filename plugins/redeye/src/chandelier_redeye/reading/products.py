"""Which of the things that a page describes is the product that the page is about."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import attrs

from chandelier_redeye.reading.addresses import PageAddress
from chandelier_redeye.reading.jsonld import Node, text_of, types_of, walk
from chandelier_redeye.reading.offers import offers_of

__all__ = ["Found", "find_products"]

_PRODUCTS: Final = frozenset(
    {"product", "productgroup", "productmodel", "individualproduct", "someproducts", "book", "vehicle", "car"}
)
_ALSO_SOLD: Final = frozenset({"course", "creativework", "service"})
"""Besides these, every type whose name ends with "event"."""
_OTHERS: Final = frozenset(
    {
        "hasVariant",  # judged together with the product that has them
        "isAccessoryOrSparePartFor",
        "isConsumableFor",
        "isRelatedTo",
        "isSimilarTo",
        "isVariantOf",
        "itemListElement",
        "itemOffered",
        "itemReviewed",
        "review",
        "makesOffer",
        "hasOfferCatalog",
    }
)
"""Properties that lead to things which the page shows besides its product."""


@attrs.frozen
class Found:
    """What a page describes: candidates for its product, best first, and its nodes by ``@id``."""

    products: Sequence[Node]
    known: Mapping[str, Node]
    undecided: bool = False
    """Several products are equally likely to be the page's own."""


def find_products(values: list[Any], address: PageAddress, titles: Sequence[str]) -> Found:
    """The products in a page's data that could be the one it is about.

    ``titles`` are the page's own (``<h1>``, ``og:title``): of several products the one so named is meant.
    """
    known: dict[str, Node] = {}
    products: list[Node] = []
    others: list[Node] = []
    for node, path in walk(values):
        name = node.get("@id")
        if isinstance(name, str) and len(node) > len(known.get(name, ())):
            known[name] = node
        if any(step in _OTHERS for step in path):
            continue
        types = types_of(node)
        if types & _PRODUCTS:
            products.append(node)
        elif types & _ALSO_SOLD or any(kind.endswith("event") for kind in types):
            others.append(node)
    for candidates in (products, others):
        sold = [node for node in candidates if offers_of(node, known) or node.get("hasVariant")]
        if sold:
            return _ranked(sold, known, address, titles)
    return Found(products, known)


def _ranked(
    products: list[Node], known: Mapping[str, Node], address: PageAddress, titles: Sequence[str]
) -> Found:
    wanted = {_words(title) for title in titles}

    def score(node: Node) -> tuple[int, int, int]:
        words = _words(text_of(node.get("name")) or "")
        try:
            own = int(address.is_own(node))
        except ValueError:
            own = 0
        return address.hint(node), own, int(bool(words) and words in wanted)

    ranked = sorted(products, key=score, reverse=True)
    best = [node for node in ranked if score(node) == score(ranked[0])]
    # The same product described twice (for two search engines, say) is one product.
    described = {(_words(text_of(node.get("name")) or ""), text_of(node.get("sku"))) for node in best}
    return Found(best, known, undecided=len(described) > 1)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))

"""Reads a product page: the only way in for everybody else."""

from __future__ import annotations

import html
import unicodedata
from typing import Any, Final

import attrs
from selectolax.lexbor import LexborHTMLParser

import chandelier
from chandelier_redeye.reading import jsonld, microdata
from chandelier_redeye.reading.addresses import PageAddress
from chandelier_redeye.reading.jsonld import Node, text_of
from chandelier_redeye.reading.money import Money
from chandelier_redeye.reading.offers import Judgement, Stock, judge
from chandelier_redeye.reading.products import find_products

__all__ = ["Reading", "read_page"]

_ = chandelier.Messages(__package__)

_NAME_LENGTH: Final = 200
_TAGS: Final = 60_000
"""Twice what the largest real pages have. Tags inside tags cost the parser the square of their depth."""
_JOINER: Final = "\u200d"
"""Invisible too, but emoji are put together with it."""


@attrs.frozen(kw_only=True)
class Reading:
    """What a page says about its product."""

    name: str | None = None
    price: Money | None = None
    stock: Stock | None = None
    sku: str | None = None
    why: str | None = None
    """Why there is no price, in words for members; None when there is one."""

    @property
    def understood(self) -> bool:
        """Whether the page told enough: a price, or that the product is sold out."""
        return self.price is not None or self.stock is Stock.OUT


def read_page(text: str, url: str) -> Reading:
    """Read the product of a page out of its JSON-LD, or its microdata where that has no product.

    ``url`` is where the page came from; with several products or variants on a page it decides. Never
    raises for what a page contains. A large page costs tens of milliseconds: call it in a thread.
    """
    if text.count("<") > _TAGS:
        return Reading(why=_("the page is too large to be read"))
    tree = LexborHTMLParser(text)
    titles = _titles(tree)
    address = PageAddress(url, _attribute(tree, 'link[rel="canonical"]', "href"))
    last = Reading(name=titles[0] if titles else None, why=_("the page has no product data (JSON-LD)"))
    for values in (_json_ld(tree), microdata.read_items(tree)):
        found = find_products(values, address, titles)
        if not found.products:
            continue
        judged = [judge(product, address, found.known) for product in found.products]
        reading = _reading(found.products[0], _agreed(judged, undecided=found.undecided), last.name)
        if reading.understood:
            return reading
        last = reading if last.why is None or last.sku is None else last
    return last


def _agreed(judged: list[Judgement], *, undecided: bool) -> Judgement:
    """One judgement out of those on several products, if they agree on the price."""
    first = judged[0]
    prices = [one.price for one in judged if one.price is not None]
    if prices and all(price.same_as(prices[0]) for price in prices):
        if len(prices) == len(judged):
            return first
        if not undecided:  # one product described twice, once without a price
            return next(one for one in judged if one.price is not None)
    if len({(one.price, one.stock) for one in judged}) == 1:
        return first
    return Judgement(why=_("the page shows several products and does not say which one is its own"))


def _reading(product: Node, judgement: Judgement, title: str | None) -> Reading:
    return Reading(
        name=_shown(text_of(product.get("name")) or "") or _shown(title or "") or None,
        price=judgement.price,
        stock=judgement.stock,
        sku=text_of(product.get("sku")),
        why=judgement.why,
    )


def _shown(name: str) -> str:
    """A name on one line, without what is not seen, or turns the direction of what is written after it."""
    seen = (letter for letter in name if unicodedata.category(letter) != "Cf" or letter == _JOINER)
    return " ".join("".join(seen).split()).strip(_JOINER)[:_NAME_LENGTH]


def _json_ld(tree: LexborHTMLParser) -> list[Any]:
    values: list[Any] = []
    for script in tree.css("script"):
        kind = (script.attributes.get("type") or "").strip().lower()
        if kind.startswith("application/ld+json"):
            values.extend(jsonld.load(script.text(deep=True)))
    return values


def _titles(tree: LexborHTMLParser) -> list[str]:
    found = [_attribute(tree, 'meta[property="og:title"]', "content")]
    found += [heading.text(deep=True, strip=True) for heading in tree.css("h1")[:3]]
    title = tree.css_first("title")
    found.append(title.text(deep=True, strip=True) if title is not None else None)
    return [html.unescape(text).strip()[:_NAME_LENGTH] for text in found if text and text.strip()]


def _attribute(tree: LexborHTMLParser, selector: str, name: str) -> str | None:
    element = tree.css_first(selector)
    return None if element is None else (element.attributes.get(name) or "").strip() or None

"""What a product's offers say: the price of a new article that can be bought now, and whether it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, cast

import attrs

import chandelier
from chandelier_redeye.reading.addresses import PageAddress
from chandelier_redeye.reading.jsonld import Node, items, text_of, types_of
from chandelier_redeye.reading.money import Money, currency_code, parse_amount

__all__ = ["Judgement", "Stock", "judge", "offers_of"]

_ = chandelier.Messages(__package__)


class Stock(StrEnum):
    """Whether a product can be had."""

    IN = "in stock"
    OUT = "sold out"


_IN: Final = frozenset(
    {
        "backorder",
        "instock",
        "instoreonly",
        "limitedavailability",
        "madetoorder",
        "onlineonly",
        "preorder",
        "presale",
    }
)
_OUT: Final = frozenset({"discontinued", "outofstock", "reserved", "soldout"})
_NOT_NEW: Final = frozenset(
    {"damagedcondition", "refurbishedcondition", "usedcondition", "damaged", "refurbished", "used"}
)
_NOT_FOR_SALE: Final = frozenset({"leaseout", "lease", "rent", "buy", "seek", "repair"})
_NOT_THE_PRICE: Final = frozenset(
    {
        "invoiceprice",
        "listprice",
        "minimumadvertisedprice",
        "msrp",
        "regularprice",
        "srp",
        "strikethroughprice",
    }
)
"""Price types that are not what a customer pays. https://schema.org/PriceTypeEnumeration"""


@attrs.frozen
class Judgement:
    """The outcome of weighing a product's offers."""

    price: Money | None = None
    stock: Stock | None = None
    why: str | None = None
    """Why there is no price, in words for members."""


@attrs.frozen
class _Offer:
    price: Money | None
    stock: Stock | None
    new: bool
    hint: int
    """How clearly the page's address means this very offer."""


def judge(product: Node, address: PageAddress, known: Mapping[str, Node]) -> Judgement:
    """Weigh all offers of a product, those of its variants included.

    Used and sold-out offers never give the price. When several prices remain, the page's address has to
    decide between them (a variant's number in it); otherwise there is none.
    """
    offers = list(_read_all(product, address, known))
    if not offers:
        return Judgement(why=_("the page names a product without an offer"))
    fresh = [offer for offer in offers if offer.new]
    if not fresh:
        return Judgement(why=_("the page offers it only used or refurbished"))
    if best := max(offer.hint for offer in fresh):
        # The address names one variant: the others' prices and stock are not its.
        fresh = [offer for offer in fresh if offer.hint == best]
    stocks = {offer.stock for offer in fresh}
    stock = Stock.IN if Stock.IN in stocks else None if None in stocks else Stock.OUT
    if stock is Stock.OUT:
        return Judgement(stock=stock, why=_("it is sold out"))
    for_sale = [offer for offer in fresh if offer.stock is not Stock.OUT]
    prices = _different([offer.price for offer in for_sale if offer.price is not None])
    if len(prices) == 1:
        return Judgement(price=prices[0], stock=stock)
    if not prices:
        return Judgement(stock=stock, why=_("the page states no price that can be read for certain"))
    return Judgement(
        stock=stock,
        why=_("the page has variants with different prices; use the address of the one that you mean"),
    )


def offers_of(product: Node, known: Mapping[str, Node]) -> list[Node]:
    """The offer nodes of a product, references to other nodes of the page followed."""
    return [offer for offer in (_resolved(value, known) for value in items(product.get("offers"))) if offer]


def _resolved(value: Any, known: Mapping[str, Node]) -> Node | None:
    if isinstance(value, str):
        return known.get(value)
    if not isinstance(value, dict):
        return None
    node = cast("Node", value)
    reference = node.get("@id")
    if isinstance(reference, str) and len(node) <= 2 and reference in known:
        return known[reference]
    return node


def _read_all(product: Node, address: PageAddress, known: Mapping[str, Node]) -> Iterator[_Offer]:
    for offer in offers_of(product, known):
        yield from _read(offer, product, address, known)
    for value in items(product.get("hasVariant")):
        variant = _resolved(value, known)
        if variant is not None and variant is not product:
            for offer in offers_of(variant, known):
                yield from _read(offer, variant, address, known)


def _read(offer: Node, product: Node, address: PageAddress, known: Mapping[str, Node]) -> Iterator[_Offer]:
    nested = offers_of(offer, known)
    if nested and "price" not in offer:
        for inner in nested:
            # What the aggregate says holds for its parts unless they say otherwise.
            shared = {
                key: offer[key] for key in ("priceCurrency", "availability", "itemCondition") if key in offer
            }
            if not offers_of(inner, known):
                yield from _read({**shared, **inner}, product, address, known)
        return
    function = (text_of(offer.get("businessFunction")) or "").rsplit("/")[-1].rsplit("#")[-1].lower()
    if function in _NOT_FOR_SALE or "auction" in (text_of(offer.get("itemOffered")) or "").lower():
        return  # to be rented, or a bid that others may still raise
    yield _Offer(
        price=_price(offer),
        stock=_stock(offer.get("availability", product.get("availability"))),
        new=not _said(offer.get("itemCondition", product.get("itemCondition"))) & _NOT_NEW,
        hint=max(address.hint(offer), address.hint(product) if "offers" in product else 0),
    )


def _price(offer: Node) -> Money | None:
    currency = currency_code(text_of(offer.get("priceCurrency") or offer.get("currency")))
    if "price" in offer:
        return _money(offer["price"], currency)
    low, high = offer.get("lowPrice"), offer.get("highPrice")
    if low is not None or "aggregateoffer" in types_of(offer):
        # "From 349" is a price only when it is also the highest, or the only one.
        lowest, highest = _money(low, currency), _money(high, currency)
        if lowest is None or (high is None and text_of(offer.get("offerCount")) != "1"):
            return None
        return lowest if high is None or (highest is not None and highest.same_as(lowest)) else None
    return _specified(offer, currency)


def _specified(offer: Node, currency: str | None) -> Money | None:
    """The price out of ``priceSpecification``: not the list price, nor one per litre, nor delivery."""
    found: list[Money] = []
    for value in items(offer.get("priceSpecification")):
        if not isinstance(value, dict):
            continue
        specification = cast("Node", value)
        if any(kind.startswith(("delivery", "payment")) for kind in types_of(specification)):
            continue
        if _said(specification.get("priceType")) & _NOT_THE_PRICE or "referenceQuantity" in specification:
            continue
        code = currency_code(text_of(specification.get("priceCurrency"))) or currency
        money = _money(specification.get("price"), code)
        if money is not None:
            found.append(money)
    prices = _different(found)
    return prices[0] if len(prices) == 1 else None


def _money(value: Any, currency: str | None) -> Money | None:
    values = items(value)
    amounts = [parse_amount(one, currency) for one in values]
    certain = {amount for amount in amounts if amount is not None}
    if len(certain) != 1 or None in amounts:
        return None
    return Money(certain.pop(), currency or currency_code(None, text_of(value)))


def _different(prices: list[Money]) -> list[Money]:
    """The prices without repetitions, those with a currency first; two at most, for two already disagree."""
    found: list[Money] = []
    for price in sorted(prices, key=lambda price: price.currency is None):
        if not any(price.same_as(other) for other in found):
            found.append(price)
            if len(found) == 2:
                break
    return found


def _said(value: Any) -> frozenset[str]:
    """The enumeration members that a property names, lower case and without vocabulary."""
    found: set[str] = set()
    for one in items(value):
        text = text_of(one)
        if text:
            member = text.rstrip("/").rsplit("/", 1)[-1].rsplit("#", 1)[-1].rsplit(":", 1)[-1]
            found.add("".join(letter for letter in member.lower() if letter.isalnum()))
    return frozenset(found)


def _stock(value: Any) -> Stock | None:
    said = _said(value)
    if said & _OUT and not said & _IN:
        return Stock.OUT
    return Stock.IN if said & _IN and not said & _OUT else None

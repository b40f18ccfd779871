"""What the shop's addresses look like, and the product that one leads to.

An item code is a season and a letter, a dash, six letters or digits: ``81I-DL1057``. Seen in addresses:
``https://www.luisaviaroma.com/en-it/p/sneakers/81I-DL1057`` with any number of names in between,
``…?SeasonId=70I&CollectionId=B41&ItemId=20`` in old ones, and
``https://images.lvrcdn.com/Big70I/B41/020_….jpg`` for pictures of ``70I-B41020``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

import attrs

__all__ = ["SHOP", "Product", "StoreAdapter", "codes_in", "picture_code", "product_at", "shop_urls_in"]

SHOP: Final = "LUISAVIAROMA"

_CODE: Final = re.compile(r"(?<![A-Za-z0-9])(\d{2}[A-Za-z])[-_]([A-Za-z0-9]{6})(?![A-Za-z0-9])")
_SHOP_URL: Final = re.compile(
    r"https?://(?:[a-z0-9-]+\.)*luisaviaroma\.com(?::\d+)?(?:[/?#][^\s<>\"'`|)\]]*)?(?![\w.@-])",
    re.IGNORECASE,
)
_PICTURE: Final = re.compile(
    r"https?://[a-z0-9.-]*lvrcdn\.com/[a-z]+(\d{2}[a-z])/([a-z0-9]{3})/(\d{3})_", re.IGNORECASE
)
_CHOICES: Final = frozenset({"colorid"})
"""Query parameters that choose a variant; all others are tracking or navigation."""
_LONGEST: Final = 600


@attrs.frozen
class Product:
    """A product of the shop, as far as an address tells."""

    product_id: str
    url: str
    name: str | None = None
    """The brand out of the address, for people; None when the address has none."""


def codes_in(text: str) -> list[str]:
    """The different item codes in a text, in order, in upper case."""
    found = [f"{season}-{item}".upper() for season, item in _CODE.findall(text)]
    # Six letters after a season-like word are no item: every item code ends in its number.
    return list(dict.fromkeys(code for code in found if any(sign.isdigit() for sign in code[4:])))


def shop_urls_in(text: str) -> Iterator[str]:
    """Addresses of the shop in a text, also those inside redirecting links, percent-encoded."""
    for _ in range(3):
        for match in _SHOP_URL.finditer(text):
            yield match.group().rstrip(".,;:!")
        decoded = unquote(text)
        if decoded == text:
            return
        text = decoded


def picture_code(url: str) -> str | None:
    """The item code in the address of one of the shop's pictures."""
    match = _PICTURE.match(url)
    return None if match is None else f"{match[1]}-{match[2]}{match[3]}".upper()


def product_at(url: str) -> Product | None:
    """The product that an address of the shop leads to; None for other shops and for other pages.

    The language and country in the address stay, because the price depends on them.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme.lower() not in {"http", "https"} or len(url) > _LONGEST * 2:
        return None
    if host != "luisaviaroma.com" and not host.endswith(".luisaviaroma.com"):
        return None
    query = parse_qsl(parts.query)
    codes = codes_in(unquote(parts.path))
    if len(codes) == 1:
        kept = urlencode([pair for pair in query if pair[0].lower() in _CHOICES])
        clean = f"https://www.luisaviaroma.com{parts.path.rstrip('/')}" + (f"?{kept}" if kept else "")
        return Product(codes[0], clean[:_LONGEST], _brand(parts.path))
    code = _from_numbers(dict(query + parse_qsl(parts.fragment.replace("|", "&"))))
    if code is not None:
        return Product(code, f"https://www.luisaviaroma.com/en-it/p/{code}")
    return None


def _from_numbers(query: dict[str, str]) -> str | None:
    """The code out of an old address, which has its three parts apart."""
    given = {key.lower(): value for key, value in query.items()}
    season, collection, item = (given.get(key, "") for key in ("seasonid", "collectionid", "itemid"))
    if not re.fullmatch(r"\d{1,3}", item):
        return None
    codes = codes_in(f"{season}-{collection}{item.zfill(3)}")
    return codes[0] if codes else None


def _brand(path: str) -> str | None:
    """The name after ``/p/``, when it is not the code already."""
    match = re.search(r"/p/([^/]+)/[^/]", unquote(path))
    if match is None or codes_in(match[1]):
        return None
    return " ".join(match[1].split("-")).title()[:100] or None


class StoreAdapter:
    """Tells redeye about this shop's addresses; fits redeye's ``StoreAdapter`` without importing it."""

    shop = SHOP

    def identify(self, url: str) -> Product | None:
        """The product that an address leads to."""
        return product_at(url)

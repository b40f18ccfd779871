"""What a page's address tells about which of its products and variants is meant."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qsl, unquote, urljoin, urlsplit

import attrs

from chandelier_redeye.reading.jsonld import Node, items, text_of

__all__ = ["PageAddress"]

_IDENTIFIERS: Final = ("sku", "productID", "mpn", "gtin", "gtin13", "gtin12", "gtin8", "gtin14", "productId")
_TRACKING: Final = re.compile(r"^(?:utm_\w+|gclid|fbclid|msclkid|mc_\w+|ref|srsltid)$", re.IGNORECASE)
_SHORTEST_ID: Final = 4
"""Characters below which a number in an address is too likely a coincidence."""


def _same(url: str, base: str) -> tuple[str, frozenset[tuple[str, str]]]:
    """A URL without what does not choose a product: scheme, "www.", trailing slash, tracking, fragment."""
    parts = urlsplit(urljoin(base, url.strip()))
    host = (parts.hostname or "").removeprefix("www.")
    query = frozenset(pair for pair in parse_qsl(parts.query) if not _TRACKING.match(pair[0]))
    return f"{host}{unquote(parts.path).rstrip('/')}".lower(), query


@attrs.frozen
class PageAddress:
    """The address a page was read from, and the one it calls its own (``<link rel=canonical>``)."""

    url: str
    canonical: str | None = None

    def hint(self, node: Node) -> int:
        """How clearly this address means a product or offer: 0 not at all, 3 it is exactly its own."""
        try:
            return self._hint(node)
        except ValueError:  # an address that cannot be parsed says nothing
            return 0

    def is_own(self, node: Node) -> bool:
        """Whether the node's ``url`` or ``@id`` is this page's, be it the canonical one."""
        own = {_same(self.url, self.url)[0]}
        if self.canonical:
            own.add(_same(self.canonical, self.url)[0])
        return any(_same(said, self.url)[0] in own for said in _addresses(node))

    def _hint(self, node: Node) -> int:
        path, query = _same(self.url, self.url)
        best = 0
        for said in _addresses(node):
            its_path, its_query = _same(said, self.url)
            if its_path == path and its_query and its_query <= query:
                best = 3  # the same page with the same choice of variant
        values = {value.lower() for _, value in query} | set(re.split(r"[/_.]", path))
        words = values | {word for value in values for word in value.split("-")}
        for key in _IDENTIFIERS:
            identifier = (text_of(node.get(key)) or "").lower()
            if len(identifier) >= _SHORTEST_ID and identifier in words:
                best = max(best, 2)
        return best


def _addresses(node: Node) -> list[str]:
    """The node's own addresses, as far as they are some."""
    found = [said for key in ("url", "@id") for said in items(node.get(key)) if isinstance(said, str)]
    return [said for said in found if said.startswith(("http://", "https://", "/"))]

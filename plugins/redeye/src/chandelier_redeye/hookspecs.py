"""What redeye publishes for other plugins: adapters that know one shop's addresses and products.

An adapter needs no import of redeye: whatever has these attributes fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import chandelier

__all__ = ["RedeyeHooks", "StoreAdapter", "StoreProduct"]


class StoreProduct(Protocol):
    """A product of a shop, as far as its address tells."""

    @property
    def product_id(self) -> str:
        """The shop's own id, at most 100 characters."""
        ...

    @property
    def url(self) -> str:
        """The one address of the product, without tracking: two links to it are one watch."""
        ...

    @property
    def name(self) -> str | None:
        """What the address calls the product, for people; None when it does not tell."""
        ...


class StoreAdapter(Protocol):
    """Knows the addresses of one shop."""

    @property
    def shop(self) -> str:
        """The shop's name, for people."""
        ...

    def identify(self, url: str) -> StoreProduct | None:
        """The product that ``url`` leads to; None when it is no product page of this shop.

        Must be quick and must not fetch anything.
        """
        ...


class RedeyeHooks:
    """The hooks: adapters are implemented by others, the second by redeye itself."""

    @staticmethod
    @chandelier.hookspec
    def redeye_store_adapters() -> Sequence[StoreAdapter]:
        """Adapters for shops; asked when a watch is added, the first that knows the address is used."""
        raise NotImplementedError

    @staticmethod
    @chandelier.hookspec
    def redeye_running() -> bool:
        """Answered by redeye with True: how a companion learns whether it is there."""
        raise NotImplementedError

"""Addresses as people paste them: one form, or a clear word about what is wrong."""

from __future__ import annotations

import attrs
import pytest

from chandelier import InvalidRequest
from chandelier_redeye.addresses import Page, identify, page_of


@pytest.mark.parametrize(
    ("pasted", "url"),
    [
        (" https://Shop.Example/Lamp ", "https://shop.example/Lamp"),
        ("<https://shop.example/lamp#reviews>", "https://shop.example/lamp"),
        ("https://shop.example", "https://shop.example/"),
        ("HTTPS://shop.example:443/lamp?v=2", "https://shop.example/lamp?v=2"),
        ("http://shop.example:8080/lamp", "http://shop.example:8080/lamp"),
        ("https://shop.example/lamp_(brass)", "https://shop.example/lamp_%28brass%29"),
        ("https://köln.example/straße", "https://xn--kln-sna.example/stra%C3%9Fe"),
        ("https://shop.example/a%20b?x=%26", "https://shop.example/a%20b?x=%26"),
    ],
)
def test_one_page_has_one_address(pasted, url):
    assert page_of(pasted) == Page(url=url)
    assert page_of(url) == Page(url=url)


@pytest.mark.parametrize(
    "pasted",
    ["", "lamp", "shop.example/lamp", "ftp://shop.example/lamp", "javascript:alert(1)", "https://", "http://[",
     "https://me:secret@shop.example/", "https://shop.example/a b", "https://shop.example:99999/",
     "https://shop.example/" + "x" * 1_000],
)  # fmt: skip
def test_what_is_no_page_is_refused_in_words(pasted):
    with pytest.raises(InvalidRequest, match="address"):
        page_of(pasted)


@attrs.frozen
class Product:
    product_id: str = "P-1"
    url: str = "https://shop.example/p/1"
    name: str | None = "Lamp"


@attrs.frozen
class Adapter:
    shop: str = "The shop"
    answer: Product | Exception | None = Product()

    def identify(self, url):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


PASTED = Page(url="https://shop.example/anything")


def test_the_first_adapter_that_knows_the_address_names_the_product():
    adapters = [("a", (Adapter(answer=None),)), ("b", (Adapter(),)), ("c", (Adapter(shop="Late"),))]

    assert identify(PASTED, adapters) == Page(
        url="https://shop.example/p/1", shop="The shop", product_id="P-1", name="Lamp"
    )


@pytest.mark.parametrize(
    "broken",
    [(Adapter(answer=RuntimeError("oh")),), (Adapter(answer=Product(url="file:///etc/passwd")),), 5, (None,)],
)
def test_an_adapter_that_fails_is_passed_over(broken):
    assert identify(PASTED, [("broken", broken)]) == PASTED
    assert identify(PASTED, [("broken", broken), ("b", (Adapter(),))]).product_id == "P-1"

"""The shop's addresses and item codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier_luisaviaroma.shop import (
    Product,
    StoreAdapter,
    codes_in,
    picture_code,
    product_at,
    shop_urls_in,
)

SHOP = "https://www.luisaviaroma.com"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (f"{SHOP}/en-it/p/sneakers/81I-DL1057", "81I-DL1057"),
        (f"{SHOP}/en-us/p/nike/women/82I-U3C014", "82I-U3C014"),
        (f"{SHOP}/en-us/p/nike/men/sneakers/74I-4OZ226", "74I-4OZ226"),
        (f"{SHOP}/en-us/p/dolce-gabbana/women/70I-B41020?AID=10617612&PID=7900573", "70I-B41020"),
        (f"{SHOP}/en-in/p/barrow/kids-boys/83I-UKD027/", "83I-UKD027"),
        (f"{SHOP}/it-it/p/82i-u3c014?lvrid=_p#sizes", "82I-U3C014"),
        (f"{SHOP}/en-it/p/x/82I_U3C014", "82I-U3C014"),
        ("http://luisaviaroma.com/p/82I-U3C014", "82I-U3C014"),
        ("https://m.luisaviaroma.com/p/82I-U3C014", "82I-U3C014"),
        (f"{SHOP}/index.aspx?SeasonId=70I&CollectionId=B41&ItemId=20", "70I-B41020"),
        (f"{SHOP}/index.aspx#ItemSrv.ashx|SeasonId=70I&CollectionId=B41&ItemId=20", "70I-B41020"),
    ],
)
def test_an_address_leads_to_a_product(url, code):
    found = product_at(url)
    assert found is not None
    assert found.product_id == code


@pytest.mark.parametrize(
    "url",
    [
        "",
        "81I-DL1057",
        f"{SHOP}/en-it/shop/men?lvrid=_gm_s",
        f"{SHOP}/en-it/p/sneakers",
        f"{SHOP}/en-it/p/81I-DL1057/82I-U3C014",
        "https://luisaviaroma.com.evil.example/p/81I-DL1057",
        "https://notluisaviaroma.com/p/81I-DL1057",
        "https://evil.example/?u=https://www.luisaviaroma.com/p/81I-DL1057",
        "ftp://www.luisaviaroma.com/p/81I-DL1057",
        "https://www.luisaviaroma.com@evil.example/p/81I-DL1057",
        "https://[",
    ],
)
def test_other_addresses_do_not(url):
    assert product_at(url) is None


def test_two_links_to_a_product_are_one_address():
    plain = Product("82I-U3C014", f"{SHOP}/en-us/p/nike/women/82I-U3C014", "Nike")

    assert product_at(f"{SHOP}/en-us/p/nike/women/82I-U3C014?lvrid=_p&utm_source=x#top") == plain
    assert product_at("http://luisaviaroma.com/en-us/p/nike/women/82I-U3C014/") == plain
    colour = product_at(f"{SHOP}/en-us/p/nike/women/82I-U3C014?ColorId=MDAx0&lvrid=_p")
    assert colour is not None
    assert colour.url.endswith("?ColorId=MDAx0"), "another colour may have another price"


def test_codes_are_found_in_text_without_taking_words_for_codes():
    assert codes_in("Item 81I-DL1057, again 81i-dl1057 and 80I-GLN001.") == ["81I-DL1057", "80I-GLN001"]
    assert codes_in("a 10x-faster bot, 20A-abcdef, 2026-01-01, 811-DL1057, 81I-DL10577, X81I-DL1057") == []


def test_the_shops_links_are_found_inside_others():
    wrapped = "https://go.example/?u=https%3A%2F%2Fwww.luisaviaroma.com%2Fen-it%2Fp%2F81I-DL1057"
    assert list(shop_urls_in(f"[Buy]({SHOP}/en-it/p/81I-DL1057), now.")) == [f"{SHOP}/en-it/p/81I-DL1057"]
    assert list(shop_urls_in(wrapped)) == [f"{SHOP}/en-it/p/81I-DL1057"]
    assert list(shop_urls_in("https://luisaviaroma.com.evil.example/p/81I-DL1057")) == []


def test_a_pictures_address_has_the_code():
    assert picture_code("https://images.lvrcdn.com/Big70I/B41/020_8bb728d9.JPG") == "70I-B41020"
    assert picture_code("https://images.example/Big70I/B41/020_8bb728d9.JPG") is None


@given(st.text(max_size=300))
def test_no_text_makes_it_fail(text):
    for url in (text, f"{SHOP}/{text}", f"https://{text}"):
        product_at(url)
    list(shop_urls_in(text))
    codes_in(text)


def test_the_adapter_is_what_redeye_asks_for():
    adapter = StoreAdapter()
    found = adapter.identify(f"{SHOP}/en-it/p/golden-lantern/men/80I-GLN001")

    assert adapter.shop == "LUISAVIAROMA"
    assert (found.product_id, found.name) == ("80I-GLN001", "Golden Lantern")

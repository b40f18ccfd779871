"""Reading product pages: JSON-LD and microdata as shops write them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier_redeye.reading import Money, Reading, Stock, jsonld, read_page
from chandelier_redeye.reading.jsonld import load

URL = "https://shop.example/lamp"


def script(*values: Any) -> str:
    return "".join(f'<script type="application/ld+json">{json.dumps(value)}</script>' for value in values)


def offer(price: Any = "49.90", **more: Any) -> dict[str, Any]:
    return {"@type": "Offer", "price": price, "priceCurrency": "EUR", "availability": "InStock", **more}


def product(offers: Any, **more: Any) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "Product", "name": "Lamp", "offers": offers, **more}


def read(*values: Any, url: str = URL) -> Reading:
    return read_page(f"<html><title>Shop</title>{script(*values)}</html>", url)


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


# ---- shapes


def test_a_product_with_an_offer():
    reading = read(product(offer(), sku="L-1"))

    assert (reading.name, reading.price, reading.stock, reading.sku) == (
        "Lamp",
        euro("49.90"),
        Stock.IN,
        "L-1",
    )
    assert reading.why is None


@pytest.mark.parametrize(
    "data",
    [
        [product(offer())],
        {"@graph": [{"@type": "WebSite", "name": "Shop"}, product(offer())]},
        {"@type": "WebPage", "mainEntity": product(offer())},
        product([offer()]),
        product({"@type": "AggregateOffer", "lowPrice": "49.90", "highPrice": 49.9, "priceCurrency": "EUR"}),
        product(
            {"@type": "AggregateOffer", "offers": [{"@type": "Offer", "price": 49.9}], "priceCurrency": "EUR"}
        ),
        {**product(offer()), "@type": ["Product", "Thing"]},
        {**product(offer()), "@type": "http://schema.org/product"},
        {**product(offer()), "@type": "schema:Product"},
        product({"@type": "Offer", "priceSpecification": {"price": "49.90", "priceCurrency": "EUR"}}),
        product(
            {
                "@type": "Offer",
                "priceSpecification": [
                    {
                        "@type": "UnitPriceSpecification",
                        "priceType": "https://schema.org/ListPrice",
                        "price": 80,
                    },
                    {"@type": "DeliveryChargeSpecification", "price": 5},
                    {"@type": "UnitPriceSpecification", "price": "49.90"},
                ],
                "priceCurrency": "EUR",
            }
        ),
        {"@graph": [product({"@id": "#offer"}), {"@id": "#offer", **offer()}]},
    ],
    ids=lambda data: json.dumps(data)[:60],
)
def test_the_ways_in_which_shops_arrange_it(data):
    assert read(data).price == euro("49.90")


def test_numbers_never_pass_through_binary_floats():
    data = '{"@type": "Product", "offers": {"price": 19.989999999999998}}'
    reading = read_page(f'<script type="application/ld+json">{data}</script>', URL)
    assert reading.price == Money(Decimal("19.989999999999998"))


@pytest.mark.parametrize(
    "text",
    [
        '{"@type": "Product", "offers": {"price": "5"}};',  # extruct #109
        '{"@type": "Product", "offers": {"price": "5"},}',
        '{"@type": "Product", "offers": [{"price": "5"}, ], "name": "a, }"}',
        '<!-- {"@type": "Product", "offers": {"price": "5"}} -->',
        '//<![CDATA[\n{"@type": "Product", "offers": {"price": "5"}}\n//]]>',
        '\ufeff{"@type": "Product", "offers": {"price": "5"}}',
        '{"@type": "Product", "name": "two\nlines\tand a tab", "offers": {"price": "5"}}',
        '{"@type": "WebSite"}\n{"@type": "Product", "offers": {"price": "5"}}',
        "{&quot;@type&quot;: &quot;Product&quot;, &quot;offers&quot;: {&quot;price&quot;: &quot;5&quot;}}",
        '{"@type": "Product", "rating": NaN, "offers": {"price": "5"}}',
    ],
)
def test_json_that_is_a_little_wrong_is_read(text):
    page = f'<script type="application/ld+json">{text}</script>'
    assert read_page(page, URL).price == Money(Decimal(5))


@pytest.mark.parametrize("text", ["", "{", "not json", "[" * 100_000, '{"a": 1} and more', "9" * 10_000])
def test_json_that_is_quite_wrong_is_nothing(text):
    assert load(text) == []
    assert read_page(f'<script type="application/ld+json">{text}</script>', URL).price is None


def test_microdata_says_the_same():
    page = """
    <div itemscope itemtype="https://schema.org/Product"><h1 itemprop="name">Lamp</h1>
      <div itemprop="offers" itemscope itemtype="https://schema.org/Offer">
        <span itemprop="priceCurrency" content="EUR">€</span><span itemprop="price">1.299,00</span>
        <link itemprop="availability" href="https://schema.org/InStock">
      </div>
      <div itemscope itemtype="https://schema.org/Product"><span itemprop="name">Something else</span>
        <div itemprop="offers" itemscope><b itemprop="price">3</b></div></div>
    </div>"""
    reading = read_page(page, URL)

    assert (reading.name, reading.price, reading.stock) == ("Lamp", euro("1299.00"), Stock.IN)


# ---- what does not give the price


def test_a_sold_out_offer_does_not_give_the_price():
    """price-tracker #311, streetmerchant #2357."""
    reading = read(product(offer(availability="https://schema.org/OutOfStock")))

    assert (reading.price, reading.stock) == (None, Stock.OUT)
    assert reading.understood, "that it is sold out is worth knowing"


@pytest.mark.parametrize("condition", ["https://schema.org/UsedCondition", "RefurbishedCondition", "used"])
def test_a_used_offer_does_not_give_the_price(condition):
    used = offer("10", itemCondition=condition)

    assert read(product([used, offer("49.90")])).price == euro("49.90")
    assert read(product([used])).price is None


@pytest.mark.parametrize(
    "offers",
    [
        {"@type": "AggregateOffer", "lowPrice": 10, "highPrice": 20},
        {"@type": "AggregateOffer", "lowPrice": 10, "offerCount": 3},
        {"@type": "Offer", "price": "from 10"},
        {"@type": "Offer", "price": ["10", "20"]},
        {"@type": "Offer", "price": "0.00"},
        {"@type": "Offer", "price": 10, "businessFunction": "http://purl.org/goodrelations/v1#LeaseOut"},
        {"@type": "Offer", "price": 10, "itemOffered": "For Auction: a lamp"},
        {"@type": "Offer"},
        "10",
        None,
    ],
    ids=str,
)
def test_what_may_not_be_the_price_is_none_with_a_reason(offers):
    reading = read(product(offers))

    assert reading.price is None
    assert reading.why


def test_other_products_on_the_page_do_not_give_the_price():
    related = {"@type": "Product", "name": "Bulb", "offers": offer("3")}

    assert read(product(offer(), isRelatedTo=[related])).price == euro("49.90")
    assert read({"@type": "ItemList", "itemListElement": [{"item": related}]}).price is None


# ---- several products and variants


def test_of_several_products_the_one_at_this_address_is_meant():
    others = [
        {"@type": "Product", "name": "Bulb", "url": "/bulb", "offers": offer("3")},
        {"@type": "Product", "name": "Lamp", "url": "/lamp", "offers": offer("49.90")},
    ]

    assert read(others).price == euro("49.90")
    assert read(others, url="https://www.shop.example/lamp/?utm_source=x").price == euro("49.90")


def test_of_several_products_that_the_page_does_not_tell_apart_none_is_taken():
    others = [
        {"@type": "Product", "name": name, "offers": offer(price)} for name, price in (("A", 1), ("B", 2))
    ]

    reading = read(others)
    assert reading.price is None
    assert "several products" in (reading.why or "")


def variants() -> dict[str, Any]:
    return product([offer("10", sku="LAMP-S", url="/lamp?v=1"), offer("20", sku="LAMP-L", url="/lamp?v=2")])


@pytest.mark.parametrize(
    ("url", "price"), [("/lamp?v=2", "20"), ("/lamp?v=1&utm_source=x", "10"), ("/p/LAMP-L", "20")]
)
def test_the_variant_in_the_address_is_chosen(url, price):
    """changedetection.io #3730: several variants raise an error."""
    assert read(variants(), url=f"https://shop.example{url}").price == euro(price)


def test_without_a_variant_in_the_address_there_is_no_price():
    reading = read(variants())

    assert reading.price is None
    assert "variants" in (reading.why or "")


def test_a_sold_out_variant_in_the_address_is_sold_out_whatever_the_others_cost():
    both = product([offer("10", url="/lamp?v=1"), offer("20", url="/lamp?v=2", availability="SoldOut")])

    reading = read(both, url=f"{URL}?v=2")
    assert (reading.price, reading.stock) == (None, Stock.OUT)


def test_variants_of_a_group_at_one_price_are_one_price():
    group = {
        "@type": "ProductGroup",
        "name": "Lamp",
        "hasVariant": [{"@type": "Product", "sku": f"S{n}", "offers": offer("49.90")} for n in range(3)],
    }
    assert read(group).price == euro("49.90")


# ---- hostile pages


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.floats(allow_nan=False),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["@type", "@id", "@graph", "offers", "price", "hasVariant", "url", "name", "availability"]
                ),
                inner | st.sampled_from(["Product", "Offer", "AggregateOffer", "http://[", "#offer"]),
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_no_data_makes_reading_fail(data):
    reading = read({"@type": "Product", "offers": data}, data)
    assert reading.price is None or reading.price.amount > 0


def test_a_product_that_contains_itself_ends():
    loop = {
        "@graph": [{"@type": "Product", "@id": "#p", "hasVariant": {"@id": "#p"}, "offers": {"@id": "#p"}}]
    }
    assert read(loop).price is None


# ---- pages made to keep a reader busy: each of these took a minute, or for ever. What is done is counted,
# not timed: how fast it is done says something about the machine.


@pytest.mark.parametrize(
    "text", ["<!--" * 20_000, "<![CDATA[" * 20_000, "-->" * 20_000], ids=["comments", "CDATA", "ends"]
)
def test_wrappers_without_end_are_given_up(text: str, monkeypatch: pytest.MonkeyPatch):
    taken_off: list[str] = []
    wrappers = jsonld._WRAPPERS

    class Counted:
        def sub(self, by: str, text: str) -> str:
            taken_off.append(text)
            return wrappers.sub(by, text)

    monkeypatch.setattr(jsonld, "_WRAPPERS", Counted())

    assert load(text) == []
    assert len(taken_off) == 4


def test_thousands_of_different_prices_are_refused_at_once(monkeypatch: pytest.MonkeyPatch):
    values = product([offer(number, url=f"{URL}?size={number}") for number in range(1, 3_000)])
    compared: list[Money] = []
    same_as = Money.same_as
    monkeypatch.setattr(Money, "same_as", lambda one, other: compared.append(one) or same_as(one, other))

    reading = read(values)

    assert reading.price is None
    assert "variants with different prices" in (reading.why or "")
    assert len(compared) < 10, "two already disagree"


# ---- names are for people


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("\u202epmaL\u202c", "pmaL"),
        ("La\u200bmp\ufeff", "Lamp"),
        ("👨\u200d👩\u200d👧 lamp", "👨\u200d👩\u200d👧 lamp"),
        ("\u200b\u200d", "Shop"),  # nothing to be seen: the page's title
    ],
)
def test_a_name_has_only_what_can_be_seen(written: str, shown: str):
    assert read(product(offer(), name=written)).name == shown


def test_a_page_of_tags_inside_tags_is_not_parsed() -> None:
    """200,000 nested elements kept the parser busy for a minute and a half."""
    reading = read_page("<div>" * 200_000, "https://shop.example/p/1")

    assert reading.price is None
    assert reading.why == "the page is too large to be read"

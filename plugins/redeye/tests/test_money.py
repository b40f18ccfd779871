"""Amounts as shops write them: the right number, or none."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chandelier_redeye.reading.money import Money, currency_code, parse_amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("49.90", "49.90"),
        ("49,90", "49.90"),
        ("1.299,00", "1299.00"),
        ("1,299.00", "1299.00"),
        ("1 299,00 €", "1299.00"),
        ("1\u202f299,00\u00a0€", "1299.00"),
        ("1'299.50", "1299.50"),
        ("CHF 1’299.–", "1299"),
        ("12,34,567.00", "1234567.00"),
        ("1.234.567", "1234567"),
        ("1,234,567.890", "1234567.890"),  # price-parser #46
        ("1,299", "1299"),  # by schema.org a comma is no decimal point
        ("$ 87.11", "87.11"),
        ("49.0000", "49.0000"),
        ("0.999", "0.999"),
        ("US$1,299.00", "1299.00"),
        ("1.299,- EUR", "1299"),
        ("249,00 zł", "249"),
        ("R$ 1.299,90", "1299.90"),
        ("1 299 kr", "1299"),
        ("2879.2", "2879.20"),
    ],
)
def test_an_amount_is_read_exactly(text, amount):
    assert parse_amount(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text",
    [
        "1.299",  # one euro thirty or thirteen hundred
        "49.900",
        "2 pairs from $349",  # price-parser #62
        "349 - 399",
        "349–399 €",
        "from 10",
        "ab 10 €",
        "10 € / month",
        "10/kg",
        "from 10 to 20",
        "-5.00",
        "20 %",
        "-20%",
        "0",
        "0.00",
        "",
        "ask us",
        "12.34.56",
        "1,23,4",
        "1 2 3",
        "10 20",
        "1.2.2026",
        "9" * 65,
        "9" * 40,
    ],
)
def test_where_two_readings_are_possible_there_is_none(text):
    assert parse_amount(text) is None


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("49.900", "COP", "49900"),
        ("1.500", "JPY", "1500"),
        ("1.299", "KWD", "1.299"),
        ("1,299", "KWD", "1.299"),
    ],
)
def test_the_currency_decides_between_readings(text, currency, amount):
    assert parse_amount(text, currency) == Decimal(amount)


@pytest.mark.parametrize(
    "value",
    [
        True,
        False,
        None,
        [],
        {},
        0,
        -3,
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1e999999999"),
        Decimal("1e-999999999"),
        10**4000,
    ],
)
def test_what_is_no_price_is_none(value):
    assert parse_amount(value) is None


@given(st.decimals(min_value="0.01", max_value="999999.99", places=2))
def test_the_same_price_is_read_from_every_way_of_writing_it(amount):
    english = f"{amount:,.2f}"
    german = english.translate(str.maketrans(",.", ".,"))
    french = english.replace(",", "\u202f").replace(".", ",")
    for text in (str(amount), english, german, french, f"€ {german}", f"{french} EUR"):
        assert parse_amount(text, "EUR") == amount, text


@given(st.text(max_size=80))
def test_no_text_makes_it_fail(text):
    amount = parse_amount(text)
    assert amount is None or 0 < amount < 10**12


def test_numbers_are_compared_not_text():
    """changedetection.io #2634: 2879.2 and 2879.20 are one price."""
    assert Money(Decimal("2879.2"), "EUR").same_as(Money(Decimal("2879.20"), "EUR"))
    assert Money(Decimal("2879.2"), "EUR").same_as(Money(Decimal("2879.20")))
    assert not Money(Decimal(10), "EUR").same_as(Money(Decimal(10), "USD"))


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(Decimal("2879.2"), "EUR"), "2,879.20 EUR"),
        (Money(Decimal(100), "EUR"), "100.00 EUR"),
        (Money(Decimal(3340), "CLP"), "3,340 CLP"),
        (Money(Decimal("1.299"), "KWD"), "1.299 KWD"),
        (Money(Decimal("0.0125"), "EUR"), "0.0125 EUR"),
        (Money(Decimal(5), None), "5.00"),
    ],
)
def test_money_is_shown_as_people_write_it(money, shown):
    assert str(money) == shown


@pytest.mark.parametrize(
    ("value", "text", "code"),
    [
        ("eur", None, "EUR"),
        ("€", None, "EUR"),
        (None, "49 £", "GBP"),
        ("$", None, None),
        (None, "CHF 5", "CHF"),
    ],
)
def test_a_currency_is_named_only_when_it_is_certain(value, text, code):
    assert currency_code(value, text) == code

"""Amounts as shops write them, read exactly: the right number, or none where two readings are possible."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import attrs

__all__ = ["Money", "currency_code", "parse_amount"]

_CURRENCY_SIGNS: Final = {
    "€": "EUR",
    "£": "GBP",
    "₽": "RUB",
    "₴": "UAH",
    "₺": "TRY",
    "₹": "INR",
    "₩": "KRW",
    "₪": "ILS",
    "₫": "VND",
    "zł": "PLN",
    "kč": "CZK",
    "r$": "BRL",
    "us$": "USD",
    "chf": "CHF",
}
"""Signs that stand for one currency only; "$", "¥" and "kr" stand for several."""

_THREE_DECIMALS: Final = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
_NO_DECIMALS: Final = frozenset(
    {"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "RWF", "COP", "IDR"}
)
"""Minor units by ISO 4217 (COP and IDR have some on paper; shops write none)."""

_WORDS: Final = frozenset(
    {"a", "au", "c", "ca", "euro", "euros", "ft", "hk", "kn", "kr", "kč", "lei", "nz", "r", "tl", "us", "zł",
     "руб"}
)  # fmt: skip
"""Words besides ISO codes that may stand by an amount without changing what it means; "from" does."""

_NUMBER: Final = re.compile(r"\d(?:[\d.,'’\s\u00a0\u202f\u2009]*\d)?")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f\u2009'’]")
_MOST_DECIMALS: Final = 20
_HIGHEST: Final = Decimal(10) ** 12
_LONGEST: Final = 64


@attrs.frozen
class Money:
    """An amount and its currency (ISO 4217), None where the page does not say."""

    amount: Decimal
    currency: str | None = None

    def same_as(self, other: Money) -> bool:
        """Equal as money: 2879.2 is 2879.20, and a currency that one page left out is no difference."""
        known = self.currency is not None and other.currency is not None
        return self.amount == other.amount and (not known or self.currency == other.currency)

    def __str__(self) -> str:
        usual = 0 if self.currency in _NO_DECIMALS else 3 if self.currency in _THREE_DECIMALS else 2
        shown = f"{self.amount:,.{max(usual, _decimals(self.amount.normalize()))}f}"
        return f"{shown} {self.currency}" if self.currency else shown


def _decimals(amount: Decimal) -> int:
    """Digits after the decimal point of a finite number."""
    exponent = amount.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def currency_code(value: Any, text: Any = None) -> str | None:
    """The ISO 4217 code that a page states, or that a sign in the price's ``text`` makes certain."""
    for said in (value, text):
        if not isinstance(said, str):
            continue
        cleaned = said.strip()
        if re.fullmatch(r"[A-Za-z]{3}", cleaned):
            return cleaned.upper()
        lowered = cleaned.lower()
        named = {code for sign, code in _CURRENCY_SIGNS.items() if sign in lowered}
        if len(named) == 1:
            return named.pop()
        found = re.findall(r"\b[A-Z]{3}\b", cleaned)
        if len(found) == 1:
            return found[0]
    return None


def parse_amount(value: Any, currency: str | None = None) -> Decimal | None:
    """The amount that JSON-LD or microdata states, above zero; None where it is not certain.

    Numbers come as ``Decimal`` or ``int`` (never through binary floats). In text, both "1,299.00" and
    "1.299,00" are understood. "1.299" is refused unless the currency decides: it may mean one or a
    thousand. So is text with more than one number, such as "2 for $349".
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return _checked(Decimal(value))
    if isinstance(value, Decimal):
        # Looked at before it is written out: 1e-999999999 would be a gigabyte of digits.
        if _checked(value) is None or _decimals(value) > _MOST_DECIMALS:
            return None
        return _plain(format(value, "f"), currency)
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = value.strip()
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1:
        return None
    before, after = text[: numbers[0].start()], text[numbers[0].end() :]
    if re.search(r"[-−–]", before) or not _says_nothing_more(f"{before} {after}"):
        return None
    number = _joined(numbers[0].group())
    if re.match(r"[.,][-–—]", after) and len(signs := {*number} - {*"0123456789"}) == 1:
        return _checked(_grouped(number, signs.pop(), None))  # "1.299,-": what else is in it groups
    return _checked(_plain(number, currency))


def _says_nothing_more(rest: str) -> bool:
    """Whether what stands around a number is only a currency: not "from", "/ month", or "%"."""
    for word in re.findall(r"[^\W\d_]+", rest):
        code = len(word) == 3 and word.isupper()
        if not code and word.casefold() not in _WORDS and currency_code(None, word) is None:
            return False
    signs = re.sub(r"[^\W\d_]+", "", rest)
    return all(sign.isspace() or sign in ".,-–—*" or unicodedata.category(sign) == "Sc" for sign in signs)


def _joined(number: str) -> str:
    """Take out spaces and apostrophes where they group thousands; elsewhere they part two numbers."""
    if not _SPACES.search(number):
        return number
    parts = _SPACES.split(number)
    head, groups = parts[0], parts[1:]
    last = re.match(r"\d{3}(?![\d])", groups[-1])
    if not re.fullmatch(r"\d{1,3}", head) or last is None:
        return ""
    return "".join(parts) if all(re.fullmatch(r"\d{3}", group) for group in groups[:-1]) else ""


def _plain(number: str, currency: str | None) -> Decimal | None:
    """Decide which of the separators is the decimal one."""
    if not number:
        return None
    dots, commas = number.count("."), number.count(",")
    if dots and commas:
        decimal = "." if number.rindex(".") > number.rindex(",") else ","
        return _grouped(number, "," if decimal == "." else ".", decimal)
    if dots + commas == 0:
        return _decimal(number)
    separator = "." if dots else ","
    if dots + commas > 1:
        return _grouped(number, separator, None)
    whole, _, rest = number.partition(separator)
    if len(rest) != 3 or len(whole) > 3 or whole == "0":
        return _decimal(f"{whole}.{rest}")
    if currency in _THREE_DECIMALS:
        return _decimal(f"{whole}.{rest}")
    # schema.org wants a dot for decimals (https://schema.org/price): a comma before three digits groups.
    if separator == "," or currency in _NO_DECIMALS:
        return _decimal(whole + rest)
    return None


def _grouped(number: str, group: str, decimal: str | None) -> Decimal | None:
    whole, _, rest = number.partition(decimal) if decimal else (number, "", "")
    parts = whole.split(group)
    if not re.fullmatch(r"\d{1,3}", parts[0]) or not all(
        re.fullmatch(r"\d{2,3}", part) for part in parts[1:]
    ):
        return None
    if len(parts[-1]) != 3 or not re.fullmatch(r"\d*", rest):
        return None  # India groups by two, but its last group has three digits as everywhere
    return _decimal(f"{''.join(parts)}.{rest or 0}")


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _checked(amount: Decimal | None) -> Decimal | None:
    """A price is above zero (zero stands for "not known" in many shops) and below a trillion."""
    if amount is None or not amount.is_finite() or not 0 < amount < _HIGHEST:
        return None
    return amount

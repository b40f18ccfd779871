"""The addresses that people paste, brought into one form so that the same page is one watch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

import attrs
from loguru import logger

import chandelier
from chandelier_redeye.hookspecs import StoreAdapter

__all__ = ["LONGEST_URL", "Page", "identify", "page_of"]

_ = chandelier.Messages(__package__)

LONGEST_URL: Final = 1_000
"""Characters of an address; an embed's field, which shows it as a link, holds 1,024."""

_LONGEST_NAME: Final = 100
_PATH: Final = "/%:@!$&'*+,;=~-._"
_QUERY: Final = "/?%:@!$&'*+,;=~-._"


@attrs.frozen(kw_only=True)
class Page:
    """A page to watch: its address, and what a shop's adapter knows of it."""

    url: str
    shop: str | None = None
    product_id: str | None = None
    name: str | None = None


def page_of(text: str) -> Page:
    """Read an address as people paste it. Raises InvalidRequest with what is wrong with it."""
    text = text.strip().removeprefix("<").removesuffix(">")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
        if parts.scheme.lower() not in {"http", "https"} or not host:
            raise ValueError(_("it does not start with http:// or https://"))
        if parts.username is not None or parts.password is not None:
            raise ValueError(_("it contains a user name or password"))
        if re.search(r"[\s\x00-\x1f]", text):
            raise ValueError(_("it contains spaces"))
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError) as error:
        raise chandelier.InvalidRequest(
            _(
                "That is not an address that I can watch: {why}. Paste the product page's whole address, "
                "such as `https://shop.example/lamp`.",
                why=chandelier.message_of(error),
            )
        ) from None
    netloc = f"[{host}]" if ":" in host else host
    if port is not None and port != {"http": 80, "https": 443}[parts.scheme.lower()]:
        netloc = f"{netloc}:{port}"
    # Parentheses would end the Markdown links in which addresses are shown.
    path = quote(parts.path or "/", safe=_PATH)
    url = urlunsplit((parts.scheme.lower(), netloc, path, quote(parts.query, safe=_QUERY), ""))
    if len(url) > LONGEST_URL:
        raise chandelier.InvalidRequest(
            _(
                "That address has {length} characters, I can keep {longest}. Cut off what follows the `?`, "
                "if the page opens without it.",
                length=len(url),
                longest=LONGEST_URL,
            )
        )
    return Page(url=url)


def identify(page: Page, adapters: Sequence[tuple[str, Sequence[StoreAdapter]]]) -> Page:
    """What the first adapter that knows the address makes of it; the page as it is when none does.

    ``adapters`` come with the plugin that brought them. One that fails, or answers what does not fit, is
    logged and passed over: it costs its shop, not the watch.
    """
    for plugin, offered in adapters:
        try:
            for adapter in offered:
                product = adapter.identify(page.url)
                if product is None:
                    continue
                name = product.name
                return Page(
                    url=page_of(str(product.url)).url,
                    shop=str(adapter.shop)[:_LONGEST_NAME],
                    product_id=str(product.product_id)[:_LONGEST_NAME],
                    name=None if name is None else str(name)[:_LONGEST_NAME],
                )
        except Exception as error:  # noqa: BLE001 - another plugin's code
            logger.bind(plugin="redeye").opt(exception=error).warning(
                "the store adapters of plugin {} failed on {}", plugin, page.url
            )
    return page

"""A shop on loopback whose pages the tests arrange, for redeye to read over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web

LOOPBACK = {"http_allow": ["127.0.0.0/8"]}
"""The deployment's leave to fetch pages from this machine."""


class Shop:
    """Products by name; each answers with what was arranged last, and visits are counted."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.visits: list[str] = []
        self.url = ""

    def product(
        self, name: str, price: Any, *, currency: str = "EUR", stock: str = "InStock", **more: Any
    ) -> str:
        """Arrange a product's page as a shop would write it; returns its address."""
        offer = {
            "@type": "Offer",
            "price": price,
            "priceCurrency": currency,
            "availability": f"https://schema.org/{stock}",
        }
        data = {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": name.title(),
            "offers": offer,
            **more,
        }
        return self.html(name, f'<script type="application/ld+json">{json.dumps(data)};</script>')

    def html(self, name: str, body: str) -> str:
        """Arrange any page."""
        self.pages[name] = (200, f"<!doctype html><title>{name}</title>{body}", {})
        return f"{self.url}/{name}"

    def fail(self, name: str, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Let a page fail from now on."""
        self.pages[name] = (status, "<h1>Are you a robot?</h1>", dict(headers or {}))

    async def answer(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.visits.append(name)
        status, text, headers = self.pages.get(name, (404, "nothing here", {}))
        return web.Response(status=status, text=text, content_type="text/html", headers=headers)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    """An empty shop."""
    shop = Shop()
    app = web.Application()
    app.router.add_get("/{name}", shop.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield shop
    await runner.cleanup()

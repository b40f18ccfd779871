"""A shop on loopback whose prices one can change: pages with JSON-LD, so that there is something to watch."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Self

from aiohttp import web

from chandelier.demo.goods import GOODS, Good

__all__ = ["Shop"]

_HIGHEST = Decimal(100000)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
article { border: 1px solid #8886; border-radius: 8px; padding: 1rem 1.25rem; margin: 1rem 0; }
h1 small, p { color: #888; } h2 { margin: 0; font-size: 1.1rem; } p { margin: .25rem 0 .75rem; }
form { display: inline-flex; gap: .5rem; } input { width: 7rem; }
input, button { font: inherit; padding: .2rem .6rem; }
code { user-select: all; }
"""


class Shop:
    """The demo's shop; an async context manager. ``port`` 0 takes a free one."""

    def __init__(self, port: int = 0) -> None:
        self.goods = {slug: Good(slug, title, about, price) for slug, title, about, price in GOODS}
        self._wanted_port = port
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=4096)
        app.router.add_get("/", self._list)
        app.router.add_get("/product/{slug}", self._show)
        app.router.add_post("/product/{slug}/price", self._change)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", self._wanted_port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The shop's address, with a slash at the end. Raises RuntimeError when it is closed."""
        if self._runner is None:
            raise RuntimeError("the shop is closed; use `async with Shop() as shop:`")
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}/"

    def product_url(self, slug: str) -> str:
        """The address of one product's page."""
        return f"{self.url}product/{slug}"

    async def _list(self, request: web.Request) -> web.Response:
        goods = "".join(_card(good, self.product_url(good.slug)) for good in self.goods.values())
        return _page("The chandelier shop", f"<p>Change a price and see what the bot says.</p>{goods}")

    async def _show(self, request: web.Request) -> web.Response:
        good = self._good(request)
        offer = {
            "@context": "https://schema.org",
            "@type": "Product",
            "name": good.title,
            "description": good.about,
            "sku": good.slug,
            "offers": {
                "@type": "Offer",
                "url": self.product_url(good.slug),
                "price": str(good.price),
                "priceCurrency": "EUR",
                "availability": "https://schema.org/InStock",
                "itemCondition": "https://schema.org/NewCondition",
            },
        }
        # A closing tag inside a string would end the script element early.
        script = json.dumps(offer, ensure_ascii=False).replace("<", "\\u003c")
        body = _card(good, self.product_url(good.slug))
        return _page(good.title, f'<script type="application/ld+json">{script}</script>{body}')

    async def _change(self, request: web.Request) -> web.Response:
        good = self._good(request)
        # Only the shop's own forms may post: other sites open in the same browser may not.
        if request.headers.get("Origin", self.url.rstrip("/")) != self.url.rstrip("/"):
            raise web.HTTPForbidden(text="Prices are changed on the shop's own page.\n")
        text = str((await request.post()).get("price", ""))
        try:
            price = Decimal(text.replace(",", ".")).quantize(Decimal("0.01"))
        except InvalidOperation:
            raise web.HTTPBadRequest(text="The price must be a number, as in 39.90.\n") from None
        if not price.is_finite() or not 0 < price <= _HIGHEST:
            raise web.HTTPBadRequest(text=f"The price must be more than 0 and at most {_HIGHEST}.\n")
        good.price = price
        raise web.HTTPSeeOther("/")

    def _good(self, request: web.Request) -> Good:
        good = self.goods.get(request.match_info["slug"])
        if good is None:
            raise web.HTTPNotFound(text="The shop has nothing of that name.\n")
        return good


def _card(good: Good, url: str) -> str:
    return (
        f'<article><h2>{escape(good.title)}</h2><p>{escape(good.about)}<br><a href="{escape(url)}">'
        f"<code>{escape(url)}</code></a></p>"
        f'<form method="post" action="/product/{escape(good.slug)}/price">'
        f'<label>€ <input name="price" inputmode="decimal" value="{good.price}" required></label>'
        "<button>Change the price</button></form></article>"
    )


def _page(title: str, body: str) -> web.Response:
    text = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        f"<h1>{escape(title)}</h1>{body}</html>"
    )
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=_HEADERS)

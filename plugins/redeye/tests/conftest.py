"""A market and a shop on loopback whose pages the tests arrange, for redeye to read over real sockets."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import attrs
import pytest
from aiohttp import web

from loopcord import Channel, Guild, LocalDiscord, Member, Message

INTERVAL = 600


class Shop:
    """Pages by name; each answers with what was arranged last, and visits are counted."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, str, dict[str, str]]] = {}
        self.visits: list[str] = []
        self.url = ""

    def product(
        self, slug: str, price: Any, /, *, currency: str = "EUR", stock: str = "InStock", **more: Any
    ) -> str:
        """Arrange a product's page as a shop would write it; returns its address."""
        offer = {
            "@type": "Offer",
            "price": price,
            "priceCurrency": currency,
            "availability": f"https://schema.org/{stock}",
        }
        data = {"@context": "https://schema.org", "@type": "Product", "name": slug.title(), "offers": offer}
        return self.html(slug, f'<script type="application/ld+json">{json.dumps(data | more)};</script>')

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


@attrs.frozen
class Market:
    """The guild "Market": a moderator, a member, and channels."""

    guild: Guild
    general: Channel
    deals: Channel
    mod: Member
    alice: Member

    @property
    def alerts(self) -> list[Message]:
        """What was posted in #deals."""
        return self.deals.messages


@pytest.fixture
def market(discord: LocalDiscord) -> Market:
    """Market before the bot has come."""
    guild = discord.create_guild("Market", owner="olga")
    mods = guild.create_role("Mods", ["manage_messages"])
    return Market(
        guild=guild,
        general=guild.create_text_channel("general"),
        deals=guild.create_text_channel("deals"),
        mod=guild.add_member("mod", roles=[mods]),
        alice=guild.add_member("alice"),
    )


@pytest.fixture
def start(start_host: Any) -> Any:
    """Start a host with redeye, which may fetch from this machine, without jitter."""

    async def start(*plugins: str, **settings: Any) -> Any:
        section = {"version": 2, "interval": INTERVAL, "jitter": 0, "host_gap": 5, **settings}
        return await start_host(
            "redeye", *plugins, config={"redeye": section}, host={"http_allow": ["127.0.0.0/8"]}
        )

    return start

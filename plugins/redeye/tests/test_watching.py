"""Watching a page, from `/watch add` to the alerts, over real sockets."""

from __future__ import annotations

from typing import Any

import pytest

LOOPBACK = {"http_allow": ["127.0.0.0/8"]}
INTERVAL = 600
CONFIG = {"redeye": {"version": 2, "interval": INTERVAL, "jitter": 0, "host_gap": 5}}


class Market:
    """A guild with a moderator, a member, and two channels."""

    def __init__(self, discord: Any) -> None:
        self.guild = discord.create_guild("Market")
        self.general = self.guild.create_text_channel("general")
        self.deals = self.guild.create_text_channel("deals")
        mods = self.guild.create_role("Mods", ["manage_messages"])
        self.mod = self.guild.add_member("mod", roles=[mods])
        self.alice = self.guild.add_member("alice")

    async def alerts(self) -> list[str]:
        return [message.text for message in self.deals.messages]


@pytest.fixture
def market(discord: Any) -> Market:
    return Market(discord)


async def test_a_changed_price_is_told_once_and_every_further_change_again(
    discord: Any, start_host: Any, shop: Any, market: Market
) -> None:
    url = shop.product("lamp", "49.90")
    host = await start_host("redeye", config=CONFIG, host=LOOPBACK)

    added = await market.mod.slash(market.general, "watch add", url=url, channel=market.deals)
    assert "49.90 EUR" in added.text
    assert added.ephemeral

    shop.product("lamp", "39.90")
    host = await start_host.restart(host)
    await discord.advance(INTERVAL)
    (alert,) = market.deals.messages
    assert alert.embeds[0]["url"] == url
    assert "Price drop: Lamp" in alert.text
    assert "49.90 EUR" in alert.text
    assert "39.90 EUR" in alert.text
    assert "−10.00 EUR (−20.0 %)" in alert.text

    await discord.advance(INTERVAL)
    assert len(market.deals.messages) == 1, "the same price again is no news"

    shop.product("lamp", 45)
    await discord.advance(INTERVAL)
    assert len(market.deals.messages) == 2
    assert "Price rise" in market.deals.last.text
    assert "39.90 EUR" in market.deals.last.text, "before is the last good price, not the first"

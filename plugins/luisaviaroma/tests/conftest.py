"""What the stories share: a market with a monitor bot and the shapes of its posts."""

from __future__ import annotations

from typing import Any

import pytest

SNEAKERS = "https://www.luisaviaroma.com/en-it/p/golden-lantern/men/shoes/sneakers/80I-GLN001?lvrid=_p"


def find(
    code: str = "80I-GLN001", title: str = "Golden Lantern: Super-Moth sneakers", **more: Any
) -> dict[str, Any]:
    """A monitor's embed, as Discord's JSON."""
    return {
        "type": "rich",
        "title": title,
        "url": f"https://www.luisaviaroma.com/en-it/p/golden-lantern/men/shoes/sneakers/{code}?lvrid=_p",
        "fields": [{"name": "Price", "value": "**288 €**", "inline": True}],
        **more,
    }


class Market:
    """A guild with a monitor bot in #monitor, a moderator and a member."""

    def __init__(self, discord: Any) -> None:
        self.discord = discord
        self.guild = discord.create_guild("Market")
        self.general = self.guild.create_text_channel("general")
        self.monitor = self.guild.create_text_channel("monitor")
        mods = self.guild.create_role("Mods", ["manage_messages"])
        self.helpers = self.guild.create_role("Helpers")
        self.mod = self.guild.add_member("mod", roles=[mods])
        self.helper = self.guild.add_member("helper", roles=[self.helpers])
        self.alice = self.guild.add_member("alice")
        self.bot = self.guild.add_member("lvr-monitor", bot=True)

    async def unfurl(self, message: Any, *embeds: dict[str, Any]) -> None:
        """Discord adds embeds to a message later."""
        self.discord.backend.edit_message(message.channel_id, message.id, {"embeds": list(embeds)})
        await self.discord.settle()


@pytest.fixture
def market(discord: Any) -> Market:
    """The market, before the bot connects."""
    return Market(discord)


@pytest.fixture
def post() -> Any:
    """Makes a monitor's embed."""
    return find

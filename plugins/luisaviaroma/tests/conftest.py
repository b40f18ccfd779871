"""A market with a monitor bot, which the stories play in."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from loopcord import Channel, Guild, LocalDiscord, Member, Message, Reply, Role


def post(code: str = "80I-GLN001", title: str = "Super-Moth sneakers", **more: Any) -> dict[str, Any]:
    """A monitor's embed, as Discord's JSON."""
    return {
        "type": "rich",
        "title": title,
        "url": f"https://www.luisaviaroma.com/en-it/p/golden-lantern/men/{code}?lvrid=_p",
        "fields": [{"name": "Price", "value": "**288 €**", "inline": True}],
        **more,
    }


@attrs.frozen
class Market:
    """The guild "Market": a monitor bot in #monitor, a moderator, a helper, a member."""

    guild: Guild
    general: Channel
    monitor: Channel
    helpers: Role
    mod: Member
    helper: Member
    alice: Member
    bot: Member

    async def find(self, *embeds: dict[str, Any]) -> Message:
        """The monitor posts finds, one unless given."""
        return await self.bot.send(self.monitor, embeds=list(embeds) or [post()])

    async def unfurl(self, message: Message, *embeds: dict[str, Any]) -> None:
        """Discord adds embeds to a message later."""
        discord = self.guild.discord
        discord.backend.edit_message(message.channel_id, message.id, {"embeds": list(embeds)})
        await discord.settle()

    async def listed(self) -> Reply:
        """What `/luisaviaroma list` answers."""
        return await self.mod.slash(self.general, "luisaviaroma list")


@pytest.fixture
def market(discord: LocalDiscord) -> Market:
    """Market before the bot has come."""
    guild = discord.create_guild("Market", owner="olga")
    mods = guild.create_role("Mods", ["manage_messages"])
    helpers = guild.create_role("Helpers")
    return Market(
        guild=guild,
        general=guild.create_text_channel("general"),
        monitor=guild.create_text_channel("monitor"),
        helpers=helpers,
        mod=guild.add_member("mod", roles=[mods]),
        helper=guild.add_member("helper", roles=[helpers]),
        alice=guild.add_member("alice"),
        bot=guild.add_member("lvr-monitor", bot=True),
    )


@pytest.fixture
def embed() -> Any:
    """Makes a monitor's embed."""
    return post

"""A small server with staff and members, which the stories of moderation play in."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from loopcord import Channel, Guild, LocalDiscord, Member, Role


@attrs.frozen
class Market:
    """The guild "Market": a moderator, two members, a channel to talk in and one for the log."""

    guild: Guild
    general: Channel
    log: Channel
    mods: Role
    mod: Member
    alice: Member
    bob: Member

    def config(self, **more: Any) -> dict[str, dict[str, Any]]:
        """The plugin's section of config.toml, with the log switched on."""
        return {"moderation": {"version": 2, "log_channel": self.log.id, **more}}


@pytest.fixture
def market(discord: LocalDiscord) -> Market:
    """Market before the bot has come."""
    guild = discord.create_guild("Market", owner="olga")
    mods = guild.create_role("Mods", permissions=["moderate_members", "manage_messages"])
    return Market(
        guild=guild,
        general=guild.create_text_channel("general"),
        log=guild.create_text_channel("mod-log"),
        mods=mods,
        mod=guild.add_member("mod", roles=[mods]),
        alice=guild.add_member("alice"),
        bob=guild.add_member("bob"),
    )

"""A small server with curators and members, which the stories of reactions play in."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from loopcord import Channel, Guild, LocalDiscord, Member, Role


@attrs.frozen
class Gallery:
    """The guild "Gallery": a curator who may forward, members, a channel to talk in and one for the best."""

    guild: Guild
    general: Channel
    best: Channel
    curators: Role
    cora: Member
    alice: Member
    bob: Member

    def config(self, **more: Any) -> dict[str, dict[str, Any]]:
        """The plugin's section of config.toml: curators forward to #best."""
        section = {"version": 2, "channel": self.best.id, "roles": [self.curators.id], **more}
        return {"reactions": section}


@pytest.fixture
def gallery(discord: LocalDiscord) -> Gallery:
    """Gallery before the bot has come."""
    guild = discord.create_guild("Gallery", owner="olga")
    curators = guild.create_role("Curators")
    return Gallery(
        guild=guild,
        general=guild.create_text_channel("general"),
        best=guild.create_text_channel("best"),
        curators=curators,
        cora=guild.add_member("cora", roles=[curators]),
        alice=guild.add_member("alice"),
        bob=guild.add_member("bob"),
    )

"""Builders and queries: a world arranged without a bot, and what can be read from it."""

from __future__ import annotations

import pytest

import loopcord


async def test_a_guild_is_built(discord: loopcord.LocalDiscord) -> None:
    guild = discord.create_guild("Market", owner="olga")
    shop = guild.create_category("Shop")
    general = guild.create_text_channel("general", category=shop, topic="all and sundry")
    mods = guild.create_role("Mods", permissions=["kick_members", "moderate_members"])
    helpers = guild.create_role("Helpers")
    chiefs = guild.create_role("Chiefs", above=mods)
    alice = guild.add_member("alice", roles=[mods], nick="Al")

    assert guild.owner.name == "olga"
    assert general.model.parent_id == shop.id
    assert (general.topic, general.mention, general.guild) == ("all and sundry", f"<#{general.id}>", guild)
    assert [role.name for role in guild.roles] == ["@everyone", "Helpers", "Mods", "Chiefs", "TestBot"]
    assert mods.permissions == ["kick_members", "moderate_members"]
    assert mods.members == [alice]
    assert (alice.nick, alice.roles) == ("Al", [mods])
    assert "kick_members" in alice.permissions_in(general)
    assert helpers.members == chiefs.members == []
    assert guild.bot_role == guild.roles[-1]
    assert "administrator" not in guild.bot_role.permissions
    assert "ban_members" in guild.bot_role.permissions
    assert guild.member(alice) == alice
    assert guild.member(1) is None


async def test_the_same_person_can_be_in_two_guilds(discord: loopcord.LocalDiscord) -> None:
    market, bazaar = discord.create_guild("Market"), discord.create_guild("Bazaar")
    alice = market.add_member("alice")

    twin = bazaar.add_member(alice)

    assert twin == alice
    assert {guild.name for guild in discord.guilds if guild.member(alice)} == {"Market", "Bazaar"}


async def test_mistakes_in_arranging_are_explained(discord: loopcord.LocalDiscord) -> None:
    guild = discord.create_guild("Market")
    general = guild.create_text_channel("general")

    with pytest.raises(loopcord.WorldError, match="'kick' is no Discord permission"):
        guild.create_role("Mods", permissions=["kick"])
    with pytest.raises(loopcord.WorldError, match="no channel #shop; it has"):
        guild.channel("shop")
    with pytest.raises(loopcord.WorldError, match="no message in #general"):
        _ = general.last
    with pytest.raises(loopcord.WorldError, match="no privileged intent"):
        loopcord.LocalDiscord(denied_intents=["guilds"])
    with pytest.raises(loopcord.WorldError, match="does not listen yet"):
        _ = loopcord.LocalDiscord().rest_url


async def test_nobody_connected_is_said_clearly() -> None:
    async with loopcord.LocalDiscord(patience=0.05) as discord:
        with pytest.raises(
            loopcord.WorldError, match=r"0 of 1 shard\(s\) connected within 0.05 s; is the bot"
        ):
            await discord.ready()


async def test_only_mentions_that_are_allowed_notify(discord: loopcord.LocalDiscord) -> None:
    guild = discord.create_guild("Market")
    general = guild.create_text_channel("general")
    alice, bob = guild.add_member("alice"), guild.add_member("bob")

    await alice.send(general, f"hey {bob.mention} and @everyone")

    assert general.last.pinged == [bob.id]


async def test_logs_are_bounded() -> None:
    async with loopcord.LocalDiscord(keep=10) as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        for number in range(50):
            general.post(discord.bot, f"message {number}")

        assert len(discord.transcript().splitlines()) == 10
        assert "message 49" in discord.transcript(last=1)
        assert discord.transcript(last=1).startswith("… 9 earlier entries left out")


async def test_ids_tell_the_time_and_never_repeat(discord: loopcord.LocalDiscord) -> None:
    general = discord.create_guild("Market").create_text_channel("general")

    first = [general.post(discord.bot, "now").id for _ in range(100)]
    await discord.advance(3600)
    later = general.post(discord.bot, "later").id

    assert len(set(first)) == 100
    assert first == sorted(first)
    discord_epoch_ms = 1_420_070_400_000
    assert ((later >> 22) + discord_epoch_ms) / 1000 == discord.clock.now().timestamp()

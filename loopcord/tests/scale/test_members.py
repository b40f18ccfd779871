"""A guild of 10,000 members: chunks, pages, and no member that nobody asked for.

Source: https://discord.com/developers/docs/events/gateway-events#request-guild-members
"""

from __future__ import annotations

from typing import Any

import aiohttp
import hikari
import pytest

import loopcord

MEMBERS = 10_000
PRESENCES = 1 << 8


@pytest.fixture
def city(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("City", owner="olga")
    for number in range(MEMBERS - 2):  # and the owner, and the bot
        guild.add_member(f"member {number:05}")
    assert len(guild.model.members) == MEMBERS
    return guild


def _ids(chunks: list[dict[str, Any]]) -> list[str]:
    return [member["user"]["id"] for chunk in chunks for member in chunk["members"]]


async def test_everybody_comes_in_chunks_of_a_thousand(city: loopcord.Guild, connect) -> None:
    shard = await connect(city.discord, "GUILD_MEMBERS_CHUNK")

    await shard.ask(8, {"guild_id": str(city.id), "query": "", "limit": 0, "nonce": "all"})
    await city.discord.settle()

    chunks = shard.of("GUILD_MEMBERS_CHUNK")
    assert [len(chunk["members"]) for chunk in chunks] == [1000] * 10
    assert [(chunk["chunk_index"], chunk["chunk_count"]) for chunk in chunks] == [(i, 10) for i in range(10)]
    assert {chunk["nonce"] for chunk in chunks} == {"all"}
    assert set(_ids(chunks)) == {str(user_id) for user_id in city.model.members}


async def test_some_are_found_by_prefix_or_by_id(city: loopcord.Guild, connect) -> None:
    shard = await connect(city.discord, "GUILD_MEMBERS_CHUNK")
    wanted = [str(user_id) for user_id in list(city.model.members)[5000:5100]]

    await shard.ask(8, {"guild_id": str(city.id), "query": "MEMBER 0123", "limit": 100})
    await shard.ask(8, {"guild_id": str(city.id), "user_ids": [*wanted, "1"]})
    await city.discord.settle()

    by_name, by_id = shard.of("GUILD_MEMBERS_CHUNK")
    assert len(by_name["members"]) == 10
    assert _ids([by_id]) == wanted
    assert by_id["not_found"] == ["1"]


async def test_a_large_guild_is_announced_without_its_members(city: loopcord.Guild, connect) -> None:
    """https://discord.com/developers/docs/events/gateway-events#guild-create"""
    shard = await connect(city.discord, "GUILD_CREATE")

    [created] = shard.of("GUILD_CREATE")

    assert (created["large"], created["member_count"]) == (True, MEMBERS)
    assert [member["user"]["id"] for member in created["members"]] == [str(city.discord.bot.id)]


async def test_the_threshold_and_the_intent_decide(discord: loopcord.LocalDiscord, connect) -> None:
    guild = discord.create_guild("Village")
    for number in range(200):
        guild.add_member(f"member {number}")

    small = await connect(discord, "GUILD_CREATE", large_threshold=250)
    large = await connect(discord, "GUILD_CREATE", large_threshold=50)
    blind = await connect(discord, "GUILD_CREATE", large_threshold=250, intents=PRESENCES - 1)

    seen = [(each.of("GUILD_CREATE")[0]["large"], len(each.of("GUILD_CREATE")[0]["members"]))
            for each in (small, large, blind)]  # fmt: skip
    assert seen == [(False, 202), (True, 1), (False, 1)]


async def test_an_update_of_a_guild_tells_no_members(city: loopcord.Guild, connect) -> None:
    """https://discord.com/developers/docs/events/gateway-events#guild-update"""
    shard = await connect(city.discord, "GUILD_UPDATE")
    discord = city.discord
    headers = {"Authorization": f"Bot {discord.token}"}

    async with aiohttp.ClientSession(headers=headers) as http:
        await http.patch(f"{discord.rest_url}/guilds/{city.id}", json={"name": "Metropolis"})
        async with http.get(f"{discord.rest_url}/guilds/{city.id}?with_counts=true") as response:
            fetched = await response.json()
    await discord.settle()

    [updated] = shard.of("GUILD_UPDATE")
    assert updated["name"] == fetched["name"] == "Metropolis"
    assert not {"members", "channels", "member_count"} & (updated.keys() | fetched.keys())
    assert fetched["approximate_member_count"] == MEMBERS


async def test_hikari_knows_all_of_them(city: loopcord.Guild, boot) -> None:
    bot = await boot(intents=hikari.Intents.ALL)

    members = bot.app.cache.get_members_view_for_guild(city.id)
    fetched = [member.id async for member in bot.app.rest.fetch_members(city.id)]

    assert len(members) == MEMBERS
    assert fetched == sorted(city.model.members)

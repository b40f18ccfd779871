"""What unmodified discord.py and discord.js see, and what they fetch."""

from __future__ import annotations

import pytest

import loopcord


async def test_it_sees_messages_come_change_and_go(discord, general, alice, start) -> None:
    bot = await start(discord)

    lamp = await alice.send(general, "A lamp", attachments=[("lamp.png", b"png")])
    await bot.saw("message")
    await alice.edit(lamp, "A red lamp")
    await bot.saw("edit")
    await alice.delete(lamp)
    await bot.saw("delete")

    assert [entry for entry in bot.seen if entry["saw"] in ("message", "edit", "delete")] == [
        {"saw": "message", "content": "A lamp", "author": "alice", "shard": 0, "files": ["lamp.png"]},
        {"saw": "edit", "before": "A lamp", "after": "A red lamp"},
        {"saw": "delete", "content": "A red lamp"},
    ]


async def test_it_sees_reactions(discord, general, alice, start) -> None:
    bot = await start(discord)

    lamp = await alice.send(general, "A lamp")
    await alice.react(lamp, "🔥")
    await alice.unreact(lamp, "🔥")
    await bot.saw("reaction", times=2)

    assert bot.all("reaction") == [
        {"saw": "reaction", "emoji": "🔥", "added": True, "user": str(alice.id)},
        {"saw": "reaction", "emoji": "🔥", "added": False, "user": str(alice.id)},
    ]


async def test_it_replies_to_a_message(discord, general, alice, start) -> None:
    await start(discord)

    asked = await alice.send(general, "ping")
    assert await discord.until(lambda: general.last.content == "pong")

    assert general.last.author_id == discord.bot.id
    assert int(general.last.reference["message_id"]) == asked.id


async def test_it_reads_and_answers_direct_messages(discord, alice, start) -> None:
    bot = await start(discord)

    await alice.send(alice.dm, "psst")
    assert await discord.until(lambda: len(alice.dms) == 1)

    assert bot.all("message")[0]["content"] == "psst"
    assert alice.dms[0].content == "You said: psst"


async def test_it_sees_people_come_and_go(discord, market, start) -> None:
    bot = await start(discord)

    bob = await market.join("bob")
    await bob.leave()
    await bot.saw("leave")

    assert [entry for entry in bot.seen if entry["saw"] in ("join", "leave")] == [
        {"saw": "join", "name": "bob"},
        {"saw": "leave", "name": "bob"},
    ]


async def test_it_fetches_members_through_the_gateway(discord, market, general, alice, start) -> None:
    for number in range(1_200):
        market.add_member(f"walker{number}")
    await start(discord)

    reply = await (await alice.slash(general, "members", prefix="ali")).answered()

    assert reply.content == f"{len(market.members)} members; ali: alice"


async def test_it_pages_through_a_channel(discord, general, alice, start) -> None:
    for number in range(250):
        general.post(alice, f"number {number}")
    await start(discord)

    reply = await (await alice.slash(general, "history")).answered()

    assert reply.content == "250 messages, from number 249 to number 0"


async def test_each_shard_serves_its_guilds(open_world, start) -> None:
    discord: loopcord.LocalDiscord = await open_world(shards=3)
    guilds = [discord.create_guild(f"Guild {number}") for number in range(6)]
    rooms = [guild.create_text_channel("general") for guild in guilds]
    people = [guild.add_member(f"person {number}") for number, guild in enumerate(guilds)]
    bot = await start(discord)

    for room, person in zip(rooms, people, strict=True):
        await person.send(room, f"from {room.guild.name}")
    await bot.saw("message", times=6)

    assert bot.all("ready")[0]["shards"] == 3
    assert sorted(entry["shard"] for entry in bot.all("session")) == [0, 1, 2]
    served = {entry["content"]: entry["shard"] for entry in bot.all("message")}
    assert served == {f"from {guild.name}": (guild.id >> 22) % 3 for guild in guilds}


@pytest.mark.parametrize("stream", ["zlib-stream", "zstd-stream"])
async def test_it_reads_a_compressed_stream(discord, general, alice, client, start, stream: str) -> None:
    bot = await start(discord, DISCORD_COMPRESSION=stream)
    [connection] = discord.connections
    if connection.compression != stream:
        # zstd-stream needs discord.py[speed]; zlib-stream, for discord.js, zlib-sync, which is compiled.
        pytest.skip(f"this {client} asks for {connection.compression}")

    await alice.send(general, "A lamp")
    await bot.saw("message")

    assert bot.all("message")[0]["content"] == "A lamp"

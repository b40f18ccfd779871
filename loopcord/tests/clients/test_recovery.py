"""Unmodified discord.py and discord.js lose their connection, come back and miss nothing."""

from __future__ import annotations

import asyncio

import pytest

import loopcord


async def _close(discord: loopcord.LocalDiscord, code: int) -> None:
    """Close every gateway socket with a code, and wait until they are gone."""
    for connection in discord.connections:
        connection.close(code, "")
        await connection.closed


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda discord: discord.reconnect(), id="op 7"),
        pytest.param(lambda discord: discord.invalidate(resumable=True), id="op 9"),
        pytest.param(lambda discord: discord.drop(), id="dropped"),
        pytest.param(lambda discord: _close(discord, 1001), id="1001"),
        pytest.param(lambda discord: _close(discord, 4000), id="4000"),
    ],
)
async def test_what_it_missed_is_replayed_once_and_in_order(discord, general, alice, start, trouble) -> None:
    bot = await start(discord)
    await alice.send(general, "before")
    await bot.saw("message")

    leaving = asyncio.create_task(trouble(discord))
    await asyncio.sleep(0)  # the task has begun: what is said from here on finds the bot on its way out
    general.post(alice, "while it goes")
    await leaving
    general.post(alice, "while it is away")
    await bot.saw("resumed")
    await alice.send(general, "after")
    await bot.saw("message", times=4)
    await discord.settle()

    assert [entry["content"] for entry in bot.all("message")] == [
        "before",
        "while it goes",
        "while it is away",
        "after",
    ]
    assert (len(bot.all("session")), len(bot.all("resumed"))) == (1, 1)


async def _close_for_good(discord: loopcord.LocalDiscord, code: int) -> None:
    await _close(discord, code)
    discord.forget_sessions()


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(lambda discord: discord.invalidate(), id="op 9"),
        pytest.param(lambda discord: _close_for_good(discord, 4003), id="4003"),
        pytest.param(lambda discord: _close_for_good(discord, 4007), id="4007"),
        pytest.param(lambda discord: _close_for_good(discord, 4009), id="4009"),
    ],
)
async def test_with_its_session_lost_it_begins_a_new_one(discord, general, alice, start, trouble) -> None:
    bot = await start(discord)
    await alice.send(general, "before")
    await bot.saw("message")

    await trouble(discord)
    general.post(alice, "lost")
    await bot.saw("session", times=2)
    await discord.ready()
    await alice.send(general, "after")
    await bot.saw("message", times=2)
    await discord.settle()

    assert [entry["content"] for entry in bot.all("message")] == ["before", "after"]
    assert bot.all("resumed") == []


async def test_every_shard_comes_back_by_itself(open_world, start) -> None:
    discord = await open_world(shards=2)
    guilds = [discord.create_guild(f"Guild {number}") for number in range(2)]
    rooms = [guild.create_text_channel("general") for guild in guilds]
    people = [guild.add_member(f"person {number}") for number, guild in enumerate(guilds)]
    bot = await start(discord)

    await discord.drop()
    for room, person in zip(rooms, people, strict=True):
        room.post(person, f"missed in {room.guild.name}")
    await bot.saw("resumed", times=2)
    await bot.saw("message", times=2)
    await discord.ready()

    assert sorted(entry["shard"] for entry in bot.all("resumed")) == [0, 1]
    heard = {entry["content"]: entry["shard"] for entry in bot.all("message")}
    assert heard == {f"missed in {guild.name}": (guild.id >> 22) % 2 for guild in guilds}
    assert len(bot.all("message")) == 2

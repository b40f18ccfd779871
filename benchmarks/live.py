"""Messages and slash commands: both bots live in this process, each on its own local Discord, in turn."""

from __future__ import annotations

import asyncio
import copy
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hikari

import loopcord
from benchmarks import bare, ours
from benchmarks.report import Row, paired, percentile

__all__ = ["compare", "feed", "payload_in"]

ROUNDS = 15
MESSAGES = 4000
SLASHES = 60


async def compare() -> list[Row]:
    """Messages per second and slash round trips, interleaved."""
    async with loopcord.LocalDiscord(clock=loopcord.SystemClock()) as plain, _second() as full:
        theirs, mine = _world(plain), _world(full)
        bot, _ = bare.make(plain.rest_url, plain.token)
        await bot.start(check_for_updates=False)
        with tempfile.TemporaryDirectory() as folder:
            host = ours.make(ours.write_config(Path(folder), full.rest_url), full.token)
            await host.start()
            await ours.add_ping(host)
            rows = [
                await _messages(bot, theirs[1], host.bot, mine[1], host.containment.idle),
                *await _slashes(theirs, mine),
            ]
            await host.stop()
        await bot.close()
    return rows


def _second() -> loopcord.LocalDiscord:
    return loopcord.LocalDiscord(clock=loopcord.SystemClock())


def _world(discord: loopcord.LocalDiscord) -> tuple[loopcord.Member, loopcord.Channel]:
    guild = discord.create_guild("Market")
    return guild.add_member("alice"), guild.create_text_channel("general")


async def _messages(
    bot: hikari.GatewayBot,
    plain: loopcord.Channel,
    routed: hikari.GatewayBot,
    full: loopcord.Channel,
    idle: Callable[[], Any],
) -> Row:
    """Message events per second that no rule touches, from the raw payload to the end of all tasks."""

    async def drained() -> None:
        tasks = bot.event_manager._dispatched_tasks  # type: ignore[attr-defined] - hikari shows it nowhere else
        if tasks:
            await asyncio.wait(tasks)

    theirs: list[float] = []
    mine: list[float] = []
    for _ in range(ROUNDS):
        theirs.append(await feed(bot, plain, drained))
        mine.append(await feed(routed, full, idle))
    return paired("messages no rule touches", "events per second", theirs, mine, "at least 2, 3 in reach")


async def feed(bot: hikari.GatewayBot, channel: loopcord.Channel, done: Callable[[], Any]) -> float:
    """Hand a bot many messages; how many a second it got through."""
    shard = next(iter(bot.shards.values()))
    payload = payload_in(channel)
    payloads = [copy.deepcopy(payload) | {"id": str(10**18 + number)} for number in range(MESSAGES)]
    started = time.perf_counter()
    for number, one in enumerate(payloads):
        bot.event_manager.consume_raw_event("MESSAGE_CREATE", shard, one)
        if number % 50 == 49:
            await asyncio.sleep(0)
    await done()
    return MESSAGES / (time.perf_counter() - started)


def payload_in(channel: loopcord.Channel) -> dict[str, Any]:
    """A message as Discord sends it, by somebody who is nothing special."""
    guild = channel.guild
    assert guild is not None
    user = {
        "id": "1234567890",
        "username": "alice",
        "discriminator": "0",
        "global_name": "Alice",
        "avatar": None,
        "public_flags": 0,
    }
    member = {
        "roles": [],
        "nick": None,
        "avatar": None,
        "joined_at": "2025-01-01T00:00:00+00:00",
        "premium_since": None,
        "deaf": False,
        "mute": False,
        "flags": 0,
        "pending": False,
        "communication_disabled_until": None,
    }
    return {
        "id": "1",
        "channel_id": str(channel.id),
        "guild_id": str(guild.id),
        "author": user,
        "member": member,
        "content": "has anyone seen the blue ones in size 42 lately?",
        "timestamp": "2026-01-01T00:00:00+00:00",
        "edited_timestamp": None,
        "tts": False,
        "mention_everyone": False,
        "mentions": [],
        "mention_roles": [],
        "attachments": [],
        "embeds": [],
        "pinned": False,
        "type": 0,
        "flags": 0,
        "components": [],
        "nonce": "5",
    }


async def _slashes(theirs: Any, mine: Any) -> list[Row]:
    (their_alice, plain), (my_alice, full) = theirs, mine
    bare_ms: list[list[float]] = []
    ours_ms: list[list[float]] = []
    for _ in range(ROUNDS):
        bare_ms.append([await _timed(their_alice, plain, "ping") for _ in range(SLASHES)])
        ours_ms.append([await _timed(my_alice, full, "ping") for _ in range(SLASHES)])
    aims = ((0.5, "p50", "at most 1.10"), (0.99, "p99", "near it"))
    return [
        paired(
            f"slash round trip {name}",
            "milliseconds",
            [percentile(run, part) for run in bare_ms],
            [percentile(run, part) for run in ours_ms],
            aim,
        )
        for part, name, aim in aims
    ]


async def _timed(member: loopcord.Member, channel: loopcord.Channel, name: str) -> float:
    started = time.perf_counter()
    await member.slash(channel, name)
    return (time.perf_counter() - started) * 1000

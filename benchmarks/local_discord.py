"""loopcord itself: events per second and slash round trips, each against a bare echo of the same payloads.

The clients run in processes of their own, as a bot does that is tested from outside.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator

import loopcord
from benchmarks.echo import Echo, recorded, renumbered
from benchmarks.report import Row, paired, percentile

__all__ = ["compare"]

ROUNDS = 7
MESSAGES = 5_000
SLASHES = 300
_WORDS = "has anyone seen the blue ones in size 42 lately?"


async def compare() -> list[Row]:
    """Events per second to a reader and to hikari, then slash round trips."""
    rows: list[Row] = []
    for kind, aim in (("reader", "10,000 a second in reach"), ("hikari", "near 1: hikari decides")):
        theirs: list[float] = []
        mine: list[float] = []
        async with _world() as world:
            frames = await recorded(world.discord, lambda: world.general.post(world.alice, _WORDS))
            async with (
                Echo(frames[:-1]) as echo,
                _client(kind, echo.rest_url, world) as far,
                _client(kind, world.discord.rest_url, world) as near,
            ):
                for number in range(ROUNDS):
                    sent = renumbered(frames[-1], MESSAGES * number, MESSAGES)
                    theirs.append(await _echoed(echo, sent, far))
                    mine.append(await _posted(world, near))
        rows.append(paired(f"messages to {kind}", "events per second", theirs, mine, aim))
    return [*rows, *await _slashes()]


class World:
    """A guild with alice in #general."""

    def __init__(self, discord: loopcord.LocalDiscord) -> None:
        self.discord = discord
        guild = discord.create_guild("Market")
        self.general = guild.create_text_channel("general")
        self.alice = guild.add_member("alice")
        discord.backend.register_commands(None, [{"name": "ping", "description": "Answer"}])


@contextlib.asynccontextmanager
async def _world() -> AsyncIterator[World]:
    async with loopcord.LocalDiscord(clock=loopcord.SystemClock()) as discord:
        yield World(discord)


@contextlib.asynccontextmanager
async def _client(kind: str, rest_url: str, world: World) -> AsyncIterator[asyncio.StreamReader]:
    """A client in a process of its own, ready; what it prints."""
    arguments = ["-O", "-m", "benchmarks.clients", kind, rest_url, world.discord.token, str(MESSAGES)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"READY\n"
    try:
        yield process.stdout
    finally:
        process.kill()
        await process.wait()


async def _echoed(echo: Echo, frames: list[str], client: asyncio.StreamReader) -> float:
    started = time.perf_counter()
    await echo.send(frames)
    await client.readline()
    return len(frames) / (time.perf_counter() - started)


async def _posted(world: World, client: asyncio.StreamReader) -> float:
    started = time.perf_counter()
    for number in range(MESSAGES):
        world.general.post(world.alice, _WORDS)
        if number % 50 == 49:  # as often as a busy test lets others run
            await asyncio.sleep(0)
    await client.readline()
    return MESSAGES / (time.perf_counter() - started)


async def _slashes() -> list[Row]:
    async with _world() as world:
        frames = await recorded(world.discord, lambda: world.alice.start_slash(world.general, "ping"))
        async with (
            Echo(frames[:-1]) as echo,
            _client("raw", echo.rest_url, world),
            _client("raw", world.discord.rest_url, world),
        ):
            bare: list[list[float]] = []
            ours: list[list[float]] = []
            for _ in range(ROUNDS):
                bare.append([await _asked(echo, frames[-1]) for _ in range(SLASHES)])
                ours.append([await _used(world) for _ in range(SLASHES)])
    async with _world() as other, _client("lightbulb", other.discord.rest_url, other):
        whole = [[await _used(other) for _ in range(SLASHES)] for _ in range(ROUNDS)]
    rows: list[Row] = []
    for part, name in ((0.5, "p50"), (0.99, "p99")):
        theirs, mine, bots = ([percentile(run, part) for run in runs] for runs in (bare, ours, whole))
        rows.append(paired(f"slash {name}, raw bot", "milliseconds", theirs, mine, "a few"))
        rows.append(
            paired(f"slash {name}, lightbulb (bare: raw)", "milliseconds", mine, bots, "3 ms in reach")
        )
    return rows


async def _asked(echo: Echo, frame: str) -> float:
    started = time.perf_counter()
    await echo.ask(frame)
    return (time.perf_counter() - started) * 1000


async def _used(world: World) -> float:
    started = time.perf_counter()
    reply = await world.alice.slash(world.general, "ping")
    assert reply.content == "pong"
    return (time.perf_counter() - started) * 1000

"""What it costs to hold a payload against Discord's own types, beside decoding the same payload."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import aiohttp

import loopcord
from benchmarks.report import Row, paired
from loopcord.conformance.schema import validator
from loopcord.conformance.shapes import EVENTS
from loopcord.wire import loads

__all__ = ["compare"]

ROUNDS = 15
MEMBERS = 1_000


async def compare() -> list[Row]:
    """Microseconds to decode and to judge one payload of each kind, interleaved."""
    return [_row(event, frame) for event, frame in (await _frames()).items()]


def _row(event: str, frame: str) -> Row:
    data = loads(frame)["d"]
    name = EVENTS[event]
    assert name is not None
    held = validator(name)
    assert held.is_valid(data)
    body = json.dumps(data)
    turns = max(10, 2_000_000 // len(body))
    theirs: list[float] = []
    mine: list[float] = []
    for _ in range(ROUNDS):
        theirs.append(_microseconds(lambda: loads(body), turns))
        mine.append(_microseconds(lambda: held.is_valid(data), turns))
    name = f"{event} of {len(body):,} bytes"
    return paired(name, "microseconds to decode it, and to judge it", theirs, mine, "about as fast")


def _microseconds(act: Callable[[], Any], turns: int) -> float:
    started = time.perf_counter()
    for _ in range(turns):
        act()
    return (time.perf_counter() - started) / turns * 1_000_000


async def _frames() -> dict[str, str]:
    """One frame of each event, as a bot receives it."""
    async with loopcord.LocalDiscord() as discord, aiohttp.ClientSession() as http:
        guild = discord.create_guild("Market")
        general = guild.create_text_channel("general")
        alice = guild.add_member("alice")
        for number in range(MEMBERS):
            guild.add_member(f"member-{number}")
        discord.backend.register_commands(None, [{"name": "ping", "description": "Ping"}])
        async with http.ws_connect(discord.gateway_url) as socket:
            identity = {"token": discord.token, "intents": (1 << 26) - 1, "large_threshold": 10**6}
            await socket.send_json({"op": 2, "d": {**identity, "properties": {}}})
            wanted = {"READY", "GUILD_CREATE", "MESSAGE_CREATE", "INTERACTION_CREATE"}
            found: dict[str, str] = {}
            while wanted - found.keys():
                frame = await socket.receive_str()
                event = json.loads(frame)["t"]
                if event == "READY":
                    general.post(alice, "has anyone seen the blue ones in size 42 lately?")
                    alice.start_slash(general, "ping")
                if event in wanted:
                    found[event] = frame
            return found

"""A raw gateway client for many events: it reads, keeps what a test asks for, and parses nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

import loopcord

ALL_INTENTS = (1 << 26) - 1


class Shard:
    """One connection: how many frames of each event it has heard, and the data of those it keeps."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, keep: frozenset[str]) -> None:
        self._socket = socket
        self._keep = keep
        self.counts: dict[str, int] = {}
        self.kept: list[tuple[str, dict[str, Any]]] = []

    def of(self, event: str) -> list[dict[str, Any]]:
        """The data of every kept event of one name, in order."""
        return [data for name, data in self.kept if name == event]

    async def ask(self, op: int, data: dict[str, Any]) -> None:
        """Send one payload."""
        await self._socket.send_json({"op": op, "d": data})

    async def read(self) -> None:
        """Read until the socket ends."""
        async for message in self._socket:
            # The name stands near the beginning of a frame, and parsing is what costs.
            name = message.data[: message.data.index('"d":')].split('"t":"')[-1].split('"')[0]
            self.counts[name] = self.counts.get(name, 0) + 1
            if name in self._keep:
                self.kept.append((name, json.loads(message.data)["d"]))


Connect = Callable[..., Awaitable[Shard]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Connect a shard to a local Discord, keeping the events named, and wait until it is ready."""
    tasks: list[asyncio.Task[None]] = []
    async with aiohttp.ClientSession() as http:

        async def connect(
            discord: loopcord.LocalDiscord, *keep: str, shard: tuple[int, int] = (0, 1), **identify: Any
        ) -> Shard:
            socket = await http.ws_connect(discord.gateway_url, max_msg_size=0)
            await socket.receive_json()
            client = Shard(socket, frozenset(keep))
            data = {"token": discord.token, "intents": ALL_INTENTS, "properties": {}, "shard": shard}
            await client.ask(2, {**data, **identify})
            tasks.append(asyncio.create_task(client.read()))
            await discord.ready(len(discord.connections) + 1)
            return client

        yield connect
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

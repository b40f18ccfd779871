"""REST and gateway spoken by hand, so that a test sees exactly what Discord would send."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

import loopcord

ALL_INTENTS = (1 << 26) - 1


@dataclass
class Answer:
    """What a request was answered with."""

    status: int
    body: Any

    @property
    def code(self) -> int:
        """Discord's JSON error code."""
        return self.body["code"]


class Api:
    """The bot's REST client."""

    def __init__(self, discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
        self._discord = discord
        self._http = http

    async def __call__(
        self, method: str, path: str, body: Any = None, *, reason: str | None = None
    ) -> Answer:
        headers = {"Authorization": f"Bot {self._discord.token}"}
        if reason is not None:
            headers["X-Audit-Log-Reason"] = quote(reason)
        url = self._discord.rest_url + path
        async with self._http.request(method, url, json=body, headers=headers) as response:
            raw = await response.read()
        return Answer(response.status, json.loads(raw) if raw else None)


class Listener:
    """A gateway client that only listens."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, dict[str, Any]]] = []

    def of(self, event: str) -> list[dict[str, Any]]:
        """The data of every event of one name, in order."""
        return [data for name, data in self.heard if name == event]

    async def run(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            payload = json.loads(message.data)
            if payload["op"] == 0:
                self.heard.append((payload["t"], payload["d"]))


Listen = Callable[..., Awaitable[Listener]]


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def api(discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> Api:
    return Api(discord, http)


@pytest.fixture
async def listen(discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> AsyncIterator[Listen]:
    """Connect a listener with some intents (all by default) and wait until it is ready."""
    tasks: list[asyncio.Task[None]] = []

    async def listen(intents: int = ALL_INTENTS) -> Listener:
        socket = await http.ws_connect(discord.gateway_url)
        await socket.receive_json()
        await socket.send_json({"op": 2, "d": {"token": discord.token, "intents": intents, "properties": {}}})
        listener = Listener()
        tasks.append(asyncio.create_task(listener.run(socket)))
        await discord.ready(len(tasks))
        return listener

    yield listen
    for task in tasks:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

"""The measure for loopcord: a bare aiohttp server that says the same words and understands none of them.

It replays what a local Discord said to a client that connected, then sends messages or one interaction at
a time, and answers every request with 204.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp import web

import loopcord
from loopcord.compression import Compressor, compressor_for

__all__ = ["Echo", "recorded", "renumbered"]


class Echo:
    """WebSocket and HTTP on 127.0.0.1, without a world behind them."""

    def __init__(self, greeting: Sequence[str]) -> None:
        self._greeting = greeting
        self._socket: web.WebSocketResponse | None = None
        self._compress: Compressor | None = None
        self._answered = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self.rest_url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/gateway", self._gateway)
        app.router.add_get("/gateway/", self._gateway)
        app.router.add_get("/api/v10/gateway/bot", self._where)
        app.router.add_route("*", "/{path:.*}", self._request)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.rest_url = f"http://127.0.0.1:{self._port}/api/v10"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _where(self, _: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        url = f"ws://127.0.0.1:{self._port}/gateway"
        return web.json_response({"url": url, "shards": 1, "session_start_limit": limit})

    async def _gateway(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        self._compress = compressor_for(request.query.get("compress"))
        self._socket = socket
        hello, *rest = self._greeting
        await self.send([hello])
        await socket.receive()  # IDENTIFY
        await self.send(rest)
        async for _ in socket:  # heartbeats
            pass
        return socket

    async def _request(self, request: web.Request) -> web.Response:
        await request.read()
        self._answered.set()
        return web.Response(status=204)

    async def send(self, frames: Sequence[str]) -> None:
        """Send frames, one by one."""
        assert self._socket is not None, "no client has connected"
        for frame in frames:
            if self._compress is None:
                await self._socket.send_str(frame)
            else:
                await self._socket.send_bytes(self._compress(frame.encode()))

    async def ask(self, frame: str) -> None:
        """Send a frame and wait for the request that answers it."""
        self._answered.clear()
        await self.send([frame])
        await self._answered.wait()


async def recorded(discord: loopcord.LocalDiscord, after: Any) -> list[str]:
    """The frames that a client is sent: HELLO, READY, guilds, and what ``after()`` brings about."""
    frames: list[str] = []
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(discord.gateway_url, max_msg_size=0) as socket,
    ):
        frames.append(await socket.receive_str())
        identify = {"token": discord.token, "intents": (1 << 26) - 1, "properties": {}}
        await socket.send_json({"op": 2, "d": identify})
        frames += [await socket.receive_str() for _ in range(1 + len(discord.guilds))]
        after()
        frames.append(await socket.receive_str())
        await socket.close()
    return frames


def renumbered(frame: str, first: int, count: int) -> list[str]:
    """An event ``count`` times, with ids of its own each time: ``first`` and more above the recorded one."""
    number = int(json.loads(frame)["d"]["id"])
    before, after = frame.split(f'"{number}"', 1)
    return [f'{before}"{number + first + each + 1}"{after}' for each in range(count)]

"""The other side of loopcord's benchmark, each in a process of its own: ``… KIND REST_URL TOKEN COUNT``.

``reader`` reads frames, ``hikari`` reads events, ``raw`` answers interactions with aiohttp alone,
``lightbulb`` with hikari and lightbulb. Readers print a line for every COUNT messages.
"""

from __future__ import annotations

import asyncio
import json
import sys

import aiohttp
import hikari

from benchmarks import bare

__all__: list[str] = []

_INTENTS = (1 << 26) - 1


async def _connect(http: aiohttp.ClientSession, rest_url: str, token: str) -> aiohttp.ClientWebSocketResponse:
    headers = {"Authorization": f"Bot {token}"}
    async with http.get(f"{rest_url}/gateway/bot", headers=headers) as response:
        url = (await response.json())["url"]
    socket = await http.ws_connect(url, max_msg_size=0)
    await socket.receive()
    await socket.send_json({"op": 2, "d": {"token": token, "intents": _INTENTS, "properties": {}}})
    return socket


async def reader(rest_url: str, token: str, count: int) -> None:
    """Read frames and know a message when it sees one."""
    async with aiohttp.ClientSession() as http:
        socket = await _connect(http, rest_url, token)
        read = 0
        async for frame in socket:
            if '"MESSAGE_CREATE"' in frame.data[:64]:
                read += 1
                if read % count == 0:
                    print(read, flush=True)
            elif '"READY"' in frame.data[:64]:
                print("READY", flush=True)


async def with_hikari(rest_url: str, token: str, count: int) -> None:
    """Hear messages as events of hikari's."""
    bot = hikari.GatewayBot(
        token, rest_url=rest_url, banner=None, logs=None, intents=hikari.Intents.ALL,
        suppress_optimization_warning=True,
    )  # fmt: skip
    heard = 0

    @bot.listen(hikari.GuildMessageCreateEvent)
    async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
        nonlocal heard
        heard += 1
        if heard % count == 0:
            print(heard, flush=True)

    await bot.start(check_for_updates=False)
    print("READY", flush=True)
    await bot.join()


async def raw(rest_url: str, token: str, count: int) -> None:
    """Answer every interaction with one message, by aiohttp alone."""
    async with aiohttp.ClientSession() as http:
        socket = await _connect(http, rest_url, token)
        async for frame in socket:
            event = json.loads(frame.data)
            if event["t"] == "READY":
                print("READY", flush=True)
            elif event["t"] == "INTERACTION_CREATE":
                path = f"/interactions/{event['d']['id']}/{event['d']['token']}/callback"
                async with http.post(
                    rest_url + path, json={"type": 4, "data": {"content": "pong"}}
                ) as answer:
                    await answer.read()


async def with_lightbulb(rest_url: str, token: str, count: int) -> None:
    """Answer as a bot of hikari's and lightbulb's does."""
    bot, _ = bare.make(rest_url, token)
    await bot.start(check_for_updates=False)
    print("READY", flush=True)
    await bot.join()


if __name__ == "__main__":
    kinds = {"reader": reader, "hikari": with_hikari, "raw": raw, "lightbulb": with_lightbulb}
    asyncio.run(kinds[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4])))

"""Discord's wire, spoken by hand: a REST caller and a gateway client that reads whatever comes."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import importlib
import json
import pkgutil
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

import loopcord
from loopcord._simcord import SIMCORD_ROUTES
from loopcord.conformance.shapes import EVENTS

ALL_INTENTS = (1 << 26) - 1


class Wire:
    """One client of a local Discord."""

    def __init__(self, discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
        self.discord = discord
        self.http = http
        self.heard: list[tuple[str, Any]] = []

    async def call(
        self, method: str, path: str, body: Any = None, *, form: Any = None, status: int = 0
    ) -> Any:
        """One request as the bot; its JSON, None when it has none. Any 2xx will do unless ``status`` says."""
        options: dict[str, Any] = {"data": form} if form is not None else {}
        if body is not None:
            options["json"] = body
        headers = {"Authorization": f"Bot {self.discord.token}", "X-Audit-Log-Reason": "a%20tour"}
        url = self.discord.rest_url + path
        async with self.http.request(method, url, headers=headers, **options) as answer:
            text = await answer.text()
            good = answer.status == status if status else answer.status < 300
            assert good, f"{method} {path}: {answer.status} {text}"
            return json.loads(text) if text else None

    def of(self, event: str) -> list[Any]:
        """The data of every event of one name that was heard."""
        return [data for name, data in self.heard if name == event]

    async def read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Read events until the socket ends."""
        async for frame in socket:
            payload = json.loads(frame.data)
            if payload["op"] == 0:
                self.heard.append((payload["t"], payload["d"]))


@pytest.fixture
def connect() -> Callable[[loopcord.LocalDiscord], contextlib.AbstractAsyncContextManager[Wire]]:
    """A client of a local Discord that has identified and hears everything."""

    @contextlib.asynccontextmanager
    async def connect(discord: loopcord.LocalDiscord) -> AsyncIterator[Wire]:
        async with aiohttp.ClientSession() as http, http.ws_connect(discord.gateway_url) as socket:
            wire = Wire(discord, http)
            await socket.receive_json()
            identity = {"token": discord.token, "intents": ALL_INTENTS, "properties": {}}
            await socket.send_json({"op": 2, "d": identity})
            reader = asyncio.create_task(wire.read(socket))
            await discord.ready()
            yield wire
            await socket.close()
            await reader

    return connect


@pytest.fixture(scope="session")
def modelled_routes() -> set[tuple[str, str]]:
    """Method and template of every route that loopcord answers."""
    found = set(SIMCORD_ROUTES)
    for module in pkgutil.iter_modules(loopcord.__path__):
        if module.name.startswith("routes_"):
            found |= set(importlib.import_module(f"loopcord.{module.name}").ROUTES)
    return found


@pytest.fixture(scope="session")
def emitted_events() -> set[str]:
    """Names of the events that loopcord's or simcord's code can dispatch, as its text has them."""
    ours, simcords = Path(loopcord.__file__).parent, Path(str(sys.modules["simcord"].__file__)).parent
    found: set[str] = set()
    for file in [
        *ours.glob("*.py"),
        *(simcords / "backend").rglob("*.py"),
        *(simcords / "http").rglob("*.py"),
    ]:
        if file.name == "parity.py":  # it names those that are never sent
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                names = [argument for argument in node.args[:2] if isinstance(argument, ast.Constant)]
                if node.func.attr in ("emit", "dispatch", "_offer"):
                    found |= {name.value for name in names if str(name.value).isupper()}
            elif isinstance(node, ast.Constant) and node.value in EVENTS:
                found.add(node.value)
    return found

"""REST spoken by hand, as any library would, in a guild with a few people."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import aiohttp
import hypothesis
import pytest

import loopcord

# Property tests share the machine with everything else; how long an example takes says nothing.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


class Answer(NamedTuple):
    """What came back: the HTTP status and the JSON, None without any."""

    status: int
    json: Any

    @property
    def code(self) -> tuple[int, int]:
        """Status and Discord's JSON error code."""
        return self.status, self.json["code"]

    @property
    def errors(self) -> dict[str, list[str]]:
        """The codes of the problems of a form, by dotted path."""
        assert self.code == (400, 50035), self
        assert self.json["message"] == "Invalid Form Body"
        return _codes(self.json["errors"], "")


def _codes(node: dict[str, Any], path: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for key, value in node.items():
        if key == "_errors":
            assert all(item["code"] and item["message"] for item in value)
            found[path] = [item["code"] for item in value]
        else:
            found |= _codes(value, f"{path}.{key}" if path else key)
    return found


class Api:
    """Requests with the bot's token."""

    def __init__(self, discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
        self._discord = discord
        self._http = http

    async def __call__(
        self, method: str, path: str, body: Any = None, *, files: int = 0, **query: Any
    ) -> Answer:
        data: aiohttp.FormData | None = None
        if files:
            data = aiohttp.FormData()
            data.add_field("payload_json", json.dumps(body), content_type="application/json")
            for number in range(files):
                data.add_field(f"files[{number}]", b"data", filename=f"{number}.txt")
        async with self._http.request(
            method,
            self._discord.rest_url + path,
            headers={"Authorization": f"Bot {self._discord.token}"},
            params={name: str(value) for name, value in query.items()},
            **({"data": data} if data is not None else {"json": body} if body is not None else {}),
        ) as answer:
            return Answer(answer.status, await answer.json() if answer.status != 204 else None)


@pytest.fixture
async def api(discord: loopcord.LocalDiscord) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as http:
        yield Api(discord, http)


class Market:
    """A guild with a channel, its owner, a moderator and two people."""

    def __init__(self, discord: loopcord.LocalDiscord) -> None:
        self.discord = discord
        self.guild = discord.create_guild("Market", owner="olga")
        self.general = self.guild.create_text_channel("general")
        mods = self.guild.create_role("Mods", permissions=["moderate_members", "ban_members"])
        self.mod = self.guild.add_member("mod", roles=[mods])
        self.alice = self.guild.add_member("alice")
        self.bob = self.guild.add_member("bob")

    @property
    def messages(self) -> str:
        """The path of the channel's messages."""
        return f"/channels/{self.general.id}/messages"

    @property
    def path(self) -> str:
        """The path of the guild."""
        return f"/guilds/{self.guild.id}"


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> Market:
    return Market(discord)

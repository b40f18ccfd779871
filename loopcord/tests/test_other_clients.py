"""What discord.py and discord.js insist on, spoken by hand, so that it holds where they are not installed.

`clients/` has the clients themselves.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import yarl

import loopcord


@pytest.fixture
async def http(discord: loopcord.LocalDiscord) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {discord.token}"}) as session:
        yield session


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    return discord.create_guild("Market")


@pytest.fixture
def general(market: loopcord.Guild) -> loopcord.Channel:
    return market.create_text_channel("general")


@pytest.fixture
def alice(market: loopcord.Guild) -> loopcord.Member:
    return market.add_member("alice")


async def _event(socket: aiohttp.ClientWebSocketResponse, name: str) -> Any:
    """The data of the next event of that name."""
    while True:
        payload = await socket.receive_json()
        if payload["t"] == name:
            return payload["d"]


async def _identify(
    discord: loopcord.LocalDiscord, socket: aiohttp.ClientWebSocketResponse, **changes: Any
) -> dict[str, Any]:
    """Greet, identify, and return what READY says."""
    await socket.receive_json()
    data = {"token": discord.token, "intents": (1 << 25) - 1, "properties": {}, **changes}
    await socket.send_json({"op": 2, "d": data})
    return await _event(socket, "READY")


async def _resume(
    discord: loopcord.LocalDiscord, socket: aiohttp.ClientWebSocketResponse, ready: dict[str, Any], seq: int
) -> list[str]:
    """Resume, and return what is replayed, the messages by their content."""
    data = {"token": discord.token, "session_id": ready["session_id"], "seq": seq}
    await socket.send_json({"op": 6, "d": data})
    replayed: list[str] = []
    while "RESUMED" not in replayed:
        payload = await socket.receive_json()
        assert payload["op"] == 0, payload
        replayed.append(payload["d"].get("content") or payload["t"])
    return replayed


# ------------------------------------------------------------------ REST


async def test_an_escaped_at_sign_is_an_at_sign(discord, http) -> None:
    """discord.js asks for ``/messages/%40original``."""
    async with http.get(yarl.URL(f"{discord.rest_url}/users/%40me", encoded=True)) as answer:
        assert (answer.status, (await answer.json())["id"]) == (200, str(discord.bot.id))
    assert discord.requests[-1].path == "/users/@me"


async def test_json_is_called_json_and_nothing_else(discord, http) -> None:
    """discord.py compares the whole header."""
    async with http.get(f"{discord.rest_url}/users/@me") as answer:
        assert answer.headers["Content-Type"] == "application/json"
    async with http.get(f"{discord.rest_url}/channels/1") as refusal:
        assert (refusal.status, refusal.headers["Content-Type"]) == (404, "application/json")


async def test_fields_that_discord_does_not_know_are_ignored(discord, http, market, general, alice) -> None:
    """discord.js sends ``enforce_nonce`` with edits, and its own camel-cased names beside Discord's."""
    until = "2026-01-01T01:00:00+00:00"
    async with http.post(
        f"{discord.rest_url}/channels/{general.id}/messages", json={"content": "one"}
    ) as answer:
        sent = await answer.json()
    async with http.patch(
        f"{discord.rest_url}/channels/{general.id}/messages/{sent['id']}",
        json={"content": "two", "tts": False, "enforce_nonce": False},
    ) as edited:
        assert edited.status == 200
    async with http.patch(
        f"{discord.rest_url}/guilds/{market.id}/members/{alice.id}",
        json={"communicationDisabledUntil": 1, "communication_disabled_until": until},
    ) as changed:
        assert changed.status == 200

    assert general.last.content == "two"
    assert alice.timed_out_until == until


async def test_a_ban_may_say_in_the_query_what_to_delete(discord, http, market, general, alice) -> None:
    """discord.py does so, by ``delete_message_seconds``."""
    old = await alice.send(general, "an hour and a second ago")
    await discord.advance(3_601)
    fresh = await alice.send(general, "just now")

    async with http.put(
        f"{discord.rest_url}/guilds/{market.id}/bans/{alice.id}?delete_message_seconds=3600"
    ) as answer:
        assert answer.status == 204

    assert (old.deleted, fresh.deleted) == (False, True)


# ------------------------------------------------------------------ gateway


async def test_ready_and_interactions_say_whose_application_it_is(
    discord, http, market, general, alice
) -> None:
    async with http.put(
        f"{discord.rest_url}/applications/{discord.bot.id}/commands",
        json=[{"name": "ping", "description": "Are you there?"}],
    ) as answer:
        assert answer.status == 200
    async with http.ws_connect(discord.gateway_url) as socket:
        ready = await _identify(discord, socket)
        alice.start_slash(general, "ping")
        interaction = await _event(socket, "INTERACTION_CREATE")

    assert ready["application"]["id"] == interaction["application_id"] == str(discord.bot.id)
    assert interaction["entitlements"] == []
    assert interaction["authorizing_integration_owners"] == {"0": str(market.id)}


async def test_messages_say_of_which_type_their_channel_is(discord, http, general, alice) -> None:
    """Without it discord.js takes no message in a direct channel that it has not met."""
    async with http.ws_connect(discord.gateway_url) as socket:
        await _identify(discord, socket)
        said = general.post(alice, "hello")
        public = await _event(socket, "MESSAGE_CREATE")
        said.unfurl([])
        edited = await _event(socket, "MESSAGE_UPDATE")
        alice.dm.post(alice, "psst")
        private = await _event(socket, "MESSAGE_CREATE")

    assert [event["channel_type"] for event in (public, edited, private)] == [0, 0, 1]


async def test_answers_name_their_command_in_the_old_way_too(discord, http, market, general, alice) -> None:
    """discord.py up to 2.3 finds the buttons of an answer by ``interaction``, which Discord still sends."""
    view = {"type": 1, "name": "view", "description": "Show a case"}
    async with http.put(
        f"{discord.rest_url}/applications/{discord.bot.id}/commands",
        json=[{"name": "case", "description": "Cases", "options": [view]}],
    ) as answer:
        assert answer.status == 200
    async with http.ws_connect(discord.gateway_url) as socket:
        await _identify(discord, socket)
        alice.start_slash(general, "case view")
        asked = await _event(socket, "INTERACTION_CREATE")
        callback = f"{discord.rest_url}/interactions/{asked['id']}/{asked['token']}/callback"
        async with http.post(callback, json={"type": 4, "data": {"content": "Case #1"}}) as answered:
            assert answered.status == 204
        shown = await _event(socket, "MESSAGE_CREATE")

    user = shown["interaction"].pop("user")
    assert user["id"] == str(alice.id)
    assert shown["interaction"] == {"id": asked["id"], "type": 2, "name": "case view"}
    assert shown["interaction_metadata"]["name"] == "case view"


async def test_a_doubted_session_can_be_resumed_on_the_same_socket(discord, http, general, alice) -> None:
    """discord.js does not open another after an op 9 that allows it to resume."""
    async with http.ws_connect(discord.gateway_url) as socket:
        ready = await _identify(discord, socket)
        assert (await socket.receive_json())["s"] == 2
        doubting = asyncio.create_task(discord.invalidate(resumable=True))
        assert await socket.receive_json() == {"op": 9, "d": True, "s": None, "t": None}
        general.post(alice, "meanwhile")
        replayed = await _resume(discord, socket, ready, 2)
        await doubting
        general.post(alice, "after")
        live = await _event(socket, "MESSAGE_CREATE")

    assert replayed == ["meanwhile", "RESUMED"]
    assert live["content"] == "after"


async def test_a_session_that_discord_closed_can_be_resumed(discord, http, general, alice) -> None:
    async with http.ws_connect(discord.gateway_url) as socket:
        ready = await _identify(discord, socket)
        assert (await socket.receive_json())["s"] == 2
        [connection] = discord.connections
        connection.close(4000, "Unknown error.")
        assert (await socket.receive()).data == 4000
        await connection.closed
    general.post(alice, "meanwhile")
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        replayed = await _resume(discord, socket, ready, 2)

    assert replayed == ["meanwhile", "RESUMED"]


@pytest.mark.parametrize(("asked", "form"), [("zlib-stream", "zlib-stream"), (None, None)])
async def test_a_connection_says_how_it_is_compressed(
    discord, http, asked: str | None, form: str | None
) -> None:
    query = f"?compress={asked}" if asked else ""
    async with http.ws_connect(f"{discord.gateway_url}{query}") as socket:
        await socket.receive()
        await socket.send_json({"op": 2, "d": {"token": discord.token, "intents": 1, "properties": {}}})
        await discord.until(lambda: len(discord.connections) == 1)

        assert discord.connections[0].compression == form


async def test_large_payloads_are_compressed_for_those_who_ask_when_they_identify(
    discord, http, market
) -> None:
    """@discordjs/ws does so when it is to compress and has no library for a compressed stream."""
    for number in range(30):
        market.create_text_channel(f"stall-{number}")
    async with http.ws_connect(discord.gateway_url) as socket:
        await _identify(discord, socket, compress=True)
        created = await socket.receive()

    assert created.type is aiohttp.WSMsgType.BINARY
    assert json.loads(zlib.decompress(created.data))["d"]["id"] == str(market.id)

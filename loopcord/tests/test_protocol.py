"""The wire itself, spoken by hand: what any client library may rely on, hikari's habits aside."""

from __future__ import annotations

import json
import zlib
from typing import Any

import aiohttp
import pytest
from backports import zstd

import loopcord


def _identify(discord: loopcord.LocalDiscord, **changes: Any) -> str:
    data = {"token": discord.token, "intents": (1 << 25) - 1, "properties": {}, **changes}
    return json.dumps({"op": 2, "d": data})


async def _events(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[str]:
    return [(await socket.receive_json())["t"] for _ in range(count)]


async def test_hello_identify_ready_and_heartbeat(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    guild = discord.create_guild("Market")

    async with http.ws_connect(discord.gateway_url) as socket:
        hello = await socket.receive_json()
        await socket.send_str(_identify(discord))
        ready = await socket.receive_json()
        created = await socket.receive_json()
        await socket.send_bytes(b'{"op":1,"d":2}')
        acknowledged = await socket.receive_json()

    assert (hello["op"], hello["d"]["heartbeat_interval"]) == (10, 41_250)
    assert (ready["t"], ready["s"], ready["d"]["v"]) == ("READY", 1, 10)
    assert ready["d"]["guilds"] == [{"id": str(guild.id), "unavailable": True}]
    assert ready["d"]["user"]["id"] == str(discord.bot.id)
    assert (created["t"], created["s"], created["d"]["unavailable"]) == ("GUILD_CREATE", 2, False)
    assert acknowledged["op"] == 11


@pytest.mark.parametrize("name", ["zlib-stream", "zstd-stream"])
async def test_one_compressed_stream_per_connection(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession, name: str
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    inflate = zlib.decompressobj() if name == "zlib-stream" else zstd.ZstdDecompressor()

    async with http.ws_connect(f"{discord.gateway_url}?v=10&encoding=json&compress={name}") as socket:

        async def receive() -> Any:
            frame = await socket.receive_bytes()
            return json.loads(inflate.decompress(frame))

        first = await receive()
        await socket.send_str(_identify(discord))
        names = [(await receive())["t"] for _ in range(2)]
        for word in ("one", "two", "three"):
            general.post(alice, word)
        words = [(await receive())["d"]["content"] for _ in range(3)]
        assert not inflate.eof

    assert first["op"] == 10
    assert names == ["READY", "GUILD_CREATE"]
    assert words == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ('{"op":2,"d":{"token":"wrong","intents":0,"properties":{}}}', 4004),
        ('{"op":8,"d":{"guild_id":"1"}}', 4003),
        ("not json", 4002),
        ("{}", 4002),
    ],
)
async def test_the_gateway_closes_on_nonsense(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession, payload: str, code: int
) -> None:
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(payload)
        closed = await socket.receive()

    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, code)


@pytest.mark.parametrize(
    ("changes", "code"), [({"shard": [2, 2]}, 4010), ({"intents": 1 << 30}, 4013), ({"intents": -1}, 4013)]
)
async def test_a_wrong_identify_is_refused(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession, changes: dict[str, Any], code: int
) -> None:
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(_identify(discord, **changes))
        closed = await socket.receive()

    assert closed.data == code


async def test_identifying_twice_and_unknown_opcodes(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    for second, code in ((_identify(discord), 4005), ('{"op":99,"d":null}', 4001)):
        async with http.ws_connect(discord.gateway_url) as socket:
            await socket.receive_json()
            await socket.send_str(_identify(discord))
            await socket.receive_json()
            await socket.send_str(second)
            assert (await socket.receive()).data == code


class Resumer:
    """A client that only knows how to identify, to be cut off, and to resume."""

    def __init__(self, discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
        self.discord = discord
        self.http = http
        self.session_id = ""

    async def identify_and_lose_the_connection(self) -> None:
        async with self.http.ws_connect(self.discord.gateway_url) as socket:
            await socket.receive_json()
            await socket.send_str(_identify(self.discord))
            self.session_id = (await socket.receive_json())["d"]["session_id"]
            await socket.receive_json()
            await self.discord.drop()

    async def resume(self, seq: Any) -> list[Any]:
        """What is answered, up to RESUMED, a refusal, or a close code; the connection is lost again."""
        async with self.http.ws_connect(self.discord.gateway_url) as again:
            await again.receive_json()
            data = {"token": self.discord.token, "session_id": self.session_id, "seq": seq}
            await again.send_str(json.dumps({"op": 6, "d": data}))
            received: list[Any] = []
            while True:
                message = await again.receive()
                if message.type is aiohttp.WSMsgType.CLOSE:
                    return [*received, message.data]
                received.append(json.loads(message.data))
                if received[-1]["op"] != 0 or received[-1]["t"] == "RESUMED":
                    await self.discord.drop()
                    return received


async def test_resume_replays_exactly_what_was_missed(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    client = Resumer(discord, http)
    await client.identify_and_lose_the_connection()
    for word in ("one", "two"):
        general.post(alice, word)

    replayed = await client.resume(2)
    again = await client.resume(3)

    assert [(event["s"], event["t"]) for event in replayed] == [
        (3, "MESSAGE_CREATE"),
        (4, "MESSAGE_CREATE"),
        (5, "RESUMED"),
    ]
    assert [event["d"]["content"] for event in replayed[:2]] == ["one", "two"]
    assert [(event["s"], event["t"]) for event in again] == [
        (4, "MESSAGE_CREATE"),
        (6, "RESUMED"),
    ]


@pytest.mark.parametrize("keep", [0, 3])
async def test_a_resume_beyond_what_is_kept_is_invalid(http: aiohttp.ClientSession, keep: int) -> None:
    async with loopcord.LocalDiscord(replay=keep) as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        alice = discord.guilds[0].add_member("alice")
        client = Resumer(discord, http)
        await client.identify_and_lose_the_connection()
        for number in range(keep + 1):
            general.post(alice, f"message {number}")

        [refusal] = await client.resume(2)
        [gone] = await client.resume(3)

        assert (refusal["op"], refusal["d"]) == (9, False)
        assert (gone["op"], gone["d"]) == (9, False)


async def test_a_resume_from_the_future_is_an_invalid_sequence(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway: 4007 is not resumable."""
    discord.create_guild("Market")
    client = Resumer(discord, http)
    await client.identify_and_lose_the_connection()

    assert await client.resume(99) == [4007]
    [refusal] = await client.resume(2)
    assert (refusal["op"], refusal["d"]) == (9, False)


async def test_a_resume_replaces_the_connection_that_is_still_there(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    async with http.ws_connect(discord.gateway_url) as old, http.ws_connect(discord.gateway_url) as new:
        await old.receive_json()
        await old.send_str(_identify(discord))
        session = (await old.receive_json())["d"]["session_id"]
        await old.receive_json()
        await new.receive_json()
        await new.send_str(
            json.dumps({"op": 6, "d": {"token": discord.token, "session_id": session, "seq": 2}})
        )
        resumed = await new.receive_json()
        general.post(alice, "only once")

        assert (resumed["s"], resumed["t"]) == (3, "RESUMED")
        assert (await new.receive_json())["d"]["content"] == "only once"
        assert (await old.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert len(discord.connections) == 1


# ------------------------------------------------------------------ what a client may send


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"op": 2, "d": []}, 4002),
        ({"op": 2, "d": {"token": "TOKEN", "intents": "many"}}, 4002),
        ({"op": 2, "d": {"token": "TOKEN", "intents": 0, "shard": 1}}, 4002),
        ({"op": 6, "d": {"token": "TOKEN", "session_id": "x", "seq": "soon"}}, 4002),
        ({"op": 6, "d": {"token": "wrong", "session_id": "x", "seq": 1}}, 4004),
        ({"op": 1, "d": {}}, 4002),
        ({"op": 1, "d": "x" * 4_096}, 4002),
    ],
)
async def test_a_payload_of_the_wrong_shape_is_a_decode_error(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession, payload: dict[str, Any], code: int
) -> None:
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(json.dumps(payload).replace("TOKEN", discord.token))

        assert (await socket.receive()).data == code


@pytest.mark.parametrize("op", [{"op": 8, "d": {"guild_id": "GUILD", "user_ids": ["me"]}}, {"op": 8, "d": 3}])
async def test_a_request_of_the_wrong_shape_is_a_decode_error(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession, op: dict[str, Any]
) -> None:
    guild = discord.create_guild("Market")
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(_identify(discord))
        await _events(socket, 2)
        await socket.send_str(json.dumps(op).replace("GUILD", str(guild.id)))

        assert (await socket.receive()).data == 4002


async def test_a_second_identify_or_resume_ends_the_session(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    client = Resumer(discord, http)
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(_identify(discord))
        client.session_id = (await socket.receive_json())["d"]["session_id"]
        data = {"token": discord.token, "session_id": client.session_id, "seq": 1}
        await socket.send_str(json.dumps({"op": 6, "d": data}))

        assert (await socket.receive()).data == 4005
    assert (await client.resume(1))[0]["op"] == 9


async def test_more_than_120_payloads_a_minute_end_the_connection(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    """https://discord.com/developers/docs/events/gateway#rate-limiting"""
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        for _ in range(120):
            await socket.send_str('{"op":1,"d":null}')
        for _ in range(120):
            assert (await socket.receive_json())["op"] == 11
        await discord.advance(60)  # a client may keep its time by the world's clock
        await socket.send_str('{"op":1,"d":null}')
        assert (await socket.receive_json())["op"] == 11
        for _ in range(120):
            await socket.send_str('{"op":1,"d":null}')
        while (answer := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            assert json.loads(answer.data)["op"] == 11

    assert answer.data == 4008


async def test_an_unknown_version_of_the_gateway(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(f"{discord.gateway_url}?v=5&encoding=json") as socket:
        assert (await socket.receive()).data == 4012


async def test_an_encoding_that_is_not_modelled(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await http.ws_connect(f"{discord.gateway_url}?v=10&encoding=etf")

    assert refusal.value.status == 400


async def test_a_heartbeat_from_the_future_is_noted(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(discord.gateway_url) as socket:
        await socket.receive_json()
        await socket.send_str(_identify(discord))
        await socket.receive_json()
        await socket.send_str('{"op":1,"d":7}')
        assert (await socket.receive_json())["op"] == 11

        assert list(discord.connections[0].heartbeats) == [7]
    assert "heartbeat with sequence 7, which has not been sent" in discord.transcript()


# ------------------------------------------------------------------ REST


def _bot(discord: loopcord.LocalDiscord) -> dict[str, str]:
    return {"Authorization": f"Bot {discord.token}"}


async def test_only_the_bots_token_opens_the_api(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    url = f"{discord.rest_url}/users/@me"

    async with http.get(url, headers=_bot(discord)) as welcome, http.get(url) as stranger:
        me, refusal = await welcome.json(), await stranger.json()

    assert (welcome.status, me["id"]) == (200, str(discord.bot.id))
    assert (stranger.status, refusal) == (401, {"code": 0, "message": "401: Unauthorized"})


async def test_what_is_not_modelled_says_so(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{discord.rest_url}/guilds/1/onboarding", headers=_bot(discord)) as answer:
        problem = await answer.json()

    assert answer.status == 501
    assert "GET /guilds/1/onboarding" in problem["message"]


async def test_a_field_that_is_not_modelled_says_so(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")

    async with http.patch(
        f"{discord.rest_url}/channels/{general.id}",
        headers=_bot(discord),
        json={"default_thread_rate_limit": 1},
    ) as answer:
        problem = await answer.json()

    assert answer.status == 501
    assert "default_thread_rate_limit" in problem["message"]
    assert f"PATCH /channels/{general.id}" in problem["message"]


async def test_errors_look_like_discords(discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    messages = f"{discord.rest_url}/channels/{general.id}/messages"

    async with http.post(messages, headers=_bot(discord), json={"content": "x" * 2001}) as too_long:
        assert (too_long.status, (await too_long.json())["code"]) == (400, 50035)
    async with http.get(f"{messages}/1", headers=_bot(discord)) as unknown:
        assert (unknown.status, (await unknown.json())["code"]) == (404, 10008)
    async with http.post(messages, headers=_bot(discord), data="{oops") as broken:
        assert (broken.status, (await broken.json())["code"]) == (400, 50109)
    async with http.get(f"{discord.rest_url}/channels/here", headers=_bot(discord)) as no_snowflake:
        assert (no_snowflake.status, (await no_snowflake.json())["code"]) == (400, 50035)


async def test_reasons_reach_the_audit_log(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    guild = discord.create_guild("Market")
    bob = guild.add_member("bob")

    async with http.delete(
        f"{discord.rest_url}/guilds/{guild.id}/members/{bob.id}",
        headers={**_bot(discord), "X-Audit-Log-Reason": "spam%20%E2%80%93%20again"},
    ) as answer:
        assert answer.status == 204
        assert await answer.read() == b""

    assert guild.audit_log[0]["reason"] == "spam – again"
    assert discord.requests[-1] == loopcord.Request(
        "DELETE", f"/guilds/{guild.id}/members/{bob.id}", None, "spam – again", 204
    )


async def test_an_enforced_nonce_sends_once(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    messages = f"{discord.rest_url}/channels/{general.id}/messages"

    async def send(**body: Any) -> Any:
        async with http.post(messages, headers=_bot(discord), json=body) as answer:
            return await answer.json()

    first = await send(content="once", nonce="n-1", enforce_nonce=True)
    again = await send(content="once", nonce="n-1", enforce_nonce=True)
    other = await send(content="once", nonce="n-1")
    await discord.advance(301)
    later = await send(content="once", nonce="n-1", enforce_nonce=True)

    assert first["id"] == again["id"]
    assert first["nonce"] == again["nonce"] == "n-1"
    assert len({first["id"], other["id"], later["id"]}) == 3
    assert len(general.messages) == 3


async def test_files_are_uploaded_and_served(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    form = aiohttp.FormData()
    payload = {
        "content": "two",
        "attachments": [{"id": 0, "description": "a lamp"}, {"id": 1, "filename": "b.txt"}],
    }
    form.add_field("payload_json", json.dumps(payload), content_type="application/json")
    form.add_field("files[0]", b"first", filename="a.txt")
    form.add_field("files[1]", b"second", filename="wrong.txt")

    async with http.post(
        f"{discord.rest_url}/channels/{general.id}/messages", headers=_bot(discord), data=form
    ) as answer:
        sent = await answer.json()
    async with http.get(sent["attachments"][1]["url"]) as download:
        data = await download.read()
    async with http.get(f"http://127.0.0.1:{discord.port}/cdn/attachments/1/2/none.txt") as missing:
        assert missing.status == 404

    assert [(a["filename"], a.get("description")) for a in sent["attachments"]] == [
        ("a.txt", "a lamp"),
        ("b.txt", None),
    ]
    assert data == b"second"
    assert [a["size"] for a in general.last.attachments] == [5, 6]


async def test_commands_keep_their_ids_and_get_new_versions(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    url = f"{discord.rest_url}/applications/{discord.bot.id}/commands"

    async def call(method: str, target: str, body: Any = None) -> Any:
        async with http.request(method, target, headers=_bot(discord), json=body) as answer:
            return await answer.json() if answer.status != 204 else None

    warn, ban = await call(
        "PUT", url, [{"name": "warn", "description": "w", "nsfw": True}, {"name": "ban", "description": "b"}]
    )
    same, changed = await call("PUT", url, [{**warn}, {"name": "ban", "description": "Ban somebody"}])
    assert (same["id"], same["version"], same["nsfw"]) == (warn["id"], warn["version"], True)
    assert changed["id"] == ban["id"]
    assert changed["version"] != ban["version"]

    kick = await call("POST", url, {"name": "kick", "description": "Kick"})
    renamed = await call("PATCH", f"{url}/{kick['id']}", {"name": "boot"})
    assert (renamed["id"], renamed["name"]) == (kick["id"], "boot")
    await call("DELETE", f"{url}/{warn['id']}")
    assert sorted(command["name"] for command in discord.commands()) == ["ban", "boot"]
    assert (await call("GET", f"{url}/{warn['id']}"))["code"] == 10063


async def test_channels_remember_their_age_limit(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    guild = discord.create_guild("Market")

    async with http.post(
        f"{discord.rest_url}/guilds/{guild.id}/channels",
        headers=_bot(discord),
        json={"name": "adult", "nsfw": True},
    ) as answer:
        created = await answer.json()
    async with http.patch(
        f"{discord.rest_url}/channels/{created['id']}", headers=_bot(discord), json={"nsfw": False}
    ) as answer:
        changed = await answer.json()

    assert (created["nsfw"], changed["nsfw"]) == (True, False)

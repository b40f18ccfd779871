"""What makes bursts cheap: one JSON for every session, and payloads that are written together.

Counted, never timed.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

import loopcord
from loopcord import intents, posting
from loopcord.frames import Outbox, framed


async def test_payloads_are_handed_out_together_and_control_frames_alone() -> None:
    outbox = Outbox()
    for number in range(130):
        outbox.put_nowait((WSMsgType.BINARY, b"%d" % number, 0))
    outbox.put_nowait((WSMsgType.PING, b"token", 0))
    outbox.put_nowait((WSMsgType.BINARY, b"last", 0))
    outbox.put_nowait((WSMsgType.CLOSE, b"bye", 4000))

    given = [await outbox.get() for _ in range(5)]

    assert [(kind, len(batch), code) for kind, batch, code in given] == [
        (WSMsgType.BINARY, 128, 0),
        (WSMsgType.BINARY, 2, 0),
        (WSMsgType.PING, 1, 0),
        (WSMsgType.BINARY, 1, 0),
        (WSMsgType.CLOSE, 1, 4000),
    ]
    assert b"".join(given[0][1] + given[1][1]) == b"".join(b"%d" % number for number in range(130))


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (125, b"\x81\x7d"),
        (126, b"\x81\x7e\x00\x7e"),
        (65_536, b"\x81\x7f" + (65_536).to_bytes(8, "big")),
    ],
    ids=["7 bits", "16 bits", "64 bits"],
)
def test_frames_are_those_of_the_standard(length: int, header: bytes) -> None:
    """https://datatracker.ietf.org/doc/html/rfc6455#section-5.2"""
    payload = b"x" * length

    assert framed([payload, payload], WSMsgType.TEXT) == (header + payload) * 2


async def test_an_event_becomes_json_once_for_all_who_see_it_alike(
    discord: loopcord.LocalDiscord, connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = discord.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    for _ in range(3):
        await connect(discord)
    made: list[Any] = []

    def counting(value: Any) -> bytes:
        made.append(value)
        return json.dumps(value).encode()

    monkeypatch.setattr(posting, "dumps", counting)
    monkeypatch.setattr(intents, "dumps", counting)
    for number in range(10):
        general.post(alice, f"message {number}")

    assert len(made) == 10


async def test_a_burst_arrives_whole_and_in_order(discord: loopcord.LocalDiscord) -> None:
    guild = discord.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    inflate = zlib.decompressobj()

    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{discord.gateway_url}?compress=zlib-stream", max_msg_size=0) as socket,
    ):

        async def receive() -> Any:
            return json.loads(inflate.decompress(await socket.receive_bytes()))

        await receive()
        await socket.send_json({"op": 2, "d": {"token": discord.token, "intents": 1 << 9, "properties": {}}})
        assert (await receive())["t"] == "READY"
        for number in range(1_000):
            general.post(alice, f"message {number}")
        heard = [await receive() for _ in range(1_000)]

    assert [event["s"] for event in heard] == list(range(2, 1_002))
    # Without MESSAGE_CONTENT nobody sees what was written.
    assert {event["d"]["content"] for event in heard} == {""}
    assert len({event["d"]["id"] for event in heard}) == 1_000

"""Long runs: 100,000 messages, and memory stays where it was. What is old is forgotten, oldest first.

Counts and bytes are measured, never time.
"""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import aiohttp
import pytest

import loopcord

KEEP = 200


@pytest.fixture
async def small() -> Any:
    """A local Discord that keeps little."""
    async with loopcord.LocalDiscord(
        keep=KEEP, keep_messages=KEEP, keep_bytes=10_000, replay=50, patience=60
    ) as discord:
        yield discord


def _tracked() -> int:
    gc.collect()
    return len(gc.get_objects())


async def test_a_hundred_thousand_messages_leave_the_number_of_objects_as_it_was(
    small: loopcord.LocalDiscord,
) -> None:
    guild = small.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    for number in range(2 * KEEP):
        general.post(alice, f"message {number}")
    before = _tracked()

    for number in range(100_000):
        general.post(alice, f"message {number}")

    assert len(general.messages) == KEEP
    assert general.last.content == "message 99999"
    assert len(small.backend.transcript) == KEEP
    assert _tracked() - before < KEEP


async def test_a_connected_client_does_not_make_memory_grow(small: loopcord.LocalDiscord, connect) -> None:
    guild = small.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    shard = await connect(small)

    async def talk(rounds: int) -> int:
        for _ in range(rounds):
            for number in range(50):
                general.post(alice, f"message {number:04}")
            await alice.react(general.last, "👍")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    await talk(20)
    tracemalloc.start()
    try:
        await talk(20)
        first = await talk(40)
        second = await talk(40)
    finally:
        tracemalloc.stop()

    assert shard.counts["MESSAGE_CREATE"] == 6000
    # 2,000 messages and as many events in between: less than 16 bytes each may stay.
    assert second - first < 32_000


async def test_everything_that_grows_is_bounded(small: loopcord.LocalDiscord) -> None:
    guild = small.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    small.backend.register_commands(None, [{"name": "ping", "description": "Ping"}])
    headers = {"Authorization": f"Bot {small.token}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for number in range(KEEP + 50):
            reply = alice.start_slash(general, "ping")
            callback = f"{small.rest_url}/interactions/{reply.id}/{reply.record.token}/callback"
            await http.post(callback, json={"type": 4, "data": {"content": f"pong {number}"}})
            body = {"content": "hi", "nonce": str(number), "enforce_nonce": True}
            await http.post(f"{small.rest_url}/channels/{general.id}/messages", json=body)
            await http.patch(f"{small.rest_url}/guilds/{guild.id}", json={"name": f"Market {number}"})
        await alice.send(general, attachments=[("first.bin", b"x" * 4_000)])
        first = general.last.attachments[0]["url"]
        for number in range(10):
            await alice.send(general, attachments=[(f"{number}.bin", b"x" * 4_000)])
        latest = general.last.attachments[0]["url"]
        async with http.get(first) as gone, http.get(latest) as there:
            files = gone.status, there.status

    backend = small.backend
    assert len(backend.interactions) == len(backend.interaction_tokens) == KEEP
    assert len(backend._nonces) == KEEP
    assert len(guild.audit_log) == KEEP
    assert len(small.requests) == len(backend.transcript) == KEEP
    assert len(general.messages) == KEEP
    assert files == (404, 200)
    assert sum(map(len, backend.cdn._blobs.values())) <= 10_000
    # An answer still says which command it answers, although that interaction is forgotten.
    answers = [message for message in general.messages if message.content.startswith("pong")]
    assert answers[0].model.interaction_metadata is not None
    assert answers[0].model.interaction_metadata["name"] == "ping"


async def test_who_keeps_nothing_is_answered_all_the_same() -> None:
    async with loopcord.LocalDiscord(keep=0, patience=60) as discord:
        guild = discord.create_guild("Market")
        general, alice = guild.create_text_channel("general"), guild.add_member("alice")
        discord.backend.register_commands(None, [{"name": "ping", "description": "Ping"}])
        reply = alice.start_slash(general, "ping")
        headers = {"Authorization": f"Bot {discord.token}"}
        async with aiohttp.ClientSession(headers=headers) as http:
            callback = f"{discord.rest_url}/interactions/{reply.id}/{reply.record.token}/callback"
            await http.post(callback, json={"type": 4, "data": {"content": "pong"}})
            await http.patch(f"{discord.rest_url}/guilds/{guild.id}", json={"name": "Bazaar"})

        assert reply.content == "pong"
        assert (guild.name, guild.audit_log) == ("Bazaar", [])


async def test_pinned_messages_stay(small: loopcord.LocalDiscord) -> None:
    guild = small.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    rules = general.post(alice, "the rules")
    small.backend.set_pinned(general.id, rules.id, True)

    for number in range(2 * KEEP):
        general.post(alice, f"message {number}")

    assert not rules.deleted
    assert len(general.messages) == KEEP
    assert general.messages[1].content == f"message {KEEP + 1}"


async def test_a_forgotten_message_is_unknown(small: loopcord.LocalDiscord) -> None:
    guild = small.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    old = general.post(alice, "long ago")
    for number in range(KEEP):
        general.post(alice, f"message {number}")

    headers = {"Authorization": f"Bot {small.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{small.rest_url}/channels/{general.id}/messages/{old.id}") as response,
    ):
        answer = await response.json()

    assert (response.status, answer["code"]) == (404, 10008)
    with pytest.raises(loopcord.ActError, match="gone"):
        await alice.react(old, "👍")


async def test_a_long_chain_of_replies_shows_one_message(small: loopcord.LocalDiscord, connect) -> None:
    """https://discord.com/developers/docs/resources/message#message-object (``referenced_message``)"""
    guild = small.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    shard = await connect(small, "MESSAGE_CREATE")
    backend, message = small.backend, general.post(alice, "0").model

    for number in range(1, 1_500):
        reference = {"channel_id": str(general.id), "message_id": str(message.id)}
        message = backend.create_message(general.id, alice.id, str(number), reference=reference)
    await small.settle()

    last = shard.of("MESSAGE_CREATE")[-1]
    assert last["referenced_message"]["content"] == "1498"
    assert "referenced_message" not in last["referenced_message"]
    assert last["referenced_message"]["message_reference"]["channel_id"] == str(general.id)

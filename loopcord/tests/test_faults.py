"""Trouble on demand: a bot meets errors that Discord only rarely gives."""

from __future__ import annotations

import asyncio
import errno
import random
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import hikari
import pytest

import loopcord
from loopcord.faults import Fault, Faults


async def test_a_server_error_once(discord: loopcord.LocalDiscord, boot) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    bot = await boot(max_retries=0)
    discord.fail("POST", "/channels/*/messages", status=503)

    with pytest.raises(hikari.InternalServerError):
        await bot.app.rest.create_message(general.id, "first try")
    await bot.app.rest.create_message(general.id, "second try")

    assert [message.content for message in general.messages] == ["second try"]
    assert [request.status for request in discord.requests if request.method == "POST"] == [503, 200]


async def test_hikari_retries_by_itself(discord: loopcord.LocalDiscord, boot) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    bot = await boot(max_retries=1)
    discord.fail("POST", "/channels/*/messages", status=502)

    await bot.app.rest.create_message(general.id, "stubborn")

    assert general.last.content == "stubborn"


async def test_a_rate_limit_is_waited_out(discord: loopcord.LocalDiscord, boot) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    bot = await boot()
    discord.fail(
        "POST",
        "/channels/*/messages",
        status=429,
        headers={
            "X-RateLimit-Limit": "1",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset-After": "0.05",
            "X-RateLimit-Bucket": "messages",
            "X-RateLimit-Scope": "user",
            "Retry-After": "0.05",
        },
        body={"message": "You are being rate limited.", "retry_after": 0.05, "global": False},
    )

    await bot.app.rest.create_message(general.id, "patient")

    assert [request.status for request in discord.requests][-2:] == [429, 200]
    assert general.last.content == "patient"


async def test_a_fault_with_discords_code_lasts_until_removed(discord: loopcord.LocalDiscord, boot) -> None:
    alice = discord.create_guild("Market").add_member("alice")
    bot = await boot()
    channel = await bot.app.rest.create_dm_channel(alice.id)
    remove = discord.fail("*", "/channels/*/messages", status=403, code=50007, times=None)

    for _ in range(3):
        with pytest.raises(hikari.ForbiddenError) as refusal:
            await channel.send("hello?")
        assert refusal.value.code == 50007
    remove()
    await channel.send("hello!")

    assert [message.content for message in alice.dms] == ["hello!"]


async def test_a_slow_answer_takes_virtual_time(discord: loopcord.LocalDiscord, boot) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    bot = await boot()
    discord.slow("POST", "/channels/*/messages", 5)

    sending = asyncio.create_task(bot.app.rest.create_message(general.id, "at last"))
    await discord.advance(4.9)
    assert general.messages == []
    await discord.advance(0.1)

    assert (await sending).content == "at last"


@pytest.mark.parametrize(("after", "arrived"), [(False, []), (True, ["did you hear me?"])])
async def test_a_connection_is_cut(
    discord: loopcord.LocalDiscord, boot, after: bool, arrived: list[str]
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    bot = await boot(max_retries=0)
    discord.cut("POST", "/channels/*/messages", after=after)

    with pytest.raises(hikari.HTTPError):
        await bot.app.rest.create_message(general.id, "did you hear me?")

    assert [message.content for message in general.messages] == arrived


# ------------------------------------------------------------------ on virtual time


@pytest.fixture
async def slow_world(boot_in, hikari_on) -> AsyncIterator[tuple[loopcord.LocalDiscord, Any]]:
    """A world whose bot takes its time from it, and has met the bucket of messages in #general."""
    clock = loopcord.VirtualClock()
    hikari_on(clock)
    limits = loopcord.RateLimits(
        {"POST /channels/{channel_id}/messages": loopcord.Limit(50, 1)}, only=True, clock=clock
    )
    async with loopcord.LocalDiscord(clock=clock, rate_limits=limits) as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        bot = await boot_in(discord)
        await bot.app.rest.create_message(general.id, "before")
        yield discord, bot.app
        await bot.app.close()


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_429_of_every_scope_is_waited_out(slow_world, scope: loopcord.ratelimits.Scope) -> None:
    discord, app = slow_world
    general = discord.guilds[0].channel("general")
    discord.trouble.rate_limit("POST", "/channels/*/messages", retry_after=7.5, scope=scope)

    sending = asyncio.create_task(app.rest.create_message(general.id, "patient"))
    await discord.advance(7.4)
    assert general.last.content == "before"
    await discord.advance(0.2)

    assert sending.done()
    assert general.last.content == "patient"
    assert [request.status for request in discord.requests if request.method == "POST"] == [200, 429, 200]


async def test_a_429_as_discord_words_it(discord: loopcord.LocalDiscord, http: aiohttp.ClientSession) -> None:
    """https://discord.com/developers/docs/topics/rate-limits#exceeding-a-rate-limit"""
    seen = {}
    for scope in ("user", "shared", "global"):
        discord.trouble.rate_limit(retry_after=64.57, scope=scope, code=20_028 if scope == "shared" else None)
        async with http.get(f"{discord.rest_url}/users/@me") as answer:
            seen[scope] = (answer.status, answer.headers, await answer.json())

    assert {status for status, _, _ in seen.values()} == {429}
    assert {headers["Retry-After"] for _, headers, _ in seen.values()} == {"65"}
    assert [headers["X-RateLimit-Scope"] for _, headers, _ in seen.values()] == ["user", "shared", "global"]
    assert [headers.get("X-RateLimit-Remaining") for _, headers, _ in seen.values()] == ["0", "4", None]
    assert [headers.get("X-RateLimit-Global") for _, headers, _ in seen.values()] == [None, None, "true"]
    assert seen["user"][1]["X-RateLimit-Reset-After"] == "64.570"
    assert {headers["Via"] for _, headers, _ in seen.values()} == {"1.1 google"}
    assert [body for _, _, body in seen.values()] == [
        {"message": "You are being rate limited.", "retry_after": 64.57, "global": False},
        {
            "message": "The resource is being rate limited.",
            "retry_after": 64.57,
            "global": False,
            "code": 20_028,
        },
        {"message": "You are being rate limited.", "retry_after": 64.57, "global": True},
    ]


async def test_a_banned_address(discord: loopcord.LocalDiscord, boot) -> None:
    bot = await boot()
    general = discord.create_guild("Market").create_text_channel("general")
    pardon = discord.trouble.ban_address()

    for _ in range(2):
        with pytest.raises(hikari.HTTPResponseError) as refusal:
            await bot.app.rest.create_message(general.id, "let me in")
        assert refusal.value.status == 429
        assert refusal.value.raw_body == b"error code: 1015"
        assert "Via" not in refusal.value.headers
    pardon()
    await bot.app.rest.create_message(general.id, "thanks")

    assert [message.content for message in general.messages] == ["thanks"]


async def test_retries_are_counted_in_the_worlds_time(slow_world) -> None:
    discord, app = slow_world
    general = discord.guilds[0].channel("general")
    discord.trouble.fail("POST", "/channels/*/messages", status=502, times=3)

    sending = asyncio.create_task(app.rest.create_message(general.id, "stubborn"))
    await discord.advance(60)

    assert (await sending).content == "stubborn"
    assert len(general.messages) == 2


async def test_latency_is_for_everything_and_other_faults_still_happen(slow_world) -> None:
    discord, app = slow_world
    general = discord.guilds[0].channel("general")
    fast_again = discord.trouble.latency(2, jitter=3)
    discord.trouble.fail("POST", "/channels/*/messages", status=403, code=50_013)
    discord.trouble.slow("POST", "/channels/*/messages", 1)

    refused = asyncio.create_task(app.rest.create_message(general.id, "no"))
    await discord.advance(2.9)
    assert not refused.done()
    await discord.advance(3.2)
    with pytest.raises(hikari.ForbiddenError):
        refused.result()
    took = []
    for number in range(5):
        start = discord.clock.elapsed
        sending = asyncio.create_task(app.rest.create_message(general.id, f"number {number}"))
        while not sending.done():
            await discord.advance(0.1)
        took.append(round(discord.clock.elapsed - start, 1))
    fast_again()
    await app.rest.create_message(general.id, "at once")

    assert all(2 <= seconds <= 5.1 for seconds in took)
    assert len(set(took)) > 1
    assert general.last.content == "at once"


async def test_jitter_is_the_same_in_every_run() -> None:
    def delays(seed: int) -> list[float]:
        faults = Faults(random.Random(seed))  # noqa: S311 - nobody is to be kept from guessing
        faults.add(Fault("GET", "/users/*", None, delay=1, jitter=1))
        return [faults.meet("GET", "/users/@me").delay for _ in range(5)]

    first = delays(3)

    assert first == delays(3)
    assert first != delays(4)
    assert all(1 <= delay <= 2 for delay in first)


async def test_a_reset_is_no_end_of_file(discord: loopcord.LocalDiscord) -> None:
    errors = []
    for reset in (False, True):
        end = discord.trouble.cut("GET", "/users/@me", reset=reset, times=None)
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.ClientConnectionError) as error:
                await session.get(f"{discord.rest_url}/users/@me")
        errors.append(error.value)
        end()

    assert isinstance(errors[0], aiohttp.ServerDisconnectedError)
    assert (type(errors[1]), errors[1].errno) == (aiohttp.ClientOSError, errno.ECONNRESET)

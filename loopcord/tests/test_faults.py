"""Trouble on demand: a bot meets errors that Discord only rarely gives."""

from __future__ import annotations

import asyncio

import hikari
import pytest

import loopcord


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

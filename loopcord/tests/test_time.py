"""Virtual time and settling: nothing sleeps, and everything that will happen has happened."""

from __future__ import annotations

import asyncio
import datetime

import aiohttp
import hikari
import pytest

import loopcord


async def test_sleepers_wake_in_order_of_their_deadlines(discord: loopcord.LocalDiscord) -> None:
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await discord.clock.sleep(nap)
            woken.append((name, discord.clock.monotonic()))

    tasks = [
        asyncio.create_task(sleeper("late", 30)),
        asyncio.create_task(sleeper("often", 10, 10, 10, 10)),
        asyncio.create_task(sleeper("early", 5)),
    ]
    await discord.advance(35)

    assert woken == [("early", 5), ("often", 10), ("often", 20), ("late", 30), ("often", 30)]
    assert discord.clock.now() == datetime.datetime(2026, 1, 1, 0, 0, 35, tzinfo=datetime.UTC)
    assert discord.clock.sleepers == 1
    for task in tasks:
        task.cancel()


async def test_a_cancelled_sleeper_is_forgotten(discord: loopcord.LocalDiscord) -> None:
    task = asyncio.create_task(discord.clock.sleep(10))
    await discord.settle()
    task.cancel()
    await discord.settle()

    assert discord.clock.sleepers == 0
    await discord.advance(20)
    assert task.cancelled()


async def test_a_reminder_due_in_a_week(discord: loopcord.LocalDiscord, boot) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")

    def arrange(bot) -> None:
        @bot.app.listen()
        async def remind(event: hikari.GuildMessageCreateEvent) -> None:
            if event.is_human:
                await discord.clock.sleep(7 * 86_400)
                await event.message.respond(f"a week ago: {event.content}")

    await boot(arrange)
    await alice.send(general, "water the plants")

    await discord.advance(7 * 86_400 - 1)
    assert len(general.messages) == 1
    await discord.advance(1)

    assert general.last.content == "a week ago: water the plants"
    assert general.last.model.timestamp.startswith("2026-01-08T00:00:00")


async def test_settle_waits_for_a_bot_that_tells_when_it_is_idle(
    discord: loopcord.LocalDiscord, boot
) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    alice = discord.guilds[0].add_member("alice")
    at_work: set[asyncio.Task[None]] = set()

    async def add_up(message: hikari.Message) -> None:
        total = await asyncio.to_thread(sum, range(2_000_000))
        await message.respond(str(total))

    def arrange(bot) -> None:
        @bot.app.listen()
        async def begin(event: hikari.GuildMessageCreateEvent) -> None:
            if event.is_human:
                task = asyncio.create_task(add_up(event.message))
                at_work.add(task)
                task.add_done_callback(at_work.discard)

    async def idle() -> None:
        if at_work:
            await asyncio.wait(at_work)

    await boot(arrange)
    remove = discord.add_idle_probe(idle)

    await alice.send(general, "add up")

    assert general.last.content == str(sum(range(2_000_000)))
    remove()
    assert not discord.has_idle_probes


async def test_a_bot_that_never_rests_is_reported(boot_in) -> None:
    async with loopcord.LocalDiscord() as discord:
        general = discord.create_guild("Market").create_text_channel("general")
        alice = discord.guilds[0].add_member("alice")

        def arrange(bot) -> None:
            @bot.app.listen()
            async def echo(event: hikari.GuildMessageCreateEvent) -> None:
                await event.message.respond(event.content)

        await boot_in(discord, arrange)
        discord.patience = 0.3

        with pytest.raises(loopcord.SettleError, match=r"did not come to rest within 0\.3 s"):
            await alice.send(general, "hall of mirrors")


async def test_a_socket_that_becomes_half_open_meanwhile_is_waited_for_no_longer(
    discord: loopcord.LocalDiscord, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(discord.gateway_url, autoping=False) as socket:
        await socket.receive_json()
        data = {"token": discord.token, "intents": 0, "properties": {}}
        await socket.send_json({"op": 2, "d": data})
        await socket.receive_json()
        settling = asyncio.create_task(discord.settle())
        # The client has been asked whether it has read everything, and does not answer.
        assert (await socket.receive()).type is aiohttp.WSMsgType.PING
        assert not settling.done()

        discord.trouble.half_open()

        await settling
        await discord.settle()


async def test_until_is_asked_after_every_change(discord: loopcord.LocalDiscord) -> None:
    general = discord.create_guild("Market").create_text_channel("general")
    waiting = asyncio.create_task(discord.until(lambda: len(general.messages) == 2))

    general.post(discord.bot, "one")
    await discord.settle()
    assert not waiting.done()
    general.post(discord.bot, "two")

    assert await waiting
    assert not await discord.until(lambda: False, patience=0.01)


async def test_real_time_cannot_be_advanced() -> None:
    async with loopcord.LocalDiscord(clock=loopcord.SystemClock()) as discord:
        with pytest.raises(loopcord.WorldError, match="only a VirtualClock"):
            await discord.advance(1)

        before = discord.clock.monotonic()
        await discord.clock.sleep(0.01)
        assert discord.clock.monotonic() >= before + 0.01
        assert abs((datetime.datetime.now(datetime.UTC) - discord.clock.now()).total_seconds()) < 5


def test_a_clock_needs_an_aware_start() -> None:
    with pytest.raises(ValueError, match="aware"):
        loopcord.VirtualClock(datetime.datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake is the point

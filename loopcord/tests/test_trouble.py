"""Trouble of the gateway, met by a real hikari on virtual time: it recovers; nothing is lost or doubled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import hikari
import pytest

import loopcord

WATCHED = (
    hikari.GuildMessageCreateEvent,
    hikari.ShardReadyEvent,
    hikari.ShardResumedEvent,
    hikari.GuildUnavailableEvent,
    hikari.GuildAvailableEvent,
    hikari.GuildLeaveEvent,
    hikari.MemberCreateEvent,
)
#: More than hikari waits before it connects again for the first time (it adds up to a second by chance).
SOON = 3.0


class Market:
    """A guild with #general, alice, and a hikari that takes its time from the world."""

    def __init__(
        self, discord: loopcord.LocalDiscord, boot_in: Callable[..., Coroutine[Any, Any, Any]]
    ) -> None:
        self.discord = discord
        self._boot_in = boot_in
        self.guild = discord.create_guild("Market")
        self.general = self.guild.create_text_channel("general")
        self.alice = self.guild.add_member("alice")
        self.bot: Any = None

    async def open(self, **options: Any) -> None:
        self.bot = await self._boot_in(self.discord, watch=WATCHED, **options)

    async def say(self, *words: str) -> None:
        for word in words:
            await self.alice.send(self.general, word)

    @property
    def heard(self) -> list[str]:
        return [event.content for event in self.bot.of(hikari.GuildMessageCreateEvent)]

    @property
    def sessions(self) -> tuple[int, int]:
        """How many sessions began, and how often one was resumed."""
        return len(self.bot.of(hikari.ShardReadyEvent)), len(self.bot.of(hikari.ShardResumedEvent))

    async def back(self, seconds: float = SOON) -> None:
        """Let time pass until the bot is back."""
        await self.discord.advance(seconds)
        await self.discord.ready(self.bot.app.shard_count)


@pytest.fixture
async def market(boot_in, hikari_on) -> AsyncIterator[Market]:
    clock = loopcord.VirtualClock()
    hikari_on(clock)
    async with loopcord.LocalDiscord(clock=clock, patience=60) as discord:
        market = Market(discord, boot_in)
        yield market
        if market.bot is not None and market.bot.app.is_alive:
            await market.bot.app.close()


# ------------------------------------------------------------------ connections


@pytest.mark.parametrize("reset", [False, True])
async def test_a_dropped_or_reset_socket(market: Market, reset: bool) -> None:
    await market.open()
    await market.say("before")

    await market.discord.trouble.drop(reset=reset)
    await market.say("away")
    await market.back()
    await market.say("after")

    assert market.heard == ["before", "away", "after"]
    assert market.sessions == (1, 1)


async def test_half_open_sockets_are_noticed_by_missing_acknowledgements(market: Market) -> None:
    await market.open()
    await market.say("before")

    market.discord.trouble.half_open()
    await market.say("into the void", "and again")
    assert market.discord.connections == []
    assert market.heard == ["before"]
    # One heartbeat is not acknowledged; instead of the next, hikari waits five seconds for a goodbye.
    await market.back(2 * 41.25 + 5 + SOON)
    await market.say("after")

    assert market.heard == ["before", "into the void", "and again", "after"]
    assert market.sessions == (1, 1)
    assert len(market.discord.connections) == 1


async def test_a_half_open_socket_may_heal(market: Market) -> None:
    await market.open()

    heal = market.discord.trouble.half_open()
    await market.say("late")
    assert market.heard == []
    heal()
    await market.discord.settle()
    await market.say("in time")

    assert market.heard == ["late", "in time"]
    assert market.sessions == (1, 0)


async def test_a_client_that_identifies_anew_has_left_its_half_open_socket(market: Market) -> None:
    await market.open()
    market.discord.trouble.half_open()
    market.discord.trouble.refuse_resumes()
    await market.say("lost with the session")
    await market.back(2 * 41.25 + 5 + 2 * SOON)
    await market.say("heard")

    assert market.sessions == (2, 0)
    assert market.heard == ["heard"]
    assert len(market.discord._gateway.connections) == 1
    assert len(market.discord._gateway.sessions) == 1


async def test_without_acknowledgements_a_client_comes_back_although_events_arrive(market: Market) -> None:
    await market.open()

    market.discord.trouble.withhold_acks()
    await market.say("one")
    assert market.heard == ["one"]
    await market.discord.advance(41.25)
    await market.say("two")
    await market.back(41.25 + SOON)
    await market.say("three")
    await market.discord.advance(5 * 41.25)

    assert market.heard == ["one", "two", "three"]
    assert market.sessions == (1, 1)


async def test_acknowledgements_given_again_in_time(market: Market) -> None:
    await market.open()

    give_again = market.discord.trouble.withhold_acks()
    await market.discord.advance(20)
    give_again()
    await market.discord.advance(200)

    assert market.sessions == (1, 0)


async def test_heartbeats_come_as_often_as_hello_says_and_when_asked(market: Market) -> None:
    back_to_normal = market.discord.trouble.heartbeat_interval(10)
    await market.open()
    [connection] = market.discord.connections
    await market.discord.advance(30)
    assert list(connection.heartbeats) == [None, 2, 2, 2]

    await market.say("hello")
    market.discord.trouble.ask_heartbeat()
    await market.discord.settle()
    assert list(connection.heartbeats)[4:] == [3]

    back_to_normal()
    await market.discord.reconnect()
    await market.back()
    [connection] = market.discord.connections
    before = len(connection.heartbeats)
    await market.discord.advance(41.25)
    assert len(connection.heartbeats) == before + 1


@pytest.mark.parametrize(
    ("code", "sessions"),
    [
        (4000, (1, 1)),
        (4001, None),
        (4002, (1, 1)),
        (4003, None),
        (4004, None),
        (4005, None),
        (4007, (2, 0)),
        (4008, (1, 1)),
        (4009, (2, 0)),
        (4010, None),
        (4011, None),
        (4012, None),
        (4013, None),
        (4014, None),
        (1000, (1, 1)),
        (1001, (1, 1)),
        (1012, (1, 1)),
    ],
)
async def test_close_codes(market: Market, code: int, sessions: tuple[int, int] | None) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes

    None: hikari gives up. 4007 and 4009 are not resumable, which hikari learns from opcode 9.
    """
    await market.open()
    await market.say("before")

    await market.discord.trouble.close(code, "because")
    if sessions is None:
        with pytest.raises(hikari.GatewayServerClosedConnectionError) as given_up:
            await market.bot.app.join()
        assert (given_up.value.code, given_up.value.reason) == (code, "because")
        assert market.discord._gateway.sessions == {}
        return
    await market.say("away")
    await market.back(3 * SOON)
    await market.say("after")

    resumed = sessions[1] == 1
    assert market.sessions == sessions
    assert market.heard == (["before", "away", "after"] if resumed else ["before", "after"])


@pytest.mark.parametrize("code", [999, 1005, 1006, 2000, 5000])
async def test_codes_that_no_close_frame_carries(discord: loopcord.LocalDiscord, code: int) -> None:
    with pytest.raises(loopcord.WorldError, match=f"{code} cannot be sent as a close code"):
        await discord.trouble.close(code)


async def test_trouble_of_one_shard_leaves_the_other_alone(boot_in, hikari_on) -> None:
    clock = loopcord.VirtualClock()
    hikari_on(clock)
    async with loopcord.LocalDiscord(clock=clock, shards=2) as discord:
        guilds = [discord.create_guild(f"Guild {number}", shard=number) for number in range(2)]
        rooms = [guild.create_text_channel("general") for guild in guilds]
        people = [guild.add_member(f"person {number}") for number, guild in enumerate(guilds)]
        starting = boot_in(discord, watch=WATCHED)
        bot = await _while_time_passes(discord, starting)
        trouble = discord.trouble

        await trouble.close(4000, shard=1)
        await _back(discord, 2)
        await trouble.reconnect(shard=1)
        await _back(discord, 2)
        await trouble.invalidate(shard=1)
        await _back(discord, 2)
        await trouble.drop(shard=1)
        await _back(discord, 2)
        trouble.duplicate("MESSAGE_CREATE", shard=1)
        held = trouble.withhold("MESSAGE_CREATE", shard=0)
        for room, person in zip(rooms, people, strict=True):
            await person.send(room, f"hello {room.guild.name}")
        early = [event.content for event in bot.of(hikari.GuildMessageCreateEvent)]
        held()
        await discord.settle()

        assert [event.shard.id for event in bot.of(hikari.ShardResumedEvent)] == [1, 1, 1]
        assert sorted(event.shard.id for event in bot.of(hikari.ShardReadyEvent)) == [0, 1, 1]
        assert early == ["hello Guild 1", "hello Guild 1"]
        assert [event.content for event in bot.of(hikari.GuildMessageCreateEvent)][2:] == ["hello Guild 0"]
        await bot.app.close()


async def _while_time_passes(discord: loopcord.LocalDiscord, coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Shards start one after the other, some seconds apart."""
    task = asyncio.create_task(coroutine)
    while not task.done():
        await discord.advance(1)
    return await task


async def _back(discord: loopcord.LocalDiscord, shards: int) -> None:
    await discord.advance(SOON)
    await discord.ready(shards)


# ------------------------------------------------------------------ sessions


async def test_a_resume_that_is_refused_begins_a_new_session(market: Market) -> None:
    await market.open()
    market.discord.trouble.refuse_resumes()

    await market.discord.reconnect()
    await market.say("lost")
    await market.back(3 * SOON)
    await market.discord.reconnect()
    await market.say("kept")
    await market.back()

    assert market.sessions == (2, 1)
    assert market.heard == ["kept"]


async def test_more_was_missed_than_is_kept(boot_in, hikari_on) -> None:
    clock = loopcord.VirtualClock()
    hikari_on(clock)
    async with loopcord.LocalDiscord(clock=clock, replay=5) as discord:
        market = Market(discord, boot_in)
        await market.open()

        await discord.drop()
        await market.say(*(f"missed {number}" for number in range(5)))
        await market.back()
        assert market.heard == [f"missed {number}" for number in range(5)]
        await discord.drop()
        await market.say(*(f"lost {number}" for number in range(6)))
        await market.back(3 * SOON)
        await market.say("heard")

        assert market.sessions == (2, 1)
        assert market.heard[5:] == ["heard"]
        await market.bot.app.close()


async def test_ready_may_be_long_in_coming(market: Market) -> None:
    await market.open()
    release = market.discord.trouble.withhold_ready()

    await market.discord.invalidate()
    await market.discord.advance(3 * SOON)
    await market.say("while it is not ready")
    await market.discord.advance(60)
    assert market.sessions == (1, 0)
    assert market.discord.connections == []
    release()
    await market.discord.ready()
    await market.say("after")

    assert market.sessions == (2, 0)
    assert market.heard == ["while it is not ready", "after"]


async def test_session_starts_that_are_used_up_keep_a_bot_from_starting(
    discord: loopcord.LocalDiscord, boot
) -> None:
    """https://discord.com/developers/docs/events/gateway#session-start-limit-object"""
    discord.trouble.session_starts(remaining=1, reset_after=3_600, max_concurrency=16)
    bot = await boot()
    limits = await bot.app.rest.fetch_gateway_bot_info()

    assert limits.session_start_limit.remaining == 0
    assert limits.session_start_limit.max_concurrency == 16
    assert limits.session_start_limit.reset_after.total_seconds() == 3_600
    with pytest.raises(RuntimeError, match="more sessions than were allowed"):
        await boot()
    regardless = hikari.GatewayBot(discord.token, rest_url=discord.rest_url, banner=None, logs=None)
    with pytest.raises(hikari.GatewayServerClosedConnectionError) as refusal:
        await regardless.start(check_for_updates=False, ignore_session_start_limit=True)
    assert refusal.value.code == 4004
    if regardless.is_alive:
        await regardless.close()

    discord.trouble.session_starts(remaining=None)
    assert (await bot.app.rest.fetch_gateway_bot_info()).session_start_limit.remaining == 1_000


# ------------------------------------------------------------------ events


async def test_duplicates_have_numbers_of_their_own(market: Market) -> None:
    await market.open()
    market.discord.trouble.duplicate("MESSAGE_*", times=2)

    await market.say("one", "two", "three")
    await market.discord.drop()
    await market.say("four")
    await market.back()

    assert market.heard == ["one", "one", "two", "two", "three", "four"]
    assert market.sessions == (1, 1)


async def test_duplicates_until_it_is_enough(market: Market) -> None:
    await market.open()
    enough = market.discord.trouble.duplicate(times=None)

    await market.say("one", "two")
    enough()
    enough()
    await market.say("three")

    assert market.heard == ["one", "one", "two", "two", "three"]


async def test_events_arrive_reversed(market: Market) -> None:
    await market.open()
    market.discord.trouble.reorder(3, "MESSAGE_CREATE")

    await market.say("one", "two")
    await market.guild.join("bob")
    assert market.heard == []
    assert len(market.bot.of(hikari.MemberCreateEvent)) == 1
    await market.say("three", "four")

    assert market.heard == ["three", "two", "one", "four"]


async def test_events_arrive_in_the_order_that_was_asked_for(market: Market) -> None:
    await market.open()
    market.discord.trouble.reorder(3, order=[1, 2, 0])
    await market.say("one", "two", "three")

    early = market.discord.trouble.reorder(3)
    await market.say("four", "five")
    early()
    await market.discord.settle()

    assert market.heard == ["two", "three", "one", "four", "five"]
    with pytest.raises(loopcord.WorldError, match="does not name each of 2 events once"):
        market.discord.trouble.reorder(2, order=[0, 2])


async def test_a_new_session_does_not_begin_the_trouble_anew(market: Market) -> None:
    await market.open()
    market.discord.trouble.reorder(2, "MESSAGE_CREATE")
    await market.say("one", "two")

    await market.discord.invalidate()
    await market.back(2 * SOON)
    await market.say("three", "four")

    assert market.heard == ["two", "one", "three", "four"]


async def test_what_is_withheld_comes_in_its_order(market: Market) -> None:
    await market.open()
    release = market.discord.trouble.withhold("MESSAGE_CREATE")

    await market.say("one", "two")
    await market.guild.join("bob")
    assert (market.heard, len(market.bot.of(hikari.MemberCreateEvent))) == ([], 1)
    release()
    await market.discord.settle()
    await market.say("three")

    assert market.heard == ["one", "two", "three"]


async def test_what_is_withheld_survives_a_resume(market: Market) -> None:
    await market.open()
    release = market.discord.trouble.withhold("MESSAGE_CREATE")

    await market.say("held")
    await market.discord.drop()
    await market.back()
    assert market.heard == []
    release()
    await market.discord.settle()

    assert market.heard == ["held"]
    assert market.sessions == (1, 1)


async def test_a_late_event_is_overtaken(market: Market) -> None:
    await market.open()
    market.discord.trouble.delay("MESSAGE_CREATE", 10)

    await market.say("one", "two")
    assert market.heard == ["two"]
    await market.discord.advance(9.9)
    assert market.heard == ["two"]
    await market.discord.advance(0.1)

    assert market.heard == ["two", "one"]


async def test_delays_jitter_and_the_world_may_end_meanwhile(market: Market) -> None:
    await market.open()
    punctual = market.discord.trouble.delay("*", 5, jitter=5, times=None)
    words = [f"number {number}" for number in range(8)]
    await market.say(*words)
    punctual()
    await market.discord.advance(5)
    early = len(market.heard)
    await market.discord.advance(5)

    assert early < 8
    assert sorted(market.heard) == words
    assert market.heard != words
    market.discord.trouble.delay("*", 1_000)
    await market.say("never")


async def test_an_outage_of_a_guild(market: Market) -> None:
    """https://discord.com/developers/docs/events/gateway-events#guild-create: unavailable, then whole."""
    await market.open()
    other = market.discord.create_guild("Bazaar")
    bazaar = other.create_text_channel("bazaar")
    carol = other.add_member("carol")

    end = market.discord.trouble.outage(market.guild)
    await market.discord.settle()
    await market.say("unheard")
    market.guild.create_text_channel("built meanwhile")
    await carol.send(bazaar, "heard")
    [gone] = market.bot.of(hikari.GuildUnavailableEvent)
    assert gone.guild_id == market.guild.id
    assert market.heard == ["heard"]
    end()
    end()
    await market.discord.settle()
    await market.say("after")

    assert [event.guild_id for event in market.bot.of(hikari.GuildAvailableEvent)][1:] == [market.guild.id]
    channels = market.bot.app.cache.get_guild_channels_view_for_guild(market.guild.id).values()
    assert {channel.name for channel in channels} == {"general", "built meanwhile"}
    assert market.heard == ["heard", "after"]


async def test_a_bot_that_starts_in_an_outage(market: Market) -> None:
    end = market.discord.trouble.outage(market.guild)
    await market.open()
    assert market.bot.of(hikari.GuildAvailableEvent) == []

    end()
    await market.discord.settle()

    assert [event.guild_id for event in market.bot.of(hikari.GuildAvailableEvent)] == [market.guild.id]


async def test_a_guild_that_is_gone_after_its_outage(market: Market) -> None:
    await market.open()
    end = market.discord.trouble.outage(market.guild)
    await market.discord.settle()
    await market.bot.app.rest.leave_guild(market.guild.id)
    await market.discord.settle()
    assert market.bot.of(hikari.GuildLeaveEvent) == []

    end()
    await market.discord.settle()

    assert [event.guild_id for event in market.bot.of(hikari.GuildLeaveEvent)] == [market.guild.id]


async def test_everything_at_once_loses_nothing(market: Market) -> None:
    """Late, held and doubled events, and a socket that breaks in between."""
    await market.open()
    trouble = market.discord.trouble
    trouble.duplicate("MESSAGE_CREATE")
    await market.say("doubled")
    trouble.delay("MESSAGE_CREATE", 30)
    await market.say("late")
    release = trouble.withhold("MESSAGE_CREATE")
    trouble.half_open()
    await market.say("held", "held, too")
    await market.back(2 * 41.25 + 5 + SOON)
    release()
    await trouble.reconnect()
    await market.say("away")
    await market.back()

    assert market.heard == ["doubled", "doubled", "late", "held", "held, too", "away"]
    assert market.sessions == (1, 2)

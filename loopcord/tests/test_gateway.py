"""The gateway under a real hikari client: sessions, compression, shards, intents, chunks and trouble."""

from __future__ import annotations

import hikari
import pytest

import loopcord


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market")
    guild.create_text_channel("general")
    return guild


# ------------------------------------------------------------------ coming back


async def test_a_dropped_bot_resumes_and_misses_nothing(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await boot(watch=(hikari.GuildMessageCreateEvent, hikari.ShardResumedEvent, hikari.ShardReadyEvent))
    await alice.send(general, "before")

    await discord.drop()
    assert discord.connections == []
    await alice.send(general, "while you were away")
    await discord.ready()
    await alice.send(general, "after")

    assert [e.content for e in bot.of(hikari.GuildMessageCreateEvent)] == [
        "before",
        "while you were away",
        "after",
    ]
    assert len(bot.of(hikari.ShardResumedEvent)) == 1
    assert len(bot.of(hikari.ShardReadyEvent)) == 1


async def test_asked_to_reconnect_the_bot_resumes(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    bot = await boot(watch=(hikari.ShardResumedEvent, hikari.ShardReadyEvent))

    await discord.reconnect()
    await discord.ready()

    assert [type(event) for event in bot.seen] == [hikari.ShardReadyEvent, hikari.ShardResumedEvent]


async def test_an_invalid_session_means_a_new_one(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await boot(watch=(hikari.ShardReadyEvent, hikari.ShardResumedEvent, hikari.GuildMessageCreateEvent))

    await discord.invalidate(resumable=False)
    await alice.send(general, "lost")
    await discord.ready()
    await alice.send(general, "heard")

    assert len(bot.of(hikari.ShardReadyEvent)) == 2
    assert bot.of(hikari.ShardResumedEvent) == []
    assert [e.content for e in bot.of(hikari.GuildMessageCreateEvent)] == ["heard"]


async def test_an_invalid_but_resumable_session_is_resumed(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    bot = await boot(watch=(hikari.ShardReadyEvent, hikari.ShardResumedEvent))

    await discord.invalidate(resumable=True)
    await discord.ready()

    assert len(bot.of(hikari.ShardReadyEvent)) == 1
    assert len(bot.of(hikari.ShardResumedEvent)) == 1


async def test_a_session_that_discord_forgot_cannot_be_resumed(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    bot = await boot(watch=(hikari.ShardReadyEvent, hikari.ShardResumedEvent))

    await discord.drop()
    discord.forget_sessions()
    await discord.ready()

    assert len(bot.of(hikari.ShardReadyEvent)) == 2
    assert bot.of(hikari.ShardResumedEvent) == []


# ------------------------------------------------------------------ shards, intents, members


async def test_each_shard_serves_its_guilds(boot_in) -> None:
    async with loopcord.LocalDiscord(shards=3) as discord:
        guilds = [discord.create_guild(f"Guild {number}") for number in range(6)]
        rooms = [guild.create_text_channel("general") for guild in guilds]
        people = [guild.add_member(f"person {number}") for number, guild in enumerate(guilds)]
        bot = await boot_in(discord, watch=(hikari.GuildMessageCreateEvent, hikari.DMMessageCreateEvent))

        assert bot.app.shard_count == 3
        for room, person in zip(rooms, people, strict=True):
            await person.send(room, "hello")
        await people[4].send(people[4].dm, "psst")

        served = {(e.guild_id >> 22) % 3: e.shard.id for e in bot.of(hikari.GuildMessageCreateEvent)}
        assert served == {0: 0, 1: 1, 2: 2}
        assert len(bot.of(hikari.GuildMessageCreateEvent)) == 6
        assert bot.of(hikari.DMMessageCreateEvent)[0].shard.id == 0


async def test_a_bot_hears_only_what_its_intents_ask_for(market: loopcord.Guild, boot) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await boot(
        watch=(hikari.ShardPayloadEvent, hikari.GuildMessageCreateEvent),
        intents=hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGES,
    )

    message = await alice.send(general, "secret plans", attachments=[("plan.txt", b"x")])
    await alice.react(message, "👀")
    await market.join("bob")
    await alice.send(general, f"{bot.app.get_me().mention} for your eyes")

    received = [event.name for event in bot.of(hikari.ShardPayloadEvent)]
    assert received == ["READY", "GUILD_CREATE", "MESSAGE_CREATE", "MESSAGE_CREATE"]
    secret, addressed = bot.of(hikari.GuildMessageCreateEvent)
    assert not secret.content
    assert secret.message.attachments == []
    assert addressed.content == f"{bot.app.get_me().mention} for your eyes"


async def test_members_are_fetched_in_chunks(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    for number in range(2_100):
        market.add_member(f"walker{number}")
    alice = market.add_member("alice", nick="Lampmonger")
    bot = await boot(watch=(hikari.MemberChunkEvent,), auto_chunk_members=False)

    await bot.app.request_guild_members(market.id, query="", limit=0, nonce="all")
    await bot.app.request_guild_members(market.id, query="lamp", limit=5, nonce="some")
    await bot.app.request_guild_members(market.id, users=[alice.id, 42], nonce="those")
    await discord.settle()

    by_nonce: dict[str, list[hikari.MemberChunkEvent]] = {}
    for event in bot.seen:
        by_nonce.setdefault(event.nonce, []).append(event)
    assert [len(event.members) for event in by_nonce["all"]] == [1000, 1000, len(market.members) - 2000]
    assert [event.chunk_index for event in by_nonce["all"]] == [0, 1, 2]
    assert list(by_nonce["some"][0].members) == [alice.id]
    assert list(by_nonce["those"][0].members) == [alice.id]
    assert by_nonce["those"][0].not_found == [42]


async def test_a_large_guild_fills_the_cache_by_chunks(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    for number in range(300):
        market.add_member(f"walker{number}")

    bot = await boot()

    assert len(bot.app.cache.get_members_view_for_guild(market.id)) == len(market.members)


async def test_presence_updates_are_accepted(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    bot = await boot()

    await bot.app.update_presence(status=hikari.Status.IDLE, activity=hikari.Activity(name="lamps"))
    await discord.settle()

    assert len(discord.connections) == 1
    assert "op 3" in discord.transcript()


# ------------------------------------------------------------------ who may connect


async def test_a_wrong_token_is_refused(discord: loopcord.LocalDiscord, boot) -> None:
    wrong = discord.token[:-1] + "X"

    with pytest.raises(hikari.UnauthorizedError):
        await boot(token=wrong)


async def test_an_intent_that_the_portal_denies_ends_the_connection(boot_in) -> None:
    async with loopcord.LocalDiscord(denied_intents=["message_content"]) as discord:
        with pytest.raises(hikari.GatewayServerClosedConnectionError) as refusal:
            await boot_in(discord)

        assert refusal.value.code == 4014
        bot = await boot_in(discord, intents=hikari.Intents.ALL_UNPRIVILEGED)
        assert bot.app.is_alive
        flags = (await bot.app.rest.fetch_application()).flags
        assert flags & hikari.ApplicationFlags.GUILD_MEMBERS_INTENT
        assert not flags & hikari.ApplicationFlags.MESSAGE_CONTENT_INTENT_LIMITED


async def test_two_worlds_in_one_process_share_nothing(boot_in) -> None:
    async with loopcord.LocalDiscord() as first, loopcord.LocalDiscord() as second:
        rooms = [world.create_guild("Market").create_text_channel("general") for world in (first, second)]
        alice, bob = first.guilds[0].add_member("alice"), second.guilds[0].add_member("bob")
        one = await boot_in(first, watch=(hikari.GuildMessageCreateEvent,))
        two = await boot_in(second, watch=(hikari.GuildMessageCreateEvent,))

        await alice.send(rooms[0], "in the first")
        await bob.send(rooms[1], "in the second")

        assert [event.content for event in one.seen] == ["in the first"]
        assert [event.content for event in two.seen] == ["in the second"]
        assert [request.path for request in first.requests] == [request.path for request in second.requests]

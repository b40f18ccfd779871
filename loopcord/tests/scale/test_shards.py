"""Several shards: each hears its own guilds, and the first one direct messages, too.

Source: https://discord.com/developers/docs/events/gateway#sharding
"""

from __future__ import annotations

import hikari
import lightbulb

import loopcord

SHARDS = 3


async def test_guilds_are_dealt_out_and_direct_messages_go_to_the_first(connect) -> None:
    async with loopcord.LocalDiscord(shards=SHARDS, patience=60) as discord:
        guilds = [discord.create_guild(f"Guild {number}") for number in range(6)]
        people = [guild.add_member(f"person of {guild.name}") for guild in guilds]
        shards = [
            await connect(discord, "MESSAGE_CREATE", "GUILD_CREATE", shard=(number, SHARDS))
            for number in range(SHARDS)
        ]

        for guild, person in zip(guilds, people, strict=True):
            await person.send(guild.create_text_channel("general"), f"in {guild.name}")
            person.dm.post(person, f"to the bot from {guild.name}")
        await discord.settle()

        for number, shard in enumerate(shards):
            own = [guild for guild in guilds if (guild.id >> 22) % SHARDS == number]
            assert len(own) == 2
            assert {event["id"] for event in shard.of("GUILD_CREATE")} == {str(guild.id) for guild in own}
            heard = [event["content"] for event in shard.of("MESSAGE_CREATE")]
            in_guilds = [text for text in heard if text.startswith("in ")]
            assert in_guilds == [f"in {guild.name}" for guild in own]
            assert len(heard) - len(in_guilds) == (6 if number == 0 else 0)


async def test_hikari_runs_every_shard_and_answers_on_each(boot_in) -> None:
    async with loopcord.LocalDiscord(shards=SHARDS, patience=60) as discord:
        guilds = [discord.create_guild(f"Guild {number}") for number in range(SHARDS)]
        channels = [guild.create_text_channel("general") for guild in guilds]
        alice = guilds[0].add_member("alice")
        also = [alice, *(guild.add_member(alice) for guild in guilds[1:])]

        def arrange(bot) -> None:
            @bot.client.register
            class Where(lightbulb.SlashCommand, name="where", description="Which shard"):
                @lightbulb.invoke
                async def invoke(self, ctx: lightbulb.Context) -> None:
                    shard = 0 if ctx.guild_id is None else (ctx.guild_id >> 22) % SHARDS
                    await ctx.respond(f"shard {shard}")

        bot = await boot_in(discord, arrange, watch=(hikari.DMMessageCreateEvent,))
        replies = [
            await member.slash(channel, "where") for member, channel in zip(also, channels, strict=True)
        ]
        alice.dm.post(alice, "psst")
        await discord.settle()

        assert bot.app.shard_count == SHARDS
        assert sorted(reply.content for reply in replies) == ["shard 0", "shard 1", "shard 2"]
        [event] = bot.of(hikari.DMMessageCreateEvent)
        assert event.shard.id == 0

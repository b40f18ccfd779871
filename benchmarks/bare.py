"""The baseline: the smallest bot that hikari and lightbulb make, with one command and one listener.

Run as a program it connects, says when it is READY and waits: ``… URL TOKEN MEMBERS``.
"""

from __future__ import annotations

import asyncio
import sys

import hikari
import lightbulb


def make(rest_url: str, token: str) -> tuple[hikari.GatewayBot, lightbulb.GatewayEnabledClient]:
    """A bot with hikari's default cache and all unprivileged intents plus those that messages need."""
    bot = hikari.GatewayBot(
        token,
        rest_url=rest_url,
        banner=None,
        logs=None,
        suppress_optimization_warning=True,
        intents=hikari.Intents.ALL_UNPRIVILEGED
        | hikari.Intents.MESSAGE_CONTENT
        | hikari.Intents.GUILD_MEMBERS,
    )
    client = lightbulb.client_from_app(bot)

    @client.register
    class Ping(lightbulb.SlashCommand, name="ping", description="Answer"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond("pong")

    @bot.listen(hikari.GuildMessageCreateEvent)
    async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
        pass

    bot.subscribe(hikari.StartedEvent, client.start)
    return bot, client


async def main(rest_url: str, token: str, members: int) -> None:
    """Connect, say so, say when the cache is full, and wait for the end of standard input."""
    bot, _ = make(rest_url, token)
    full = asyncio.Event()

    @bot.listen(hikari.MemberChunkEvent)
    async def on_chunk(event: hikari.MemberChunkEvent) -> None:
        if len(bot.cache.get_members_view_for_guild(event.guild_id)) >= members:
            full.set()

    await bot.start(check_for_updates=False)
    print("READY", flush=True)
    await full.wait()
    print("CACHED", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await bot.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))

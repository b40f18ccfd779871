"""A real hikari + lightbulb bot meets the local Discord: chat and a slash command."""

from __future__ import annotations

import hikari
import lightbulb

import loopcord


def _bot_that_warns(bot) -> None:
    @bot.client.register
    class Warn(lightbulb.SlashCommand, name="warn", description="Warn a member"):
        member = lightbulb.user("member", "Whom")
        reason = lightbulb.string("reason", "Why", default="none")

        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond(f"Warned {self.member.username}: {self.reason}", ephemeral=True)

    @bot.app.listen()
    async def pong(event: hikari.GuildMessageCreateEvent) -> None:
        if event.content == "ping":
            await event.message.respond("pong", reply=True)


async def test_a_bot_answers_a_message(discord: loopcord.LocalDiscord, boot) -> None:
    guild = discord.create_guild("Market")
    general = guild.create_text_channel("general")
    alice = guild.add_member("alice")
    await boot(_bot_that_warns)

    asked = await alice.send(general, "ping")

    assert [message.content for message in general.messages] == ["ping", "pong"]
    assert general.last.author_id == discord.bot.id
    assert general.last.reference is not None
    assert int(general.last.reference["message_id"]) == asked.id


async def test_a_slash_command_is_answered_for_one_pair_of_eyes(discord: loopcord.LocalDiscord, boot) -> None:
    guild = discord.create_guild("Market")
    general = guild.create_text_channel("general")
    mods = guild.create_role("Mods", permissions=["moderate_members"])
    bob, mod = guild.add_member("bob"), guild.add_member("mod", roles=[mods])
    await boot(_bot_that_warns)

    reply = await mod.slash(general, "warn", member=bob, reason="spam")

    assert reply.content == "Warned bob: spam"
    assert reply.ephemeral
    assert general.messages == []

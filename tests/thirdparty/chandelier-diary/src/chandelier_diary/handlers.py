"""A command, a button, a listener, a task, a timer and its effect."""

from __future__ import annotations

import hikari
import lightbulb
from sqlalchemy import select

import chandelier
from chandelier_diary.plugin import Diary, Entry

loader = chandelier.Loader()


@loader.command
class Write(lightbulb.SlashCommand, name="diary", description="Write into your diary"):
    """``/diary text``."""

    text = lightbulb.string("text", "What happened")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Diary) -> None:
        """Keep it and offer to read it."""
        await plugin.keep(int(ctx.interaction.id), ctx.user.id, ctx.channel_id, self.text)
        row = hikari.impl.MessageActionRowBuilder().add_interactive_button(
            hikari.ButtonStyle.PRIMARY,
            plugin.ctx.component_id("read", str(ctx.interaction.id)),
            label="Read",
        )
        await ctx.respond("Kept.", component=row)


@loader.component("read")
async def read(press: chandelier.ComponentPress, plugin: Diary) -> None:
    """Read an entry."""
    async with plugin.ctx.storage.read() as session:
        entry = await session.get(Entry, int(press.payload))
    if entry is None or entry.author_id != press.user.id:
        raise chandelier.NotAllowed("This is not your diary.")
    await press.respond(entry.text, flags=hikari.MessageFlag.EPHEMERAL)


@loader.listener(hikari.GuildMessageCreateEvent, when=lambda message: message["content"].startswith("dear"))
async def listen(event: hikari.GuildMessageCreateEvent, plugin: Diary) -> None:
    """Keep what begins with the word."""
    config = await plugin.ctx.config_for(event.guild_id)
    if event.is_human and (event.content or "").startswith(config.word):
        await plugin.keep(int(event.message_id), event.author_id, event.channel_id, event.content or "")


@loader.task(lightbulb.uniformtrigger(minutes=1))
async def tick(plugin: Diary) -> None:
    """Count the minutes."""
    plugin.ticks += 1


@loader.timer("remind")
async def remind(timer: chandelier.Timer, plugin: Diary) -> None:
    """Time to remind."""
    await plugin.ctx.outbox.put("remind", key=timer.key, payload={"entry": int(timer.key)})


@loader.effect("remind")
async def post(effect: chandelier.Effect, plugin: Diary) -> None:
    """Post the reminder, once."""
    async with plugin.ctx.storage.read() as session:
        channel = await session.scalar(select(Entry.channel_id).where(Entry.id == effect.payload["entry"]))
    if channel is not None and not effect.uncertain:
        await plugin.ctx.rest.create_message(channel, "You wrote something a while ago.")

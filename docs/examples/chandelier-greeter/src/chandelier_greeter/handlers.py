"""What the plugin does on Discord: a command, a button, a listener, a durable timer and its effect."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import hikari
import lightbulb
from sqlalchemy import update

import chandelier
from chandelier_greeter.plugin import Greeter
from chandelier_greeter.tables import Greeting

__all__ = ["loader"]

loader = chandelier.Loader()
_ = chandelier.Messages(__package__)

LONGEST_GREETING = 40
"""Characters; a longer message is no "good morning", so nobody needs to look at it."""


@loader.command
class Greet(
    lightbulb.SlashCommand,
    name="greet",
    description="Greet a member",
    contexts=[hikari.ApplicationContextType.GUILD],
):
    """``/greet member``."""

    capability = "greet"
    examples = ("/greet member:@bob",)
    member = lightbulb.user("member", "Whom")

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Greeter) -> None:
        """Write the greeting and its timer in one transaction, then say it."""
        if self.member.is_bot:
            raise chandelier.InvalidRequest(_("Bots do not wave back. Greet a person."))
        assert ctx.guild_id is not None
        config = await plugin.ctx.config_for(ctx.guild_id)
        number = int(ctx.interaction.id)
        async with plugin.ctx.storage.transaction() as session:
            row = plugin.ctx.storage.insert(Greeting).values(
                id=number,
                guild_id=ctx.guild_id,
                channel_id=ctx.channel_id,
                greeter_id=ctx.user.id,
                greeted_id=self.member.id,
                greeted_at=plugin.ctx.now(),
            )
            await session.execute(row.on_conflict_do_nothing())
            due = plugin.ctx.now() + timedelta(seconds=config.patience)
            await plugin.ctx.timers.schedule("nudge", key=str(number), due=due, session=session)
        button = hikari.impl.MessageActionRowBuilder().add_interactive_button(
            hikari.ButtonStyle.PRIMARY, plugin.ctx.component_id("wave", str(number)), label=_("Wave back")
        )
        await ctx.respond(
            _("{who} says hello to {whom}!", who=ctx.user.mention, whom=self.member.mention),
            component=button,
            user_mentions=[self.member.id],  # only the one who is greeted is pinged
        )


@loader.component("wave")
async def wave_back(press: chandelier.ComponentPress, plugin: Greeter) -> None:
    """The button; it works after restarts and upgrades, because its id says all there is to know."""
    greeting = await plugin.greeting(int(press.payload))
    if greeting is None:
        raise chandelier.InvalidRequest(_("This greeting was erased. Use `/greet` for a new one."))
    if greeting.greeted_id != press.user.id:
        raise chandelier.NotAllowed(_("Only the one who was greeted can wave back."))
    async with plugin.ctx.storage.transaction() as session:
        unanswered = update(Greeting).where(Greeting.id == greeting.id, Greeting.waved_at.is_(None))
        await session.execute(unanswered.values(waved_at=plugin.ctx.now()))
        await plugin.ctx.timers.cancel("nudge", str(greeting.id), session=session)
    await press.respond(_("{who} waves back 👋", who=press.user.mention), user_mentions=False)


def _may_greet(message: Mapping[str, Any]) -> bool:
    """Decide on Discord's raw payload: of most messages no model is built then."""
    return 0 < len(message["content"]) <= LONGEST_GREETING and not message["author"].get("bot")


@loader.listener(hikari.GuildMessageCreateEvent, when=_may_greet)
async def answer_good_morning(event: hikari.GuildMessageCreateEvent, plugin: Greeter) -> None:
    """👋 under a greeting."""
    config = await plugin.ctx.config_for(event.guild_id)
    if (event.content or "").strip(" .!").casefold() in {word.casefold() for word in config.words}:
        await plugin.ctx.rest.add_reaction(event.channel_id, event.message_id, "👋")


@loader.timer("nudge")
async def nudge(timer: chandelier.Timer, plugin: Greeter) -> None:
    """Time is up. A timer may fire again after a crash; the outbox takes the same key only once."""
    await plugin.ctx.outbox.put("nudge", key=timer.key, payload={"greeting": int(timer.key)})


@loader.effect("nudge")
async def post_nudge(effect: chandelier.Effect, plugin: Greeter) -> None:
    """Post the nudge, unless it may have been posted before a crash: none is better than two."""
    greeting = await plugin.greeting(effect.payload["greeting"])
    if greeting is None or greeting.waved_at is not None or effect.uncertain:
        return
    who = {"who": f"<@{greeting.greeter_id}>", "whom": f"<@{greeting.greeted_id}>"}
    language = await plugin.ctx.language(greeting.guild_id)
    text = plugin.ctx.into(language, _("{whom}, {who} said hello to you.", **who))
    await plugin.ctx.rest.create_message(greeting.channel_id, text, user_mentions=[greeting.greeted_id])

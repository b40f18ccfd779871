"""Plugins by somebody else that start well. ``where`` and ``way`` then say what goes wrong, and how."""

from __future__ import annotations

import asyncio
import sys
import threading

import hikari
import lightbulb

import chandelier

loader = chandelier.Loader()


class Panic(BaseException):
    """As a library written in Rust raises it."""


def recurse():
    return recurse()


async def act(where: str, plugin: Mischief):
    """Do mischief if it is its place; answers what a handler should not."""
    if plugin.where != where:
        return None
    plugin.acted += 1
    match plugin.way:
        case "raises":
            raise RuntimeError("gremlin")
        case "exits":
            sys.exit(3)
        case "panics":
            raise Panic("index out of bounds")
        case "recurses":
            recurse()
        case "cancels":
            task = asyncio.create_task(asyncio.sleep(0))
            task.cancel()
            await task
        case "hangs":
            await asyncio.Event().wait()
        case "clings":
            while not LET_GO.is_set():
                try:
                    await asyncio.sleep(3600)
                except BaseException:  # noqa: BLE001, S112 - that is the mischief
                    continue
        case "answers nonsense":
            return object()
    return None


@chandelier.schema(version=1)
class ToyConfig:
    """The section ``[plugins.g_mischief]``."""

    toy: str = chandelier.setting("ball", help="The favourite toy.", guild=True)


class Mischief(chandelier.Plugin[ToyConfig]):
    """Well-behaved until told otherwise."""

    where = way = ""
    acted = 0

    @chandelier.hookimpl
    def chandelier_manifest(self):
        return chandelier.Manifest(
            summary="Mischief.", intents=hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT
        )

    @chandelier.hookimpl
    def chandelier_loaders(self):
        return [loader]

    @chandelier.hookimpl
    def chandelier_config_schema(self):
        return ToyConfig

    @chandelier.hookimpl
    async def chandelier_config_changed(self, old, new, guild_id):
        await act("config", self)

    @chandelier.hookimpl
    async def diary_decorate(self, text):
        return await act("published", self)

    @chandelier.hookimpl
    async def chandelier_health(self):
        return await act("health", self) or chandelier.Health()

    @chandelier.hookimpl
    async def chandelier_status(self, guild_id):
        return await act("status", self) or chandelier.StatusSection("Mischief", ("none",))

    @chandelier.hookimpl
    async def chandelier_export_person(self, user_id):
        return await act("export", self) or {}

    @chandelier.hookimpl
    async def chandelier_erase_person(self, user_id):
        return await act("erase", self) or 0

    @chandelier.hookimpl
    async def chandelier_stopping(self):
        await act("stopping", self)

    async def cleanup(self):
        await act("cleanup", self)


@loader.command
class Prank(lightbulb.SlashCommand, name="prank", description="Mischief"):
    """``/prank``."""

    toy = lightbulb.string("toy", "Which toy", default="none", autocomplete=lambda ctx: complete(ctx))

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, plugin: Mischief) -> None:
        """Answer with a button, unless it is the place for mischief."""
        if plugin.where == "reply":
            await ctx.respond("ha" * 3000)
        if plugin.where == "hikari":
            await plugin.ctx.rest.fetch_guild(ctx.guild_id)
        await act("command", plugin)
        row = hikari.impl.MessageActionRowBuilder().add_interactive_button(
            hikari.ButtonStyle.PRIMARY, plugin.ctx.component_id("poke", "1"), label="Poke"
        )
        await ctx.respond("Nothing happened.", component=row)


async def complete(ctx: lightbulb.AutocompleteContext) -> None:
    """Suggest toys."""
    plugin = LAST[-1]
    await ctx.respond([await act("autocomplete", plugin) or "ball"])


LET_GO = threading.Event()
"""Set when a test is over: what clings may end."""
LAST: list[Mischief] = []
"""Module-level state: one more thing that a plugin should not do."""


@loader.component("poke")
async def poke(press: chandelier.ComponentPress, plugin: Mischief) -> None:
    """A pressed button."""
    await act("component", plugin)
    row = hikari.impl.ModalActionRowBuilder().add_text_input("why", "Why?")
    await press.show_form("Why", plugin.ctx.component_id("why", "1"), row)


@loader.form("why")
async def why(form: chandelier.FormSubmit, plugin: Mischief) -> None:
    """A submitted form."""
    await act("form", plugin)
    await form.respond("Because.")


@loader.listener(hikari.GuildMessageCreateEvent)
async def hear(event: hikari.GuildMessageCreateEvent, plugin: Mischief) -> None:
    """A message."""
    if event.is_human:
        await act("listener", plugin)


@loader.task(lightbulb.uniformtrigger(minutes=1))
async def tick(plugin: Mischief) -> None:
    """Every minute."""
    LAST.append(plugin)
    await act("task", plugin)


@loader.timer("prank")
async def fire(timer: chandelier.Timer, plugin: Mischief):
    """A timer."""
    return await act("timer", plugin)


@loader.effect("prank")
async def carry_out(effect: chandelier.Effect, plugin: Mischief):
    """An effect."""
    return await act("effect", plugin)


class Greedy(Mischief):
    """Takes what it can past its context, and gives nothing back."""

    @chandelier.hookimpl
    def chandelier_loaders(self):
        return [greedy]

    async def setup(self, ctx):
        await super().setup(ctx)
        self.leaked = [asyncio.create_task(forever(), name=f"leaked {number}") for number in range(3)]
        ctx.spawn(forever(), "background")


async def forever() -> None:
    """Wait for what never comes."""
    await asyncio.Event().wait()


async def exits() -> None:
    """Would end the event loop."""
    sys.exit(5)


def spin(stop: threading.Event) -> threading.Thread:
    """A thread that goes on until it is told."""

    def work() -> None:
        stop.wait()

    thread = threading.Thread(target=work, name="spinning", daemon=True)
    thread.start()
    return thread


async def overhear(event: hikari.GuildMessageCreateEvent) -> None:
    """Subscribed by hand."""


class Toy:
    """Provided as a dependency."""


class Peek(lightbulb.components.Menu):
    """A menu in memory."""

    def __init__(self) -> None:
        self.add_interactive_button(hikari.ButtonStyle.PRIMARY, self.on_press, label="Peek")

    async def on_press(self, ctx: lightbulb.components.MenuContext) -> None:
        """Exit."""
        sys.exit(4)


greedy = chandelier.Loader()


@greedy.command
class Grab(lightbulb.SlashCommand, name="grab", description="Take everything"):
    """``/grab``."""

    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context, client: lightbulb.Client, plugin: Greedy) -> None:
        """Take it."""
        client.app.event_manager.subscribe(hikari.GuildMessageCreateEvent, overhear)
        client.error_handler(shrug)
        client.di.registry_for(lightbulb.di.Contexts.LISTENER).register_value(Toy, Toy())
        menu = Peek()
        menu.attach_persistent(client, timeout=None)
        plugin.leaked.append(asyncio.create_task(forever(), name="grabbed"))
        await ctx.respond("Mine.", components=menu)


async def shrug(failure) -> bool:
    """An error handler for everybody's commands."""
    return True

"""The page's browser, a small market to be seen in it, and a real bot that answers over sockets.

A browser hears a stream that tells what changed, and sends what one does as JSON.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

import aiohttp
import hikari
import lightbulb
import pytest

import loopcord
from loopcord.page import Page

PATIENCE = 60.0
"""Real seconds until a browser that hears nothing gives up, and until the bot counts as silent: long, so that
a busy machine fails no test."""


class Browser:
    """One open page: folds the stream into what is on the screen, as the page's own script does."""

    def __init__(self, session: aiohttp.ClientSession, page: Page, member: loopcord.Member) -> None:
        self.session = session
        self.page = page
        self.me = member
        self.world: dict[str, Any] = {}
        self.messages: dict[str, dict[str, Any]] = {}
        self.older = False
        self.typing: list[str] = []
        self._stream: aiohttp.ClientResponse | None = None

    async def open(self, channel: loopcord.Channel | None = None, *, limit: int = 0) -> Self:
        query = {"as": str(self.me.id), "limit": str(limit)}
        self.channel = channel.id if channel is not None else 0
        if channel is not None:
            query["channel"] = str(channel.id)
        self.messages.clear()
        self._stream = await self.session.get(f"{self.page.url}stream", params=query)
        assert self._stream.status == 200
        await self.see(lambda: self.world and "older" in vars(self))
        return self

    async def see(self, condition: Callable[[], Any]) -> None:
        """Read the stream until the screen shows what is wanted."""
        async with asyncio.timeout(PATIENCE):
            while not condition():
                await self._hear()

    async def ended(self) -> bool:
        assert self._stream is not None
        async with asyncio.timeout(PATIENCE):
            while await self._stream.content.readline():
                pass
        return True

    async def _hear(self) -> None:
        assert self._stream is not None
        line = (await self._stream.content.readline()).decode()
        if not line.startswith("data: "):
            assert line, "the stream ended"
            return
        news = json.loads(line.removeprefix("data: "))
        self.world = news.get("world", self.world)
        chat = news.get("chat", {"upsert": [], "remove": [], "older": self.older})
        for key in chat["remove"]:
            del self.messages[key]
        self.messages |= {row["id"]: row for row in chat["upsert"]}
        self.older = chat["older"]
        self.typing += [one["name"] for one in news.get("typing", [])]

    async def act(self, what: str, **body: Any) -> dict[str, Any]:
        """Do something in the open channel; the answer has ``error`` when it was refused."""
        asked = {"what": what, "as": str(self.me.id), "channel": str(self.channel), **body}
        async with self.session.post(f"{self.page.url}act", json=asked) as response:
            answer = await response.json()
            assert response.status == (422 if "error" in answer else 200)
            return answer

    @property
    def rows(self) -> list[dict[str, Any]]:
        return sorted(self.messages.values(), key=lambda row: int(row["id"]))

    @property
    def texts(self) -> list[str]:
        return [row["content"] for row in self.rows]

    def row(self, content: str) -> dict[str, Any]:
        return next(row for row in self.rows if row["content"] == content)


class Market:
    """A small server with three people in two channels, and a page to be any of them."""

    def __init__(self, discord: loopcord.LocalDiscord) -> None:
        self.discord = discord
        self.guild = discord.create_guild("Market")
        talk = self.guild.create_category("Talk")
        self.general = self.guild.create_text_channel("general", category=talk, topic="Be kind")
        self.back_room = self.guild.create_text_channel("back-room")
        powers = ["kick_members", "manage_messages", "moderate_members"]
        self.mods = self.guild.create_role("Mods", permissions=powers)
        self.back_room.set_overwrite(self.guild.everyone, deny=["view_channel"])
        self.back_room.set_overwrite(self.mods, allow=["view_channel"])
        self.alice = self.guild.add_member("alice")
        self.bob = self.guild.add_member("bob", nick="Bobby")
        self.mod = self.guild.add_member("mod", roles=[self.mods])
        self.page = self.another_page(answer_seconds=PATIENCE)

    def another_page(self, *, answer_seconds: float) -> Page:
        """A page that gives the bot so many real seconds to acknowledge."""
        people = [self.alice, self.bob, self.mod]
        return Page(
            self.discord,
            self.guild,
            members=people,
            tips=["Say **ping**"],
            answer_seconds=answer_seconds,
        )


@pytest.fixture
async def market(discord: loopcord.LocalDiscord) -> AsyncIterator[Market]:
    market = Market(discord)
    async with market.page:
        yield market


@pytest.fixture
async def browse(market: Market) -> AsyncIterator[Callable[..., Any]]:
    """Open the page as a member, in #general unless told otherwise."""
    async with aiohttp.ClientSession() as session:

        async def _browse(
            member: loopcord.Member,
            channel: loopcord.Channel | None = None,
            *,
            page: Page | None = None,
            **more: int,
        ) -> Browser:
            browser = Browser(session, page or market.page, member)
            return await browser.open(channel or market.general, **more)

        yield _browse


# ------------------------------------------------------------------ a bot with a bit of everything


class Rename(lightbulb.components.Modal):
    def __init__(self) -> None:
        self.title = self.add_short_text_input("New title", custom_id="title", max_length=20)

    async def on_submit(self, ctx: lightbulb.components.ModalContext) -> None:
        await ctx.respond(f"renamed to {ctx.value_for(self.title)}")


class Controls(lightbulb.components.Menu):
    def __init__(self) -> None:
        self.add_interactive_button(hikari.ButtonStyle.DANGER, self.on_undo, label="Undo", custom_id="undo")
        self.next_row()
        self.sizes = self.add_text_select(["small", "large"], self.on_size, custom_id="size")

    async def on_undo(self, ctx: lightbulb.components.MenuContext) -> None:
        await ctx.respond("undone", edit=True, components=[])

    async def on_size(self, ctx: lightbulb.components.MenuContext) -> None:
        await ctx.respond(f"size {ctx.selected_values_for(self.sizes)[0]}", ephemeral=True)


async def _urls(ctx: lightbulb.AutocompleteContext[str]) -> None:
    typed = str(ctx.focused.value)
    await ctx.respond(
        [url for url in ("https://shop.example/bag", "https://shop.example/coat") if typed in url]
    )


class Host:
    """What the bot of these stories does; ``may_finish`` lets its slow command end."""

    def __init__(self) -> None:
        self.may_finish = asyncio.Event()
        self.tasks: list[asyncio.Task[Any]] = []

    def arrange(self, bot: Any) -> None:
        host = self

        @bot.app.listen()
        async def pong(event: hikari.GuildMessageCreateEvent) -> None:
            if event.content == "ping":
                await event.message.respond("pong", reply=True)

        @bot.client.register
        class Warn(lightbulb.SlashCommand, name="warn", description="Warn a member"):
            member = lightbulb.user("member", "Whom")
            reason = lightbulb.string("reason", "Why", choices=[lightbulb.Choice("Spam", "spam")])
            points = lightbulb.integer("points", "How many", default=1, max_value=5)
            where = lightbulb.channel("where", "Where it was", default=None)

            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                place = f" in {self.where.name}" if self.where else ""
                await ctx.respond(
                    f"{self.member.username}: {self.reason} x{self.points}{place}", ephemeral=True
                )

        case = lightbulb.Group("case", "Cases")

        @case.register
        class View(lightbulb.SlashCommand, name="view", description="View a case"):
            number = lightbulb.integer("number", "Its number", min_value=1)

            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await ctx.respond(embed=hikari.Embed(title=f"Case {self.number}", description="spam"))

        bot.client.register(case)

        @bot.client.register
        class Watch(lightbulb.SlashCommand, name="watch", description="Watch a page"):
            url = lightbulb.string("url", "The page", autocomplete=_urls)

            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await ctx.defer(ephemeral=True)
                await host.may_finish.wait()
                await ctx.respond(f"watching {self.url}")

        @bot.client.register
        class Panel(lightbulb.SlashCommand, name="panel", description="Show the controls"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context, client: lightbulb.Client) -> None:
                controls = Controls()
                await ctx.respond("controls", components=controls)
                host.tasks.append(asyncio.ensure_future(controls.attach(client, timeout=60)))

        @bot.client.register
        class Title(lightbulb.SlashCommand, name="title", description="Rename"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context, client: lightbulb.Client) -> None:
                modal = Rename()
                await ctx.respond_with_modal("Rename it", "rename", components=modal)
                host.tasks.append(asyncio.ensure_future(modal.attach(client, "rename", timeout=60)))

        @bot.client.register
        class Silence(lightbulb.SlashCommand, name="silence", description="Says nothing"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await host.may_finish.wait()

        @bot.client.register
        class Inspect(lightbulb.UserCommand, name="Inspect"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await ctx.respond(f"{self.target.username} is here")

        @bot.client.register
        class Quote(lightbulb.MessageCommand, name="Quote"):
            @lightbulb.invoke
            async def invoke(self, ctx: lightbulb.Context) -> None:
                await ctx.respond(f"> {self.target.content}")


@pytest.fixture
async def host(market: Market, boot: Callable[..., Any]) -> AsyncIterator[Host]:
    host = Host()
    await boot(host.arrange)
    yield host
    host.may_finish.set()
    for task in host.tasks:
        task.cancel()
    await asyncio.gather(*host.tasks, return_exceptions=True)

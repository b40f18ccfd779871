"""A page on 127.0.0.1 in which a person acts as the members of a local Discord.

It looks like a chat client and is one: chat, slash commands with options, buttons, select menus, forms,
reactions, embeds, context menus. It follows the world by itself, whoever changes it.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from loopcord.errors import WorldError

from ._acts import Acts
from ._guard import Guard
from ._messages import PAGE_SIZE
from ._server import PageServer
from ._stream import Changes, View
from ._world import display_name

if TYPE_CHECKING:
    from loopcord.guilds import Channel, Guild
    from loopcord.local import LocalDiscord
    from loopcord.members import Member

__all__ = ["Page"]

_REMEMBERED_TYPISTS = 64
_OF_PEOPLE = ("GUILD_", "USER_")
"""Gateway events that may change names, roles or who is here."""


class Page:
    """Serves the page while entered: ``async with Page(discord, guild, members=[alice]) as page: page.url``.

    Arguments:
        members: whom one can act as; the first is who one is at the start.
        channel: what is open at the start; by default the guild's first text channel.
        port: the TCP port on 127.0.0.1, 0 for a free one.
        tips: lines of Markdown shown as "try this first".
        quick_reactions: emoji offered on every message without opening the picker.
        image_origins: origins (``http://127.0.0.1:8099``) whose pictures embeds may show; pictures of
            other origins appear as links, so that opening the page contacts nobody.
        answer_seconds: real seconds a bot has to acknowledge an interaction before the page says
            that it did not respond; Discord gives three.

    Acting needs the secret part of ``url``; treat the address like a password.
    """

    def __init__(
        self,
        discord: LocalDiscord,
        guild: Guild,
        *,
        members: Sequence[Member],
        channel: Channel | None = None,
        port: int = 0,
        tips: Iterable[str] = (),
        quick_reactions: Iterable[str] = ("👍", "❤️", "🎉"),
        image_origins: Iterable[str] = (),
        answer_seconds: float = 3.0,
    ) -> None:
        if not members:
            raise WorldError(
                "a page needs at least one member to act as: Page(discord, guild, members=[alice])"
            )
        self._discord = discord
        self._guild = guild
        self._members = list(members)
        self._wanted_port = port
        self._first = channel if channel is not None else _first_text(guild)
        self._tips = list(tips)
        self._quick_reactions = list(quick_reactions)
        self._images = [origin.rstrip("/") for origin in image_origins]
        self._changes = Changes()
        self._guard = Guard(self._images)
        self._acts = Acts(discord, guild, self._members, self._changes, answer_seconds=answer_seconds)
        self._server: PageServer | None = None
        self._leave: list[Callable[[], None]] = []
        self._typed: deque[tuple[int, int, int]] = deque(maxlen=_REMEMBERED_TYPISTS)
        self._typed_count = 0

    @property
    def url(self) -> str:
        """The address to open in a browser.

        Raises:
            WorldError: while the page is not served.
        """
        if self._server is None:
            raise WorldError("the page is not served yet; use `async with page:`")
        return f"http://127.0.0.1:{self._server.port}/{self._guard.secret}/"

    async def start(self) -> Self:
        """Bind the port and serve; ``async with`` calls it.

        Raises:
            WorldError: when the port is taken.
        """
        server = PageServer(
            self._guard,
            self._changes,
            about=self._about,
            view=self._view,
            act=self._acts.do,
            media=self._file,
            typing=self._typists,
        )
        try:
            await server.start(self._wanted_port)
        except OSError as error:
            # asyncio's own text repeats the address.
            why = str(error) if error.errno is None else os.strerror(error.errno)
            raise WorldError(
                f"port {self._wanted_port} of 127.0.0.1 cannot be used for the page ({why}); "
                "choose another one, or 0 for any free one"
            ) from error
        self._server = server
        self._leave.append(self._discord.on_change(self._changes.notify))
        subscribers = self._discord.backend.subscribers
        subscribers.append(self._event)
        self._leave.append(lambda: subscribers.remove(self._event))
        return self

    async def close(self) -> None:
        """End every stream and free the port; closing twice is harmless."""
        for leave in self._leave:
            leave()
        self._leave.clear()
        if self._server is not None:
            await self._server.close()
            self._server = None

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    # ------------------------------------------------------------------ what the server asks for

    def _about(self) -> dict[str, Any]:
        return {
            "members": self._acts.people(),
            "channel": str(self._first.id),
            "tips": self._tips,
            "quick_reactions": self._quick_reactions,
            "images": self._images,
        }

    def _view(self, viewer: str, channel: str, limit: int) -> View | None:
        channel_id = int(channel) if channel.isascii() and channel.isdecimal() else self._first.id
        for member in self._members:
            if str(member.id) == viewer:
                backend = self._discord.backend
                return View(backend, self._changes, self._guild.id, member.id, channel_id, limit or PAGE_SIZE)
        return None

    def _file(self, path: str) -> bytes | None:
        return self._discord.backend.cdn.read(f"/{path}")

    def _event(self, event: str, payload: Mapping[str, Any]) -> None:
        if event == "TYPING_START":
            self._typed_count += 1
            self._typed.append((self._typed_count, int(payload["channel_id"]), int(payload["user_id"])))
        self._changes.notify(people=event.startswith(_OF_PEOPLE))

    def _typists(self, view: View, heard: int) -> tuple[int, list[dict[str, str]]]:
        """Who began to type in a view's channel since event number ``heard``, and the newest number."""
        backend = self._discord.backend
        names = {
            user_id: display_name(backend, self._guild.id, user_id)
            for count, channel_id, user_id in self._typed
            if count > heard and view.sees(channel_id) and user_id != view.viewer_id
        }
        return self._typed_count, [{"id": str(key), "name": name} for key, name in names.items()]


def _first_text(guild: Guild) -> Channel:
    for channel in guild.channels:
        if channel.model.type == 0:
            return channel
    raise WorldError(f"{guild.name} has no text channel to open; create one or pass channel=")

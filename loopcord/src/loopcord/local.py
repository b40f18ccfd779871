"""The local Discord itself: one server on 127.0.0.1, one world behind it, and the handles to both."""

from __future__ import annotations

import asyncio
import base64
import functools
import mimetypes
import random
import socket
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from . import routes
from ._repairs import LocalBackend, LocalCdn
from .automod import Wordsets
from .clock import SystemClock, VirtualClock
from .conformance import judge_for
from .errors import WorldError
from .faults import Faults
from .gateway import Gateway
from .guilds import Guild
from .intents import application_flags, privileged_bits
from .members import Member
from .ratelimits import RateLimits
from .rest import Request, RestServer
from .sessions import Connection
from .settle import IdleProbe, Settler
from .transcript import render
from .trouble import Trouble
from .users import User

if TYPE_CHECKING:
    from .conformance import Violation

__all__ = ["LocalDiscord"]

#: Turns of the event loop that asyncio needs at most from accepting a socket to ``connection_made``.
_TURNS_TO_ACCEPT = 5


class LocalDiscord:
    """Discord's REST API and gateway on loopback, with a world that the test arranges.

    Use it as an async context manager. Arguments:
        shards: what ``GET /gateway/bot`` recommends.
        clock: :class:`VirtualClock` (default; starts at 2026-01-01T00:00Z) or :class:`SystemClock`.
        port: TCP port on 127.0.0.1; 0 takes a free one.
        name: the bot's user name.
        denied_intents: privileged intents that the "developer portal" denies, of ``members``,
            ``presences`` and ``message_content``; asking for one closes the gateway with 4014.
        patience: real seconds after which a wait for the bot gives up; may be changed later. Only a bot
            that never comes to rest is waited for so long; a sound one on a busy machine must not fail.
        keep: how many requests, transcript entries, interactions, nonces and (per guild) audit log
            entries are kept, the newest ones.
        keep_messages: how many messages a channel keeps, the newest ones and those that are pinned.
        keep_bytes: how many bytes of files are kept, the newest ones.
        replay: how many events a session keeps for a RESUME.
        rate_limits: True for Discord's, or a :class:`RateLimits`. Off by default: they are kept in real
            time, which is what clients wait in, and a test wants to wait for nothing.
        rng: where jitter comes from; by default the same in every run.
        conformance: whether ``violations`` notes what crosses the wire and does not conform to Discord's
            own types (needs ``loopcord[conformance]``); None leaves it to pytest's plugin.
    """

    def __init__(
        self,
        *,
        shards: int = 1,
        clock: VirtualClock | SystemClock | None = None,
        port: int = 0,
        name: str = "TestBot",
        denied_intents: Iterable[str] = (),
        patience: float = 60.0,
        keep: int = 10_000,
        keep_messages: int = 10_000,
        keep_bytes: int = 256 * 2**20,
        replay: int = 1_000,
        rate_limits: bool | RateLimits = False,
        rng: random.Random | None = None,
        conformance: bool | None = None,
    ) -> None:
        if shards < 1:
            raise WorldError("shards must be at least 1")
        self.shards = shards
        self.clock: VirtualClock | SystemClock = clock if clock is not None else VirtualClock()
        self.patience = patience
        #: simcord's backend, for what loopcord has no words for; not a stable interface.
        self.backend = LocalBackend(
            clock=self.clock, keep=keep, keep_messages=keep_messages, keep_bytes=keep_bytes
        )
        self.backend.bot_user.name = name
        self._judge = judge_for(conformance)
        self._wanted_port = port
        self._port: int | None = None
        self._runner: web.AppRunner | None = None
        denied = privileged_bits(denied_intents)
        self._settler = Settler(
            barriers=lambda: [connection.barrier for connection in self._gateway.reachable],
            busy=lambda: self._rest.in_flight > 0,
            patience=lambda: self.patience,
        )
        self._listeners: list[Callable[[], None]] = []
        limits = RateLimits() if rate_limits is True else rate_limits or None
        starts = routes.SessionStarts(max_concurrency=shards)
        facts = routes.Facts(lambda: self.gateway_url, shards, starts, application_flags(denied))
        # Jitter is no secret, and a test that fails should fail again.
        rng = rng if rng is not None else random.Random(0)  # noqa: S311
        faults = Faults(rng)
        self._gateway = Gateway(
            self.backend,
            token=lambda: self.token,
            facts=facts,
            denied_intents=denied,
            replay=replay,
            clock=self.clock,
            limits=lambda: self._rest.limits,
            activity=self._note,
            witness=self._judge.dispatched if self._judge is not None else None,
        )
        self._rest = RestServer(
            self.backend,
            token=lambda: self.token,
            facts=facts,
            content_access="message_content" not in set(denied_intents),
            keep=keep,
            changed=self._note,
            clock=self.clock,
            faults=faults,
            limits=limits,
            judge=self._judge,
        )
        #: What may go wrong on request.
        self.trouble = Trouble(self._gateway, faults, starts, rng, self.clock.sleep, self._note, self.until)
        # The troubles that are asked for most, by their short names.
        self.fail, self.slow, self.cut = self.trouble.fail, self.trouble.slow, self.trouble.cut
        self.drop, self.reconnect = self.trouble.drop, self.trouble.reconnect
        self.invalidate, self.forget_sessions = self.trouble.invalidate, self.trouble.forget_sessions

    # ------------------------------------------------------------------ the server

    async def start(self) -> Self:
        """Listen on 127.0.0.1; ``async with`` calls it."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/gateway", self._gateway.handle)
        app.router.add_get("/gateway/", self._gateway.handle)
        app.router.add_get("/cdn/{path:.*}", self._serve_file)
        app.router.add_route("*", "/api/{path:.*}", self._rest.handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", self._wanted_port))
        self._port = listener.getsockname()[1]
        await web.SockSite(self._runner, listener).start()
        cdn = self.backend.cdn
        assert isinstance(cdn, LocalCdn)
        cdn.base = f"http://127.0.0.1:{self._port}/cdn"
        return self

    async def stop(self) -> None:
        """Stop listening and cut the gateway's sockets."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        for site in list(runner.sites):
            await site.stop()
        # A client that is cut connects again at once. What has been accepted by then becomes a connection
        # within a few turns of the loop, and only then is closed with the others: it would be left open.
        for _ in range(_TURNS_TO_ACCEPT):
            await asyncio.sleep(0)
        self._gateway.stop()
        await runner.cleanup()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1.

        Raises:
            WorldError: before the server was started.
        """
        if self._port is None:
            raise WorldError(
                "the local Discord does not listen yet; use `async with LocalDiscord() as discord:`"
            )
        return self._port

    @property
    def rest_url(self) -> str:
        """Base of the REST API, version included, as hikari's ``rest_url`` wants it."""
        return f"{self.api_url}/v10"

    @property
    def api_url(self) -> str:
        """Base of the REST API without its version, as discord.js's ``rest.api`` wants it."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def gateway_url(self) -> str:
        """What ``GET /gateway/bot`` answers."""
        return f"ws://127.0.0.1:{self.port}/gateway"

    @functools.cached_property
    def token(self) -> str:
        """The only token that is accepted; its first part is the bot's id, as libraries expect."""
        first = base64.urlsafe_b64encode(str(self.bot.id).encode()).decode().rstrip("=")
        return f"{first}.loopcd.local-discord-token-of-no-value"

    async def _serve_file(self, request: web.Request) -> web.Response:
        cdn = self.backend.cdn
        assert isinstance(cdn, LocalCdn)
        data = cdn.read("/" + request.match_info["path"])
        if data is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(request.path)[0] or ""
        # Pictures may be shown; nothing else is ever to run or render in a browser.
        safe = kind.startswith("image/") and kind != "image/svg+xml"
        return web.Response(
            body=data,
            content_type=kind if safe else "application/octet-stream",
            headers={"X-Content-Type-Options": "nosniff"},
        )

    # ------------------------------------------------------------------ the world

    @property
    def bot(self) -> User:
        """The bot's user."""
        return User(self, self.backend.bot_user.id)

    @property
    def guilds(self) -> list[Guild]:
        """Every guild of this world, oldest first."""
        return [Guild(self, guild) for guild in self.backend.guilds.values()]

    def create_guild(
        self,
        name: str,
        owner: str | User | Member | None = None,
        *,
        shard: int | None = None,
        locale: str = "en-US",
    ) -> Guild:
        """A guild of which the bot is a member; see :class:`Guild` for what can be built in it.

        ``owner`` is a new person's name or somebody known; by default somebody is made up. With
        several shards, guilds are dealt out in turn unless ``shard`` says where. ``locale`` is the guild's
        preferred locale.
        """
        owner_id: int | None = None
        if isinstance(owner, str):
            owner_id = self.backend.make_user(owner).id
        elif owner is not None:
            owner_id = owner.id
        if shard is None and self.shards > 1:
            shard = len(self.backend.guilds) % self.shards
        model = self.backend.create_guild(name, owner_id=owner_id, shard_id=shard, shard_count=self.shards)
        guild = Guild(self, model)
        if locale != guild.locale:
            guild.set_locale(locale)
        return guild

    @property
    def wordsets(self) -> Wordsets:
        """What auto-moderation takes for profanity, slurs, sexual content and spam; change it at will."""
        return self.backend.wordsets

    def commands(self, guild: Guild | None = None) -> list[dict[str, Any]]:
        """The application commands that the bot has registered, globally or in one guild."""
        return list(self.backend.commands.get(None if guild is None else guild.id, {}).values())

    # ------------------------------------------------------------------ what happened

    @property
    def requests(self) -> deque[Request]:
        """The bot's REST requests, oldest first, as (method, path, body, reason, status)."""
        return self._rest.requests

    @property
    def connections(self) -> list[Connection]:
        """The gateway connections that are live: told READY or RESUMED, and not half open."""
        return self._gateway.ready

    @property
    def violations(self) -> list[Violation]:
        """What did not conform to Discord's own types, each kind once; a test that expects it clears it.

        Raises:
            WorldError: when nobody looked.
        """
        if self._judge is None:
            raise WorldError("nobody looked for violations; use LocalDiscord(conformance=True)")
        return self._judge.violations

    def transcript(self, last: int | None = None) -> str:
        """What crossed between bot and Discord, in order, one entry a line."""
        return render(self.backend.transcript, last)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` after every event and request; returns what removes it."""
        self._listeners.append(listener)

        def remove() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return remove

    def _note(self) -> None:
        self._settler.note()
        for listener in list(self._listeners):
            listener()

    # ------------------------------------------------------------------ waiting and time

    def add_idle_probe(self, probe: IdleProbe) -> Callable[[], None]:
        """Let an in-process bot say when it is idle: ``probe`` is awaited in every settling round."""
        return self._settler.add_probe(probe)

    @property
    def has_idle_probes(self) -> bool:
        """Whether some bot tells by itself when it is idle."""
        return self._settler.has_probes

    async def settle(self) -> None:
        """Return when bot and Discord are at rest; see :mod:`loopcord.settle`."""
        await self._settler.settle()

    async def until(self, predicate: Callable[[], bool], *, patience: float | None = None) -> bool:
        """Wait until ``predicate()`` holds, asked after every change; False after ``patience`` seconds."""
        return await self._settler.until(predicate, patience=patience)

    async def ready(self, shards: int | None = None) -> None:
        """Wait until the bot's shards (default: all) are connected and everything is at rest.

        Raises:
            WorldError: when they are not within ``patience``.
        """
        wanted = self.shards if shards is None else shards
        if not await self.until(lambda: len(self.connections) >= wanted):
            raise WorldError(
                f"{len(self.connections)} of {wanted} shard(s) connected within {self.patience:g} s; "
                "is the bot running with rest_url=discord.rest_url and token=discord.token?"
            )
        await self.settle()

    async def advance(self, seconds: float) -> None:
        """Move virtual time, waking sleepers in order of their deadlines and settling after each.

        Raises:
            WorldError: with a real clock, which nobody can move.
        """
        clock = self.clock
        if not isinstance(clock, VirtualClock):
            raise WorldError("only a VirtualClock can be advanced; this local Discord runs on real time")
        target = clock.elapsed + seconds
        await self.settle()
        while (deadline := clock.next_deadline()) is not None and deadline <= target:
            clock.move_to(deadline)
            await self.settle()
        clock.move_to(target)
        await self.settle()

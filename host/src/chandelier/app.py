"""The composition root: the only place where everything is wired, and the order of start and stop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from typing import Any

import hikari
import lightbulb
from loguru import logger

from chandelier import discovery
from chandelier.clock import Clock, SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.migrations import ConfigMigration
from chandelier.config.problems import ConfigError
from chandelier.connection import connect
from chandelier.containment import Containment, ParkingClock
from chandelier.dispatch import Dispatch
from chandelier.errors import PluginError, ServiceUnavailable
from chandelier.gate import HostGate
from chandelier.hooks import Hooks
from chandelier.languages import Languages
from chandelier.lifecycle import Lifecycle
from chandelier.observe.log import Logs
from chandelier.observe.observatory import Observatory
from chandelier.observe.redact import Redactor
from chandelier.provision import Provision
from chandelier.record import Record, State
from chandelier.routing.binding import Binder
from chandelier.routing.commands import CommandRouter
from chandelier.routing.components import ComponentIds
from chandelier.routing.events import RoutedBot
from chandelier.routing.sync import CommandSync, SyncResult
from chandelier.services.http import HttpClient
from chandelier.services.outbox import OutboxWorker
from chandelier.services.scheduler import Scheduler
from chandelier.storage.engine import Database
from chandelier.storage.guild_settings import GuildSettings
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.host_state import HostState
from chandelier.storage.names import HOST_NAME
from chandelier.upgrades import Upgrades

__all__ = ["ESSENTIAL", "Host", "run"]

ESSENTIAL = "core"
"""The plugin of the host's own commands; it cannot be disabled."""


class Host:
    """One bot: a deployment, its plugins and everything between them.

    ``clock`` and ``choose`` (a random element of a sequence) are injected by tests. ``logs`` learn the
    secrets in plugins' configs, so that they can leave them out.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        without: Sequence[str] = (),
        only: Sequence[str] | None = None,
        clock: Clock | None = None,
        choose: Callable[[str], str] = secrets.choice,
        logs: Logs | None = None,
    ) -> None:
        self.logs = logs
        self.redactor: Redactor | None = None if logs is None else logs.redactor
        self.deployment = deployment
        self.config: HostConfig = deployment.host(HostConfig)
        self.clock: Clock = clock or SystemClock()
        self._without = {*without, *self.config.without}
        self._only = None if only is None else {*only, ESSENTIAL}
        self.gate = HostGate()
        self.containment = Containment(
            self.clock, self.gate.reported, timeout=self.config.handler_timeout, choose=choose
        )
        self.hooks = Hooks(self.clock, timeout=self.config.hook_timeout)
        self.lifecycle = Lifecycle(
            self.hooks, self.clock, Provision(self), self.containment, timeout=self.config.hook_timeout
        )
        self.gate.lifecycle = self.lifecycle
        self.database = Database(
            self.config.database(deployment.base).render_as_string(hide_password=False),
            data_dir=self.config.data_path(deployment.base),
            clock=self.clock,
        )
        self.settings = GuildSettings(self.database)
        self.upgrades = Upgrades(deployment, self.database, self.settings, automatic=self.config.auto_migrate)
        self.state = HostState(self.database)
        self.languages = Languages()
        self.essential = frozenset({ESSENTIAL})
        """Plugins without which the bot is not ready."""
        self.owners: set[int] = set(self.config.owner_ids)
        """Ids of the people who own the bot: those configured, else those Discord names."""
        self.started_at: datetime | None = None
        self.connected = False
        self.stopped = asyncio.Event()
        self.observatory = Observatory(self)

    # ---- start and stop

    async def start(self) -> None:
        """Start everything; returns when the bot is connected and its commands are known to Discord.

        Raises ConfigError, or ServiceUnavailable when Discord or the database cannot be used.
        """
        try:
            await self._open_storage()
            await self.observatory.start()
            await self._load()
            await self._check_config()
            await self._assemble()
            for record in self._in_state(State.LOADED):
                if await self.lifecycle.set_up(record):
                    await self.lifecycle.start(record)
            await self._connect()
            for record in [record for record in self.lifecycle.in_order() if record.active]:
                await self.lifecycle.ready(record)
            await self.scheduler.start()
            await self.outbox.start()
        except BaseException:  # a cancelled start must leave nothing running either
            await self.stop()
            raise
        self.started_at = self.clock.now()
        self.observatory.ready()
        running = [record.name for record in self.lifecycle.records.values() if record.active]
        logger.info("ready: {} plugins running: {}", len(running), ", ".join(running))

    async def stop(self) -> None:
        """Stop everything in the reverse order; safe to call twice."""
        if self.stopped.is_set():
            return
        self.stopped.set()
        await self.observatory.leave()
        async with AsyncExitStack() as steps:  # last one first; when one fails, the rest is still taken
            steps.push_async_callback(self.observatory.close)
            steps.push_async_callback(self.database.close)
            steps.push_async_callback(self.containment.close)
            http: HttpClient | None = getattr(self, "http", None)
            if http is not None:
                steps.push_async_callback(http.close)
            bot: RoutedBot | None = getattr(self, "bot", None)
            if bot is not None and bot.is_alive:
                steps.push_async_callback(bot.close)
            steps.callback(setattr, self, "connected", False)
            for record in self.lifecycle.in_order():
                steps.push_async_callback(self.lifecycle.stop, record)
            steps.push_async_callback(self.lifecycle.close)
            commands: CommandSync | None = getattr(self, "commands", None)
            if commands is not None:
                steps.push_async_callback(commands.close)
            for worker in (getattr(self, "outbox", None), getattr(self, "scheduler", None)):
                if worker is not None:
                    steps.push_async_callback(worker.stop)

    async def idle(self) -> None:
        """Return when nothing is under way that does not wait for the clock."""
        while True:
            await self.observatory.alerts.idle()
            await self.containment.idle()
            if not self.connected:
                return
            # Handlers of timers and effects are the containment's to judge: one may wait for the clock.
            # What they started meanwhile counts, so the round is asked again until it starts nothing.
            before = (self.scheduler.started, self.outbox.started)
            await self.scheduler.idle(handlers=False)
            await self.outbox.idle(handlers=False)
            await self.containment.idle()
            await self.scheduler.idle(handlers=False)
            if (self.scheduler.started, self.outbox.started) == before:
                return

    async def _open_storage(self) -> None:
        await self.database.start()
        await self.upgrades.build_own(HOST_HISTORY)
        self.ids = ComponentIds(await self.state.key("components"))

    async def _load(self) -> None:
        self._installed = discovery.candidates()
        for name in sorted(self._without - {candidate.name for candidate in self._installed}):
            logger.warning("no plugin named {} is installed, so none is left out for that name", name)
        found = [
            candidate
            for candidate in self._installed
            if candidate.name not in self._without and (self._only is None or candidate.name in self._only)
        ]
        self.lifecycle.add(found)
        disabled = await self.state.disabled() - {ESSENTIAL}
        for record in self.lifecycle.records.values():
            if record.name in disabled:
                record.enabled, record.state, record.reason = False, State.STOPPED, "disabled"
            elif record.state is State.FOUND:
                self.lifecycle.load(record)

    async def _check_config(self) -> None:
        described: dict[str, tuple[type[Any], Sequence[ConfigMigration]]] = {}
        for record in self._in_state(State.LOADED):
            assert record.description is not None
            if (schema := record.description.schema) is None:
                continue
            versioned = (schema, record.description.config_migrations)
            try:
                self.deployment.preview({record.name: versioned})
            except PluginError as error:  # a migration that is missing or fails is the plugin's defect
                await self.lifecycle.give_up(record, error)
            else:
                described[record.name] = versioned
        if self.config.auto_migrate:
            for change in self.deployment.migrate(described):
                logger.info("config: {}", change)
        schemas = {name: schema for name, (schema, _) in described.items()}
        _, problems, warnings = self.deployment.check(
            {HOST_NAME: HostConfig, **schemas}, also=[candidate.name for candidate in self._installed]
        )
        for warning in warnings:
            logger.warning("config: {}", warning)
        if problems:
            raise ConfigError(problems)

    async def _assemble(self) -> None:
        manifests = [
            record.description.manifest
            for record in self.lifecycle.records.values()
            if record.description is not None
        ]
        self.intents = hikari.Intents.GUILDS
        components = hikari.api.CacheComponents.NONE
        for manifest in manifests:
            self.intents |= manifest.intents
            components |= manifest.cache
        token = self.config.token
        if token is None:
            raise ServiceUnavailable(
                "there is no token: set CHANDELIER_TOKEN, or CHANDELIER_TOKEN_FILE to a file that holds it"
            )
        self.bot = RoutedBot(
            token.reveal(),
            intents=self.intents,
            cache_settings=hikari.impl.CacheSettings(components=components),
            rest_url=self.config.rest_url,
            # hikari closes connections after every request unless told not to; ours are reused.
            http_settings=hikari.impl.HTTPSettings(force_close_transports=False),
            banner=None,
            logs=None,
            suppress_optimization_warning=True,
        )
        self.client = CommandRouter(self.bot, self.containment, self.clock, self.gate)
        self.client.component_ids = self.ids
        self.client.di.registry_for(lightbulb.di.Contexts.DEFAULT).register_value(Host, self)
        self.commands = CommandSync(self.client, self.bot.rest, self.clock, self.containment)
        self.client.on_unknown_command = lambda: self.containment.start(ESSENTIAL, "sync", self.sync())
        self.bot.router.contain_with(self.containment)
        self.plugin_clock = ParkingClock(self.clock, self.containment)
        self.binder = Binder(self.client, self.bot.router, self.containment, self.clock)
        self.gate.binder = self.binder
        self.http = HttpClient(allow=self.config.networks())
        for moment in (hikari.ShardReadyEvent, hikari.ShardResumedEvent):
            self.bot.subscribe(moment, self._look_at_the_clock)
        dispatch = Dispatch(self.gate, self.binder, self.containment)
        self.scheduler = Scheduler(self.database, self.clock, dispatch.timer)
        self.outbox = OutboxWorker(self.database, self.clock, dispatch.effect)
        self.observatory.metrics.attach()

    async def _connect(self) -> None:
        await connect(self.bot)
        try:
            application = await self.client._ensure_application()
        except hikari.HTTPError as error:
            raise ServiceUnavailable(f"Discord does not say whose bot this is: {error}") from error
        if not self.owners:
            self.owners.update(application.team.members if application.team else [application.owner.id])
        self.client._started = True
        self.connected = True
        await self.sync()

    @property
    def last_sync(self) -> SyncResult:
        """What the last sync of commands did."""
        return self.commands.last

    async def sync(self) -> None:
        """Bring Discord's list of commands up to date, at once or, when Discord refuses, later."""
        if self.connected:
            await self.commands.keep_up_to_date()

    # ---- what the owner asks for

    async def enable(self, name: str) -> Record:
        """Start a plugin and remember it. Raises PluginError with what keeps it from running."""
        record = await self.lifecycle.enable(name)
        await self._remember(record)
        return record

    async def disable(self, name: str) -> Record:
        """Stop a plugin and remember it."""
        if name == ESSENTIAL:
            raise PluginError("core holds the host's own commands and cannot be disabled")
        record = await self.lifecycle.disable(name)
        await self._remember(record)
        return record

    async def reload(self, name: str) -> Record:
        """Bring in a plugin's newly installed code, or go on with the old."""
        installed = {candidate.name: candidate for candidate in discovery.candidates()}
        return await self.lifecycle.reload(name, installed.get(name))

    async def _remember(self, record: Record) -> None:
        version = record.candidate.config_version or 0
        await self.state.remember(record.name, enabled=record.enabled, config_version=version)

    async def _look_at_the_clock(self, _: hikari.ShardEvent) -> None:
        """After an outage, or a laptop's sleep, something may have become due unnoticed."""
        if self.connected:
            self.scheduler.kick()
            self.outbox.kick()

    def _in_state(self, state: State) -> list[Record]:
        return [record for record in self.lifecycle.in_order() if record.state is state]


async def run(deployment: Deployment, *, without: Sequence[str] = (), logs: Logs | None = None) -> None:
    """Run a deployment until cancelled (it stops cleanly then) or until the connection is lost for good.

    Raises ConfigError, or ServiceUnavailable when Discord or the database cannot be used.
    """
    host = Host(deployment, without=without, logs=logs)
    await host.start()
    joined = asyncio.ensure_future(host.bot.join())
    try:
        # Shielded: a cancelled join takes the shards down under hikari, whose close() then waits for ever.
        await asyncio.shield(joined)
        raise ServiceUnavailable("the connection to Discord ended and was not restored")
    except (hikari.HTTPError, hikari.GatewayError, OSError) as error:
        raise ServiceUnavailable(f"the connection to Discord ended: {error}") from error
    finally:
        logger.info("stopping")
        await host.stop()
        await asyncio.gather(joined, return_exceptions=True)

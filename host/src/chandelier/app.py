"""The composition root: the only place where everything is wired, and the order of start and stop."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import datetime

import hikari
import lightbulb
from loguru import logger

from chandelier.breaker import Budget
from chandelier.builtin.settings import AUTOMATIC
from chandelier.clock import Clock, SystemClock
from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.secret import Secret
from chandelier.connection import connect, in_short
from chandelier.containment import Containment, ParkingClock
from chandelier.dispatch import Dispatch
from chandelier.errors import PluginError, ServiceUnavailable
from chandelier.gate import HostGate
from chandelier.hooks import Hooks
from chandelier.languages import Languages
from chandelier.leftovers import Leftovers
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
from chandelier.selection import ESSENTIAL, Selection
from chandelier.services.access_rules import AccessRules
from chandelier.services.audit import AuditLog
from chandelier.services.capabilities import Capabilities, declared_by
from chandelier.services.feedback import Feedback
from chandelier.services.guild_locales import GuildLocales
from chandelier.services.http import HttpClient
from chandelier.services.outbox import OutboxWorker
from chandelier.services.own_data import own_data
from chandelier.services.privacy import ERASE, Privacy
from chandelier.services.scheduler import Scheduler
from chandelier.services.vault_keys import KeySources
from chandelier.services.vault_people import PeopleKeys
from chandelier.storage.engine import Database
from chandelier.storage.guild_settings import GuildSettings
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.host_state import HostState
from chandelier.strays import Strays
from chandelier.switching import remember
from chandelier.token_watch import TokenWatch
from chandelier.upgrades import Upgrades
from chandelier.watchdog import Watchdog
from chandelier.whose import Whose

__all__ = ["ESSENTIAL", "Host"]

_NO_TOKEN = "MA.offline.offline"  # noqa: S105 - of the user 0, for hikari, which reads the bot's id in it


class Host:
    """One bot: a deployment, its plugins and everything between them.

    ``clock`` and ``choose`` (a random element of a sequence) are injected by tests. ``logs`` learn the
    secrets in plugins' configs, so that they can leave them out. An ``offline`` host is never started: see
    `prepare`.
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
        offline: bool = False,
    ) -> None:
        self._offline = offline
        self.logs = logs
        self.redactor: Redactor | None = None if logs is None else logs.redactor
        self.deployment = deployment
        self.config: HostConfig = deployment.host(HostConfig)
        self.clock: Clock = clock or SystemClock()
        self.selection = Selection(self, {*without, *self.config.without}, only)
        self.gate = HostGate()
        self.containment = Containment(
            self.clock, self.gate.reported, timeout=self.config.handler_timeout, choose=choose
        )
        self.hooks = Hooks(self.clock, timeout=self.config.hook_timeout)
        self.lifecycle = Lifecycle(
            self.hooks,
            self.clock,
            Provision(self),
            self.containment,
            timeout=self.config.hook_timeout,
            budget=Budget(self.config.error_budget, self.config.error_window),
        )
        self.gate.lifecycle = self.lifecycle
        self.whose = Whose(self.lifecycle.records)
        self.strays = Strays(self.whose.of)
        self.leftovers: Leftovers | None = None
        self.watchdog = Watchdog(
            self.whose,
            lambda task: self.containment.owner_of(task) or self.strays.owner_of(task),
            self.lifecycle.note_block,
            limit=self.config.block_limit,
        )
        self.lifecycle.rediscover = lambda name: self.selection.look_again().get(name)
        self.database = Database(
            self.config.database(deployment.base).render_as_string(hide_password=False),
            data_dir=self.config.data_path(deployment.base),
            clock=self.clock,
        )
        self.settings = GuildSettings(self.database)
        self.upgrades = Upgrades(deployment, self.database, self.settings, automatic=self.config.auto_migrate)
        self.state = HostState(self.database)
        self.audit = AuditLog(self.database, self.redactor)
        self.capabilities = Capabilities(lambda: declared_by(self.lifecycle.records.values()))
        self.rules = AccessRules(self.database, self.audit, guild_owner=self._guild_owner)
        self.languages = Languages(self.config.locales_path(deployment.base))
        self.essential = frozenset({ESSENTIAL})
        """Plugins without which the bot is not ready."""
        learn = self.redactor.learn if self.redactor is not None else None
        self.vault = PeopleKeys(self.database, self.clock, KeySources.of(deployment, self.config, learn).read)
        self.privacy = Privacy(self)
        for source in own_data(self.rules, self.audit, self.settings.changes):
            self.privacy.add(source)
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
        self.strays.install()
        self.watchdog.start()
        try:
            await self._open_storage()
            await self.observatory.start()
            await self._assemble_all()
            for record in self.in_state(State.LOADED):
                if await self.lifecycle.set_up(record):
                    await self.lifecycle.start(record)
            await self._connect()
            for record in [record for record in self.lifecycle.in_order() if record.active]:
                await self.lifecycle.ready(record)
            await self._begin_work()
        except BaseException:  # a cancelled start must leave nothing running either
            await self.stop()
            raise
        self.started_at = self.clock.now()
        self.observatory.ready()
        running = [record.name for record in self.lifecycle.records.values() if record.active]
        logger.info("ready: {} plugins running: {}", len(running), ", ".join(running))

    async def prepare(self) -> None:
        """Set the plugins up without connecting to Discord, to work on what is stored; `stop` ends it.

        Raises ConfigError, or ServiceUnavailable when the database cannot be used.
        """
        await self._open_storage()
        await self._assemble_all()
        for record in self.in_state(State.LOADED):
            await self.lifecycle.set_up(record)

    async def _assemble_all(self) -> None:
        await self.selection.load()
        await self.selection.check_config()
        await self._assemble()

    async def stop(self) -> None:
        """Stop everything in the reverse order; safe to call twice."""
        if self.stopped.is_set():
            return
        self.stopped.set()
        await self.observatory.leave()
        async with AsyncExitStack() as steps:  # last one first; when one fails, the rest is still taken
            steps.callback(self.watchdog.stop)
            steps.callback(self.strays.remove)
            steps.push_async_callback(self.observatory.close)
            steps.push_async_callback(self.database.close)
            steps.push_async_callback(self.containment.close)
            http: HttpClient | None = getattr(self, "http", None)
            if http is not None:
                steps.push_async_callback(http.close)
            if (watch := getattr(self, "token_watch", None)) is not None:
                steps.push_async_callback(watch.close)
            bot: RoutedBot | None = getattr(self, "bot", None)
            if bot is not None and bot.is_alive:
                steps.push_async_callback(bot.close)
            steps.callback(setattr, self, "connected", False)
            steps.push_async_callback(self.lifecycle.stop)
            steps.push_async_callback(self.lifecycle.close)
            commands: CommandSync | None = getattr(self, "commands", None)
            if commands is not None:
                steps.push_async_callback(commands.close)
            workers = [getattr(self, name) for name in ("outbox", "scheduler") if hasattr(self, name)]
            # Together: each lets what runs finish for some seconds.
            steps.push_async_callback(_all, *(worker.stop for worker in workers))

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

    async def _begin_work(self) -> None:
        """From here on what is due is done."""
        await self.scheduler.start()
        await self.outbox.start()

    async def _open_storage(self) -> None:
        await self.database.start()
        await self.upgrades.build_own(HOST_HISTORY)
        self.ids = ComponentIds(await self.state.key("components"))
        await self.vault.start()

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
        token = self.config.token or (Secret(_NO_TOKEN) if self._offline else None)
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
        self.client = CommandRouter(self.bot, self.containment, self.clock, self.gate, self.languages)
        self.client.component_ids = self.ids
        locales = GuildLocales(self.bot.cache, self.bot.rest, self.clock, self._chosen_language)
        self.languages.of_guild = locales.get
        self.client.di.registry_for(lightbulb.di.Contexts.DEFAULT).register_value(Host, self)
        self.commands = CommandSync(self.client, self.bot.rest, self.clock, self.containment, self.state)
        self.commands.on_plan = self._tell_of_left_out
        self.client.on_unknown_command = self._refresh_commands
        self.token_watch = TokenWatch(self.bot)
        self.bot.router.contain_with(self.containment)
        self.plugin_clock = ParkingClock(self.clock, self.containment)
        self.binder = Binder(self.client, self.bot.router, self.containment, self.clock)
        self.gate.binder = self.binder
        self.leftovers = Leftovers(self.whose, self.strays, self.containment, self.client, self.bot.router)
        self.http = HttpClient(allow=self.config.networks())
        for moment in (hikari.ShardReadyEvent, hikari.ShardResumedEvent):
            self.bot.subscribe(moment, self._look_at_the_clock)
        dispatch = Dispatch(self.gate, self.binder, self.containment)
        dispatch.own[ERASE] = self.privacy.carry_on
        self.scheduler = Scheduler(self.database, self.clock, dispatch.timer)
        self.outbox = OutboxWorker(self.database, self.clock, dispatch.effect, dispatch.batch_size)
        self.observatory.metrics.attach()
        self.database.recovered = self._kick
        self.feedback = Feedback(
            self.database,
            self.clock,
            self.outbox.outbox(ESSENTIAL),
            days=self.config.feedback_days,
        )
        self.privacy.add(self.feedback)

    async def _connect(self) -> None:
        await connect(self.bot, self.asked_intents)
        try:
            application = await self.client._ensure_application()
        except hikari.HTTPError as error:
            raise ServiceUnavailable(f"Discord does not say whose bot this is: {in_short(error)}") from error
        if not self.owners:
            self.owners.update(application.team.members if application.team else [application.owner.id])
        self.client._started = True
        self.connected = True
        await self.sync()

    @property
    def asked_intents(self) -> dict[str, hikari.Intents]:
        """The gateway intents that each plugin asks for."""
        return {
            record.name: record.description.manifest.intents
            for record in self.lifecycle.records.values()
            if record.description is not None
        }

    @property
    def last_sync(self) -> SyncResult:
        """What the last sync of commands did."""
        return self.commands.last

    async def sync(self) -> None:
        """Bring Discord's list of commands up to date, at once or, when Discord refuses, later."""
        if self.connected:
            await self.commands.keep_up_to_date()

    async def _tell_of_left_out(self) -> None:
        """A plugin whose commands changed place with the plan says so in its health."""
        for record in list(self.lifecycle.records.values()):
            left_out = self.commands.left_out.get(record.name, ())
            if record.left_out != left_out:
                record.left_out = left_out
                if record.active and self.started_at is not None:  # at the start all are asked anyway
                    await self.lifecycle.ask_health(record)

    def _refresh_commands(self, guild_id: int | None) -> None:
        self.commands.look_at(guild_id)
        self.containment.start(ESSENTIAL, "sync", self.sync())

    # ---- what the owner asks for

    async def enable(self, name: str) -> Record:
        """Start a plugin and remember it. Raises PluginError with what keeps it from running."""
        if name not in self.lifecycle.records:  # one that is known is looked at again when it starts
            self.selection.look_again()
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
        before = self.lifecycle.records[name].candidate.version if name in self.lifecycle.records else None
        record = await self.lifecycle.reload(name, self.selection.look_again().get(name))
        after = {"version": record.candidate.version}
        await self.audit.record("plugin.reload", subject=name, before={"version": before}, after=after)
        return record

    async def _remember(self, record: Record) -> None:
        version = record.candidate.config_version
        await remember(self.database, self.audit, record.name, enabled=record.enabled, config_version=version)

    async def _look_at_the_clock(self, _: hikari.ShardEvent) -> None:
        """After an outage, or a laptop's sleep, something may have become due unnoticed."""
        self._kick()

    def _kick(self) -> None:
        if self.connected:
            self.scheduler.kick()
            self.outbox.kick()

    async def _guild_owner(self, guild_id: int) -> int:
        guild = self.bot.cache.get_guild(guild_id) or await self.bot.rest.fetch_guild(guild_id)
        return guild.owner_id

    async def _chosen_language(self, guild_id: int) -> str | None:
        """The language that a guild's admins have chosen with `/config`; None when it is Discord's."""
        context = self.lifecycle.records[ESSENTIAL].context
        chosen = (await context.config_for(guild_id)).language if context is not None else AUTOMATIC
        return None if chosen == AUTOMATIC else chosen

    def in_state(self, state: State) -> list[Record]:
        """The plugins that are in a state, each after those that it requires."""
        return [record for record in self.lifecycle.in_order() if record.state is state]


async def _all(*steps: Callable[[], Awaitable[None]]) -> None:
    """Take steps at the same time; one that fails does not keep the others."""
    for failed in await asyncio.gather(*(step() for step in steps), return_exceptions=True):
        if isinstance(failed, BaseException):
            raise failed

"""The context that one plugin gets: the host's services, scoped to that plugin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, overload

import hikari
import loguru
from loguru import logger
from sqlalchemy.ext.asyncio import AsyncSession

from chandelier.barrier import end
from chandelier.clock import Clock
from chandelier.config.deployment import Deployment
from chandelier.config.layers import Section
from chandelier.config.problems import ConfigError
from chandelier.containment import Containment
from chandelier.errors import InvalidRequest
from chandelier.hooks import Hooks
from chandelier.languages import Languages, Messages
from chandelier.ledger import Ledger
from chandelier.routing.components import ComponentIds
from chandelier.services.access import Access
from chandelier.services.http import HttpClient
from chandelier.services.outbox import Outbox
from chandelier.services.scheduler import Timers
from chandelier.storage.commits import after_commit
from chandelier.storage.engine import Storage
from chandelier.storage.guild_settings import GuildSettings

__all__ = ["Context", "GuildConfigs", "PublishedHooks"]

_ = Messages(__package__)


class PublishedHooks:
    """Calls the hooks that plugins publish for plugins, one implementing plugin at a time."""

    def __init__(
        self,
        hooks: Hooks,
        running: Callable[[str], bool],
        failed: Callable[[str, str, BaseException], None],
    ) -> None:
        self._hooks = hooks
        self._running = running
        self._failed = failed

    async def call(self, hook: str, /, **arguments: Any) -> Sequence[tuple[str, Any]]:
        """(plugin, result) of every running plugin that implements ``hook`` and answers."""
        results: list[tuple[str, Any]] = []
        for name in list(self._hooks.implemented_by(hook)):
            if not self._running(name):
                continue
            try:
                result = await self._hooks.call(name, hook, **arguments)
            except Exception as error:  # noqa: BLE001 - contained: it costs the plugin that failed
                self._failed(name, f"hook {hook}", error)
            else:
                if result is not None:
                    results.append((name, result))
        return results


class GuildConfigs:
    """The config in force per guild, read once and kept until it changes."""

    def __init__(
        self,
        name: str,
        schema: type[Any] | None,
        deployment: Deployment,
        settings: GuildSettings,
        storage: Storage,
    ) -> None:
        self._name = name
        self._schema = schema
        self._deployment = deployment
        self._settings = settings
        self._storage = storage
        self._known: dict[int, Any] = {}
        self._changes = 0

    async def get(self, guild_id: int) -> Any:
        """The deployment's config with the guild's own settings on top."""
        known = self._known.get(guild_id)
        if known is None:
            changes = self._changes
            known = self._merge(await self._values(guild_id))
            if changes == self._changes:  # else what was read may be what was before the change
                self._known[guild_id] = known
        return known

    async def change(
        self, guild_id: int, changes: Mapping[str, Any], session: AsyncSession | None
    ) -> tuple[Any, Any]:
        """Validate and store changes; None takes a setting back. Returns the old and new config."""
        schema = self._schema
        if schema is None:
            raise InvalidRequest(_("The plugin {plugin} has no settings.", plugin=self._name))
        if session is None:
            async with self._storage.transaction() as session:
                return await self.change(guild_id, changes, session)
        stored = dict(await self._values(guild_id, session))
        before, values = self._merge(stored), dict(stored)
        for key, value in changes.items():
            if value is None:
                values.pop(key, None)
            else:
                values[key] = value
        try:
            after = self._merge(values)
        except ConfigError as error:
            raise InvalidRequest(_.join("\n", [problem.told for problem in error.problems])) from error
        await self._settings.set(guild_id, self._name, schema.__config_version__, values, session=session)
        after_commit(session, lambda: self._forget(guild_id))
        return before, after

    async def section(self, guild_id: int) -> Section[Any] | None:
        """The config in force in a guild, with the layer every value comes from."""
        if self._schema is None:
            return None
        return self._deployment.load_for_guild(self._name, self._schema, await self._values(guild_id))

    def _forget(self, guild_id: int) -> None:
        self._changes += 1
        self._known.pop(guild_id, None)

    async def _values(self, guild_id: int, session: AsyncSession | None = None) -> Mapping[str, Any]:
        stored = await self._settings.get(guild_id, self._name, session=session)
        return {} if stored is None else stored[1]

    def _merge(self, values: Mapping[str, Any]) -> Any:
        if self._schema is None:
            return None
        return self._deployment.for_guild(self._name, self._schema, values)


class Context:
    """What ``Plugin.setup`` receives; see ``chandelier.PluginContext`` for what each part is for."""

    def __init__(
        self,
        name: str,
        *,
        config: Any,
        guilds: GuildConfigs,
        clock: Clock,
        bot: hikari.GatewayBot,
        storage: Storage,
        timers: Timers,
        outbox: Outbox,
        http: HttpClient,
        access: Access,
        hooks: PublishedHooks,
        ids: ComponentIds,
        languages: Languages,
        containment: Containment,
        ledger: Ledger,
        on_change: Callable[[Any, Any, int | None], Coroutine[Any, Any, None]],
    ) -> None:
        self.name = name
        self.log: loguru.Logger = logger.bind(plugin=name)
        self.clock = clock
        self.rest: hikari.api.RESTClient = bot.rest
        self.cache: hikari.api.Cache = bot.cache
        self.storage = storage
        self.timers = timers
        self.outbox = outbox
        self.http = http
        self.access = access
        self.hooks = hooks
        self._config = config
        self.guilds = guilds
        self._bot = bot
        self._ids = ids
        self._languages = languages
        self._containment = containment
        self._ledger = ledger
        self._on_change = on_change
        self._spawned = 0

    @property
    def config(self) -> Any:
        """The deployment's config of this plugin."""
        return self._config

    @property
    def bot_id(self) -> hikari.Snowflake:
        """The bot's own user id."""
        return hikari.Snowflake(self._bot.token_id)  # pyright: ignore[reportAttributeAccessIssue]

    async def config_for(self, guild_id: int) -> Any:
        """The config in force in one guild."""
        return await self.guilds.get(int(guild_id))

    async def configure(
        self, guild_id: int, changes: Mapping[str, Any], *, session: AsyncSession | None = None
    ) -> Any:
        """Change settings of a guild; raises InvalidRequest with every problem."""
        before, after = await self.guilds.change(int(guild_id), changes, session)
        if session is None:
            await self._on_change(before, after, int(guild_id))
        else:  # nothing has changed before the commit
            after_commit(session, lambda: self._tell(before, after, int(guild_id)))
        return after

    def _tell(self, before: Any, after: Any, guild_id: int) -> None:
        self._containment.start(
            self.name, "hook chandelier_config_changed", self._on_change(before, after, guild_id)
        )

    def component_id(self, action: str, payload: str = "", /) -> str:
        """A signed custom id for a button, menu or form."""
        return self._ids.make(self.name, action, payload)

    def spawn(self, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Run ``work`` in the background, contained and in the ledger."""
        self._spawned += 1
        label = f"{name} #{self._spawned}"
        task = self._containment.watch(self.name, name, work)
        self._ledger.hold("task", label, lambda: end((task,)))
        task.add_done_callback(lambda _: self._ledger.drop("task", label))
        return task

    @overload
    def into(self, locale: str | None, text: str, /) -> str: ...
    @overload
    def into(self, locale: str | None, text: hikari.Embed, /) -> hikari.Embed: ...
    def into(self, locale: str | None, text: str | hikari.Embed, /) -> str | hikari.Embed:
        """A message, or an embed with messages in it, in the language of a locale."""
        return self._languages.into(locale, text)

    async def language(self, guild_id: int | None, user_id: int | None = None) -> str | None:
        """The language to write in to a guild, or to one person."""
        return await self._languages.language(guild_id, user_id)

    def now(self) -> datetime:
        """Short for ``clock.now()``."""
        return self.clock.now()

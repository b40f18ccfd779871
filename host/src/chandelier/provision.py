"""What the host does for a plugin around the plugin's own code: its data, context and bindings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chandelier.context import Context, GuildConfigs, PublishedHooks
from chandelier.languages import Messages
from chandelier.record import Record
from chandelier.routing.localisation import localisable
from chandelier.services.access import Access
from chandelier.services.vault import Vault
from chandelier.storage.names import HOST_NAME

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["Provision"]

_ = Messages(__package__)


class Provision:
    """What the lifecycle asks of the host for each plugin."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @property
    def connected(self) -> bool:
        """Whether the bot is ready to act on Discord."""
        return self._host.connected

    async def prepare(self, record: Record) -> None:
        """Migrate a plugin's storage and guild settings, read its config, make its context."""
        host, description = self._host, record.description
        assert description is not None
        name, schema = record.name, description.schema
        if not record.superseded:
            await host.upgrades.upgrade(name, description, host.lifecycle.records.keys() - {name})
        config = None if schema is None else host.deployment.section(name, schema)
        if host.redactor is not None:
            host.redactor.learn(config)
        await host.languages.load(record.candidate.package, name)
        own = host.database.storage(HOST_NAME)
        record.context = Context(
            name,
            config=config,
            guilds=GuildConfigs(name, schema, host.deployment, host.settings, own, host.audit.audit(name)),
            clock=host.plugin_clock,
            bot=host.bot,
            storage=host.database.storage(name),
            timers=host.scheduler.timers(name),
            outbox=host.outbox.outbox(name),
            http=host.http,
            access=Access(name, owners=host.owners, rules=host.rules, capabilities=host.capabilities),
            audit=host.audit.audit(name),
            metrics=host.observatory.metrics.of(name, record.ledger),
            vault=Vault(name, host.vault, host.database.storage(name)),
            hooks=PublishedHooks(host.hooks, host.gate.active, self._failed),
            ids=host.ids,
            languages=host.languages,
            containment=host.containment,
            ledger=record.ledger,
            on_change=lambda old, new, guild_id: self._config_changed(name, old, new, guild_id),
        )

    async def bind(self, record: Record) -> None:
        """Bind a plugin's loaders."""
        host = self._host
        assert record.description is not None
        for loader in record.description.loaders:
            for command in loader.declared.commands:
                localisable(command, record.candidate.package)
        await host.binder.bind(record.name, record.description.loaders, record.ledger)
        lacking = record.description.manifest.intents & ~host.intents
        restart = _("the bot has to be restarted to get the intents {intents}", intents=str(lacking))
        record.missing = restart if lacking else ""
        if host.connected:
            host.scheduler.wake()
            host.outbox.wake()

    async def collect(self, record: Record) -> None:
        """Enter in a plugin's ledger what its code took past its context."""
        if self._host.leftovers is not None:
            self._host.leftovers.enter(record)

    async def undo(self, record: Record) -> None:
        """Undo the migrations that the last ``prepare`` made."""
        await self._host.upgrades.undo(record.name)

    async def sync(self) -> None:
        """Bring Discord's list of commands up to date, at once or, when Discord refuses, later."""
        await self._host.sync()

    async def _config_changed(self, name: str, old: Any, new: Any, guild_id: int | None) -> None:
        try:
            await self._host.hooks.call(
                name, "chandelier_config_changed", old=old, new=new, guild_id=guild_id
            )
        except Exception as error:  # noqa: BLE001 - contained
            self._failed(name, "hook chandelier_config_changed", error)

    def _failed(self, name: str, what: str, error: BaseException) -> None:
        self._host.gate.reported(name, what, error, self._host.containment.reference())

"""One plugin's way up and down, step by step. What fails raises; what follows is the lifecycle's business."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from loguru import logger

from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.errors import PluginError
from chandelier.hooks import Hooks
from chandelier.languages import Messages
from chandelier.loading import describe, import_plugin, required_by
from chandelier.plugin import Health, HealthLevel
from chandelier.private_use import private_use_of
from chandelier.record import Record, State

__all__ = ["Preparation", "Steps", "move", "ranks"]

_ = Messages(__package__)


class Preparation(Protocol):
    """What the host does for a plugin around its own code; implemented by the composition root."""

    async def prepare(self, record: Record) -> None:
        """Migrate storage and config, make the context. Raises when the plugin cannot be set up."""
        ...

    async def bind(self, record: Record) -> None:
        """Bind commands, listeners and the rest."""
        ...

    async def undo(self, record: Record) -> None:
        """Undo the migrations that the last ``prepare`` of this plugin made."""
        ...

    async def collect(self, record: Record) -> None:
        """Enter in the ledger what the plugin's code took past its context."""
        ...

    async def sync(self) -> None:
        """Bring Discord's list of commands up to date."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the bot is ready to act on Discord."""
        ...


class Steps:
    """Takes a plugin through one step of its life.

    ``failed`` is told of what goes wrong in a step that cannot fail as a whole; ``timeout`` is how many
    seconds of the host's clock ``setup``, ``cleanup`` and hooks may take.
    """

    def __init__(
        self,
        hooks: Hooks,
        clock: Clock,
        preparation: Preparation,
        containment: Containment,
        failed: Callable[[str, str, BaseException], None],
        *,
        timeout: float,
    ) -> None:
        self._hooks = hooks
        self._clock = clock
        self._preparation = preparation
        self._containment = containment
        self._failed = failed
        self.timeout = timeout

    def load(self, record: Record) -> None:
        """Import a plugin and learn what it declares."""
        record.warning = private_use_of(record.candidate) or ""
        if record.warning:
            logger.bind(plugin=record.name).warning("plugin {}: {}", record.name, record.warning)
        try:
            record.plugin = import_plugin(record.candidate)
            record.requires = required_by(record.plugin)
            self._hooks.register(record.name, record.plugin)
            record.ledger.hold("hooks", record.name, lambda: self._hooks.unregister(record.name))
            record.description = describe(self._hooks, record.candidate)
        except Exception:
            self._hooks.unregister(record.name)
            record.ledger.drop("hooks", record.name)
            record.plugin = record.description = None
            raise
        record.plugin._enabled = record.enabled

    async def set_up(self, record: Record, *, missing: Sequence[str]) -> None:
        """Migrate, make the context, call the plugin's ``setup``; ``missing`` are plugins it would need."""
        plugin = record.plugin
        assert plugin is not None
        if missing:
            raise PluginError(f"it needs the plugin {', '.join(missing)}, which does not run")
        await self._preparation.prepare(record)
        what = f"setup of plugin {record.name}"
        await self._hooks.within(self.timeout, what, plugin.setup, record.context)

    async def ready(self, record: Record) -> None:
        """Tell a running plugin that the bot is connected."""
        await self._tell(record, "chandelier_ready")

    async def health(self, record: Record) -> Health:
        """The plugin's own word on how it is, and what the host knows to be missing."""
        try:
            said = await self._hooks.call(record.name, "chandelier_health")
            if said is not None and not isinstance(said, Health):
                raise PluginError(f"chandelier_health gave a {type(said).__name__}; expected is a Health")
            health = said or Health()
        except Exception as error:  # noqa: BLE001 - contained
            self._failed(record.name, "hook chandelier_health", error)
            health = Health(HealthLevel.DEGRADED, (_("its health is unknown: {why}", why=str(error)),))
        if record.missing:
            health = Health(HealthLevel.DEGRADED, (record.missing, *health.lines))
        if record.left_out:
            health = Health(HealthLevel.DEGRADED, (*record.left_out, *health.lines))
        return health

    async def shut_down(self, record: Record) -> None:
        """Tell a running plugin that it is about to stop, then take everything back."""
        if record.active:
            await self._tell(record, "chandelier_stopping")
        await self.tear_down(record)

    async def tear_down(self, record: Record) -> None:
        """Take everything back; what cannot be taken back stays in the ledger and is logged."""
        log = logger.bind(plugin=record.name)
        await self._containment.cancel(record.name)
        if record.plugin is not None and record.context is not None:
            what = f"cleanup of plugin {record.name}"
            try:
                await self._hooks.within(self.timeout, what, record.plugin.cleanup)
            except Exception as error:  # noqa: BLE001 - contained
                self._failed(record.name, "cleanup", error)
                log.error("cleanup failed: {}", error)
        await self._containment.end_background(record.name)  # all at once, also what does not want to end
        await self._preparation.collect(record)
        for kind, name, error in await record.ledger.release():
            log.error("{} {} could not be given back: {}", kind, name, error)
        record.context = None
        record.plugin = None

    async def _tell(self, record: Record, hook: str) -> None:
        try:
            await self._hooks.call(record.name, hook)
        except Exception as error:  # noqa: BLE001 - contained
            self._failed(record.name, f"hook {hook}", error)


def move(record: Record, state: State, reason: str, clock: Clock) -> None:
    """Note and log where a plugin is in its life."""
    if record.state is not state:
        record.since = clock.now()
        level = "WARNING" if state in {State.REFUSED, State.DEGRADED} else "DEBUG"
        logger.bind(plugin=record.name).log(
            level, "plugin {} is {}{}", record.name, state, f": {reason}" if reason else ""
        )
    record.state, record.reason = state, reason


def ranks(records: Mapping[str, Record]) -> list[list[Record]]:
    """The records by rank: those that need no other, then those that need only these, and so on.

    In a circle of plugins that need each other, one of them comes first.
    """
    depths: dict[str, int] = {}

    def depth(name: str, above: frozenset[str]) -> int:
        if name not in depths:
            needed: Iterable[str] = (one for one in records[name].requires if one in records)
            below = [depth(one, above | {name}) for one in needed if one not in above | {name}]
            depths[name] = 1 + max(below, default=-1)
        return depths[name]

    found: list[list[Record]] = []
    for name, record in records.items():
        rank = depth(name, frozenset())
        found.extend([] for _ in range(rank + 1 - len(found)))
        found[rank].append(record)
    return found

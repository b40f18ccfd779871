"""The life of a plugin: found, refused or loaded, set up, running or degraded, quarantined, stopped.

Every step is contained: what fails costs the plugin that failed. A plugin that keeps failing is
quarantined, with the reason visible, and tried again with a growing delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from types import ModuleType
from typing import Any, Protocol

from loguru import logger

from chandelier.barrier import end
from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.discovery import Candidate
from chandelier.errors import PluginError
from chandelier.hooks import Hooks, run_within
from chandelier.languages import Messages
from chandelier.loading import describe, forget_modules, import_plugin, restore_modules
from chandelier.plugin import Health, HealthLevel
from chandelier.record import ERROR_BUDGET, ERROR_WINDOW, Record, State
from chandelier.storage.names import HOST_NAME

__all__ = ["Lifecycle", "Preparation"]

_ = Messages(__package__)

RETRY_FIRST, RETRY_LAST = 30.0, 3600.0
"""Seconds before a quarantined plugin is tried again: the first time, and at most."""
CHANGE_WITHIN = 3600.0
"""Seconds that a change of one plugin may take: it may have to back up and migrate much data."""


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

    async def sync(self) -> None:
        """Bring Discord's list of commands up to date."""
        ...

    @property
    def connected(self) -> bool:
        """Whether the bot is ready to act on Discord."""
        ...


class Lifecycle:
    """Moves plugins through their lives."""

    def __init__(
        self,
        hooks: Hooks,
        clock: Clock,
        preparation: Preparation,
        containment: Containment,
        *,
        timeout: float,
    ) -> None:
        self.records: dict[str, Record] = {}
        self._hooks = hooks
        self._clock = clock
        self._preparation = preparation
        self._containment = containment
        self._timeout = timeout
        self._changing = asyncio.Lock()
        self._closed = False

    # ---- at start

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Take in what is installed; what its metadata rules out is refused at once."""
        for candidate in candidates:
            record = Record(candidate, self._clock.now())
            self.records[candidate.name] = record
            if candidate.verdict is not None:
                self._move(record, State.REFUSED, candidate.verdict)

    def load(self, record: Record) -> bool:
        """Import a plugin and learn what it declares; False when it went into quarantine."""
        try:
            record.plugin = import_plugin(record.candidate)
            self._hooks.register(record.name, record.plugin)
            record.ledger.hold("hooks", record.name, lambda: self._hooks.unregister(record.name))
            record.description = describe(self._hooks, record.candidate)
        except Exception as error:  # noqa: BLE001 - contained
            self._hooks.unregister(record.name)
            record.ledger.drop("hooks", record.name)
            record.plugin = record.description = None
            self._quarantine(record, error)
            return False
        self._want(record, enabled=record.enabled)
        self._move(record, State.LOADED)
        return True

    async def set_up(self, record: Record) -> bool:
        """Migrate, make the context, call the plugin's ``setup``; False when it went into quarantine."""
        plugin = record.plugin
        assert plugin is not None
        missing = [name for name in plugin.requires if not self._is_up(name)]
        try:
            if missing:
                raise PluginError(f"it needs the plugin {', '.join(missing)}, which does not run")
            await self._preparation.prepare(record)
            await run_within(
                plugin.setup(record.context), self._timeout, self._clock, f"setup of plugin {record.name}"
            )
        except Exception as error:  # noqa: BLE001 - contained
            await self.give_up(record, error)
            return False
        self._move(record, State.SET_UP)
        return True

    async def start(self, record: Record) -> bool:
        """Bind what the plugin declares; it is running then."""
        try:
            await self._preparation.bind(record)
        except Exception as error:  # noqa: BLE001 - contained
            await self.give_up(record, error)
            return False
        self._move(record, State.RUNNING)
        return True

    async def give_up(self, record: Record, error: Exception) -> None:
        """Take a plugin's start back and quarantine it; it is tried again later."""
        await self._tear_down(record)
        self._quarantine(record, error)

    async def ready(self, record: Record) -> None:
        """Tell a running plugin that the bot is connected, then ask how it is."""
        try:
            await self._hooks.call(record.name, "chandelier_ready")
        except Exception as error:  # noqa: BLE001 - contained
            self.note_failure(record.name, "hook chandelier_ready", error)
        await self.ask_health(record)

    # ---- at run time: a change that has begun goes on to its end, whatever becomes of who asked for it

    async def enable(self, name: str) -> Record:
        """Start a plugin that is not running. Raises PluginError when it cannot be."""
        return await self._change(f"enabling {name}", self._enable(name))

    async def disable(self, name: str) -> Record:
        """Stop a plugin and keep it stopped."""
        return await self._change(f"disabling {name}", self._disable(name))

    async def reload(self, name: str, fresh: Candidate | None) -> Record:
        """Bring in newly installed code, submodules included; if it fails to start, the old goes on.

        ``fresh`` is the plugin as it is installed now. Raises PluginError with why the new one failed.
        """
        return await self._change(f"reloading {name}", self._reload(name, fresh))

    async def close(self) -> None:
        """No changes from now on; one that is under way is cancelled, and `stop` cleans up after it."""
        self._closed = True
        await end(record.retry for record in self.records.values() if record.retry is not None)
        await self._containment.cancel(HOST_NAME)

    async def _change(self, what: str, work: Coroutine[Any, Any, Record]) -> Record:
        if self._closed:
            work.close()
            raise PluginError("the bot is being stopped")
        return await self._containment.see_through(HOST_NAME, what, work, timeout=CHANGE_WITHIN)

    async def _enable(self, name: str) -> Record:
        async with self._changing:
            record = self._record(name)
            if record.state is State.REFUSED:
                raise PluginError(f"{name} is refused: {record.reason}")
            self._want(record, enabled=True)
            if not record.active:
                self._forget_retry(record)
                if record.state is State.QUARANTINED:  # perhaps it has been mended meanwhile
                    forget_modules(record.candidate.package)
                await self._bring_up(record)
                await self._preparation.sync()
            self._raise_unless_active(record)
            return record

    async def _disable(self, name: str) -> Record:
        async with self._changing:
            record = self._record(name)
            self._want(record, enabled=False)
            self._forget_retry(record)
            await self._shut_down(record)
            self._move(record, State.STOPPED, "disabled")
            await self._preparation.sync()
            return record

    async def _reload(self, name: str, fresh: Candidate | None) -> Record:
        async with self._changing:
            record = self._record(name)
            if not record.enabled:
                raise PluginError(f"{name} is disabled; enable it first, then reload it")
            if fresh is None:
                raise PluginError(f"{name} is no longer installed; disable it, or install it again")
            if fresh.verdict is not None:
                raise PluginError(f"the installed version of {name} cannot run: {fresh.verdict}")
            old = record.candidate
            self._forget_retry(record)
            await self._shut_down(record)
            modules = forget_modules(old.package)
            record.candidate, record.superseded = fresh, False
            if await self._bring_up(record):
                await self._preparation.sync()
                return record
            why = record.reason
            self._forget_retry(record)
            await self._go_back(record, old, modules)
            raise PluginError(f"{name} {fresh.version} did not start ({why}); {self._outcome(record, old)}")

    async def stop(self, record: Record) -> None:
        """Stop a plugin for good, as when the host stops."""
        self._forget_retry(record)
        if record.state not in {State.REFUSED, State.STOPPED}:
            await self._shut_down(record)
            self._move(record, State.STOPPED, "the host stopped")

    def note_failure(self, name: str, what: str, error: BaseException) -> None:
        """Count a failure against a plugin's error budget; over it, the plugin is quarantined."""
        record = self.records.get(name)
        if record is None:
            return
        now = self._clock.monotonic()
        record.failed += 1
        record.last_error = f"{what}: {type(error).__name__}: {error}"
        record.failures.append(now)
        over = len(record.failures) == ERROR_BUDGET and now - record.failures[0] <= ERROR_WINDOW
        if over and record.active and record.retry is None:
            reason = f"{ERROR_BUDGET} failures within {ERROR_WINDOW:g} seconds; the last: {record.last_error}"
            record.retry = self._containment.start(
                HOST_NAME, f"quarantine of {name}", self._break_circuit(record, reason), timeout=CHANGE_WITHIN
            )

    async def ask_health(self, record: Record) -> Health:
        """The plugin's own word on how it is; moves it between running and degraded."""
        try:
            health = await self._hooks.call(record.name, "chandelier_health") or Health()
        except Exception as error:  # noqa: BLE001 - contained
            self.note_failure(record.name, "hook chandelier_health", error)
            health = Health(HealthLevel.DEGRADED, (_("its health is unknown: {why}", why=str(error)),))
        if record.missing:
            health = Health(HealthLevel.DEGRADED, (record.missing, *health.lines))
        if record.active:
            degraded = health.level is HealthLevel.DEGRADED
            self._move(record, State.DEGRADED if degraded else State.RUNNING, _.join("; ", health.lines))
        return health

    def in_order(self) -> Sequence[Record]:
        """Records so that each plugin comes after those it requires."""
        ordered: dict[str, Record] = {}

        def place(record: Record, above: frozenset[str]) -> None:
            if record.name in ordered or record.name in above:
                return
            for name in record.plugin.requires if record.plugin is not None else ():
                if name in self.records:
                    place(self.records[name], above | {record.name})
            ordered[record.name] = record

        for record in self.records.values():
            place(record, frozenset())
        return list(ordered.values())

    # ---- steps

    async def _bring_up(self, record: Record) -> bool:
        up = self.load(record) and await self.set_up(record) and await self.start(record)
        if up:
            record.attempts = 0
            record.failures.clear()
            if self._preparation.connected:
                await self.ready(record)
        return up

    async def _shut_down(self, record: Record) -> None:
        if record.active:
            try:
                await self._hooks.call(record.name, "chandelier_stopping")
            except Exception as error:  # noqa: BLE001 - contained
                self.note_failure(record.name, "hook chandelier_stopping", error)
        await self._tear_down(record)

    async def _tear_down(self, record: Record) -> None:
        """Take everything back; what cannot be taken back stays in the ledger and is logged."""
        await self._containment.cancel(record.name)
        if record.plugin is not None and record.context is not None:
            try:
                await run_within(
                    record.plugin.cleanup(), self._timeout, self._clock, f"cleanup of plugin {record.name}"
                )
            except Exception as error:  # noqa: BLE001 - contained
                self.note_failure(record.name, "cleanup", error)
                logger.bind(plugin=record.name).error("cleanup failed: {}", error)
        for kind, name, error in await record.ledger.release():
            logger.bind(plugin=record.name).error("{} {} could not be given back: {}", kind, name, error)
        record.context = None
        record.plugin = None

    async def _go_back(self, record: Record, old: Candidate, modules: dict[str, ModuleType]) -> None:
        try:
            await self._preparation.undo(record)
        except Exception as error:  # noqa: BLE001 - the old code may still run
            logger.bind(plugin=record.name).error("the migrations could not be undone: {}", error)
        restore_modules(old.package, modules)
        record.candidate, record.superseded = old, True
        if old.verdict is None:
            await self._bring_up(record)
        else:
            self._move(record, State.REFUSED, old.verdict)
        await self._preparation.sync()

    async def _break_circuit(self, record: Record, reason: str) -> None:
        async with self._changing:
            await self._shut_down(record)
            self._quarantine(record, PluginError(reason))
            await self._preparation.sync()

    def _quarantine(self, record: Record, error: Exception) -> None:
        self._move(record, State.QUARANTINED, str(error) or type(error).__name__)
        logger.bind(plugin=record.name).opt(exception=error.__cause__ or error).error(
            "plugin {} is quarantined: {}", record.name, record.reason
        )
        delay = min(RETRY_LAST, RETRY_FIRST * 2**record.attempts)
        record.attempts += 1
        if not self._closed:
            record.retry = self._containment.watch(
                HOST_NAME, f"another try of {record.name}", self._wait_and_try_again(record, delay)
            )

    async def _wait_and_try_again(self, record: Record, delay: float) -> None:
        await self._clock.sleep(delay)
        await self._containment.run(
            HOST_NAME, f"another try of {record.name}", self._try_again(record), timeout=CHANGE_WITHIN
        )

    async def _try_again(self, record: Record) -> None:
        async with self._changing:
            record.retry = None
            if not record.enabled or record.active:
                return
            logger.bind(plugin=record.name).info("trying plugin {} again", record.name)
            forget_modules(record.candidate.package)
            record.superseded = False
            if await self._bring_up(record):
                await self._preparation.sync()

    def _move(self, record: Record, state: State, reason: str = "") -> None:
        if record.state is not state:
            record.since = self._clock.now()
            level = "WARNING" if state in {State.REFUSED, State.DEGRADED} else "DEBUG"
            logger.bind(plugin=record.name).log(
                level, "plugin {} is {}{}", record.name, state, f": {reason}" if reason else ""
            )
        record.state, record.reason = state, reason

    def _want(self, record: Record, *, enabled: bool) -> None:
        """Note whether the owner wants a plugin to run, for the plugin to know as well."""
        record.enabled = enabled
        if record.plugin is not None:
            record.plugin._enabled = enabled

    def _forget_retry(self, record: Record) -> None:
        if record.retry is not None and record.retry is not asyncio.current_task():
            record.retry.cancel()
        record.retry = None

    def _is_up(self, name: str) -> bool:
        record = self.records.get(name)
        return record is not None and (record.active or record.state is State.SET_UP)

    def _record(self, name: str) -> Record:
        record = self.records.get(name)
        if record is None:
            known = ", ".join(sorted(self.records)) or "none"
            raise PluginError(f"there is no plugin named {name!r}; installed are: {known}")
        return record

    def _raise_unless_active(self, record: Record) -> None:
        if not record.active:
            raise PluginError(f"{record.name} did not start: {record.reason}")

    def _outcome(self, record: Record, old: Candidate) -> str:
        if record.active:
            return f"version {old.version} goes on running"
        if record.state is State.REFUSED:
            return f"version {old.version} stays refused"
        return f"version {old.version} did not start again either: {record.reason}"

"""The life of a plugin: found, refused or loaded, set up, running or degraded, quarantined, stopped.

Every step is contained: what fails costs the plugin that failed. A plugin that keeps failing is
quarantined, with the reason visible, and tried again with a growing delay.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from types import ModuleType
from typing import Any

from loguru import logger

from chandelier.barrier import end
from chandelier.breaker import Breaker, Budget
from chandelier.clock import Clock
from chandelier.config.problems import nearest
from chandelier.config.told import cut
from chandelier.containment import Containment
from chandelier.discovery import Candidate
from chandelier.errors import PluginError
from chandelier.hooks import Hooks
from chandelier.languages import Messages
from chandelier.loading import forget_modules, restore_modules
from chandelier.plugin import Health, HealthLevel
from chandelier.record import Record, State
from chandelier.steps import Preparation, Steps, move, ranks
from chandelier.storage.names import HOST_NAME

__all__ = ["Lifecycle"]

_ = Messages(__package__)

CHANGE_WITHIN = 3600.0
"""Seconds that a change of one plugin may take: it may have to back up and migrate much data."""
STOP_WITHIN = 5.0
"""Seconds that a hook or ``cleanup`` may take at most while the host stops: an operator waits."""
STOP_ALTOGETHER = 15.0
"""Real seconds after which a plugin is left as it is while the host stops, whatever keeps it."""


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
        budget: Budget | None = None,
    ) -> None:
        self.records: dict[str, Record] = {}
        self._hooks = hooks
        self._clock = clock
        self._preparation = preparation
        self._containment = containment
        self._budget = budget or Budget()
        self._steps = Steps(hooks, clock, preparation, containment, self.note_failure, timeout=timeout)
        self._changing = asyncio.Lock()
        self._closed = False
        self.rediscover: Callable[[str], Candidate | None] = lambda _: None
        """How a plugin is installed now; None when it is not."""

    # ---- at start

    def add(self, candidates: Iterable[Candidate]) -> None:
        """Take in what is installed; what its metadata rules out is refused at once."""
        for candidate in candidates:
            record = Record(candidate, self._clock.now(), Breaker(self._budget))
            self.records[candidate.name] = record
            if candidate.verdict is not None:
                self._move(record, State.REFUSED, candidate.verdict)

    def load(self, record: Record) -> bool:
        """Import a plugin and learn what it declares; False when it went into quarantine."""
        try:
            self._steps.load(record)
        except Exception as error:  # noqa: BLE001 - contained
            self._quarantine(record, error)
            return False
        self._move(record, State.LOADED)
        return True

    async def set_up(self, record: Record) -> bool:
        """Migrate, make the context, call the plugin's ``setup``; False when it went into quarantine."""
        missing = [name for name in record.requires if not self._is_up(name)]
        try:
            await self._steps.set_up(record, missing=missing)
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
        record.breaker.started(self._clock.monotonic())
        return True

    async def give_up(self, record: Record, error: Exception) -> None:
        """Take a plugin's start back and quarantine it; it is tried again later."""
        await self._steps.tear_down(record)
        self._quarantine(record, error)

    async def ready(self, record: Record) -> None:
        """Tell a running plugin that the bot is connected, then ask how it is."""
        await self._steps.ready(record)
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
        self._steps.timeout = min(self._steps.timeout, STOP_WITHIN)
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
            if not record.active:
                self._renew(record)
            if record.candidate.verdict is not None:
                raise PluginError(_("{plugin} is refused: {why}", plugin=name, why=record.candidate.verdict))
            self._want(record, enabled=True)
            if not record.active:
                self._forget_retry(record)
                record.breaker.reset()
                await self._bring_up(record)
                await self._preparation.sync()
            if not record.active:
                raise PluginError(_("{plugin} did not start: {why}", plugin=record.name, why=record.reason))
            return record

    async def _disable(self, name: str) -> Record:
        async with self._changing:
            record = self._record(name)
            self._want(record, enabled=False)
            self._forget_retry(record)
            await self._steps.shut_down(record)
            self._move(record, State.STOPPED, "disabled")
            await self._preparation.sync()
            return record

    async def _reload(self, name: str, fresh: Candidate | None) -> Record:
        async with self._changing:
            record = self._record(name)
            if not record.enabled:
                raise PluginError(_("{plugin} is disabled; enable it first, then reload it", plugin=name))
            if fresh is None:
                raise PluginError(
                    _("{plugin} is no longer installed; disable it, or install it again", plugin=name)
                )
            if fresh.verdict is not None:
                raise PluginError(
                    _("the installed version of {plugin} cannot run: {why}", plugin=name, why=fresh.verdict)
                )
            old = record.candidate
            self._forget_retry(record)
            await self._steps.shut_down(record)
            modules = forget_modules(*old.packages, *fresh.packages)
            record.candidate, record.superseded = fresh, False
            record.breaker.reset()
            if await self._bring_up(record):
                await self._preparation.sync()
                return record
            why = record.reason
            self._forget_retry(record)
            await self._go_back(record, old, modules)
            raise PluginError(f"{name} {fresh.version} did not start ({why}); {self._outcome(record, old)}")

    async def stop(self) -> None:
        """Stop all plugins for good; each before those it requires, the rest at the same time."""
        for rank in reversed(ranks(self.records)):
            await asyncio.gather(*(self._stop(record) for record in rank))

    def note_failure(self, name: str, what: str, error: BaseException) -> None:
        """Count a failure against a plugin's error budget; over it, the plugin is quarantined."""
        record = self.records.get(name)
        if record is None:
            return
        record.failed += 1
        record.last_error = f"{what}: {type(error).__name__}: {error}"
        why = record.breaker.failed(self._clock.monotonic())
        if why is not None:
            self._trip(record, f"{why}; the last: {record.last_error}")

    def note_block(self, name: str, what: str) -> None:
        """Count that a plugin blocked the event loop; one that does so again and again is quarantined."""
        record = self.records.get(name)
        if record is None:
            return
        record.failed += 1
        record.last_error = what
        why = record.breaker.blocked(self._clock.monotonic())
        if why is not None:
            self._trip(record, f"{why}; the last: {what}")

    async def ask_health(self, record: Record) -> Health:
        """The plugin's own word on how it is; moves it between running and degraded."""
        health = await self._steps.health(record)
        if record.active:
            degraded = health.level is HealthLevel.DEGRADED
            self._move(record, State.DEGRADED if degraded else State.RUNNING, _.join("; ", health.lines))
        return health

    def in_order(self) -> Sequence[Record]:
        """Records so that each plugin comes after those it requires."""
        return [record for rank in ranks(self.records) for record in rank]

    # ---- steps

    async def _bring_up(self, record: Record) -> bool:
        loaded = self.load(record)
        for name in record.requires if loaded else ():
            needed = self.records.get(name)
            if needed is not None and needed.state is State.FOUND:  # installed since the host started
                await self._bring_up(needed)
        up = loaded and await self.set_up(record) and await self.start(record)
        if up and self._preparation.connected:
            await self.ready(record)
        return up

    async def _stop(self, record: Record) -> None:
        self._forget_retry(record)
        if record.state not in {State.REFUSED, State.STOPPED}:
            stopping = asyncio.create_task(self._steps.shut_down(record), name=f"the stop of {record.name}")
            _, late = await asyncio.wait({stopping}, timeout=STOP_ALTOGETHER)
            if late:
                logger.bind(plugin=record.name).error(
                    "plugin {} has not stopped within {:g} seconds: the bot stops without waiting for it",
                    *(record.name, STOP_ALTOGETHER),
                )
            await end(late)
            if not stopping.cancelled():
                stopping.result()
            self._move(record, State.STOPPED, "the host stopped")

    async def _go_back(self, record: Record, old: Candidate, modules: dict[str, ModuleType]) -> None:
        try:
            await self._preparation.undo(record)
        except Exception as error:  # noqa: BLE001 - the old code may still run
            logger.bind(plugin=record.name).error("the migrations could not be undone: {}", error)
        restore_modules((*old.packages, *record.candidate.packages), modules)
        record.candidate, record.superseded = old, True
        if old.verdict is None:
            await self._bring_up(record)
        else:
            self._move(record, State.REFUSED, old.verdict)
        await self._preparation.sync()

    def _trip(self, record: Record, reason: str) -> None:
        if record.active and record.retry is None:
            record.retry = self._containment.start(
                *(HOST_NAME, f"quarantine of {record.name}", self._break_circuit(record, reason)),
                timeout=CHANGE_WITHIN,
            )

    async def _break_circuit(self, record: Record, reason: str) -> None:
        async with self._changing:
            await self._steps.shut_down(record)
            self._quarantine(record, PluginError(reason))
            await self._preparation.sync()

    def _quarantine(self, record: Record, error: Exception) -> None:
        self._move(record, State.QUARANTINED, str(error) or type(error).__name__)
        logger.bind(plugin=record.name).opt(exception=error.__cause__ or error).error(
            "plugin {} is quarantined: {}", record.name, record.reason
        )
        delay = record.breaker.trip(self._clock.monotonic())
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
            self._renew(record)
            if await self._bring_up(record):
                await self._preparation.sync()

    def _renew(self, record: Record) -> None:
        """See what is installed now: perhaps it has been mended or upgraded meanwhile."""
        old = record.candidate
        record.candidate, record.superseded = self.rediscover(record.name) or old, False
        forget_modules(*old.packages, *record.candidate.packages)

    def _move(self, record: Record, state: State, reason: str = "") -> None:
        move(record, state, reason, self._clock)

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
            known, asked = ", ".join(sorted(self.records)) or "—", cut(name)
            if meant := nearest(name, self.records):
                raise PluginError(
                    _(
                        "there is no plugin named '{name}'; did you mean {meant}? Installed are: {known}",
                        name=asked,
                        meant=meant,
                        known=known,
                    )
                )
            raise PluginError(
                _("there is no plugin named '{name}'; installed are: {known}", name=asked, known=known)
            )
        return record

    def _outcome(self, record: Record, old: Candidate) -> str:
        if record.active:
            return f"version {old.version} goes on running"
        if record.state is State.REFUSED:
            return f"version {old.version} stays refused"
        return f"version {old.version} did not start again either: {record.reason}"

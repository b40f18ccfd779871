"""From a due timer or effect to the plugin that declared a handler for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chandelier.containment import Containment
from chandelier.gate import HostGate
from chandelier.routing.answers import answer_for
from chandelier.routing.binding import Binder
from chandelier.services.due import PluginNotRunning
from chandelier.services.outbox import Effect
from chandelier.services.scheduler import Timer

__all__ = ["Dispatch"]


class Dispatch:
    """Calls plugins' handlers of timers and effects, contained."""

    def __init__(self, gate: HostGate, binder: Binder, containment: Containment) -> None:
        self._gate = gate
        self._binder = binder
        self._containment = containment

    async def timer(self, plugin: str, timer: Timer) -> Any:
        """Run a timer's handler; raises PluginNotRunning when there is none now."""
        return await self._run(plugin, "timers", timer.kind, timer)

    async def effect(self, plugin: str, effect: Effect) -> Mapping[str, Any] | None:
        """Run an effect's handler; raises PluginNotRunning when there is none now."""
        return await self._run(plugin, "effects", effect.kind, effect)

    async def _run(self, plugin: str, table: str, kind: str, subject: Any) -> Any:
        if not self._gate.active(plugin):
            raise PluginNotRunning(f"plugin {plugin} does not run")
        handler = self._binder.handler(plugin, table, kind)
        if handler is None:
            raise PluginNotRunning(f"this version of plugin {plugin} has no {table} named {kind!r}")
        what = f"{table[:-1]} {kind}"
        try:
            return await self._containment.run(plugin, what, self._binder.call(plugin, handler, subject))
        except Exception as error:
            # Who asked logs it and tries again; here it only counts, unless it is not the plugin's own fault.
            if answer_for(error, "").kind == "runtime" and self._gate.lifecycle is not None:
                self._gate.lifecycle.note_failure(plugin, what, error)
            raise

"""Binding what a plugin declares to the running host, every part entered in the plugin's ledger."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import hikari
import lightbulb
from lightbulb.tasks import TaskExecutionData

from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.errors import PluginError
from chandelier.ledger import Ledger
from chandelier.routing.commands import CommandRouter
from chandelier.routing.events import EventRouter, Subscription
from chandelier.routing.loader import Listener, Loader, RepeatingTask

__all__ = ["Binder", "command_name"]

TRIGGER_AGAIN = 300.0
"""Seconds until a trigger that failed is asked again."""
SHORTEST_PAUSE = 0.1
"""Seconds between two runs of a task at least, so that a trigger that says 0 does not keep the bot busy."""

Handlers = dict[str, Callable[..., Awaitable[Any]]]


class Binder:
    """Puts plugins' loaders into the routers, and takes them out again through the ledger."""

    def __init__(
        self, client: CommandRouter, router: EventRouter, containment: Containment, clock: Clock
    ) -> None:
        self._client = client
        self._router = router
        self._containment = containment
        self._clock = clock
        self._handlers: dict[tuple[str, str], Handlers] = {}

    async def bind(self, owner: str, loaders: Iterable[Loader], ledger: Ledger) -> None:
        """Bind all loaders of a plugin. Raises PluginError when two of its handlers have one name."""
        for loader in loaders:
            for command in loader.declared.commands:
                self._claim(owner, command, ledger)
            ledger.hold("loader", str(id(loader)), functools.partial(loader.remove_from_client, self._client))
            known = self._client.error_handlers()
            await loader.add_to_client(self._client)
            for handler in self._client.error_handlers():
                if handler not in known:  # a plugin handles its own failures, and hears of no others
                    self._client.own(handler, owner)
                    label = f"{getattr(handler, '__name__', 'handler')} #{id(handler)}"
                    ledger.hold("error handler", label, functools.partial(self._client.disown, handler))
            for listener in loader.declared.listeners:
                self._listen(owner, listener, ledger)
            for task in loader.declared.tasks:
                self._repeat(owner, task, ledger)
            for kind in ("components", "forms", "timers", "effects"):
                self._take(owner, kind, getattr(loader.declared, kind), ledger)

    def handler(self, owner: str, kind: str, name: str) -> Callable[..., Awaitable[Any]] | None:
        """The handler a bound plugin has for one of its components, forms, timers or effects."""
        return self._handlers.get((owner, kind), {}).get(name)

    async def call(self, owner: str, handler: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
        """Call a plugin's handler with its dependencies at hand."""
        async with self._client.injection(owner, lightbulb.di.Contexts.LISTENER):
            return await handler(*arguments)

    def _claim(self, owner: str, command: Any, ledger: Ledger) -> None:
        self._client.own(command, owner)  # whether Discord is asked for it is decided when all are known
        name = f"{' '.join(command_name(command))} #{id(command)}"
        ledger.hold("command", name, functools.partial(self._client.disown, command))

    def _listen(self, owner: str, listener: Listener, ledger: Ledger) -> None:
        subscription = Subscription(owner, listener, functools.partial(self.call, owner, listener.callback))
        self._router.route(subscription)
        ledger.hold(
            "listener",
            f"{subscription.name} #{id(subscription)}",
            functools.partial(self._router.unroute, subscription),
        )

    def _repeat(self, owner: str, task: RepeatingTask, ledger: Ledger) -> None:
        name = getattr(task.callback, "__name__", "task")
        running = self._containment.watch(owner, f"task {name}", self._run_repeatedly(owner, name, task))
        ledger.hold("task", f"{name} #{id(task)}", functools.partial(self._containment.end, running))

    async def _run_repeatedly(self, owner: str, name: str, task: RepeatingTask) -> None:
        data = TaskExecutionData(0, -1, None)
        while task.max_invocations < 0 or data.invocation_count < task.max_invocations:
            try:
                pause = await self._containment.run(owner, f"trigger of task {name}", _pause(task, data))
            except Exception as error:  # noqa: BLE001 - contained; a task must not end unnoticed
                self._containment.failed(owner, f"trigger of task {name}", error)
                await self._clock.sleep(TRIGGER_AGAIN)
                continue
            await self._clock.sleep(pause)
            started = self._clock.monotonic()
            work = self._containment.start(owner, f"task {name}", self.call(owner, task.callback))
            await asyncio.wait({work})
            data = TaskExecutionData(
                data.invocation_count + 1, self._clock.monotonic() - started, self._clock.now()
            )

    def _take(self, owner: str, kind: str, handlers: Handlers, ledger: Ledger) -> None:
        bound = self._handlers.setdefault((owner, kind), {})
        for name, handler in handlers.items():
            if name in bound:
                raise PluginError(f"plugin {owner} declares two handlers for {kind} named {name!r}")
            bound[name] = handler
            ledger.hold(kind, name, functools.partial(bound.pop, name, None))


async def _pause(task: RepeatingTask, data: TaskExecutionData) -> float:
    """The seconds until a task is to run, as its trigger says."""
    wait = task.trigger(data)
    seconds: Any = await wait if inspect.isawaitable(wait) else wait
    if not isinstance(seconds, int | float) or not 0 <= seconds < float("inf"):
        raise TypeError(f"the trigger gave {seconds!r}; expected is a number of seconds")
    return max(float(seconds), SHORTEST_PAUSE if data.invocation_count else 0.0)


def command_name(command: Any) -> tuple[str, str]:
    """The kind and name under which Discord knows a command or group."""
    if isinstance(command, lightbulb.Group):
        return ("slash", command.name)
    data = command._command_data
    return (hikari.CommandType(data.type).name.lower(), data.name)

"""What a plugin's code took of hikari, lightbulb and Python past its context, found by whose code it is.

The client of lightbulb and the bot can be asked for by any handler, so a plugin can register commands,
subscribe to events, attach menus and provide dependencies by itself. At unload these are entered in its
ledger, which gives them back like everything else.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import lightbulb
from loguru import logger

from chandelier.containment import Containment
from chandelier.errors import PluginError
from chandelier.record import Record
from chandelier.routing.commands import CommandRouter
from chandelier.routing.events import EventRouter
from chandelier.strays import Strays
from chandelier.whose import Whose, module_of

__all__ = ["Leftovers"]

Found = tuple[str, str, Callable[[], Any]]


class Leftovers:
    """Finds what is left of a plugin once everything else of it has been stopped."""

    def __init__(
        self,
        whose: Whose,
        strays: Strays,
        containment: Containment,
        client: CommandRouter,
        router: EventRouter,
    ) -> None:
        self._whose = whose
        self._strays = strays
        self._containment = containment
        self._client = client
        self._router = router

    def enter(self, record: Record) -> None:
        """Enter in a plugin's ledger what its code holds without the host's knowledge."""
        found = [*self._tasks(record.name), *self._of_hikari(record.name), *self._threads(record.name)]
        found += [*self._of_lightbulb(record), *self._dependencies(record.name)]
        for kind, name, release in found:
            record.ledger.hold(kind, f"{name} #{len(record.ledger.names(kind))}", release)
        taken = sorted({f"{kind} {name}" for kind, name, _ in found})
        if taken:
            logger.bind(plugin=record.name).warning(
                "it left behind what it had taken by itself: {}", ", ".join(taken)
            )

    def _tasks(self, owner: str) -> Iterator[Found]:
        for task in self._strays.of(owner):
            yield "task of its own", task.get_name(), functools.partial(self._containment.end, task)

    def _of_hikari(self, owner: str) -> Iterator[Found]:
        for event_type, callbacks in list(self._router._listeners.items()):
            for callback in list(callbacks):
                if self._whose.of(callback) == owner:
                    release = functools.partial(self._router.unsubscribe, event_type, callback)
                    yield "subscription", event_type.__name__, release

    def _of_lightbulb(self, record: Record) -> Iterator[Found]:
        client, owner = self._client, record.name
        known = {command for loader in _loaders(record) for command in loader.declared.commands}
        for command in client.registered_commands:
            if command not in known and self._of_command(command) == owner:
                yield (
                    "command",
                    str(getattr(command, "name", command)),
                    functools.partial(client.unregister, command),
                )
        ours = {handler for handler, of in client._owners.items() if of == owner}
        for handler in client.error_handlers():
            if handler not in ours and self._whose.of(handler) == owner:
                name = getattr(handler, "__name__", "handler")
                yield "error handler", name, functools.partial(client.remove_error_handler, handler)
        for menu in [menu for menu, of in client.menus.owners.items() if of == owner]:
            yield "menu", type(menu._menu).__name__, functools.partial(client.menus.discard, menu)
        for custom_id in [one for one, of in client.modals.owners.items() if of == owner]:
            yield "modal", custom_id, functools.partial(client.modals.pop, custom_id, None)

    def _of_command(self, command: Any) -> str | None:
        if isinstance(command, lightbulb.Group):
            return next((self._of_command(each) for each in command._commands.values()), None)
        return self._whose.of(command)

    def _dependencies(self, owner: str) -> Iterator[Found]:
        for registry in list(self._client.di._registries.values()):
            graph = registry._graph
            for name, made in list(graph.nodes.items()):
                if made is None:
                    continue
                if self._whose.module(name) == owner or self._whose.of(made.factory_method) == owner:
                    yield "dependency", name, functools.partial(graph.remove_node, name)

    def _threads(self, owner: str) -> Iterator[Found]:
        for thread in threading.enumerate():
            target = getattr(thread, "_target", None)
            mine = target is not None and self._whose.of(target) == owner
            if mine or self._whose.module(module_of(type(thread))) == owner:
                yield "thread", thread.name, functools.partial(_ended, thread)


def _loaders(record: Record) -> tuple[Any, ...]:
    return record.description.loaders if record.description is not None else ()


def _ended(thread: threading.Thread) -> None:
    if thread.is_alive():
        raise PluginError(
            "a thread cannot be ended from outside; only a restart of the bot ends it for certain"
        )

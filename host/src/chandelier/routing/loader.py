"""What a plugin declares to the host: a lightbulb loader whose parts are contained and accounted for.

A loader only declares. What is bound at run time lives in the host that loads it, so two bots in one
process can load the same plugin.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar, cast

import attrs
import hikari
import lightbulb
from lightbulb.tasks import TaskExecutionData

__all__ = ["Declared", "Guarded", "InBatches", "Listener", "Loader", "RawFilter", "RepeatingTask"]

MOST_TOGETHER: Final = 100
"""The largest batch of effects that a handler may ask for."""

HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[Any]])
RawFilter = Callable[[Mapping[str, Any]], bool]
"""Decides on Discord's raw payload, before any model is built; must be cheap and must not block."""


@attrs.frozen
class Listener:
    """A handler of gateway events, with an optional filter on the raw payload."""

    callback: Callable[..., Awaitable[Any]]
    event_types: tuple[type[hikari.Event], ...]
    when: RawFilter | None
    timeout: float | None


@attrs.frozen
class RepeatingTask:
    """Work repeated while the plugin runs; the trigger gives the seconds until the next time."""

    callback: Callable[..., Awaitable[Any]]
    trigger: Callable[[TaskExecutionData], float | Awaitable[float]]
    max_invocations: int


@attrs.frozen
class InBatches:
    """A handler of effects that takes up to ``size`` of them in one call."""

    callback: Callable[..., Awaitable[Any]]
    size: int

    def __call__(self, *arguments: Any) -> Awaitable[Any]:
        """Call the handler."""
        return self.callback(*arguments)


@attrs.define
class Declared:
    """Everything a loader declares besides lightbulb's own commands and error handlers."""

    listeners: list[Listener] = attrs.Factory(list[Listener])
    tasks: list[RepeatingTask] = attrs.Factory(list[RepeatingTask])
    components: dict[str, Callable[..., Awaitable[Any]]] = attrs.Factory(dict)
    forms: dict[str, Callable[..., Awaitable[Any]]] = attrs.Factory(dict)
    timers: dict[str, Callable[..., Awaitable[Any]]] = attrs.Factory(dict)
    effects: dict[str, Callable[..., Awaitable[Any]]] = attrs.Factory(dict)
    commands: list[Any] = attrs.Factory(list)
    scopes: list[frozenset[int]] = attrs.Factory(list[frozenset[int]])
    """For each command the guilds that it is for; 0 stands for every guild."""


@attrs.frozen
class Guarded:
    """A handler of a component or form that the host calls only for people who have a capability."""

    handler: Callable[..., Awaitable[Any]]
    capability: str

    async def __call__(self, context: Any) -> Any:
        """Call the handler."""
        return await self.handler(context)


class Loader(lightbulb.Loader):
    """A ``lightbulb.Loader`` whose listeners and tasks the host contains, measures and accounts for.

    Handlers get what they need by dependency injection: annotate a parameter with the plugin's class, or
    with anything that lightbulb provides. Commands are written with lightbulb's own API.
    """

    __slots__ = ("declared",)

    def __init__(self) -> None:
        super().__init__()
        self.declared = Declared()

    def command(self, command: Any = None, **options: Any) -> Any:
        """Register a lightbulb command or group; see ``lightbulb.Loader.command``."""
        if command is None:
            return lambda later: self.command(later, **options)  # pyright: ignore[reportUnknownLambdaType]
        self.declared.commands.append(command)
        guilds, everywhere = options.get("guilds"), options.get("global_")
        whole = everywhere if everywhere is not None else guilds is None
        whole = whole and not options.get("defer_guilds")  # the host has nobody to ask later
        self.declared.scopes.append(frozenset({*map(int, guilds or ()), *((0,) if whole else ())}))
        return super().command(command, **options)

    def listener(
        self, *event_types: type[hikari.Event], when: RawFilter | None = None, timeout: float | None = None
    ) -> Callable[[HandlerT], HandlerT]:
        """Handle gateway events; ``when`` sees the raw payload and spares the model if it answers False.

        ``timeout`` is in seconds; without it the host's own limit applies.
        """
        if not event_types:
            raise ValueError("name at least one event type: @loader.listener(hikari.MessageCreateEvent)")

        def declare(callback: HandlerT) -> HandlerT:
            injected = cast("HandlerT", lightbulb.di.with_di(callback))
            self.declared.listeners.append(Listener(injected, event_types, when, timeout))
            return injected

        return declare

    def task(
        self,
        trigger: Callable[[TaskExecutionData], float | Awaitable[float]],
        /,
        auto_start: bool = True,
        max_failures: int = -1,
        max_invocations: int = -1,
    ) -> Any:
        """Repeat a handler while the plugin runs; see ``lightbulb.Loader.task`` for triggers.

        The time is the host's clock's. A task starts with its plugin, and failures count against the plugin's
        error budget, so ``auto_start`` and ``max_failures`` keep their defaults. Not durable: see ``timer``.
        """
        if not auto_start or max_failures != -1:
            raise ValueError("tasks start with their plugin, and the host counts their failures")

        def declare(callback: HandlerT) -> HandlerT:
            injected = cast("HandlerT", lightbulb.di.with_di(callback))
            self.declared.tasks.append(RepeatingTask(injected, trigger, max_invocations))
            return injected

        return declare

    def component(self, action: str, *, capability: str | None = None) -> Callable[[HandlerT], HandlerT]:
        """Handle presses of buttons and choices in menus made with ``ctx.component_id(action, payload)``.

        The handler is called with a ``chandelier.ComponentPress``; with ``capability``, a name that the
        manifest declares, only for people who have it.
        """
        return self._named(self.declared.components, "component", action, capability)

    def form(self, action: str, *, capability: str | None = None) -> Callable[[HandlerT], HandlerT]:
        """Handle submitted forms whose custom id is ``ctx.component_id(action, payload)``.

        The handler is called with a ``chandelier.FormSubmit``; ``capability`` is as for `component`.
        """
        return self._named(self.declared.forms, "form", action, capability)

    def timer(self, kind: str) -> Callable[[HandlerT], HandlerT]:
        """Handle durable timers of this kind; the handler is called with a ``chandelier.Timer``.

        It may return an aware datetime to be called again then; None ends the timer.
        """
        return self._named(self.declared.timers, "timer", kind)

    def effect(self, kind: str, *, batch: int | None = None) -> Callable[[HandlerT], HandlerT]:
        """Carry out outbox entries of this kind; the handler is called with a ``chandelier.Effect``.

        It may return JSON-ready data, kept with the entry. With ``batch`` it is called with a list of up to
        so many (at most 100) that were put with the same ``batch``: they succeed and fail together, and are
        handed out together again, except when they are refused (403, 404 …): then one by one.
        """
        declare = self._named(self.declared.effects, "effect", kind)
        if batch is None:
            return declare
        if not 1 <= batch <= MOST_TOGETHER:
            raise ValueError(f"a batch of {batch} effects cannot be: ask for 1 to {MOST_TOGETHER}")

        def together(callback: HandlerT) -> HandlerT:
            declared = declare(callback)
            self.declared.effects[kind] = InBatches(declared, batch)
            return declared

        return together

    def _named(
        self,
        table: dict[str, Callable[..., Awaitable[Any]]],
        what: str,
        name: str,
        capability: str | None = None,
    ) -> Callable[[HandlerT], HandlerT]:
        if name in table:
            raise ValueError(f"this loader already has a {what} named {name!r}")

        def declare(callback: HandlerT) -> HandlerT:
            injected = cast("HandlerT", lightbulb.di.with_di(callback))
            table[name] = injected if capability is None else Guarded(injected, capability)
            return injected

        return declare

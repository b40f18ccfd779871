"""From the gateway to plugins: one decision per payload, one model if wanted, one task per plugin.

hikari builds an event's model and starts a task for every listener. Most messages concern no rule, so
listeners here may carry a filter that sees the raw payload; the model is built, by hikari's own consumer,
only when a filter passes or hikari itself needs it for its cache or its own listeners.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import attrs
import hikari
from hikari.impl import event_manager as hikari_event_manager

from chandelier.barrier import holding
from chandelier.containment import Containment
from chandelier.routing.loader import Listener

__all__ = ["EventRouter", "RoutedBot", "Subscription"]


@attrs.frozen(eq=False)
class Subscription:
    """One listener of one running plugin."""

    owner: str
    listener: Listener
    invoke: Callable[[hikari.Event], Awaitable[Any]]
    """Calls the handler with its dependencies."""

    @property
    def name(self) -> str:
        """The handler's name, for logs."""
        return getattr(self.listener.callback, "__name__", "listener")


class EventRouter(hikari_event_manager.EventManagerImpl):
    """hikari's event manager with the plugins' subscriptions in front of it."""

    __slots__ = ("_containment", "_passing", "_relays", "_routes", "seen")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._containment: Containment | None = None
        self._routes: dict[str, list[Subscription]] = {}
        self._relays: dict[tuple[Subscription, type[hikari.Event]], Any] = {}
        self._passing: list[Subscription] | None = None
        self.seen: Counter[str] = Counter()
        """How many events of each name the gateway has sent."""

    def contain_with(self, containment: Containment) -> None:
        """Say what runs the plugins' handlers; done once, before the bot starts."""
        self._containment = containment

    def route(self, subscription: Subscription) -> None:
        """Let a subscription have its events from now on."""
        for event_type in subscription.listener.event_types:
            names = self._raw_names(event_type)
            for name in names:
                self._routes.setdefault(name, []).append(subscription)
            if not names:  # not made from one kind of payload: hikari's own dispatch knows when
                relay = self._relay_to(subscription)
                self._relays[subscription, event_type] = relay
                self.subscribe(event_type, relay)

    def unroute(self, subscription: Subscription) -> None:
        """Let a subscription have no more events."""
        for name, subscriptions in list(self._routes.items()):
            kept = [other for other in subscriptions if other is not subscription]
            if kept:
                self._routes[name] = kept
            else:
                del self._routes[name]
        for key, relay in list(self._relays.items()):
            if key[0] is subscription:
                self.unsubscribe(key[1], relay)
                del self._relays[key]

    def consume_raw_event(self, event_name: str, shard: Any, payload: Any) -> None:
        """Called by a shard for every dispatch from the gateway."""
        self.seen[event_name] += 1
        subscriptions = self._routes.get(event_name)
        passing = self._pass(subscriptions, payload) if subscriptions else None
        if not passing:
            super().consume_raw_event(event_name, shard, payload)
            return
        self._passing = passing
        consumer = self._consumers[event_name.lower()]
        consumer.listener_group_count += 1  # someone listens: let hikari build the model, this once
        try:
            super().consume_raw_event(event_name, shard, payload)
        finally:
            consumer.listener_group_count -= 1
            self._passing = None

    def dispatch(self, event: Any, *, return_tasks: Any = False) -> Any:
        """Hand an event to the plugins that let it pass, then to hikari's own listeners."""
        if self._passing is not None:
            self._hand_out(event, self._passing)
        return super().dispatch(event, return_tasks=return_tasks)

    def _relay_to(self, subscription: Subscription) -> Callable[[hikari.Event], Coroutine[Any, Any, None]]:
        async def relay(event: hikari.Event) -> None:
            self._hand_out(event, [subscription])

        return relay

    def _pass(self, subscriptions: Sequence[Subscription], payload: Any) -> list[Subscription]:
        passing: list[Subscription] = []
        for subscription in subscriptions:
            when = subscription.listener.when
            try:
                with holding():
                    if when is None or when(payload):
                        passing.append(subscription)
            except Exception as error:  # noqa: BLE001 - a broken filter must not lose its events, nor others'
                if self._containment is not None:
                    self._containment.failed(
                        subscription.owner, f"the filter of listener {subscription.name}", error
                    )
                passing.append(subscription)
        return passing

    def _hand_out(self, event: hikari.Event, subscriptions: Sequence[Subscription]) -> None:
        wanted: dict[str, list[Subscription]] = {}
        for subscription in subscriptions:
            if isinstance(event, subscription.listener.event_types):
                wanted.setdefault(subscription.owner, []).append(subscription)
        containment = self._containment
        if not wanted or containment is None:
            return
        for owner, mine in wanted.items():
            containment.start(
                owner,
                f"listener {mine[0].name}",
                _deliver(containment, event, mine),
                timeout=mine[0].listener.timeout,
            )

    def _raw_names(self, event_type: type[hikari.Event]) -> list[str]:
        bits = event_type.bitmask()
        return [
            name.upper()
            for name, consumer in self._consumers.items()
            if consumer.events_bitmask != -1 and consumer.events_bitmask & bits == bits
        ]


async def _deliver(containment: Containment, event: hikari.Event, mine: Sequence[Subscription]) -> None:
    """Run one plugin's handlers of one event in order; each is contained by itself."""
    for further in mine[1:]:
        containment.start(
            further.owner,
            f"listener {further.name}",
            _deliver(containment, event, [further]),
            timeout=further.listener.timeout,
        )
    await mine[0].invoke(event)


class RoutedBot(hikari.GatewayBot):
    """A ``hikari.GatewayBot`` whose events go through an ``EventRouter``."""

    def __init__(self, token: str, *, intents: hikari.Intents, **options: Any) -> None:
        super().__init__(token, intents=intents, **options)
        self._event_manager = EventRouter(
            self._entity_factory,
            self._event_factory,
            self._intents,
            auto_chunk_members=False,
            cache=self._cache,
        )

    @property
    def router(self) -> EventRouter:
        """The event manager, by its own type."""
        assert isinstance(self._event_manager, EventRouter)
        return self._event_manager

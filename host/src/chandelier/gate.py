"""What the routers ask about plugins: does it answer here and now, and who handles this component."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger

from chandelier.errors import ServiceUnavailable
from chandelier.languages import Messages
from chandelier.lifecycle import Lifecycle
from chandelier.plugin import Plugin
from chandelier.record import State
from chandelier.routing.binding import Binder
from chandelier.routing.components import Route

__all__ = ["HostGate"]

_ = Messages(__package__)


class HostGate:
    """The host's answers to the routers; failures of plugins pass through here into log and budget."""

    def __init__(self) -> None:
        self.lifecycle: Lifecycle | None = None
        self.binder: Binder | None = None
        self.count: Callable[[str, str], None] = lambda _owner, _kind: None
        """Told (owner, kind) of every failure."""

    def plugin(self, name: str) -> Plugin[Any] | None:
        """The plugin of that name, if its code is loaded."""
        record = self.lifecycle.records.get(name) if self.lifecycle is not None else None
        return record.plugin if record is not None else None

    def active(self, name: str) -> bool:
        """Whether a plugin takes part now."""
        record = self.lifecycle.records.get(name) if self.lifecycle is not None else None
        return record is not None and record.active

    def refusal(self, name: str, guild_id: int | None) -> str | None:
        """Why a plugin answers nobody now, in words for members; None when it does."""
        record = self.lifecycle.records.get(name) if self.lifecycle is not None else None
        if record is None:
            return _("This belonged to the plugin {plugin}, which is no longer installed.", plugin=name)
        if record.active:
            return None
        if record.state is State.QUARANTINED:
            return _(
                "The plugin {plugin} is having trouble and rests a while. "
                "The bot's owner sees why in `/plugins`.",
                plugin=name,
            )
        return _("The plugin {plugin} is switched off at the moment.", plugin=name)

    async def admit(self, name: str, who: Any, capability: str) -> None:
        """Raise NotAllowed unless the person of an interaction has a plugin's capability."""
        record = self.lifecycle.records.get(name) if self.lifecycle is not None else None
        if record is not None and record.context is not None:
            await record.context.access.require(who, capability)

    def component_handler(self, route: Route, *, form: bool) -> Callable[..., Awaitable[Any]] | None:
        """The handler that a custom id names."""
        if self.binder is None:
            return None
        return self.binder.handler(route.plugin, "forms" if form else "components", route.action)

    def failed(self, owner: str, what: str, error: BaseException, reference: str, kind: str) -> None:
        """Log a failure; only those that are the plugin's own fault count against its budget."""
        self.count(owner, kind)
        bound = logger.bind(plugin=owner, reference=reference)
        if kind in {"validation", "access"}:
            bound.debug("{} was refused: {}", what, error)
            return
        if isinstance(error, ServiceUnavailable):  # where in our code someone else said no helps nobody
            bound.warning("{} failed, reference {}: {}", what, reference, error)
            return
        bound.opt(exception=error).error("{} failed ({}), reference {}", what, kind, reference)
        if kind == "runtime" and self.lifecycle is not None:
            self.lifecycle.note_failure(owner, what, error)

    def reported(self, owner: str, what: str, error: BaseException, reference: str) -> None:
        """A failure of background work: nobody waits for an answer."""
        self.failed(owner, what, error, reference, "runtime")

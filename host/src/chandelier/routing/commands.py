"""From an interaction to a plugin's handler and back: known, allowed, deferred, contained, answered."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import hikari
import lightbulb
from lightbulb.client import DEFAULT_EXECUTION_STEP_ORDER
from lightbulb.commands import execution
from linkd.utils import get_dependency_id

from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.languages import Languages, Messages
from chandelier.plugin import Plugin
from chandelier.routing.answering import Answering
from chandelier.routing.answers import answer_for
from chandelier.routing.attached import AttachedMenus, AttachedModals
from chandelier.routing.components import ComponentIds, ComponentPress, FormSubmit, Route
from chandelier.routing.localisation import localisations
from chandelier.routing.spoken import SpokenAutocomplete, SpokenContext
from chandelier.storage.names import HOST_NAME

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from lightbulb.commands.commands import CommandBase

__all__ = ["CommandRouter", "Gate"]

_ = Messages(__package__)

AUTOCOMPLETE_WITHIN = 2.5
"""Seconds for an autocompletion; a later answer is of no use to the person typing."""


class Gate(Protocol):
    """What the router asks the host about plugins."""

    def plugin(self, name: str) -> Plugin[Any] | None:
        """The running plugin of that name."""
        ...

    def refusal(self, name: str, guild_id: int | None) -> str | None:
        """Why a plugin answers nobody now (in this guild); None when it does."""
        ...

    async def admit(self, name: str, who: Any, capability: str) -> None:
        """Raises NotAllowed unless the person of an interaction has a plugin's capability."""
        ...

    def component_handler(self, route: Route, *, form: bool) -> Callable[..., Awaitable[Any]] | None:
        """The handler a custom id names, if its plugin runs and has it."""
        ...

    def failed(self, owner: str, what: str, error: BaseException, reference: str, kind: str) -> None:
        """Log and count a failure."""
        ...


class CommandRouter(lightbulb.GatewayEnabledClient):
    """lightbulb's client whose commands belong to plugins and run contained."""

    __slots__ = (
        "_answers",
        "_containment",
        "_gate",
        "_owners",
        "component_ids",
        "languages",
        "menus",
        "modals",
        "on_unknown_command",
    )

    def __init__(
        self,
        bot: hikari.GatewayBot,
        containment: Containment,
        clock: Clock,
        gate: Gate,
        languages: Languages | None = None,
    ) -> None:
        self.languages = languages if languages is not None else Languages()
        super().__init__(
            bot,
            (),
            DEFAULT_EXECUTION_STEP_ORDER,
            hikari.Locale.EN_US,
            functools.partial(localisations, self.languages),
            True,
            None,
            (),
            False,
            features=(),
        )
        self._containment = containment
        self._gate = gate
        self._answers = Answering(containment, clock, gate, self.languages)
        self._owners: dict[Any, str] = {}
        self.component_ids: ComponentIds | None = None
        self.on_unknown_command: Callable[[int | None], object] = lambda _: None
        self.menus = self._attached_menus = AttachedMenus(lambda: containment.owner)
        self.modals = self._attached_modals = AttachedModals(lambda: containment.owner)

    # ---- whose command is it

    def own(self, part: Any, owner: str) -> None:
        """Note which plugin a command, group or error handler belongs to."""
        self._owners[part] = owner

    def disown(self, part: Any) -> None:
        """Forget what was taken out."""
        self._owners.pop(part, None)

    def error_handlers(self) -> list[Any]:
        """All error handlers, the highest priority first."""
        return [handler for handlers in self._error_handlers.values() for handler in handlers]

    def owner_of(self, command: Any) -> str:
        """The plugin a command, subcommand or group belongs to."""
        owner = self._owners.get(_root(command))
        if owner is None:
            raise LookupError(f"no plugin owns the command {command!r}")
        return owner

    def unregister(self, command: Any) -> None:
        """Take a command out; lightbulb would also take what another plugin has under the same name."""
        self._registered_commands.pop(command, None)
        for mapping in self._command_invocation_mapping.values():
            for collection in mapping.values():
                for leaf in (collection.slash, collection.user, collection.message):
                    if leaf is not None and _root(leaf) is command:
                        collection.remove(leaf)

    # ---- commands

    async def handle_application_command_interaction(
        self, interaction: hikari.CommandInteraction, initial_response_sent: asyncio.Event
    ) -> None:
        """Run the command an interaction names, or say why not."""
        self.languages.heard(int(interaction.user.id), str(interaction.locale))
        if not self._started:
            await self._answers.tell(interaction, _("I am still starting. Try again in a few seconds."))
        elif self._resolve_options_and_command(interaction) is None:
            self.on_unknown_command(interaction.registered_guild_id)
            await self._answers.tell(
                interaction,
                _("I no longer have this command; the list is being refreshed. Try again in a moment."),
            )
        else:
            await super().handle_application_command_interaction(interaction, initial_response_sent)

    def build_command_context(
        self,
        interaction: hikari.CommandInteraction,
        options: Sequence[hikari.CommandInteractionOption],
        command_cls: type[CommandBase],
        initial_response_sent: asyncio.Event,
    ) -> lightbulb.Context:
        """A context that answers in the reader's language."""
        return SpokenContext(
            self.languages,
            client=self,
            interaction=interaction,
            options=options,
            command=command_cls(),
            initial_response_sent=initial_response_sent,
        )

    def build_autocomplete_context(
        self,
        interaction: hikari.AutocompleteInteraction,
        options: Sequence[hikari.AutocompleteInteractionOption],
        command_cls: type[CommandBase],
        initial_response_sent: asyncio.Event,
    ) -> lightbulb.AutocompleteContext[Any]:
        """The same for an autocompletion."""
        return SpokenAutocomplete(
            self.languages,
            client=self,
            interaction=interaction,
            options=options,
            command=command_cls,
            initial_response_sent=initial_response_sent,
        )

    async def _execute_command_context(self, context: lightbulb.Context) -> None:
        command = type(context.command)
        owner = self.owner_of(command)
        what = f"/{context.command_data.qualified_name}"
        refusal = self._gate.refusal(owner, context.guild_id)
        if refusal is not None:
            await context.respond(refusal, flags=hikari.MessageFlag.EPHEMERAL)
            return
        await self._answers.answering(owner, what, context, self._run_pipeline(context, owner))

    async def _run_pipeline(self, context: lightbulb.Context, owner: str) -> None:
        await self._admit(owner, context, context.command)
        pipeline = execution.ExecutionPipeline(context, self.execution_step_order)
        async with self.injection(owner, lightbulb.di.Contexts.COMMAND) as container:
            container.add_value(lightbulb.Context, context)
            container.add_value(execution.ExecutionPipeline, pipeline)
            try:
                await pipeline._run()
            except lightbulb.exceptions.ExecutionPipelineFailedException as failure:
                for handler in self.error_handlers():
                    if self._owners.get(handler) == owner and await lightbulb.utils.maybe_await(
                        handler(failure)
                    ):
                        return
                raise

    async def _execute_autocomplete_context(
        self, context: lightbulb.AutocompleteContext[Any], autocomplete_provider: Any
    ) -> None:
        owner = self.owner_of(context.command)
        what = f"autocompletion of /{context.command._command_data.qualified_name}"

        async def complete() -> None:
            await self._admit(owner, context, context.command)
            async with self.injection(owner, lightbulb.di.Contexts.AUTOCOMPLETE) as container:
                container.add_value(lightbulb.AutocompleteContext, context)
                await autocomplete_provider(context)

        if self._gate.refusal(owner, context.interaction.guild_id) is not None:
            await context.respond([])
            return
        try:
            await self._containment.run(owner, what, complete(), timeout=AUTOCOMPLETE_WITHIN)
        except Exception as error:  # noqa: BLE001 - contained; the person just sees no suggestions
            kind = answer_for(error, "").kind
            self._gate.failed(owner, what, error, self._containment.reference(), kind)
            if not context.initial_response_sent.is_set():
                await context.respond([])

    # ---- components and forms

    async def handle_component_interaction(
        self, interaction: hikari.ComponentInteraction, initial_response_sent: asyncio.Event
    ) -> None:
        """Run the handler that a pressed component names."""
        self.languages.heard(int(interaction.user.id), str(interaction.locale))
        route = self._route(interaction.custom_id)
        if route is not None:
            press = ComponentPress(interaction, route.payload, initial_response_sent, self.languages)
            await self._handle(route, press, form=False)
        elif menu := next((one for one in self.menus if interaction.custom_id in one.custom_ids), None):
            work = super().handle_component_interaction(interaction, initial_response_sent)
            await self._attached(self.menus.owners.get(menu), "menu", work)
        else:
            text = _("This button no longer works. Use the command again to get a fresh one.")
            await self._answers.tell(interaction, text)

    async def handle_modal_interaction(
        self, interaction: hikari.ModalInteraction, initial_response_sent: asyncio.Event
    ) -> None:
        """Run the handler that a submitted form names."""
        self.languages.heard(int(interaction.user.id), str(interaction.locale))
        route = self._route(interaction.custom_id)
        if route is not None:
            submit = FormSubmit(interaction, route.payload, initial_response_sent, self.languages)
            await self._handle(route, submit, form=True)
        elif interaction.custom_id in self.modals:
            work = super().handle_modal_interaction(interaction, initial_response_sent)
            await self._attached(self.modals.owners.get(interaction.custom_id), "modal", work)
        else:
            text = _("This form no longer works. Use the command again to get a fresh one.")
            await self._answers.tell(interaction, text)

    async def _attached(self, owner: str | None, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Run the callback of a menu or modal that lightbulb keeps in memory; it answers for itself."""
        await asyncio.wait({self._containment.start(owner or HOST_NAME, what, work)})

    def _route(self, custom_id: str) -> Route | None:
        return self.component_ids.read(custom_id) if self.component_ids is not None else None

    async def _handle(self, route: Route, context: ComponentPress | FormSubmit, *, form: bool) -> None:
        handler = self._gate.component_handler(route, form=form)
        refusal = self._gate.refusal(route.plugin, context.guild_id)
        if refusal is not None or handler is None:
            gone = _("This no longer exists in the version that runs now.")
            await self._answers.tell(context.interaction, refusal or gone)
            return

        async def run() -> None:
            await self._admit(route.plugin, context, handler)
            async with self.injection(route.plugin, lightbulb.di.Contexts.LISTENER):
                await handler(context)

        what = f"{'form' if form else 'component'} {route.action}"
        await self._answers.answering(route.plugin, what, context, run())

    # ---- shared

    async def _admit(self, owner: str, context: Any, part: Any) -> None:
        """Access comes before all that the plugin does; ``part`` may name the capability it needs."""
        capability = getattr(part, "capability", None)
        if capability is not None:
            await self._gate.admit(owner, context, capability)

    def injection(self, owner: str, context: Any) -> AbstractAsyncContextManager[Any]:
        """A dependency injection context in which the owner's plugin can be asked for by its class."""
        return self._injection(owner, context)

    @asynccontextmanager
    async def _injection(self, owner: str, context: Any) -> AsyncGenerator[Any, None]:
        plugin = self._gate.plugin(owner)
        async with (
            self.di.enter_context(lightbulb.di.Contexts.DEFAULT),
            self.di.enter_context(context) as container,
        ):
            if plugin is not None:
                container.add_value(type(plugin), plugin)
            try:
                yield container
            finally:
                # A library's timer may keep this context for a while, and the container with it.
                if plugin is not None:
                    _take_out(container, type(plugin))


def _root(command: Any) -> Any:
    """The group that a subcommand is in; a command that is in none is its own root."""
    parent = command._command_data.parent if hasattr(command, "_command_data") else None
    return getattr(parent, "parent", parent) or command


def _take_out(container: Any, kind: type[Any]) -> None:
    """Take a value out of a container that is about to be closed."""
    name = get_dependency_id(kind)
    container._instances.pop(name, None)
    if name in container._graph:
        container._graph.remove_node(name)
    container._expression_cache.clear()

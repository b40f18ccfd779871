"""From an interaction to a plugin's handler and back: known, allowed, deferred, contained, answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import hikari
import lightbulb
from lightbulb.client import DEFAULT_EXECUTION_STEP_ORDER
from lightbulb.commands import execution
from lightbulb.localization import localization_unsupported
from linkd.utils import get_dependency_id
from loguru import logger

from chandelier.barrier import discard, held
from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.plugin import Plugin
from chandelier.routing.answers import Answer, answer_for, root_cause
from chandelier.routing.attached import AttachedMenus, AttachedModals
from chandelier.routing.components import ComponentIds, ComponentPress, FormSubmit, Route
from chandelier.storage.names import HOST_NAME

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

__all__ = ["DEFER_AFTER", "CommandRouter", "Gate"]

DEFER_AFTER = 1.8
"""Seconds after which the host defers for a slow handler.

Discord wants a first response within 3 seconds (Discord's documentation, Receiving and Responding).
"""
TELL_WITHIN = 3.0
"""Seconds that a stop waits for the answer to somebody whose command it interrupts."""
INTERRUPTED = (
    "This was interrupted: the bot, or this part of it, is being stopped or updated. "
    "See whether it was done, and try again in a minute."
)
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

    def component_handler(self, route: Route, *, form: bool) -> Callable[..., Awaitable[Any]] | None:
        """The handler a custom id names, if its plugin runs and has it."""
        ...

    def failed(self, owner: str, what: str, error: BaseException, reference: str, kind: str) -> None:
        """Log and count a failure."""
        ...


class CommandRouter(lightbulb.GatewayEnabledClient):
    """lightbulb's client whose commands belong to plugins and run contained."""

    __slots__ = (
        "_clock",
        "_containment",
        "_gate",
        "_owners",
        "component_ids",
        "menus",
        "modals",
        "on_unknown_command",
    )

    def __init__(self, bot: hikari.GatewayBot, containment: Containment, clock: Clock, gate: Gate) -> None:
        super().__init__(
            bot,
            (),
            DEFAULT_EXECUTION_STEP_ORDER,
            hikari.Locale.EN_US,
            localization_unsupported,
            True,
            None,
            (),
            False,
            features=(),
        )
        self._containment = containment
        self._clock = clock
        self._gate = gate
        self._owners: dict[Any, str] = {}
        self.component_ids: ComponentIds | None = None
        self.on_unknown_command: Callable[[], object] = lambda: None
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
        parent = command._command_data.parent if hasattr(command, "_command_data") else None
        root = getattr(parent, "parent", parent) or command
        owner = self._owners.get(root)
        if owner is None:
            raise LookupError(f"no plugin owns the command {command!r}")
        return owner

    # ---- commands

    async def handle_application_command_interaction(
        self, interaction: hikari.CommandInteraction, initial_response_sent: asyncio.Event
    ) -> None:
        """Run the command an interaction names, or say why not."""
        if not self._started:
            await _tell(interaction, "I am still starting. Try again in a few seconds.")
        elif self._resolve_options_and_command(interaction) is None:
            self.on_unknown_command()
            await _tell(
                interaction,
                "I no longer have this command; the list is being refreshed. Try again in a moment.",
            )
        else:
            await super().handle_application_command_interaction(interaction, initial_response_sent)

    async def _execute_command_context(self, context: lightbulb.Context) -> None:
        command = type(context.command)
        owner = self.owner_of(command)
        what = f"/{context.command_data.qualified_name}"
        refusal = self._gate.refusal(owner, context.guild_id)
        if refusal is not None:
            await context.respond(refusal, flags=hikari.MessageFlag.EPHEMERAL)
            return
        await self._answering(owner, what, context, self._run_pipeline(context, owner))

    async def _run_pipeline(self, context: lightbulb.Context, owner: str) -> None:
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
            async with self.injection(owner, lightbulb.di.Contexts.AUTOCOMPLETE) as container:
                container.add_value(lightbulb.AutocompleteContext, context)
                await autocomplete_provider(context)

        if self._gate.refusal(owner, context.interaction.guild_id) is not None:
            await context.respond([])
            return
        try:
            await self._containment.run(owner, what, complete(), timeout=AUTOCOMPLETE_WITHIN)
        except Exception as error:  # noqa: BLE001 - contained; the person just sees no suggestions
            self._gate.failed(owner, what, error, self._containment.reference(), "runtime")
            if not context.initial_response_sent.is_set():
                await context.respond([])

    # ---- components and forms

    async def handle_component_interaction(
        self, interaction: hikari.ComponentInteraction, initial_response_sent: asyncio.Event
    ) -> None:
        """Run the handler that a pressed component names."""
        route = self._route(interaction.custom_id)
        if route is not None:
            press = ComponentPress(interaction, route.payload, initial_response_sent)
            await self._handle(route, press, form=False)
        elif menu := next((one for one in self.menus if interaction.custom_id in one.custom_ids), None):
            work = super().handle_component_interaction(interaction, initial_response_sent)
            await self._attached(self.menus.owners.get(menu), "menu", work)
        else:
            await _tell(interaction, "This button no longer works. Use the command again to get a fresh one.")

    async def handle_modal_interaction(
        self, interaction: hikari.ModalInteraction, initial_response_sent: asyncio.Event
    ) -> None:
        """Run the handler that a submitted form names."""
        route = self._route(interaction.custom_id)
        if route is not None:
            submit = FormSubmit(interaction, route.payload, initial_response_sent)
            await self._handle(route, submit, form=True)
        elif interaction.custom_id in self.modals:
            work = super().handle_modal_interaction(interaction, initial_response_sent)
            await self._attached(self.modals.owners.get(interaction.custom_id), "modal", work)
        else:
            await _tell(interaction, "This form no longer works. Use the command again to get a fresh one.")

    async def _attached(self, owner: str | None, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Run the callback of a menu or modal that lightbulb keeps in memory; it answers for itself."""
        await asyncio.wait({self._containment.start(owner or HOST_NAME, what, work)})

    def _route(self, custom_id: str) -> Route | None:
        return self.component_ids.read(custom_id) if self.component_ids is not None else None

    async def _handle(self, route: Route, context: ComponentPress | FormSubmit, *, form: bool) -> None:
        handler = self._gate.component_handler(route, form=form)
        refusal = self._gate.refusal(route.plugin, context.guild_id)
        if refusal is not None or handler is None:
            await _tell(context.interaction, refusal or "This no longer exists in the version that runs now.")
            return

        async def run() -> None:
            async with self.injection(route.plugin, lightbulb.di.Contexts.LISTENER):
                await handler(context)

        what = f"{'form' if form else 'component'} {route.action}"
        await self._answering(route.plugin, what, context, run())

    # ---- shared

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
                if (
                    plugin is not None
                ):  # a library's timer may keep this context for a while, and the container
                    _take_out(container, type(plugin))

    async def _answering(self, owner: str, what: str, context: Any, work: Any) -> None:
        watch = asyncio.create_task(self._defer_in_time(owner, what, context), name=f"{owner}: defer {what}")
        try:
            await self._containment.run(owner, what, self._told_when_interrupted(owner, what, context, work))
        except Exception as error:  # noqa: BLE001 - every failure becomes an answer
            await self._explain(owner, what, context, error)
        else:
            try:
                if await self._still_waits(context, watch):
                    await context.respond("Done.", flags=hikari.MessageFlag.EPHEMERAL)
            except hikari.HikariError as unanswered:
                logger.bind(plugin=owner).warning("could not say that {} is done: {}", what, unanswered)
        finally:
            watch.cancel()
            discard(work)

    async def _still_waits(self, context: Any, watch: asyncio.Task[bool]) -> bool:
        """Whether the person has no answer yet, or only the deferral that ``watch`` made for the handler."""
        if not context.initial_response_sent.is_set():
            return True  # if the deferral is on its way, the answer waits for it, and takes its place
        if not watch.done() or watch.cancelled() or not watch.result():
            return False
        shown = await context.interaction.fetch_initial_response()
        return hikari.MessageFlag.LOADING in shown.flags

    async def _told_when_interrupted(self, owner: str, what: str, context: Any, work: Any) -> Any:
        """The work; when it is cancelled, the person is told before whoever cancelled it goes on.

        Otherwise a deferred answer would say for ever that the bot is thinking.
        """
        try:
            return await held(work)
        except asyncio.CancelledError:
            if not self._containment.timed_out:
                try:
                    async with asyncio.timeout(TELL_WITHIN):
                        await context.respond(INTERRUPTED, flags=hikari.MessageFlag.EPHEMERAL)
                except Exception as unanswered:  # noqa: BLE001 - the stop goes on whatever Discord says
                    logger.bind(plugin=owner).warning(
                        "could not tell the person that {} was interrupted: {}", what, unanswered
                    )
            raise

    async def _defer_in_time(self, owner: str, what: str, context: Any) -> bool:
        """Defer when the handler is slow; answers whether that was done."""
        await self._clock.sleep(DEFER_AFTER)
        if context.initial_response_sent.is_set():
            return False
        try:
            await context.defer(ephemeral=True)
        except hikari.HikariError as refused:
            logger.bind(plugin=owner).warning("could not defer the answer to {}: {}", what, refused)
            return False
        return True

    async def _explain(self, owner: str, what: str, context: Any, error: BaseException) -> None:
        reference = self._containment.reference()
        answer: Answer = answer_for(error, reference)
        self._gate.failed(owner, what, root_cause(error), reference, answer.kind)
        try:
            await context.respond(answer.text, flags=hikari.MessageFlag.EPHEMERAL)
        except hikari.HikariError as unanswered:
            logger.bind(plugin=owner, reference=reference).warning(
                "could not tell the person why {} failed: {}", what, unanswered
            )


def _take_out(container: Any, kind: type[Any]) -> None:
    """Take a value out of a container that is about to be closed."""
    name = get_dependency_id(kind)
    container._instances.pop(name, None)
    if name in container._graph:
        container._graph.remove_node(name)
    container._expression_cache.clear()


async def _tell(
    interaction: hikari.CommandInteraction | hikari.ComponentInteraction | hikari.ModalInteraction, text: str
) -> None:
    await interaction.create_initial_response(
        hikari.ResponseType.MESSAGE_CREATE, text, flags=hikari.MessageFlag.EPHEMERAL
    )

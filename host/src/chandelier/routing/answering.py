"""Whatever becomes of a handler, the person who asked has an answer: in time, in their language, once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import hikari
from loguru import logger

from chandelier.barrier import discard, held
from chandelier.clock import Clock
from chandelier.containment import Containment
from chandelier.languages import Languages, Messages
from chandelier.routing.answers import Answer, answer_for, root_cause
from chandelier.services.acting import Actor, acting

if TYPE_CHECKING:
    from chandelier.routing.commands import Gate

__all__ = ["DEFER_AFTER", "Answering"]

_ = Messages(__package__)

DEFER_AFTER = 1.8
"""Seconds after which the host defers for a slow handler.

Discord wants a first response within 3 seconds (Discord's documentation, Receiving and Responding).
"""
TELL_WITHIN = 3.0
"""Seconds that a stop waits for the answer to somebody whose command it interrupts."""
INTERRUPTED = _(
    "This was interrupted: the bot, or this part of it, is being stopped or updated. "
    "See whether it was done, and try again in a minute."
)


class Answering:
    """Answers people for one host."""

    def __init__(self, containment: Containment, clock: Clock, gate: Gate, languages: Languages) -> None:
        self.languages = languages
        self._containment = containment
        self._clock = clock
        self._gate = gate

    async def answering(self, owner: str, what: str, context: Any, work: Any) -> None:
        """Do a plugin's work for a person, who has an answer within Discord's time whatever becomes of it."""
        watch = asyncio.create_task(self._defer_in_time(owner, what, context), name=f"{owner}: defer {what}")
        try:
            with acting(Actor.person(context.user.id)):
                await self._containment.run(
                    owner, what, self._told_when_interrupted(owner, what, context, work)
                )
        except Exception as error:  # noqa: BLE001 - every failure becomes an answer
            await self._explain(owner, what, context, error)
        else:
            try:
                if await self._still_waits(context, watch):
                    await context.respond(_("Done."), flags=hikari.MessageFlag.EPHEMERAL)
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
        answer: Answer = answer_for(
            error,
            reference,
            lambda text: self.languages.into(str(context.interaction.locale), text),
        )
        self._gate.failed(owner, what, root_cause(error), reference, answer.kind)
        try:
            await context.respond(answer.text, flags=hikari.MessageFlag.EPHEMERAL)
        except hikari.HikariError as unanswered:
            logger.bind(plugin=owner, reference=reference).warning(
                "could not tell the person why {} failed: {}", what, unanswered
            )

    async def tell(
        self,
        interaction: hikari.CommandInteraction | hikari.ComponentInteraction | hikari.ModalInteraction,
        text: str,
    ) -> None:
        """Answer with one line that only this person sees, in their language."""
        await interaction.create_initial_response(
            hikari.ResponseType.MESSAGE_CREATE,
            self.languages.into(str(interaction.locale), text),
            flags=hikari.MessageFlag.EPHEMERAL,
        )

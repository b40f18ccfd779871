"""Every failure maps to one clear answer, seen only by the person who asked."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import hikari
import lightbulb

from chandelier.errors import InvalidRequest, NotAllowed, ServiceUnavailable, message_of
from chandelier.hooks import HookTimeout
from chandelier.languages import Messages
from chandelier.wording import CONTENT, cut

__all__ = ["Answer", "answer_for", "root_cause"]

_ = Messages(__package__)


@attrs.frozen
class Answer:
    """What the person reads, and whether the failure is ours to look into."""

    text: str
    kind: str
    """One of ``validation``, ``access``, ``api``, ``runtime``."""


def answer_for(error: BaseException, reference: str, say: Callable[[str], str] = str) -> Answer:
    """The answer to show for an error, cut to what fits; ``reference`` is what the log has too.

    ``say`` turns a message into the reader's language.
    """
    answer = _answer_for(error, reference)
    return attrs.evolve(answer, text=cut(say(answer.text), CONTENT))


def _answer_for(error: BaseException, reference: str) -> Answer:
    cause = root_cause(error)
    match cause:
        case InvalidRequest():
            return Answer(message_of(cause), "validation")
        case NotAllowed():
            return Answer(message_of(cause), "access")
        case ServiceUnavailable():
            text = _("{problem}\nReference: `{reference}`", problem=message_of(cause), reference=reference)
            return Answer(text, "api")
        case HookTimeout():
            return Answer(
                _(
                    "This took too long, so I stopped it. Try again in a moment; if it happens again, "
                    "tell the bot's owner the reference `{reference}`.",
                    reference=reference,
                ),
                "runtime",
            )
        case hikari.ForbiddenError():
            return Answer(
                _(
                    "Discord does not let me do that ({why}). Check that my role is high enough and "
                    "has the permission. Reference: `{reference}`",
                    why=_words(cause),
                    reference=reference,
                ),
                "api",
            )
        case hikari.NotFoundError():
            return Answer(
                _(
                    "Discord no longer has that ({why}). It may have been deleted in the meantime. "
                    "Reference: `{reference}`",
                    why=_words(cause),
                    reference=reference,
                ),
                "api",
            )
        case hikari.HTTPError():
            return Answer(
                _(
                    "Discord did not answer as it should. Try again in a moment. Reference: `{reference}`",
                    reference=reference,
                ),
                "api",
            )
        case _:
            return _lightbulb_answer(cause) or Answer(
                _(
                    "Something went wrong on my side; nothing you did. Tell the bot's owner the reference "
                    "`{reference}`.",
                    reference=reference,
                ),
                "runtime",
            )


def root_cause(error: BaseException) -> BaseException:
    """The error that a command's code raised, out of what lightbulb wrapped it in."""
    if isinstance(error, lightbulb.exceptions.ExecutionPipelineFailedException):
        causes = error.causes
        return root_cause(causes[0]) if causes else error
    return error


def _words(error: hikari.HTTPResponseError) -> str:
    return (getattr(error, "message", "") or str(error.status)).rstrip(".").lower()


_PLAIN: tuple[tuple[type[BaseException], Callable[[BaseException], Answer]], ...] = (
    (
        lightbulb.prefab.MissingRequiredPermission,
        lambda error: Answer(_("You do not have the permissions that this command asks for."), "access"),
    ),
    (
        lightbulb.prefab.BotMissingRequiredPermissions,
        lambda error: Answer(_("I do not have the permissions that this command needs here."), "access"),
    ),
    (lightbulb.prefab.NotOwner, lambda error: Answer(_("Only the bot's owner may use this."), "access")),
    (
        lightbulb.prefab.OnCooldown,
        lambda error: Answer(
            _.count(
                "Not so fast: try again in a second.",
                "Not so fast: try again in {n} seconds.",
                max(1, round(getattr(error, "remaining", 1))),
            ),
            "validation",
        ),
    ),
)


def _lightbulb_answer(error: BaseException) -> Answer | None:
    for kind, make in _PLAIN:
        if isinstance(error, kind):
            return make(error)
    return None

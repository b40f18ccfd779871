"""Every failure maps to one clear answer, seen only by the person who asked."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import hikari
import lightbulb

from chandelier.errors import InvalidRequest, NotAllowed, ServiceUnavailable
from chandelier.hooks import HookTimeout

__all__ = ["Answer", "answer_for", "root_cause"]


MAX_CONTENT = 2000
"""Characters of a message. Source: https://discord.com/developers/docs/resources/message#create-message"""


@attrs.frozen
class Answer:
    """What the person reads, and whether the failure is ours to look into."""

    text: str
    kind: str
    """One of ``validation``, ``access``, ``api``, ``runtime``."""


def answer_for(error: BaseException, reference: str) -> Answer:
    """The answer to show for an error, cut to what fits; ``reference`` is what the log has too."""
    answer = _answer_for(error, reference)
    if len(answer.text) <= MAX_CONTENT:
        return answer
    return attrs.evolve(answer, text=answer.text[: MAX_CONTENT - 1] + "…")


def _answer_for(error: BaseException, reference: str) -> Answer:
    cause = root_cause(error)
    match cause:
        case InvalidRequest():
            return Answer(str(cause), "validation")
        case NotAllowed():
            return Answer(str(cause), "access")
        case ServiceUnavailable():
            return Answer(f"{cause}\nReference: `{reference}`", "api")
        case HookTimeout():
            return Answer(
                "This took too long, so I stopped it. Try again in a moment; if it happens again, "
                f"tell the bot's owner the reference `{reference}`.",
                "runtime",
            )
        case hikari.ForbiddenError():
            return Answer(
                f"Discord does not let me do that ({_words(cause)}). Check that my role is high enough and "
                f"has the permission. Reference: `{reference}`",
                "api",
            )
        case hikari.NotFoundError():
            return Answer(
                f"Discord no longer has that ({_words(cause)}). It may have been deleted in the meantime. "
                f"Reference: `{reference}`",
                "api",
            )
        case hikari.HTTPError():
            return Answer(
                f"Discord did not answer as it should. Try again in a moment. Reference: `{reference}`", "api"
            )
        case _:
            return _lightbulb_answer(cause) or Answer(
                "Something went wrong on my side; nothing you did. Tell the bot's owner the reference "
                f"`{reference}`.",
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
        lambda error: Answer("You do not have the permissions that this command asks for.", "access"),
    ),
    (
        lightbulb.prefab.BotMissingRequiredPermissions,
        lambda error: Answer("I do not have the permissions that this command needs here.", "access"),
    ),
    (lightbulb.prefab.NotOwner, lambda error: Answer("Only the bot's owner may use this.", "access")),
    (
        lightbulb.prefab.OnCooldown,
        lambda error: Answer(
            f"Not so fast: try again in {max(1, round(getattr(error, 'remaining', 1)))} seconds.",
            "validation",
        ),
    ),
)


def _lightbulb_answer(error: BaseException) -> Answer | None:
    for kind, make in _PLAIN:
        if isinstance(error, kind):
            return make(error)
    return None

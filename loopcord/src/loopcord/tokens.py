"""Interaction and webhook tokens: until when one may answer, how often, and with what.

Three seconds to the first answer, one first answer, fifteen minutes for everything after it.
Source: https://discord.com/developers/docs/interactions/receiving-and-responding
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ._simcord import BackendError, InteractionModel, InteractionType
from .parity import Correction
from .problems import Problems

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["CHOICES", "CORRECTIONS", "admit"]

#: "autocomplete choices (max of 25 choices)"
CHOICES = 25
#: Characters of a choice's name, and of its value when that is text.
CHOICE_LENGTH = 100

_DOCS = "https://discord.com/developers/docs/interactions/receiving-and-responding"

CORRECTIONS = (
    Correction(
        "POST /interactions/{interaction_id}/{token}/callback",
        "lets any interaction be answered in any way",
        "takes only the callback types of that kind of interaction: no form in answer to a form, an update "
        "only for components, choices only for autocomplete, and at most 25 of them",
        f"{_DOCS}#interaction-response-object-interaction-callback-type",
    ),
    Correction(
        "POST /webhooks/{application_id}/{token}",
        "lets a bot follow up before it has answered",
        "answers 404/10015 until there is a first answer, and after the three seconds without one",
        f"{_DOCS}#interaction-callback",
    ),
    Correction(
        "PATCH /webhooks/{application_id}/{token}/messages/@original",
        "answers 404/10015 when the fifteen minutes are over",
        "answers 401/50027",
        "https://github.com/discord/discord-api-docs/issues/6851",
    ),
    Correction(
        "POST /webhooks/{webhook_id}/{token}",
        "answers 404/10015 to a wrong token of a webhook that exists",
        "answers 401/50027",
        "https://discord.com/developers/docs/topics/opcodes-and-status-codes#json",
    ),
    Correction(
        "POST /interactions/{interaction_id}/{token}/callback",
        "refuses an update of a form's message when a command opened the form with 400/50035",
        "answers 404/10008, as there is no message",
        "https://github.com/discord/discord-api-docs/issues/7774",
    ),
)

_PONG, _MESSAGE, _DEFER, _DEFER_UPDATE, _UPDATE, _AUTOCOMPLETE, _MODAL = 1, 4, 5, 6, 7, 8, 9
_PREMIUM, _ACTIVITY = 10, 12
_ANSWERS: dict[int, tuple[int, ...]] = {
    InteractionType.PING: (_PONG,),
    InteractionType.APPLICATION_COMMAND: (_MESSAGE, _DEFER, _MODAL, _PREMIUM, _ACTIVITY),
    InteractionType.MESSAGE_COMPONENT: (
        _MESSAGE, _DEFER, _DEFER_UPDATE, _UPDATE, _MODAL, _PREMIUM, _ACTIVITY,
    ),
    InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE: (_AUTOCOMPLETE,),
    InteractionType.MODAL_SUBMIT: (_MESSAGE, _DEFER, _DEFER_UPDATE, _UPDATE, _PREMIUM, _ACTIVITY),
}  # fmt: skip


def admit(backend: LocalBackend, method: str, path: str, body: Any) -> None:
    """Let a request pass if its path carries no token, or one that is good for it.

    Raises:
        BackendError: as Discord refuses it.
        NotImplementedError: for a callback that loopcord does not model.
    """
    parts = path.strip("/").split("/")
    if parts[0] == "interactions" and len(parts) == 4 and method == "POST":
        _callback(backend, parts[1], parts[2], body if isinstance(body, dict) else {})
    elif parts[0] == "webhooks" and len(parts) >= 3:
        _webhook(backend, parts[1], parts[2])


def _passed(backend: LocalBackend, instant: str | None) -> bool:
    return instant is not None and backend.clock.now() >= datetime.fromisoformat(instant)


# ------------------------------------------------------------------ the first answer


def _callback(backend: LocalBackend, interaction: str, token: str, body: Mapping[str, Any]) -> None:
    record = backend.interactions.get(int(interaction)) if interaction.isdecimal() else None
    if record is None or record.token != token or _passed(backend, record.expires_at):
        raise BackendError(404, 10062, "Unknown interaction")
    if record.responded:
        raise BackendError(400, 40060, "Interaction has already been acknowledged.")
    if _passed(backend, record.initial_response_deadline):
        raise BackendError(404, 10062, "Unknown interaction")
    kind = body.get("type")
    problems = Problems()
    if kind is None:
        problems.required("type")
    elif kind not in _ANSWERS[record.type]:
        problems.choice("type", _ANSWERS[record.type])
    elif kind == _AUTOCOMPLETE:
        _check_choices(problems, (body.get("data") or {}).get("choices"))
    problems.check()
    if kind in (_PREMIUM, _ACTIVITY):
        raise NotImplementedError(f"interaction callbacks of type {kind}")
    if kind == _UPDATE and not _has_source(backend, record):
        raise BackendError(404, 10008, "Unknown Message")


def _has_source(backend: LocalBackend, record: InteractionModel) -> bool:
    return record.source_message_id in backend.messages.get(record.channel_id, {})


def _check_choices(problems: Problems, choices: Any) -> None:
    if not isinstance(choices, list):
        problems.required("data.choices")
        return
    problems.length("data.choices", choices, 0, CHOICES)
    for index, choice in enumerate(choices):
        where = f"data.choices.{index}"
        name, value = (choice.get("name"), choice.get("value")) if isinstance(choice, dict) else (None, None)
        if not isinstance(name, str):
            problems.required(f"{where}.name")
        else:
            problems.length(f"{where}.name", name, 1, CHOICE_LENGTH)
        if isinstance(value, str):
            problems.length(f"{where}.value", value, 0, CHOICE_LENGTH)
        elif value is None:
            problems.required(f"{where}.value")


# ------------------------------------------------------------------ everything after it


def _webhook(backend: LocalBackend, webhook: str, token: str) -> None:
    if webhook != str(backend.application_id):
        known = backend.webhooks.get(int(webhook)) if webhook.isdecimal() else None
        if known is None:
            raise BackendError(404, 10015, "Unknown Webhook")
        if known.token != token:
            raise BackendError(401, 50027, "Invalid Webhook Token")
        return
    record = backend.interactions.get(backend.interaction_tokens.get(token, 0))
    if record is None or _passed(backend, record.expires_at):
        raise BackendError(401, 50027, "Invalid Webhook Token")
    if not record.responded or record.type == InteractionType.APPLICATION_COMMAND_AUTOCOMPLETE:
        raise BackendError(404, 10015, "Unknown Webhook")

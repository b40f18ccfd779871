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
from .rules.forms import Choice, Form, Record, needed

if TYPE_CHECKING:
    from ._repairs import LocalBackend

__all__ = ["CORRECTIONS", "admit"]

_DOCS = "https://discord.com/developers/docs/interactions/receiving-and-responding"

CORRECTIONS = (
    Correction(
        "POST /interactions/{interaction_id}/{token}/callback",
        "lets any interaction be answered in any way",
        "takes only the callback types of that kind of interaction: no form in answer to a form, an update "
        "only for components, choices only for autocomplete",
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
    form = Form()
    Record({"type": needed(Choice(_ANSWERS[record.type]))}).check(body, (), form)
    form.refuse()
    if kind in (_PREMIUM, _ACTIVITY):
        raise NotImplementedError(f"interaction callbacks of type {kind}")
    if kind == _UPDATE and not _has_source(backend, record):
        raise BackendError(404, 10008, "Unknown Message")


def _has_source(backend: LocalBackend, record: InteractionModel) -> bool:
    return record.source_message_id in backend.messages.get(record.channel_id, {})


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

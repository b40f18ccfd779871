"""Filling in a form: every control checked as the client checks it before it lets one submit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ._simcord import SELECT_TYPES, ComponentType, serializers, store_interaction_attachment
from .errors import ActError
from .guilds import Channel
from .interactions import dispatch_modal, selected_values
from .messages import Reply
from .users import User

__all__ = ["submit"]

_ACTION_ROW, _LABEL, _TEXT = ComponentType.ACTION_ROW, ComponentType.LABEL, ComponentType.TEXT_DISPLAY


def submit(user: User, shown: Reply, values: Mapping[str, Any]) -> Reply:
    """Submit the form that ``shown`` opened; ``values`` by custom id.

    Raises:
        ActError: when there is no such form for this person, or a value does not fit its control.
    """
    spec = shown.modal
    if spec is None:
        raise ActError("there is no form: the bot did not answer with a modal")
    if shown.record.user_id != user.id:
        raise ActError(f"the form was shown to somebody else than {user.name}")
    if shown.record.modal_consumed:
        raise ActError("that form has been submitted already")
    backend = user.discord.backend
    channel = Channel(user.discord, backend.get_channel(shown.record.channel_id))
    known = {c["custom_id"] for c in _controls(spec["components"])}
    if unknown := sorted(values.keys() - known):
        raise ActError(f"the form has no field {unknown[0]!r}; it has {sorted(known)}")
    resolved: dict[str, Any] = {}
    components = [_filled(node, user, channel, values, resolved) for node in spec["components"]]
    data: dict[str, Any] = {"custom_id": spec["custom_id"], "components": components}
    if resolved:
        data["resolved"] = resolved
    message = None
    if shown.record.source_message_id is not None:
        stored = backend.messages.get(channel.id, {}).get(shown.record.source_message_id)
        if stored is not None:
            message = dict(serializers.message_payload(backend, stored, for_user=backend.bot_user.id))
    shown.record.modal_consumed = True
    return dispatch_modal(user, shown, data, message)


def _controls(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for node in nodes:
        if node["type"] == _ACTION_ROW:
            found += node["components"]
        elif node["type"] == _LABEL:
            found.append(node["component"])
    return found


def _filled(
    node: dict[str, Any], user: User, channel: Channel, values: Mapping[str, Any], resolved: dict[str, Any]
) -> dict[str, Any]:
    head = {"type": int(node["type"]), "id": node["id"]}
    if node["type"] == _TEXT:
        return head
    if node["type"] == _ACTION_ROW:
        return {**head, "components": [_leaf(c, user, channel, values, resolved) for c in node["components"]]}
    return {**head, "component": _leaf(node["component"], user, channel, values, resolved)}


def _leaf(
    control: dict[str, Any], user: User, channel: Channel, values: Mapping[str, Any], resolved: dict[str, Any]
) -> dict[str, Any]:
    kind, name = control["type"], control["custom_id"]
    given = name in values
    value = values.get(name)
    # Discord: text inputs, selects, radio groups and uploads are required unless they say otherwise.
    required = control.get("required", kind != ComponentType.CHECKBOX)
    data: dict[str, Any] = {"type": int(kind), "id": control.get("id", 0), "custom_id": name}
    if kind == ComponentType.TEXT_INPUT:
        data["value"] = _text_value(
            control, name, value if given else control.get("value") or "", bool(required)
        )
    elif kind in SELECT_TYPES:
        chosen = list(value or [])
        if required and not chosen:
            raise ActError(f"field {name!r} of the form must be filled in")
        data["values"] = selected_values(user, channel, control, chosen, resolved) if chosen else []
    elif kind == ComponentType.FILE_UPLOAD:
        files = [value] if isinstance(value, tuple) else list(value or [])
        if required and not files:
            raise ActError(f"field {name!r} of the form must be filled in")
        backend = user.discord.backend
        data["values"] = [
            store_interaction_attachment(backend, channel.id, filename, blob, resolved)
            for filename, blob in files
        ]
    elif kind == ComponentType.CHECKBOX:
        data["value"] = bool(value) if given else bool(control.get("default", False))
    elif kind in (ComponentType.RADIO_GROUP, ComponentType.CHECKBOX_GROUP):
        offered = [option["value"] for option in control.get("options") or []]
        single = kind == ComponentType.RADIO_GROUP
        chosen = ([value] if given and value is not None else []) if single else list(value or [])
        if wrong := [item for item in chosen if item not in offered]:
            raise ActError(f"field {name!r} of the form does not offer {wrong[0]!r}; it offers {offered}")
        if required and not chosen:
            raise ActError(f"field {name!r} of the form must be filled in")
        data["value" if single else "values"] = (chosen[0] if chosen else None) if single else chosen
    else:
        raise ActError(f"loopcord cannot fill in a control of type {kind} ({name!r})")
    return data


def _text_value(control: Mapping[str, Any], name: str, value: Any, required: bool) -> str:
    if not isinstance(value, str):
        raise ActError(f"field {name!r} of the form takes text, not {type(value).__name__}")
    if required and not value:
        raise ActError(f"field {name!r} of the form must be filled in")
    low, high = control.get("min_length") or 0, control.get("max_length") or 4000
    if (value or required) and not low <= len(value) <= high:
        raise ActError(f"field {name!r} of the form takes {low} to {high} characters, not {len(value)}")
    return value

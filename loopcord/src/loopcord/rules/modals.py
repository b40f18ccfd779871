"""Forms that a bot opens: their title, their fields and what these may ask for.

Source: https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from loopcord._simcord import ComponentType

from . import limits
from .components import SELECTS, TEXT_DISPLAY, option_values
from .forms import Boolean, Choice, Form, Integer, Items, Kind, OneOf, Path, Record, Text, needed

__all__ = ["check_modal"]


def _input_rule(text: dict[str, Any], path: Path, form: Form) -> None:
    low, high = text.get("min_length"), text.get("max_length")
    if isinstance(low, int) and isinstance(high, int) and low > high:
        least = f"int value should be greater than or equal to {low}."
        form.add((*path, "max_length"), "NUMBER_TYPE_MIN", least)


def _group(options: tuple[int, int]) -> Kind:
    option = Record(
        {
            "label": needed(Text(1, limits.OPTION_TEXT)),
            "value": needed(Text(1, limits.OPTION_TEXT)),
            "description": Text(high=limits.OPTION_TEXT),
            "default": Boolean(),
        }
    )

    def rule(group: dict[str, Any], path: Path, form: Form) -> None:
        option_values(group.get("options"), (*path, "options"), form)

    custom_id = needed(Text(1, limits.CUSTOM_ID))
    return Record({"custom_id": custom_id, "options": needed(Items(option, *options))}, rule)


_TEXT_INPUT = Record(
    {
        "custom_id": needed(Text(1, limits.CUSTOM_ID)),
        "style": needed(Choice((1, 2))),
        "label": Text(1, limits.LABEL),
        "min_length": Integer(0, limits.TEXT_INPUT),
        "max_length": Integer(1, limits.TEXT_INPUT),
        "required": Boolean(),
        "value": Text(high=limits.TEXT_INPUT),
        "placeholder": Text(high=limits.TEXT_INPUT_PLACEHOLDER),
    },
    _input_rule,
)
_UPLOAD = Record(
    {
        "custom_id": needed(Text(1, limits.CUSTOM_ID)),
        "min_values": Integer(0, limits.FILE_UPLOADS),
        "max_values": Integer(1, limits.FILE_UPLOADS),
        "required": Boolean(),
    }
)
_CHECKBOX = Record({"custom_id": needed(Text(1, limits.CUSTOM_ID)), "default": Boolean()})
_CONTROLS: dict[int, Kind] = {
    int(ComponentType.TEXT_INPUT): _TEXT_INPUT,
    **SELECTS,
    int(ComponentType.FILE_UPLOAD): _UPLOAD,
    int(ComponentType.RADIO_GROUP): _group(limits.RADIO_OPTIONS),
    int(ComponentType.CHECKBOX_GROUP): _group(limits.CHECKBOX_OPTIONS),
    int(ComponentType.CHECKBOX): _CHECKBOX,
}
_ROW = Record({"components": needed(Items(OneOf(_CONTROLS), 1, 1))})
_LABEL = Record(
    {
        "label": needed(Text(1, limits.LABEL)),
        "description": Text(high=limits.LABEL_DESCRIPTION),
        "component": needed(OneOf(_CONTROLS)),
    }
)
_PARTS = OneOf({1: _ROW, 10: TEXT_DISPLAY, 18: _LABEL})
_MODAL = Record(
    {
        "custom_id": needed(Text(1, limits.CUSTOM_ID)),
        "title": needed(Text(1, limits.MODAL_TITLE)),
        "components": needed(Items(_PARTS, 1, limits.MODAL_COMPONENTS)),
    }
)


def check_modal(value: Any, path: Path, form: Form) -> Any:
    """Check a form as it is opened; its fields have ids of their own."""
    before = form.count
    checked = _MODAL.check(value, path, form)
    if form.count > before:
        return checked
    seen: set[str] = set()
    for where, control in _controls(checked["components"], (*path, "components")):
        if control["custom_id"] in seen:
            again = "Component custom id cannot be duplicated"
            form.add((*where, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", again)
        seen.add(control["custom_id"])
    return checked


def _controls(parts: list[Any], path: Path) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for index, part in enumerate(parts):
        if part["type"] == ComponentType.ACTION_ROW:
            yield (*path, index, "components", 0), part["components"][0]
        elif part["type"] == ComponentType.LABEL:
            yield (*path, index, "component"), part["component"]

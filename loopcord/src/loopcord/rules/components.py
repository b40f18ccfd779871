"""Message components: what each may hold, where it may be, and what all of one message may be together.

simcord checks the same and more; this says it as Discord does, every problem at its place.
Source: https://discord.com/developers/docs/components/reference
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loopcord._simcord import SELECT_TYPES, ComponentType, walk_components

from . import limits
from .forms import (
    Boolean,
    Choice,
    Form,
    Integer,
    Items,
    Kind,
    OneOf,
    Path,
    Record,
    Snowflake,
    Text,
    Url,
    needed,
)

__all__ = ["COMPONENTS_V2", "check_components", "option_values", "select_rule"]

#: The message flag IS_COMPONENTS_V2.
COMPONENTS_V2 = 1 << 15

_LINK, _PREMIUM = 5, 6
_MEDIA = Record({"url": needed(Url(("http", "https", "attachment")))})
_EMOJI = Record({"id": Snowflake(), "name": Text(), "animated": Boolean()})


def option_values(options: Any, path: Path, form: Form) -> None:
    """The values of a menu's options differ."""
    seen: set[Any] = set()
    for index, option in enumerate(options if isinstance(options, list) else []):
        value = option.get("value") if isinstance(option, Mapping) else None
        if isinstance(value, str) and value in seen:
            again = "The specified option value is already used"
            form.add((*path, index, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", again)
        if isinstance(value, str):
            seen.add(value)


def select_rule(select: dict[str, Any], path: Path, form: Form) -> None:
    """A menu lets one choose at least as few as at most, and not more than it offers."""
    low, high = select.get("min_values"), select.get("max_values")
    low, high = (1 if low is None else low), (1 if high is None else high)
    if not isinstance(low, int) or not isinstance(high, int):
        return
    if low > high:
        least = f"int value should be greater than or equal to {low}."
        form.add((*path, "max_values"), "NUMBER_TYPE_MIN", least)
    options = select.get("options")
    if select.get("type") == ComponentType.STRING_SELECT and isinstance(options, list):
        if 0 < len(options) < high:
            length = f"Must be between {high} and {limits.SELECT_OPTIONS} in length."
            form.add((*path, "options"), "BASE_TYPE_BAD_LENGTH", length)
        option_values(options, (*path, "options"), form)


def _button_rule(button: dict[str, Any], path: Path, form: Form) -> None:
    style, custom_id, url = button.get("style"), button.get("custom_id"), button.get("url")
    if style == _LINK and not url:
        form.add((*path, "url"), "BUTTON_COMPONENT_URL_REQUIRED", "A url is required")
    if style not in (_LINK, _PREMIUM) and not custom_id:
        form.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required")
    if custom_id and url:
        both = "A custom id and url cannot both be specified"
        form.add((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", both)
    if style == _PREMIUM and not button.get("sku_id"):
        form.require((*path, "sku_id"))


_OPTION = Record(
    {
        "label": needed(Text(1, limits.OPTION_TEXT)),
        "value": needed(Text(1, limits.OPTION_TEXT)),
        "description": Text(high=limits.OPTION_TEXT),
        "emoji": _EMOJI,
        "default": Boolean(),
    }
)
_BUTTON = Record(
    {
        "style": needed(Choice((1, 2, 3, 4, 5, 6))),
        "label": Text(high=limits.BUTTON_LABEL),
        "emoji": _EMOJI,
        "custom_id": Text(1, limits.CUSTOM_ID),
        "url": Url(("http", "https", "discord"), limits.BUTTON_URL),
        "disabled": Boolean(),
    },
    _button_rule,
)
_SELECT_FIELDS: dict[str, Any] = {
    "custom_id": needed(Text(1, limits.CUSTOM_ID)),
    "placeholder": Text(high=limits.SELECT_PLACEHOLDER),
    "min_values": Integer(0, limits.SELECT_OPTIONS),
    "max_values": Integer(1, limits.SELECT_OPTIONS),
    "disabled": Boolean(),
}
_STRING_SELECT = Record(
    {**_SELECT_FIELDS, "options": needed(Items(_OPTION, 1, limits.SELECT_OPTIONS))}, select_rule
)
_SELECT = Record(_SELECT_FIELDS, select_rule)
#: Every menu, by type; forms use them too.
SELECTS: dict[int, Kind] = {
    int(kind): _STRING_SELECT if kind == ComponentType.STRING_SELECT else _SELECT for kind in SELECT_TYPES
}


def _row_rule(row: dict[str, Any], path: Path, form: Form) -> None:
    width = 0
    for index, child in enumerate(row["components"] if isinstance(row.get("components"), list) else []):
        kind = child.get("type") if isinstance(child, Mapping) else None
        width += limits.ROW_WIDTH if kind in SELECTS else 1
        if width > limits.ROW_WIDTH and index:
            wide = "The specified component exceeds the maximum width"
            form.add((*path, "components", index), "COMPONENT_LAYOUT_WIDTH_EXCEEDED", wide)


_IN_A_ROW = OneOf({int(ComponentType.BUTTON): _BUTTON, **SELECTS})
_ROW = Record({"components": needed(Items(_IN_A_ROW, 1, limits.ROW_WIDTH))}, _row_rule)
#: Shown text, in messages and forms.
TEXT_DISPLAY = Record({"content": needed(Text(1, limits.COMPONENTS_TEXT))})
_DESCRIBED = {"description": Text(high=limits.MEDIA_DESCRIPTION), "spoiler": Boolean()}
_THUMBNAIL = Record({"media": needed(_MEDIA), **_DESCRIBED})
_SECTION = Record(
    {
        "components": needed(Items(OneOf({10: TEXT_DISPLAY}), 1, limits.SECTION_TEXTS)),
        "accessory": needed(OneOf({2: _BUTTON, 11: _THUMBNAIL})),
    }
)
_GALLERY = Record(
    {"items": needed(Items(Record({"media": needed(_MEDIA), **_DESCRIBED}), 1, limits.GALLERY_ITEMS))}
)
_FILE = Record({"file": needed(_MEDIA), "spoiler": Boolean()})
_SEPARATOR = Record({"divider": Boolean(), "spacing": Choice((1, 2))})
_INSIDE: dict[int, Kind] = {1: _ROW, 9: _SECTION, 10: TEXT_DISPLAY, 12: _GALLERY, 13: _FILE, 14: _SEPARATOR}
_CONTAINER = Record(
    {
        "components": needed(Items(OneOf(_INSIDE))),
        "accent_color": Integer(0, limits.COLOR),
        "spoiler": Boolean(),
    }
)
_LEGACY = Items(OneOf({1: _ROW}))
_V2 = Items(OneOf({**_INSIDE, 17: _CONTAINER}))


def check_components(value: Any, path: Path, form: Form, *, v2: bool) -> Any:
    """Check a message's components; ``v2`` says whether it has the flag IS_COMPONENTS_V2."""
    before = form.count
    if not v2 and isinstance(value, list) and len(value) > limits.ACTION_ROWS:
        length = f"Must be between 1 and {limits.ACTION_ROWS} in length."
        form.add(path, "BASE_TYPE_BAD_LENGTH", length)
    checked = (_V2 if v2 else _LEGACY).check(value, path, form)
    if form.count > before:
        return checked
    _unique_ids(checked, path, form, set())
    everything = list(walk_components(checked))
    if len(everything) > limits.COMPONENTS:
        total = f"Total number of components cannot exceed {limits.COMPONENTS}"
        form.add(path, "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", total)
    shown = sum(len(part["content"]) for part in everything if part["type"] == ComponentType.TEXT_DISPLAY)
    if shown > limits.COMPONENTS_TEXT:
        size = f"Components displayable text size exceeds maximum size of {limits.COMPONENTS_TEXT}"
        form.add(path, "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", size)
    return checked


def _unique_ids(nodes: list[Any], path: Path, form: Form, seen: set[str]) -> None:
    """No two components of a message have one custom id."""
    for index, node in enumerate(nodes):
        _unique_id(node, (*path, index), form, seen)


def _unique_id(node: Mapping[str, Any], path: Path, form: Form, seen: set[str]) -> None:
    custom_id = node.get("custom_id")
    if isinstance(custom_id, str) and custom_id:
        if custom_id in seen:
            again = "Component custom id cannot be duplicated"
            form.add((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", again)
        seen.add(custom_id)
    _unique_ids(node.get("components") or [], (*path, "components"), form, seen)
    if isinstance(node.get("accessory"), Mapping):
        _unique_id(node["accessory"], (*path, "accessory"), form, seen)

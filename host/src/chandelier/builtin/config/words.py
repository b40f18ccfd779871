"""Values as people read and write them: mentions, lists, durations and yes or no, never Python."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any, Literal, cast, get_args, get_origin

from chandelier.config.layers import Layer
from chandelier.config.schema import Setting
from chandelier.config.secret import hide
from chandelier.config.units import in_words, written
from chandelier.config.values import optional
from chandelier.languages import Message, Messages

__all__ = ["choices_of", "element_type", "field_text", "is_list", "shown", "stored", "typed_form", "where"]

_ = Messages(__package__)

_MENTIONS: Mapping[str, str] = {"channel": "<#{}>", "role": "<@&{}>", "member": "<@{}>"}
SHOWN = 320
"""Characters of a value that are shown in a list of settings."""


def is_list(setting: Setting) -> bool:
    """Whether a setting takes several values."""
    return get_origin(optional(setting.type)[0]) in (tuple, frozenset)


def element_type(setting: Setting) -> Any:
    """The type of a setting, or of the elements of its list."""
    kind, _none = optional(setting.type)
    return get_args(kind)[0] if is_list(setting) else kind


def choices_of(setting: Setting) -> tuple[Any, ...]:
    """The values that a setting, or each element of its list, can have; none when they cannot be listed."""
    kind = element_type(setting)
    if setting.facts.choices is not None:
        chosen = setting.facts.choices
    elif get_origin(kind) is Literal:
        chosen = get_args(kind)
    elif get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, Enum):
        chosen = tuple(kind)
    else:
        return ()
    return tuple(choice.value if isinstance(choice, Enum) else choice for choice in chosen)


def shown(setting: Setting, value: Any, longest: int = SHOWN) -> str:
    """A plain value (JSON-ready) in words; a list that is too long says how many are left out."""
    if setting.secret:
        return _("a secret") if value is not None else _("not set")
    if value is None:
        return _("not set")
    if isinstance(value, list):
        return _list(cast("Sequence[Any]", value), lambda one: _one(setting, one, longest), longest)
    return _one(setting, value, longest)


def stored(value: Any, longest: int) -> str:
    """A stored value of a setting that no plugin that is loaded knows: as JSON, but for plain text."""
    return _code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), longest)


def where(layer: Layer) -> Message:
    """Which layer a value comes from."""
    return {
        Layer.DEFAULT: _("default"),
        Layer.FILE: _("the bot's config.toml"),
        Layer.ENVIRONMENT: _("the bot's environment"),
        Layer.GUILD: _("this server"),
    }[layer]


def field_text(value: str, layer: Layer, help_text: str) -> Message:
    """What a list of settings says about one."""
    return _("{value} ({layer})\n{help}", value=value, layer=where(layer), help=help_text)


def typed_form(setting: Setting, value: Any) -> str:
    """A plain value as one would type it, to stand in a form; reading it again gives the same value."""
    if value is None:
        return ""
    if isinstance(value, list):
        elements = cast("list[Any]", value)
        lines = [typed_form(setting, one) for one in elements]
        simple = all(isinstance(one, str | int | float) and not isinstance(one, bool) for one in elements)
        fits = all(line == line.strip() != "" and "\n" not in line for line in lines)
        # One a line; a single line would be read as separated by commas, and a bracket begins JSON.
        alone = len(lines) == 1 and "," in lines[0]
        if simple and fits and not alone and not (lines and lines[0].startswith("[")):
            return "\n".join(lines)
        return json.dumps(elements, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False, indent=1)
    if setting.facts.unit is not None and isinstance(value, int | float):
        return written(value, setting.facts.unit)
    return str(value)


def _one(setting: Setting, value: Any, longest: int) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if setting.kind is not None and isinstance(value, int):
        return _MENTIONS[setting.kind].format(value)
    if setting.facts.unit is not None and isinstance(value, int | float):
        return in_words(value, setting.facts.unit)
    if isinstance(value, Mapping | list):
        return _code(json.dumps(value, ensure_ascii=False), longest)
    return _code(str(value), longest)


def _list(values: Sequence[Any], one: Callable[[Any], str], longest: int) -> str:
    if not values:
        return _("none")
    whole, used = one(values[0]), len(one(values[0]))
    for index, value in enumerate(values[1:], start=1):
        next_one = one(value)
        used += len(next_one) + 2
        if used > longest:
            left = len(values) - index
            return _.count("{shown} and one more", "{shown} and {n} more", left, shown=whole)
        whole = _("{before}, {next}", before=whole, next=next_one)
    return whole


def _code(text: str, longest: int) -> str:
    """A text in Markdown's code style, in one line, whatever backticks are in it."""
    text = hide(" ".join(text.splitlines()) if "\n" in text else text)
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    if not text:
        return '""'
    if "`" not in text:
        return f"`{text}`"
    if "``" not in text:
        return f"`` {text} ``"
    return f"``` {text} ```" if "```" not in text else text.replace("`", "'")

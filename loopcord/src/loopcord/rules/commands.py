"""Application commands: names, descriptions, options, choices, and how many there may be.

Source: https://discord.com/developers/docs/interactions/application-commands#application-command-object
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from loopcord._simcord import AppCommandType, BackendError, OptionType

from . import limits
from .forms import Anything, Boolean, Choice, Form, Integer, Items, Kind, OneOf, Path, Record, Text, needed

__all__ = ["check_command", "check_commands", "check_count"]

_SUB_COMMAND, _GROUP = int(OptionType.SUBCOMMAND), int(OptionType.SUBCOMMAND_GROUP)


def _may_be_in_a_name(character: str) -> bool:
    """``[-_'\\p{L}\\p{N}\\p{sc=Deva}\\p{sc=Thai}]`` of the documentation."""
    if character in "-_'" or unicodedata.category(character)[0] in "LN":
        return True
    return unicodedata.name(character, "").startswith(("DEVANAGARI ", "THAI "))


class _Name:
    """The name of a slash command or an option: lower case where there is one."""

    def check(self, value: Any, path: Path, form: Form) -> Any:
        before = form.count
        value = Text(1, limits.COMMAND_NAME).check(value, path, form)
        if form.count > before:
            return value
        valid = all(map(_may_be_in_a_name, value))
        if not valid:
            form.add(path, "STRING_TYPE_REGEX", "String value did not match validation regex.")
        if not valid or value != value.lower():
            form.add(path, "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        return value


class _Localized:
    """A text by locale; each obeys the rule of the text itself."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def check(self, value: Any, path: Path, form: Form) -> Any:
        checked = Record({}).check(value, path, form)
        for locale, text in checked.items() if isinstance(checked, dict) else ():
            if text is not None:
                self._kind.check(text, (*path, str(locale)), form)
        return checked


_DESCRIPTION = Text(1, limits.COMMAND_DESCRIPTION)
_CHOICE = Record({"name": needed(Text(1, limits.CHOICE_TEXT)), "value": needed(Anything())})
_CHOICE_VALUES: dict[int, Kind] = {
    int(OptionType.STRING): Text(high=limits.CHOICE_TEXT),
    int(OptionType.INTEGER): Integer(),
}


def _choices(option: dict[str, Any], path: Path, form: Form) -> None:
    choices = option.get("choices")
    if choices and option.get("autocomplete"):
        both = "Choices cannot be set when autocomplete is enabled"
        form.add((*path, "choices"), "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE", both)
    kind = _CHOICE_VALUES.get(option["type"])
    for index, choice in enumerate(choices if isinstance(choices, list) else []):
        if kind is not None and isinstance(choice, Mapping) and choice.get("value") is not None:
            kind.check(choice["value"], (*path, "choices", index, "value"), form)


def _order(command: dict[str, Any], path: Path, form: Form) -> None:
    """Required options come first, every name comes once, sub commands stand alone."""
    options = command.get("options")
    given = [option for option in options or [] if isinstance(option, Mapping)]
    if not isinstance(options, list) or len(given) < len(options):
        return
    optional, names = False, set[Any]()
    for index, option in enumerate(given):
        where = (*path, "options", index)
        if option.get("required") and optional:
            first = "Required options must be placed before non-required options"
            form.add(where, "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID", first)
        optional = optional or not option.get("required")
        name = option.get("name")
        if name in names:
            again = f"Option name {name} is already used in these options"
            form.add(where, "APPLICATION_COMMAND_OPTIONS_NAME_INVALID", again)
        names.add(name)
    nested = [option.get("type") in (_SUB_COMMAND, _GROUP) for option in given]
    if any(nested) and not all(nested):
        alone = "Sub-command and sub-command group option types are mutually exclusive to all other types"
        form.add((*path, "options"), "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID", alone)


_TEXTS: dict[str, Any] = {
    "name": needed(_Name()),
    "name_localizations": _Localized(_Name()),
    "description": needed(_DESCRIPTION),
    "description_localizations": _Localized(_DESCRIPTION),
}
_VALUE = Record(
    {
        **_TEXTS,
        "required": Boolean(),
        "autocomplete": Boolean(),
        "min_length": Integer(0, limits.OPTION_LENGTH),
        "max_length": Integer(1, limits.OPTION_LENGTH),
        "choices": Items(_CHOICE, high=limits.COMMAND_CHOICES),
    },
    _choices,
)
_VALUES: dict[int, Kind] = {int(kind): _VALUE for kind in OptionType if kind not in (_SUB_COMMAND, _GROUP)}


def _options(kinds: Mapping[int, Kind]) -> Items:
    return Items(OneOf(kinds), high=limits.COMMAND_OPTIONS)


_SUB = Record({**_TEXTS, "options": _options(_VALUES)}, _order)
_SUBS = Record({**_TEXTS, "options": _options({_SUB_COMMAND: _SUB})}, _order)
_CHAT_INPUT = Record({**_TEXTS, "options": _options({_SUB_COMMAND: _SUB, _GROUP: _SUBS, **_VALUES})}, _order)


def _bare(menu: dict[str, Any], path: Path, form: Form) -> None:
    for name in ("description", "options"):
        if menu.get(name):
            code = f"APPLICATION_COMMAND_CONTEXT_MENU_{name.upper()}_NOT_ALLOWED"
            form.add((*path, name), code, f"Context menu commands cannot have {name}")


_MENU_NAME = Text(1, limits.COMMAND_NAME)
_MENU = Record({"name": needed(_MENU_NAME), "name_localizations": _Localized(_MENU_NAME)}, _bare)
_TYPES = tuple(limits.COMMANDS)


def check_command(value: Any, path: Path, form: Form) -> Any:
    """Check one command, whole."""
    kind = value.get("type") if isinstance(value, Mapping) else None
    kind = AppCommandType.CHAT_INPUT if kind is None else kind
    if kind not in _TYPES:
        return Record({"type": Choice(_TYPES)}).check(value, path, form)
    before = form.count
    checked = (_CHAT_INPUT if kind == AppCommandType.CHAT_INPUT else _MENU).check(value, path, form)
    if form.count == before and _size(checked) > limits.COMMAND_SIZE:
        large = f"Command exceeds maximum size ({limits.COMMAND_SIZE})"
        form.add(path, "APPLICATION_COMMAND_TOO_LARGE", large)
    return checked


def _size(node: Mapping[str, Any]) -> int:
    """Names, descriptions and values, of each text its longest translation."""
    total = len(str(node.get("value", "")))
    for name in ("name", "description"):
        texts = [node.get(name), *(node.get(f"{name}_localizations") or {}).values()]
        total += max(len(text or "") for text in texts)
    return total + sum(_size(item) for key in ("options", "choices") for item in node.get(key) or [])


def check_commands(value: Any, form: Form) -> list[Any]:
    """Check a whole scope's commands, as a bulk overwrite gives them."""
    if not isinstance(value, list):
        Items(Anything()).check(value, (), form)
        return []
    checked = [check_command(command, (index,), form) for index, command in enumerate(value)]
    names: set[tuple[Any, Any]] = set()
    for index, command in enumerate(checked):
        if isinstance(command, dict):
            key = (command.get("name"), command.get("type") or AppCommandType.CHAT_INPUT)
            if key in names:
                again = "Application command names must be unique"
                form.add((index,), "APPLICATION_COMMANDS_DUPLICATE_NAME", again)
            names.add(key)
    return checked


def check_count(types: Iterable[Any]) -> None:
    """Refuse more commands of one type than a scope may have.

    Raises:
        BackendError: 400 with code 30032.
    """
    for kind, count in Counter(types).items():
        most = limits.COMMANDS.get(kind)
        if most is not None and count > most:
            reached = f"Maximum number of application commands reached ({most})."
            raise BackendError(400, 30032, reached)

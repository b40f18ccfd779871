"""What Discord would refuse of a single application command, in words that its author understands.

Source of every limit and rule: https://discord.com/developers/docs/interactions/application-commands
(application command object, registering a command) and .../reference#error-messages for the size.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import hikari

__all__ = ["MOST", "SIZE", "faults"]

NAME, DESCRIPTION, OPTIONS, CHOICES, CHOICE_TEXT, LENGTH = 32, 100, 25, 25, 100, 6000
"""Characters of a name and of a description; options and choices in one list; characters of a choice's name
or text; and the highest limit for the length of what is typed."""
SIZE = 8000
"""Characters of a command's names, descriptions and values together; of each text its longest translation."""
MOST = {"slash": 100, "user": 15, "message": 15}
"""Commands of one kind globally, and as many more in each guild."""
LARGEST = 2**53
"""Numbers of options lie within this, above and below zero."""

_GROUPS = (hikari.OptionType.SUB_COMMAND, hikari.OptionType.SUB_COMMAND_GROUP)
_LOCALES = frozenset(str(locale.value) for locale in hikari.Locale)


def faults(builder: hikari.api.CommandBuilder) -> list[str]:
    """Everything that Discord would refuse of a command; empty when it would take it."""
    if isinstance(builder, hikari.api.SlashCommandBuilder):
        found = [
            *_named(builder, "its name", "its description"),
            *_options(builder.options, "", depth=0),
        ]
    else:
        found = [*_length(builder.name, "its name", NAME), *_locales(builder.name_localizations, "its name")]
        for locale, text in builder.name_localizations.items():
            found += _length(text, f"its name in {_code(locale)}", NAME)
    size = _size(builder)
    if not found and size > SIZE:
        found.append(
            f"its names, descriptions and choices are {size} characters together; Discord takes {SIZE}"
        )
    return found


def _named(thing: Any, name: str, description: str) -> Iterator[str]:
    """The rules for the two texts that a slash command and each of its options have."""
    yield from _name(thing.name, name)
    yield from _description(thing.description, description)
    for locale, text in (thing.name_localizations or {}).items():
        yield from _name(text, f"{name} in {_code(locale)}")
    for locale, text in (thing.description_localizations or {}).items():
        yield from _description(text, f"{description} in {_code(locale)}")
    yield from _locales(thing.name_localizations, name)
    yield from _locales(thing.description_localizations, description)


def _name(text: Any, what: str) -> Iterator[str]:
    yield from (bad := list(_length(text, what, NAME)))
    if bad:
        return
    if not all(map(_may_be_in_a_name, text)):
        yield f"{what} {text!r} may hold letters, digits, -, _ and ' only, no spaces"
    elif text != text.lower():
        yield f"{what} {text!r} must be in lower case"


def _may_be_in_a_name(character: str) -> bool:
    """``[-_'\\p{L}\\p{N}\\p{sc=Deva}\\p{sc=Thai}]`` of the documentation."""
    if character in "-_'" or unicodedata.category(character)[0] in "LN":
        return True
    return unicodedata.name(character, "").startswith(("DEVANAGARI ", "THAI "))


def _description(text: Any, what: str) -> Iterator[str]:
    yield from _length(text.strip() if isinstance(text, str) else text, what, DESCRIPTION)


def _length(text: Any, what: str, most: int) -> Iterator[str]:
    if not isinstance(text, str):
        yield f"{what} {text!r} is no text"
    elif not text.strip():
        yield f"{what} is empty"
    elif len(text) > most:
        yield f"{what} has {len(text)} characters; Discord takes {most}"


def _locales(texts: Mapping[Any, str] | None, what: str) -> Iterator[str]:
    for locale in texts or {}:
        if _code(locale) not in _LOCALES:
            yield f"{what} is translated into {_code(locale)!r}, a language that Discord does not have"


def _options(options: Sequence[hikari.CommandOption], where: str, *, depth: int) -> Iterator[str]:
    if len(options) > OPTIONS:
        yield f"{where or 'it '}has {len(options)} options or subcommands; Discord takes {OPTIONS}"
    nested = [option.type in _GROUPS for option in options]
    if any(nested) and not all(nested):
        yield f"{where}subcommands and other options stand in one list; Discord takes either"
    names: set[str] = set()
    optional = None
    for option in options:
        what = f"{where}{'subcommand' if option.type in _GROUPS else 'option'} {option.name!r}"
        if option.name in names:
            yield f"{what} is there twice"
        names.add(option.name)
        if option.type not in _GROUPS:
            if option.is_required and optional is not None:
                yield f"{what} is required and comes after {optional!r}, which is not: put it before"
            optional = optional if option.is_required else (optional or option.name)
        yield from _option(option, what, depth)


def _option(option: hikari.CommandOption, what: str, depth: int) -> Iterator[str]:
    yield from _named(option, f"the name of {what}", f"the description of {what}")
    inner = option.options or ()
    if option.type in _GROUPS:
        group = option.type is hikari.OptionType.SUB_COMMAND_GROUP
        if depth > 0 and (group or depth > 1):
            yield f"{what} is nested too deep"
            return
        wrong = [each for each in inner if (each.type is hikari.OptionType.SUB_COMMAND) != group]
        if wrong:
            yield f"{what} holds {wrong[0].name!r}, which does not belong there"
            return
        if group and not inner:
            yield f"{what} is a group without subcommands"
        yield from _options(inner, f"{what}: ", depth=depth + 1)
        return
    if inner:
        yield f"{what} holds other options; only subcommands do"
    yield from _choices(option, what)
    for bound, lowest in ((option.min_length, 0), (option.max_length, 1)):
        if bound is not None and not lowest <= bound <= LENGTH:
            yield f"{what} limits the length to {bound}; Discord takes {lowest} to {LENGTH}"


def _choices(option: hikari.CommandOption, what: str) -> Iterator[str]:
    choices = option.choices or ()
    if len(choices) > CHOICES:
        yield f"{what} has {len(choices)} choices; Discord takes {CHOICES}: use autocompletion"
    if choices and option.autocomplete:
        yield f"{what} has choices and autocompletion; Discord takes one of them"
    for choice in choices:
        mine = f"the choice {choice.name!r} of {what}"
        yield from _length(choice.name, mine, CHOICE_TEXT)
        for locale, text in (choice.name_localizations or {}).items():
            yield from _length(text, f"{mine} in {_code(locale)}", CHOICE_TEXT)
        yield from _locales(choice.name_localizations, mine)
        yield from _value(option.type, choice.value, mine)


def _value(kind: hikari.OptionType | int, value: Any, what: str) -> Iterator[str]:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is hikari.OptionType.STRING:
        if not isinstance(value, str):
            yield f"{what} has the value {value!r}, which is no text"
        elif len(value) > CHOICE_TEXT:
            yield f"{what} has a value of {len(value)} characters; Discord takes {CHOICE_TEXT}"
    elif kind is hikari.OptionType.INTEGER and not (number and isinstance(value, int)):
        yield f"{what} has the value {value!r}, which is no whole number"
    elif kind is hikari.OptionType.FLOAT and not number:
        yield f"{what} has the value {value!r}, which is no number"
    elif kind in (hikari.OptionType.INTEGER, hikari.OptionType.FLOAT) and not abs(value) < LARGEST:
        yield f"{what} has the value {value!r}; Discord takes numbers within 2 to the power of 53"


def _size(thing: Any) -> int:
    total = len(value) if isinstance(value := getattr(thing, "value", ""), str) else len(str(value))
    for name in ("name", "description"):
        texts = [getattr(thing, name, ""), *(getattr(thing, f"{name}_localizations", None) or {}).values()]
        total += max(len(text) for text in texts if isinstance(text, str))
    inner = [*(getattr(thing, "options", None) or ()), *(getattr(thing, "choices", None) or ())]
    return total + sum(map(_size, inner))


def _code(locale: Any) -> str:
    return str(getattr(locale, "value", locale))

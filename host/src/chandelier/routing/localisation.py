"""Commands in other languages: lightbulb's localisation, turned on for what a plugin declares, and answered.

Authors write plain literals. When a command is bound, its texts become messages of the plugin's package,
which are lightbulb's localisation keys; so two plugins' translations cannot mix, and everything that looks a
command up by its name still finds it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

import hikari
import lightbulb

from chandelier.languages import Languages, Message, Messages

__all__ = ["LONGEST_TEXT", "fits_name", "localisable", "localisations"]

LONGEST_TEXT = 100
"""Characters of a description and of a choice's name.

Source: https://discord.com/developers/docs/interactions/application-commands#application-command-object
"""
LONGEST_NAME = 32


class _Texts(dict[hikari.Locale, str]):
    """A text by locale; the default stands in the command itself and is not sent to Discord twice."""

    def __init__(self, default: str, others: dict[hikari.Locale, str]) -> None:
        super().__init__(others)
        self._default = default

    def get(self, key: Any, default: Any = None) -> Any:
        """The default for the default language, which lightbulb asks for."""
        return self._default if key == hikari.Locale.EN_US else super().get(key, default)


def localisations(languages: Languages, text: str) -> _Texts:
    """lightbulb's localisation provider: a text that `localisable` has marked, in every language.

    What Discord would refuse is left out, so that one translation cannot keep all commands from being synced.
    """
    fits = _fits_text
    if isinstance(text, Message) and text.context == "name":
        fits = fits_name if fits_name(text) else _fits_menu
    found = languages.everywhere(text)
    return _Texts(str(text), {hikari.Locale(locale): said for locale, said in found.items() if fits(said)})


def fits_name(name: str) -> bool:
    """Whether Discord takes a name of a slash command or an option; menus' names are freer.

    Letters, digits, marks of Devanagari and Thai, ``-``, ``_`` and ``'``; lower case where there is one.
    Source: https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming
    """
    if not 0 < len(name) <= LONGEST_NAME or name != name.lower():
        return False
    return all(sign in "-_'" or unicodedata.category(sign)[0] in "LNM" for sign in name)


def _fits_menu(name: str) -> bool:
    return 0 < len(name.strip()) <= LONGEST_NAME


def _fits_text(text: str) -> bool:
    return 0 < len(text) <= LONGEST_TEXT


def localisable(command: Any, package: str) -> None:
    """Turn localisation on for a command or group, with everything in it, as texts of ``package``."""
    messages = Messages(package)
    for part in _parts(command):
        _mark(part, messages)


def _parts(command: Any) -> Iterator[Any]:
    """A command's or group's data, and the data of all that is inside it."""
    if isinstance(command, lightbulb.Group | lightbulb.SubGroup):
        yield command
        for child in command.subcommands.values():
            yield from _parts(child)
    else:
        yield command._command_data
        yield from command._command_data.options.values()


def _mark(part: Any, messages: Messages) -> None:
    if part.localize or (description := getattr(part, "description", None)) is None:
        return  # marked before; or an author's own keys
    change: Callable[[Any, str, Any], None] = object.__setattr__  # groups are frozen: nobody else may
    change(part, "name", messages.name(part.name))
    if description:
        change(part, "description", messages(description))
    change(part, "localize", True)
    choices = getattr(part, "choices", hikari.UNDEFINED)
    if choices is not hikari.UNDEFINED:
        part.choices = [_marked(choice, messages) for choice in choices]


def _marked(choice: Any, messages: Messages) -> Any:
    return choice if choice.localize else lightbulb.Choice(messages(choice.name), choice.value, localize=True)

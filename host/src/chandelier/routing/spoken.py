"""Contexts that answer in the reader's language: messages made with `Messages` become it on their way out.

What only the person sees is in their language, what everybody sees in the guild's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import hikari
import lightbulb

from chandelier.languages import Languages
from chandelier.wording import component_into, cut, reply_into

__all__ = ["Answering", "SpokenAutocomplete", "SpokenContext", "reader_of"]

MODAL_TITLE = 45
"""Characters of a form's title.

Source: https://discord.com/developers/docs/interactions/receiving-and-responding (Modal)
"""


async def reader_of(languages: Languages, interaction: Any, *, private: bool) -> str | None:
    """The locale of who reads an answer: the person's when nobody else sees it, else the guild's."""
    if private or interaction.guild_id is None:
        return str(interaction.locale)
    said = str(interaction.guild_locale) if interaction.guild_locale else None
    return await languages.language(interaction.guild_id, said=said)


if TYPE_CHECKING:

    class Answering:
        """The ways to answer are lightbulb's, with its types; see below for what they do besides."""

        languages: Languages

else:

    class Answering:
        """Comes before lightbulb's mixin: the same ways to answer, in the reader's language."""

        __slots__ = ()

        async def respond(self, content: Any = hikari.UNDEFINED, **options: Any) -> Any:
            """See ``lightbulb.Context.respond``; an embed may stand in the place of the content."""
            private = bool(options.get("ephemeral")) or _is_private(options.get("flags"))
            if self._initial_response_sent.is_set():
                private = private or self._deferred_privately
            if options.get("edit"):
                private = private or _is_private(getattr(self.interaction.message, "flags", None))
            content, options = await self._said(content, options, private=private)
            return await super().respond(content, **options)

        async def edit_response(
            self, response_id: Any, content: Any = hikari.UNDEFINED, **options: Any
        ) -> Any:
            """See ``lightbulb.Context.edit_response``."""
            content, options = await self._said(content, options, private=self._deferred_privately)
            return await super().edit_response(response_id, content, **options)

        async def _create_initial_response(
            self, response_type: Any, content: Any = hikari.UNDEFINED, **options: Any
        ) -> Any:
            self._deferred_privately = _is_private(options.get("flags"))
            return await super()._create_initial_response(response_type, content, **options)

        async def _said(self, content: Any, options: Any, *, private: bool) -> tuple[Any, Any]:
            locale = await reader_of(self.languages, self.interaction, private=private)
            return reply_into(content, options, lambda text: self.languages.into(locale, text))


class SpokenContext(Answering, lightbulb.Context):
    """A command's context."""

    __slots__ = ("_deferred_privately", "languages")

    def __init__(self, languages: Languages, **parts: Any) -> None:
        super().__init__(**parts)
        self.languages = languages
        self._deferred_privately = False

    async def respond_with_modal(self, title: str, custom_id: str, *args: Any, **options: Any) -> Any:
        """See ``lightbulb.Context.respond_with_modal``."""
        said = form_into(self.languages, str(self.interaction.locale), title, options)
        return await super().respond_with_modal(said, custom_id, *args, **options)


class SpokenAutocomplete(lightbulb.AutocompleteContext[Any]):
    """An autocompletion's context: what is offered is read by the person who types."""

    __slots__ = ("languages",)

    def __init__(self, languages: Languages, **parts: Any) -> None:
        super().__init__(**parts)
        self.languages = languages

    async def respond(self, choices: Any) -> None:
        """See ``lightbulb.AutocompleteContext.respond``."""
        locale = str(self.interaction.locale)
        pairs = list(cast("Mapping[Any, Any]", choices).items()) if isinstance(choices, Mapping) else choices
        await super().respond([_choice(self.languages, locale, one) for one in pairs])


def form_into(languages: Languages, locale: str, title: str, options: Mapping[str, Any]) -> str:
    """The title of a form in a language; its components are turned into it in place."""
    for one in (options.get("component"), *(options.get("components") or ())):
        component_into(one, lambda text: languages.into(locale, text))
    return cut(languages.into(locale, title), MODAL_TITLE)


def _choice(languages: Languages, locale: str, one: Any) -> Any:
    match one:
        case str():
            return (cut(languages.into(locale, one), 100), str(one))
        case (str() as name, value):
            return (cut(languages.into(locale, name), 100), value)
        case _:
            return one


def _is_private(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & hikari.MessageFlag.EPHEMERAL)

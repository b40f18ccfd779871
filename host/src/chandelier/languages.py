"""What people read, in their own language: English stands in the code, other languages in files.

A text is written once, in English, where it is used: ``_ = Messages(__package__)`` and then
``_("Warned {member}", member=...)``. What comes out is that English text, and remembers how it was made, so
that whoever knows for whom it is can turn it into another language with `Languages.into`.
"""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, overload

import attrs
import hikari
from loguru import logger

from chandelier.catalogues import Catalogue, fallbacks, files_of, read

__all__ = ["Joined", "Languages", "Message", "Messages"]

REMEMBERED = 10_000
"""People whose language is remembered, so that a direct message can be written in it."""
LOGGED = 5
"""Problems of a package's files that are logged; all of them are in `Languages.problems`."""


_LOCALES = tuple(locale.value for locale in hikari.Locale)


class Message(str):
    """A text for people, in English; `Languages.into` makes another language of it."""

    domain: str
    """The package whose translations it is looked up in."""
    msgid: str
    plural: str | None
    number: int
    values: Mapping[str, Any]
    context: str | None = None
    """gettext's context: ``name`` for the name of a command or an option."""


class Joined(str):
    """Several texts in one; each goes into the reader's language by itself."""

    separator: str
    parts: tuple[str, ...]


class Messages:
    """Makes the messages of one package."""

    def __init__(self, package: str | None) -> None:
        """``package`` is the module's ``__package__``; its first part is the package that is meant."""
        self._domain = (package or "").partition(".")[0]

    def __call__(self, text: str, /, **values: Any) -> Message:
        """A text with its values in place of ``{name}``; a value may be a message itself."""
        return self._make(text, None, 1, values)

    def count(self, one: str, many: str, number: int, /, **values: Any) -> Message:
        """A text that depends on a number, which is also the value ``{n}``."""
        return self._make(one, many, number, {"n": number, **values})

    def name(self, text: str) -> Message:
        """The name of a command or an option; it stays as it is where a language has none of its own."""
        made = self._make(text, None, 1, {})
        made.context = "name"
        return made

    def join(self, separator: str, parts: Iterable[str]) -> Joined:
        """Texts that stand beside each other, such as lines; sentences are never built like this."""
        listed = tuple(parts)
        made = Joined(separator.join(listed))
        made.separator, made.parts = separator, listed
        return made

    def keep(self, text: str) -> str:
        """A text as it can be stored, so that it is still a message when it is read: see `recall`."""
        if not isinstance(text, Message):
            return str(text)
        values = {name: self.keep(one) if isinstance(one, str) else one for name, one in text.values.items()}
        kept = {"msgid": text.msgid, "domain": text.domain, "values": values}
        if text.plural is not None:
            kept |= {"plural": text.plural, "number": text.number}
        return json.dumps(kept, ensure_ascii=False, default=str)

    def recall(self, stored: str) -> str:
        """What `keep` was given; a text that was stored in another way stays as it is."""
        if not stored.startswith('{"msgid": '):
            return stored
        try:
            kept = json.loads(stored)
            values = {
                name: self.recall(one) if isinstance(one, str) else one
                for name, one in kept["values"].items()
            }
            return Messages(kept["domain"])._make(
                kept["msgid"], kept.get("plural"), kept.get("number", 1), values
            )
        except (ValueError, LookupError, TypeError, AttributeError):
            return stored

    def _make(self, text: str, plural: str | None, count: int, values: Mapping[str, Any]) -> Message:
        english = text if plural is None or count == 1 else plural
        made = Message(english.format(**values) if values else english)
        made.domain, made.msgid, made.plural, made.number, made.values = (
            self._domain,
            text,
            plural,
            count,
            values,
        )
        return made


@attrs.define
class _Package:
    """A package's catalogues by locale: the operator's come before the package's own."""

    names: set[str] = attrs.Factory(set[str])
    """The plugins that the package holds."""
    catalogues: Mapping[str, tuple[Catalogue, ...]] | None = None


class Languages:
    """The languages of one host."""

    def __init__(self, folder: Path | None = None) -> None:
        """``folder`` holds the operator's own files, ``NAME/LOCALE.po``."""
        self._folder = folder
        self._packages: dict[str, _Package] = {}
        self._of_people: OrderedDict[int, str] = OrderedDict()
        self.of_guild: Callable[[int, str | None], Awaitable[str | None]] | None = None
        """The language of a guild, given what Discord has just said it is; set by the host."""

    # ---- into a language

    @overload
    def into(self, locale: str | None, text: str, /) -> str: ...
    @overload
    def into(self, locale: str | None, text: hikari.Embed, /) -> hikari.Embed: ...
    def into(self, locale: str | None, text: str | hikari.Embed, /) -> str | hikari.Embed:
        """``text`` in the language of ``locale`` (``it``, ``en-US``, …), where there is a translation.

        A text that is no message, as what people wrote, stays as it is. Of an embed, everything that is read
        is turned into the language; it is a new one.
        """
        if isinstance(text, hikari.Embed):
            from chandelier.wording import embed_into

            return embed_into(text, lambda part: self.into(locale, part))
        if isinstance(text, Joined):
            return text.separator.join(self.into(locale, part) for part in text.parts)
        if not isinstance(text, Message):
            return text
        found = self._translation(locale, text)
        try:
            values = {
                name: self.into(locale, value) if isinstance(value, str) else value
                for name, value in text.values.items()
            }
            return found.format(**values) if values else found
        except Exception:  # noqa: BLE001 - a value that cannot be shown in this form: then as the code shows it
            return str(text)

    def everywhere(self, text: str) -> dict[str, str]:
        """A message without values in every language of Discord's that has it, by locale; without English."""
        if not isinstance(text, Message):
            return {}
        catalogues, there = self._of(text.domain), dict[str, str]()
        for locale in _LOCALES if catalogues else ():
            if catalogues.keys().isdisjoint(fallbacks(locale)):
                continue
            found = self._translation(locale, text)
            if found != text.msgid:
                there[locale] = found
        return there

    def _translation(self, locale: str | None, text: Message) -> str:
        english = text.msgid if text.plural is None or text.number == 1 else text.plural
        catalogues = self._of(text.domain)
        if locale and catalogues:
            for one in fallbacks(str(locale)):
                for catalogue in catalogues.get(one, ()):
                    found = _look_up(catalogue, text)
                    if found != english:
                        return found
        return english

    # ---- whose language

    def heard(self, user_id: int, locale: str) -> None:
        """Remember the language in which a person uses Discord, as their interactions tell."""
        self._of_people[user_id] = str(locale)
        self._of_people.move_to_end(user_id)
        if len(self._of_people) > REMEMBERED:
            self._of_people.popitem(last=False)

    def forget_person(self, user_id: int) -> None:
        """Forget a person's language."""
        self._of_people.pop(user_id, None)

    async def language(
        self, guild_id: int | None, user_id: int | None = None, *, said: str | None = None
    ) -> str | None:
        """In which language to write: a person's, if it is known, else that of the guild.

        ``said`` is the guild's locale, where Discord has just told it.
        """
        known = self._of_people.get(user_id) if user_id is not None else None
        if known is not None:
            return known
        if guild_id is None or self.of_guild is None:
            return said
        return await self.of_guild(int(guild_id), said)

    # ---- the files

    async def load(self, package: str, name: str) -> None:
        """Read the files of a plugin's package, afresh; what is wrong with them is logged."""
        known = self._packages.setdefault(package, _Package())
        known.names.add(name)
        known.catalogues = await asyncio.to_thread(self._read, package, known)
        problems = self.problems(package)
        for problem in problems[:LOGGED]:
            logger.bind(plugin=name).warning("translations: {}", problem)
        if len(problems) > LOGGED:
            logger.bind(plugin=name).warning("translations: and {} problems more", len(problems) - LOGGED)

    def problems(self, package: str) -> list[str]:
        """What is wrong with the files of a package, one line each; English is shown in their place."""
        return [why for each in self.catalogues(package) for why in each.problems]

    def catalogues(self, package: str) -> list[Catalogue]:
        """The files of a package."""
        return [catalogue for group in self._of(package).values() for catalogue in group]

    def _of(self, package: str) -> Mapping[str, tuple[Catalogue, ...]]:
        known = self._packages.get(package)
        if known is None:
            known = self._packages[package] = _Package()
        if known.catalogues is None:
            known.catalogues = self._read(package, known)
        return known.catalogues

    def _read(self, package: str, known: _Package) -> Mapping[str, tuple[Catalogue, ...]]:
        by_locale: dict[str, tuple[Catalogue, ...]] = {}
        for where, file in files_of(package, sorted(known.names), self._folder):
            catalogue = read(where, file)
            by_locale[catalogue.locale] = (*by_locale.get(catalogue.locale, ()), catalogue)
        return by_locale


def _look_up(catalogue: Catalogue, text: Message) -> str:
    if text.context is not None:
        return catalogue.translations.pgettext(text.context, text.msgid)
    if text.plural is not None:
        return catalogue.translations.ngettext(text.msgid, text.plural, text.number)
    return catalogue.translations.gettext(text.msgid)

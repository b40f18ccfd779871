"""What people read, in their own language: English stands in the code, other languages in files.

A text is written once, in English, where it is used: ``_ = Messages(__package__)`` and then
``_("Warned {member}", member=...)``. What comes out is that English text, and remembers how it was made, so
that whoever knows for whom it is can turn it into another language with `Languages.into`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["Languages", "Message", "Messages"]


class Message(str):
    """A text for people, in English; `Languages.into` makes another language of it."""

    domain: str
    """The package whose translations it is looked up in."""
    msgid: str
    plural: str | None
    number: int
    values: Mapping[str, Any]


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


class Languages:
    """The languages of one host."""

    def into(self, locale: str | None, text: str) -> str:
        """``text`` in the language of ``locale`` (``it``, ``en-US``, …), where there is a translation.

        A text that is no message, as what people wrote, stays as it is.
        """
        return str(text)

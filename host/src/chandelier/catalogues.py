"""Catalogues of translations: gettext's PO files, one per package and language, read and judged.

A file that cannot be used, or a text in it that cannot, costs only itself: the reader sees English. Parsing
is polib's, which lightbulb's own localisation uses too; plural forms are the standard library's, by the
file's header.
"""

from __future__ import annotations

import gettext
import io
import string
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import attrs
import polib

__all__ = ["Catalogue", "broken_by", "fallbacks", "fields_of", "files_of", "read"]

LOCALES = "locales"
"""The folder of a package, or of a deployment, that holds the files."""
_PAIRS = {"es-419": "es-ES", "en-GB": "en-US", "en-US": "en-GB"}
"""What Discord itself shows where a language has no text.

Source: https://discord.com/developers/docs/interactions/application-commands#localization
"""


@attrs.frozen
class Catalogue:
    """One file: its usable translations, and what is wrong with the rest."""

    locale: str
    where: str
    """The file, for people."""
    translations: gettext.NullTranslations
    problems: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """Texts without a translation, or with one that is marked as fuzzy."""


@lru_cache(maxsize=256)
def fallbacks(locale: str) -> tuple[str, ...]:
    """The languages in which a reader is addressed, the best first; English needs no mention.

    ``es-419``: ``es-419``, ``es-ES``, ``es``.
    """
    pair = _PAIRS.get(locale)
    return tuple(dict.fromkeys((locale, *((pair,) if pair else ()), locale.partition("-")[0])))


def files_of(package: str, names: Iterable[str], folder: Path | None) -> Iterator[tuple[str, Traversable]]:
    """(where, file) of every catalogue: first the operator's, in ``folder/NAME``, then the package's own."""
    for name in dict.fromkeys((*names, package)) if folder is not None else ():
        assert folder is not None
        own = folder / name
        if own.is_dir():
            for file in sorted(own.glob("*.po")):
                yield str(file), file
    try:
        shipped = resources.files(package) / LOCALES
        if shipped.is_dir():
            for file in sorted(shipped.iterdir(), key=lambda file: file.name):
                if file.name.endswith(".po"):
                    yield f"{package}/{LOCALES}/{file.name}", file
    except (ImportError, OSError, TypeError, ValueError):  # it has gone, or is no package
        return


def read(where: str, file: Traversable) -> Catalogue:
    """Read a file; what is wrong with it is in ``problems``."""
    locale = file.name.removesuffix(".po")
    try:
        return _read(locale, where, file.read_bytes())
    except UnicodeDecodeError:
        return Catalogue(locale, where, gettext.NullTranslations(), (f"{where}: is not UTF-8",))
    except (OSError, ValueError, LookupError) as error:
        return Catalogue(locale, where, gettext.NullTranslations(), (f"{where}: {_reason(error)}",))


@lru_cache(maxsize=32)  # a reload looks again at what mostly has not changed
def _read(locale: str, where: str, content: bytes) -> Catalogue:
    written = _parsed(content.decode("utf-8-sig"))
    usable, problems, missing = polib.POFile(), list[str](), list[str]()
    names: dict[str, str] = {}
    usable.metadata = {**written.metadata, "Content-Type": "text/plain; charset=UTF-8"}
    for entry in written:
        if entry.obsolete:
            continue
        if entry.fuzzy or not entry.translated():
            missing.append(entry.msgid)
        elif (why := broken_by(entry) or _taken(entry, names)) is not None:
            problems.append(f"{where}:{entry.linenum}: {entry.msgid!r}: {why}")
        else:
            usable.append(entry)
    try:
        compiled = gettext.GNUTranslations(io.BytesIO(usable.to_binary()))
    except Exception as error:  # noqa: BLE001 - whatever a header makes of it; a plural rule is code of a kind
        why = f"{where}: its header cannot be used: {error}"
        return Catalogue(locale, where, gettext.NullTranslations(), (*problems, why), tuple(missing))
    return Catalogue(locale, where, compiled, tuple(problems), tuple(missing))


def broken_by(entry: polib.POEntry) -> str | None:
    """Why a translation cannot stand for its original; None when it can.

    Every ``{value}`` of the original has to be in it, and no other. Where a number decides on the form, a
    form may leave the number out.
    """
    wanted = fields_of(entry.msgid)
    if not entry.msgid_plural:
        return _differs(fields_of(entry.msgstr), wanted, wanted)
    allowed = wanted | fields_of(entry.msgid_plural)
    needed = {field for field in allowed if field[0] != "n"}
    for form in entry.msgstr_plural.values():
        why = _differs(fields_of(form), needed, allowed)
        if why is not None:
            return why
    return None


def _taken(entry: polib.POEntry, names: dict[str, str]) -> str | None:
    """Why a name cannot be given: Discord refuses all commands when two have the same."""
    if entry.msgctxt != "name":
        return None
    other = names.setdefault(entry.msgstr, entry.msgid)
    return None if other == entry.msgid else f"{entry.msgstr!r} is the name of {other!r} already"


def fields_of(text: str) -> frozenset[tuple[str, str, str]]:
    """The ``{name!conversion:format}`` fields of a text; one odd field when its braces are wrong."""
    try:
        parts = list(string.Formatter().parse(text))
    except ValueError as error:
        return frozenset({("", str(error), "")})
    return frozenset((name, spec or "", how or "") for _, name, spec, how in parts if name is not None)


def _differs(
    found: frozenset[tuple[str, str, str]],
    needed: Iterable[tuple[str, str, str]],
    allowed: frozenset[tuple[str, str, str]],
) -> str | None:
    lacks, odd = sorted(set(needed) - found), sorted(found - allowed)
    if odd:
        return f"the translation has {_shown(odd[0])}, which the original has not"
    return f"the translation lacks {_shown(lacks[0])}" if lacks else None


def _shown(field: tuple[str, str, str]) -> str:
    name, spec, conversion = field
    if not name and spec:
        return f"braces that cannot be read ({spec})"
    return "{" + name + (f"!{conversion}" if conversion else "") + (f":{spec}" if spec else "") + "}"


def _parsed(text: str) -> polib.POFile:
    if len(text) < 2:  # polib would take a short text for a file's name
        return polib.POFile()
    return polib.pofile(text if "\n" in text else text + "\n")


def _reason(error: Exception) -> str:
    return f"cannot be read: {str(error) or type(error).__name__}"

"""Keeps the translations of packages in step with their source: ``python -m chandelier.tools.locales``.

It adds new texts to ``locales/LANGUAGE.po`` inside each package, keeps translations, marks what is no longer
in the source as obsolete, and lists what is missing or wrong.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import polib

from chandelier.catalogues import LOCALES, broken_by
from chandelier.discovery import candidates
from chandelier.routing.localisation import fits_name
from chandelier.tools.extract import Found, Source, Text, extract

__all__ = ["complaints", "main", "source_of", "update"]

Entries = dict[tuple[str | None, str], polib.POEntry]
_ROOMS = {
    "chandelier": ("builtin/", "routing/", "gate.py", "context.py", "services/access", "services/http.py")
}
"""Of the host, the rooms that speak to people; its command line and its log speak English to operators."""
_WIDTH = 100
_PLURALS = {
    **dict.fromkeys(("ja", "ko", "th", "vi", "zh-CN", "zh-TW", "id"), "nplurals=1; plural=0;"),
    **dict.fromkeys(("fr", "pt-BR", "tr", "hi"), "nplurals=2; plural=(n > 1);"),
    "cs": "nplurals=3; plural=(n==1) ? 0 : (n>=2 && n<=4) ? 1 : 2;",
    "lt": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && (n%100<10 || n%100>=20) ? 1 : 2);",
    "ro": "nplurals=3; plural=(n==1 ? 0 : (n==0 || (n%100>0 && n%100<20)) ? 1 : 2);",
    **dict.fromkeys(
        ("ru", "uk", "hr"),
        "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : "
        "n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
    ),
    "pl": "nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);",
}
"""Rules of plural forms for new files, where they differ from the usual two.

Source: https://www.gnu.org/software/gettext/manual/html_node/Plural-forms.html
"""


def source_of(package: str) -> Source:
    """Where an installed package's source is. Raises LookupError when there is none."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise LookupError(f"there is no package {package}")
    return Source(Path(next(iter(spec.submodule_search_locations))), _ROOMS.get(package, ("",)))


def complaints(package: str, language: str) -> list[str]:
    """Everything that keeps a package from being read in a language, one line each; none when it is whole.

    For a test of the package: ``assert complaints("my_plugin", "it") == []``.
    """
    source = source_of(package)
    found, file = extract(source), _file(source, language)
    written = _current(file)
    lines = list(found.complaints)
    for text in found.texts.values():
        entry = written.pop(text.key, None)
        if entry is not None:
            lines += (f"{text.room}: {text.msgid!r}: {why}" for why in _wrong(entry, text))
        elif not text.optional:
            lines.append(f"{text.room}: {text.msgid!r}: is not in {language}.po")
    lines += (f"{language}.po: {msgid!r}: is no longer in the source" for _, msgid in written)
    return lines


def update(package: str, language: str) -> tuple[int, int]:
    """Bring a package's file up to date with its source; returns how many texts it has, and lacks."""
    source = source_of(package)
    found, old = extract(source), _file(source, language)
    known: Entries = {(entry.msgctxt, entry.msgid): entry for entry in old}
    new = polib.POFile(wrapwidth=_WIDTH)
    new.metadata, new.header = old.metadata, old.header
    for text in found.texts.values():
        entry = known.pop(text.key, None)
        if entry is None and text.optional:
            continue
        new.append(_entry(text, entry))
    for entry in known.values():
        if entry.translated():
            entry.obsolete, entry.occurrences, entry.comment = True, [], ""
            new.append(entry)
    path = _path(source, language)
    path.parent.mkdir(exist_ok=True)
    path.write_text(str(new), encoding="utf-8")
    return len(found.texts), len(list(_missing(found, new)))


def _entry(text: Text, old: polib.POEntry | None) -> polib.POEntry:
    entry = polib.POEntry(
        msgid=text.msgid,
        msgid_plural=text.plural or "",
        msgctxt=text.context,
        occurrences=[(text.room, "")],
        comment=f"at most {text.limit} characters" if text.limit is not None else "",
        flags=["python-brace-format"] if "{" in f"{text.msgid}{text.plural}" else [],
    )
    if text.plural is not None:
        forms = old.msgstr_plural if old is not None else {}
        entry.msgstr_plural = forms or {0: "", 1: ""}
    elif old is not None:
        entry.msgstr = old.msgstr
    if old is not None:
        entry.tcomment = old.tcomment
        entry.flags += ["fuzzy"] if old.fuzzy else []
    return entry


def _file(source: Source, language: str) -> polib.POFile:
    path = _path(source, language)
    if path.exists():
        return polib.pofile(path.read_text(encoding="utf-8"), wrapwidth=_WIDTH)
    new = polib.POFile(wrapwidth=_WIDTH)
    new.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": _PLURALS.get(language, "nplurals=2; plural=(n != 1);"),
    }
    return new


def _path(source: Source, language: str) -> Path:
    return source.folder / LOCALES / f"{language}.po"


def _current(file: polib.POFile) -> Entries:
    return {(entry.msgctxt, entry.msgid): entry for entry in file if not entry.obsolete}


def _forms(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def _wrong(entry: polib.POEntry, text: Text) -> Iterator[str]:
    forms = _forms(entry)
    if entry.fuzzy or not forms or not all(forms):
        yield "has no translation" if not entry.fuzzy else "its translation is marked as fuzzy"
        return
    if (why := broken_by(entry)) is not None:
        yield why
    longest = max(map(len, forms))
    if text.limit is not None and longest > text.limit:
        yield f"its translation has {longest} characters, Discord takes {text.limit}"
    if text.optional and fits_name(text.msgid) and not fits_name(entry.msgstr):
        yield f"{entry.msgstr!r} is no name that Discord takes"


def _missing(found: Found, file: polib.POFile) -> Iterator[Text]:
    written = _current(file)
    for text in found.texts.values():
        entry = written.get(text.key)
        if entry is None:
            if not text.optional:
                yield text
        elif entry.fuzzy or not all(_forms(entry)):
            yield text


def _fill(package: str, language: str, given: Sequence[dict[str, Any]]) -> int:
    """Put translations into a package's file; returns how many."""
    source = source_of(package)
    file = _file(source, language)
    entries = _current(file)
    filled = 0
    for one in given:
        entry, said = entries.get((one.get("context"), one["msgid"])), one.get("msgstr")
        if entry is None or not said:
            continue
        if entry.msgid_plural:
            entry.msgstr_plural = dict(enumerate([said] if isinstance(said, str) else said))
        else:
            entry.msgstr = said
        entry.flags = [flag for flag in entry.flags if flag != "fuzzy"]
        filled += 1
    _path(source, language).write_text(str(file), encoding="utf-8")
    return filled


@click.command()
@click.argument("packages", nargs=-1)
@click.option("--language", default="it", show_default=True, help="The language's code as Discord has it.")
@click.option("--missing", is_flag=True, help="Print what has no translation, one JSON object a line.")
@click.option(
    "--fill",
    type=click.File(encoding="utf-8"),
    help="Take translations from lines as --missing prints them, with a msgstr each (a list for plurals).",
)
@click.option("--check", is_flag=True, help="Change nothing; fail when something is missing or wrong.")
def main(packages: tuple[str, ...], language: str, missing: bool, fill: Any, check: bool) -> None:
    """Bring translations up to date with the source of PACKAGES; without any, of all installed plugins."""
    chosen = packages or tuple(dict.fromkeys(candidate.package for candidate in candidates()))
    if fill is not None:
        lines = [json.loads(line) for line in fill if line.strip()]
        for package in chosen:
            update(package, language)
            filled = _fill(package, language, [line for line in lines if line["package"] == package])
            click.echo(f"{package}: {filled} translations taken", err=True)
    if missing:
        for package in chosen:
            source = source_of(package)
            for text in _missing(extract(source), _file(source, language)):
                click.echo(json.dumps(_as_line(package, text), ensure_ascii=False))
        return
    wrong = 0
    for package in chosen:
        if not check:
            texts, lacking = update(package, language)
            click.echo(f"{package}: {texts} texts, {lacking} without a translation", err=True)
        for line in complaints(package, language):
            click.echo(f"{package}/{line}")
            wrong += 1
    if check and wrong:
        sys.exit(1)


def _as_line(package: str, text: Text) -> dict[str, Any]:
    line: dict[str, Any] = {"package": package, "msgid": text.msgid}
    if text.plural is not None:
        line["plural"] = text.plural
    if text.context is not None:
        line["context"] = text.context
    if text.limit is not None:
        line["limit"] = text.limit
    return line


if __name__ == "__main__":
    main()

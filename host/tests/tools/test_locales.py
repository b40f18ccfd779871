"""The tool that keeps translations in step with the source; and that the host itself is whole in Italian."""

from __future__ import annotations

import json
from pathlib import Path

import polib
import pytest
from click.testing import CliRunner

from chandelier.tools.extract import Source, extract
from chandelier.tools.locales import complaints, main, source_of

ROOM = """
import hikari, lightbulb
import chandelier
_ = chandelier.Messages(__package__)

class Buy(lightbulb.SlashCommand, name="buy", description="Buy something"):
    what = lightbulb.string("what", "What " "you want", choices=[lightbulb.Choice("A lamp", "lamp")])

group = lightbulb.Group("shop", "The shop")
inner = group.subgroup("inner", description="Inside")
manifest = chandelier.Manifest(summary="Sells lamps.")
alerts: int = chandelier.setting(1, help="Where alerts go.", guild=True)
depth: int = chandelier.setting(1, help="Only the operator's.")

def say(ctx, n, name):
    embed = hikari.Embed(title=_("Sold to {name}", name=name))
    embed.add_field(_.count("{n} lamp", "{n} lamps", n), f"<@{name}> · {n}")
    row.add_interactive_button(1, "id", label=_("Give back"))
    raise chandelier.InvalidRequest(_("No " "lamps"))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "lamp_shop"
    folder.mkdir()
    (folder / "__init__.py").write_text("", encoding="utf-8")
    (folder / "room.py").write_text(ROOM, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["lamp_shop", *arguments])
    return result.exit_code, result.stdout


def test_the_host_is_whole_in_italian() -> None:
    found = complaints("chandelier", "it")
    literals = {line.partition(":")[0] for line in found if "is no message" in line}

    assert [line for line in found if "is no message" not in line] == []
    assert literals == set(), "write what people read as messages"


def test_every_text_that_people_read_is_found(package: Path) -> None:
    found = extract(Source(package))

    assert found.complaints == []
    assert {text.msgid: text.limit for text in found.texts.values() if text.context is None} == {
        "Buy something": 100,
        "What you want": 100,
        "A lamp": 100,
        "The shop": 100,
        "Inside": 100,
        "Sells lamps.": None,
        "Where alerts go.": None,
        "Sold to {name}": None,
        "{n} lamp": None,
        "Give back": 80,
        "No lamps": None,
    }
    assert {text.msgid for text in found.texts.values() if text.context == "name"} == {
        "buy",
        "what",
        "shop",
        "inner",
    }
    assert found.texts[None, "{n} lamp"].plural == "{n} lamps"


@pytest.mark.parametrize(
    ("line", "complains"),
    [
        ('raise chandelier.InvalidRequest("No lamps here.")', True),
        ('raise chandelier.NotAllowed(f"Not for {name}.")', True),
        ('await ctx.respond("Sold.")', True),
        ('embed.add_field("Price", price)', True),
        ('hikari.Embed(title=f"Case {number}")', True),
        ('_(f"No {what}")', True),
        ("_(text)", True),
        ('_.count(f"{n} lamp", "lamps", n)', True),
        ('row.add_interactive_button(1, "id", label="Back")', True),
        ('embed.add_field(_("Price"), f"**{price}** → <#{channel}> `code`")', False),
        ("await ctx.respond(text)", False),
        ('chandelier.StatusSection("LUISAVIAROMA", lines)', False),
        ('log.warning("only the operator reads this")', False),
        ('raise ValueError("only the author reads this")', False),
    ],
)
def test_literals_that_people_would_read_in_english_are_found(
    package: Path, line: str, complains: bool
) -> None:
    (package / "other.py").write_text(
        f"import chandelier\n_ = chandelier.Messages(__package__)\nasync def do():\n    {line}\n",
        encoding="utf-8",
    )

    assert bool(extract(Source(package)).complaints) == complains


def test_what_is_missing_is_listed_filled_and_kept(package: Path) -> None:
    code, missing = run("--missing", "--language", "de")
    lines = [json.loads(line) for line in missing.splitlines()]
    assert code == 0
    assert {"package": "lamp_shop", "msgid": "Buy something", "limit": 100} in lines
    for line in lines:
        line["msgstr"] = (
            [f"de {line['msgid']}", f"de {line['plural']}"] if "plural" in line else f"de {line['msgid']}"
        )
    filled = package.parent / "filled.jsonl"
    filled.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")

    assert run("--fill", str(filled), "--language", "de") == (0, "")
    assert complaints("lamp_shop", "de") == []
    assert run("--check", "--language", "de") == (0, "")
    written = (package / "locales" / "de.po").read_text(encoding="utf-8")
    assert run("--language", "de") == (0, "")
    assert (package / "locales" / "de.po").read_text(encoding="utf-8") == written, (
        "nothing new, nothing changed"
    )


def test_what_left_the_source_is_obsolete_and_comes_back(package: Path) -> None:
    run()
    path = package / "locales" / "it.po"
    file = polib.pofile(str(path))
    file.find("Sells lamps.").msgstr = "Vende lampade."
    file.save()
    (package / "room.py").write_text(ROOM.replace("Sells lamps.", "Sells all."), encoding="utf-8")

    assert "it.po: 'Sells lamps.': is no longer in the source" in complaints("lamp_shop", "it")
    run()
    file = polib.pofile(str(path))
    assert [(entry.msgid, entry.msgstr) for entry in file.obsolete_entries()] == [
        ("Sells lamps.", "Vende lampade.")
    ]
    (package / "room.py").write_text(ROOM, encoding="utf-8")
    run()
    assert polib.pofile(str(path)).find("Sells lamps.").msgstr == "Vende lampade."


def test_translations_that_cannot_be_used_fail_the_check(package: Path) -> None:
    run()
    path = package / "locales" / "it.po"
    file = polib.pofile(str(path))
    file.find("Sold to {name}").msgstr = "Venduto a {nome}"
    file.find("Buy something").msgstr = "Compra " * 20
    file.find("The shop").msgstr, file.find("The shop").flags = "Il negozio", ["fuzzy"]
    file.append(polib.POEntry(msgid="buy", msgctxt="name", msgstr="Compra Ora"))
    file.save()

    code, said = run("--check")

    assert code == 1
    assert "the translation has {nome}, which the original has not" in said
    assert "its translation has 140 characters, Discord takes 100" in said
    assert "its translation is marked as fuzzy" in said
    assert "'Compra Ora' is no name that Discord takes" in said


def test_a_package_that_is_not_there_is_named() -> None:
    with pytest.raises(LookupError, match="no package no_such_package"):
        source_of("no_such_package")

"""A reload brings in all of the code that is installed now, wherever it is, and nothing of another plugin."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from chandelier.errors import PluginError
from chandelier.record import State

PLUGIN = """
import attrs, hikari, lightbulb
import chandelier
from chandelier import hookimpl
{imports}

class Made(chandelier.Plugin):
    requires = {requires}

    @hookimpl
    def chandelier_manifest(self):
        return chandelier.Manifest(summary={summary})
"""


@pytest.fixture
def ship(install):
    """Installs a plugin from files by path, with the list of files that pip would write."""
    installed: list[Path] = []

    def ship(name: str, target: str, files: dict[str, str], version: str = "1.0") -> None:
        for path, text in files.items():
            file = install.site / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(dedent(text), encoding="utf-8")
            installed.append(file)
        install.describe(name, target=target, version=version, requires=("chandelier",))
        record = install.site / f"made_{name}-{version}.dist-info" / "RECORD"
        record.write_text("".join(f"{path},,\n" for path in files), encoding="utf-8")

    before = set(sys.modules)
    yield ship
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in {file.relative_to(install.site).parts[0] for file in installed}:
            del sys.modules[name]


def plugin(summary: str, imports: str = "", requires: str = "()") -> str:
    return PLUGIN.format(summary=summary, imports=imports, requires=requires)


def summary(host, name: str) -> str:
    return host.lifecycle.records[name].description.manifest.summary


async def test_a_part_of_a_namespace_package_is_reloaded_without_its_neighbours(start_host, ship) -> None:
    stall = {
        "made_acme/stall/__init__.py": plugin("words.SAID", "from made_acme.stall import words"),
        "made_acme/stall/words.py": "SAID = 'one'",
    }
    ship("stall", "made_acme.stall:Made", stall)
    ship("barn", "made_acme.barn:Made", {"made_acme/barn/__init__.py": plugin("'a barn'")})
    host = await start_host("stall", "barn")
    assert summary(host, "stall") == "one"
    barn = sys.modules["made_acme.barn"]

    ship("stall", "made_acme.stall:Made", {**stall, "made_acme/stall/words.py": "SAID = 'two'"}, "1.1")
    await host.reload("stall")

    assert summary(host, "stall") == "two"
    assert sys.modules["made_acme.barn"] is barn is type(
        host.lifecycle.records["barn"].plugin
    ).__module__ or (sys.modules["made_acme.barn"] is barn)


async def test_a_second_package_of_the_same_distribution_is_reloaded_too(start_host, ship) -> None:
    files = {
        "made_stall.py": plugin("SAID", "from made_behind.deep.words import SAID"),
        "made_behind/__init__.py": "",
        "made_behind/deep/__init__.py": "",
        "made_behind/deep/words.py": "SAID = 'one'",
    }
    ship("stall", "made_stall:Made", files)
    host = await start_host("stall")
    assert host.lifecycle.records["stall"].candidate.packages == ("made_behind", "made_stall")

    ship("stall", "made_stall:Made", {**files, "made_behind/deep/words.py": "SAID = 'two'"}, "1.1")
    await host.reload("stall")

    assert summary(host, "stall") == "two"


async def test_bytecode_that_only_looks_current_is_not_taken(start_host, install, ship, monkeypatch) -> None:
    """Python judges bytecode by the size and the second of its source, and some installers keep the time."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    ship("stall", "made_stall:Made", {"made_stall.py": plugin("'one'")})
    os.utime(install.site / "made_stall.py", (1_000_000_000, 1_000_000_000))
    host = await start_host("stall")
    assert list((install.site / "__pycache__").glob("made_stall.*.pyc"))

    ship("stall", "made_stall:Made", {"made_stall.py": plugin("'two'")})
    os.utime(install.site / "made_stall.py", (1_000_000_000, 1_000_000_000))
    await host.reload("stall")

    assert summary(host, "stall") == "two"


async def test_an_entry_point_may_move_to_another_package_and_back(start_host, ship) -> None:
    ship("stall", "made_old:Made", {"made_old.py": plugin("'old'")})
    host = await start_host("stall")

    ship("stall", "made_new:Made", {"made_new.py": plugin("1 / 0")}, "2.0")
    with pytest.raises(PluginError, match=r"2\.0 did not start .*division by zero.*1\.0 goes on"):
        await host.reload("stall")
    assert summary(host, "stall") == "old" and "made_new" not in sys.modules

    ship("stall", "made_new:Made", {"made_new.py": plugin("'new'")}, "2.1")
    await host.reload("stall")
    assert (summary(host, "stall"), host.lifecycle.records["stall"].candidate.version) == ("new", "2.1")
    assert "made_old" not in sys.modules


async def test_a_dependency_that_was_installed_meanwhile_comes_along(start_host, ship) -> None:
    ship("stall", "made_stall:Made", {"made_stall.py": plugin("'alone'")})
    host = await start_host("stall", "barn")

    ship("barn", "made_barn:Made", {"made_barn.py": plugin("'a barn'")})
    needs = plugin("'with a barn'", requires="('barn',)")
    ship("stall", "made_stall:Made", {"made_stall.py": needs}, "1.1")
    await host.reload("stall")

    records = host.lifecycle.records
    assert (records["stall"].state, records["barn"].state) == (State.RUNNING, State.RUNNING)


async def test_what_was_installed_while_a_plugin_was_off_is_what_comes_on(start_host, ship) -> None:
    ship("stall", "made_stall:Made", {"made_stall.py": plugin("'one'")})
    ship("barn", "made_barn:Made", {"made_barn.py": "raise RuntimeError('half written')"})
    host = await start_host("stall", "barn", "shed")
    await host.disable("stall")
    barn = host.lifecycle.records["barn"]
    assert barn.state is State.QUARANTINED

    ship("stall", "made_stall:Made", {"made_stall.py": plugin("'two'")}, "1.1")
    ship("barn", "made_other:Made", {"made_other.py": plugin("'mended'")}, "1.1")
    ship("shed", "made_shed:Made", {"made_shed.py": plugin("'brand new'")})
    for name in ("stall", "barn", "shed"):
        await host.enable(name)

    assert [summary(host, name) for name in ("stall", "barn", "shed")] == ["two", "mended", "brand new"]
    assert [host.lifecycle.records[name].candidate.version for name in ("stall", "barn")] == ["1.1", "1.1"]

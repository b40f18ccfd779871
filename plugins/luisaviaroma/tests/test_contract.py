"""What luisaviaroma is to the host: metadata that fits the code, and no import of its companion."""

from __future__ import annotations

import ast
from importlib.metadata import distribution, entry_points
from pathlib import Path

import chandelier_luisaviaroma
from chandelier_luisaviaroma import Luisaviaroma
from chandelier_luisaviaroma.config import LuisaviaromaConfig


def test_the_metadata_states_the_versions_of_the_code():
    stated = {each.name: each.value for each in entry_points(group="chandelier.schema")}

    assert stated["luisaviaroma.config"] == f"v{LuisaviaromaConfig.__config_version__}"
    assert stated["luisaviaroma.storage"] == "r0002"
    (plugin,) = [each for each in entry_points(group="chandelier.plugins") if each.name == "luisaviaroma"]
    assert plugin.load() is Luisaviaroma


def test_the_changelog_names_this_version():
    changelog = (Path(__file__).parents[1] / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {distribution('chandelier-luisaviaroma').version}" in changelog


def test_nothing_of_redeye_is_imported():
    sources = Path(chandelier_luisaviaroma.__file__).parent.rglob("*.py")
    imported = {
        name
        for source in sources
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert "chandelier_luisaviaroma.plugin" in imported
    assert not [name for name in imported if name.startswith("chandelier_redeye")]
    assert not [name for name in imported if name.startswith("chandelier.")], "only the host's public names"

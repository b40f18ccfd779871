"""What plugins ask access for is what they declare, so that admins can find all of it under `/access`."""

from __future__ import annotations

import ast
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from chandelier.builtin import Core
from chandelier.plugin import Manifest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "core": ROOT / "host" / "src" / "chandelier" / "builtin",
    **{
        name: ROOT / "plugins" / name / "src"
        for name in ("moderation", "reactions", "redeye", "luisaviaroma")
    },
}
ASK = {"require", "require_person", "allows"}


def asked_for(folder: Path) -> set[str]:
    """The capabilities that the code in a folder names, without the plugin's name."""
    found: set[str] = set()
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in folder.rglob("*.py")]
    constants = {  # of all modules, since one may import another's
        target.id: node.value.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }
    for tree in trees:
        for node in ast.walk(tree):
            value: Any = None
            if isinstance(node, ast.ClassDef):
                for line in node.body:
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "capability":
                        value = line.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr in ASK and ast.unparse(node.func.value).endswith("access"):
                    value = node.args[1]
                elif node.func.attr in {"component", "form"}:
                    value = next((each.value for each in node.keywords if each.arg == "capability"), None)
            if isinstance(value, ast.Name):
                # A variable may hold several; each of them is named elsewhere, too.
                found |= {constants[value.id]} if value.id.isupper() else set()
            elif isinstance(value, ast.Constant):
                found.add(value.value)
    return {name.rpartition(".")[2] for name in found}


def manifest_of(name: str) -> Manifest:
    if name == "core":
        return Core().chandelier_manifest()
    [entry] = entry_points(group="chandelier.plugins", name=name)
    return entry.load()().chandelier_manifest()


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_everything_that_is_asked_for_is_declared_and_the_other_way_round(name: str) -> None:
    declared = {each.name for each in manifest_of(name).capabilities}
    assert asked_for(FOLDERS[name]) == declared

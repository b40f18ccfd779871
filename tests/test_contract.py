"""The house rules that a reviewer would otherwise have to remember, for every distribution here."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import chandelier
from chandelier.discovery import PLUGIN_GROUP, SCHEMA_GROUP
from chandelier.private_use import used_names

ROOT = Path(__file__).parent.parent
PLUGINS = {path.name: path for path in sorted((ROOT / "plugins").iterdir()) if path.is_dir()}
EXAMPLE = ROOT / "docs" / "examples" / "chandelier-greeter"
DISTRIBUTIONS = {"host": ROOT / "host", "loopcord": ROOT / "loopcord", **PLUGINS}
EVERY = pytest.mark.parametrize("folder", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS.keys())
AUTHORS = pytest.mark.parametrize(
    "folder", [*PLUGINS.values(), EXAMPLE], ids=[*PLUGINS.keys(), "the example of the docs"]
)
FROM_THE_HOST = {"hikari", "hikari-lightbulb"}
"""What the host pins for everybody, so that a plugin need not declare it."""
LONGEST_ROOM = 400
"""Lines of a module, about: a tenth more is no reason to tear a room apart."""


@cache
def project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements(folder: Path) -> list[Requirement]:
    groups = [project(folder)["dependencies"], *project(folder).get("optional-dependencies", {}).values()]
    return [Requirement(line) for group in groups for line in group]


def sources(folder: Path) -> list[Path]:
    return sorted((folder / "src").rglob("*.py"))


# ---- what a plugin imports


@AUTHORS
def test_a_plugin_uses_only_the_public_names_of_the_host(folder: Path) -> None:
    used = {(path.name, name) for path in sources(folder) for _, name in used_names(path)}

    assert used, "it uses nothing of the host at all?"
    assert {
        (file, name) for file, name in used if name.removeprefix("chandelier.") not in chandelier.__all__
    } == set()


@AUTHORS
def test_a_plugin_imports_only_itself_and_what_it_declares(folder: Path) -> None:
    declared = {canonicalize_name(Requirement(line).name) for line in project(folder)["dependencies"]}
    # Installed in editable mode, the host's own package is not listed.
    owners = {**packages_distributions(), "chandelier": ["chandelier"]}
    undeclared = {
        (path.name, package)
        for path in sources(folder)
        for package in imported_packages(path)
        if package not in sys.stdlib_module_names and not (folder / "src" / package).is_dir()
        if declared.isdisjoint(canonicalize_name(name) for name in owners.get(package, []))
        if FROM_THE_HOST.isdisjoint(canonicalize_name(name) for name in owners.get(package, []))
    }

    assert undeclared == set()


def imported_packages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name comes from"
            yield (node.module or "").partition(".")[0]


@AUTHORS
def test_a_plugin_says_for_which_versions_of_the_host_it_is(folder: Path) -> None:
    [host] = [one for one in map(Requirement, project(folder)["dependencies"]) if one.name == "chandelier"]

    assert {one.operator for one in host.specifier} == {">=", "<"}
    assert host.specifier.contains(project(ROOT / "host")["version"])


# ---- what its metadata says


@AUTHORS
def test_the_facts_in_the_metadata_are_those_of_the_code(folder: Path) -> None:
    points = project(folder)["entry-points"]
    [(name, target)] = points[PLUGIN_GROUP].items()
    package = folder / "src" / target.partition(":")[0]
    facts = points[SCHEMA_GROUP]

    assert facts == {f"{name}.config": f"v{schema_version(package)}", f"{name}.storage": newest(package)}
    assert project(folder)["name"] == f"chandelier-{name}"


def schema_version(package: Path) -> int:
    """The ``version=…`` of the one ``@chandelier.schema`` that has one."""
    versions = [
        keyword.value.value
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
        for call in node.decorator_list
        if isinstance(call, ast.Call) and "schema" in ast.unparse(call.func)
        for keyword in call.keywords
        if keyword.arg == "version" and isinstance(keyword.value, ast.Constant)
    ]
    [version] = versions
    assert isinstance(version, int)
    return version


def newest(package: Path) -> str:
    """The newest revision, by the names of the files, which carry the revision that is inside."""
    files = sorted((package / "revisions").glob("[0-9]*.py"))
    for number, path in enumerate(files, 1):
        assert path.name.startswith(f"{number:04}_")
        assert f'revision = "{number:04}"' in path.read_text(encoding="utf-8")
    return f"r{len(files):04}"


# ---- what a distribution ships


@EVERY
def test_every_distribution_is_complete(folder: Path) -> None:
    [package] = [path for path in (folder / "src").iterdir() if (path / "__init__.py").exists()]
    version = project(folder)["version"]

    assert (package / "py.typed").exists()
    assert (folder / "LICENSE").read_text(encoding="utf-8").startswith("MIT License\n")
    assert len((folder / "README.md").read_text(encoding="utf-8").splitlines()) > 10
    assert re.search(
        rf"^## {re.escape(version)}\b", (folder / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    ), f"the changelog has no section for {version}"
    assert project(folder)["requires-python"] == ">=3.11"


@EVERY
def test_every_dependency_has_a_floor(folder: Path) -> None:
    ours = {project(path)["name"] for path in DISTRIBUTIONS.values()}
    without = [
        str(one)
        for one in requirements(folder)
        if one.name not in ours and not any(part.operator in {">=", "==", "~="} for part in one.specifier)
    ]

    assert without == []


@EVERY
def test_every_module_is_a_room_that_says_what_it_is_for(folder: Path) -> None:
    for path in sources(folder):
        text = path.read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)), f"{path}: the first line says what the room is for"
        assert len(text.splitlines()) <= LONGEST_ROOM * 1.1, f"{path} is too long: it wants to be two rooms"


def test_nox_knows_every_distribution() -> None:
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")

    assert {name for name in PLUGINS if f'"{name}"' not in text} == set()


def test_no_example_of_hypothesis_fails_because_the_machine_is_slow() -> None:
    now = hypothesis.settings()

    assert now.deadline is None
    assert hypothesis.HealthCheck.too_slow in now.suppress_health_check


# ---- what no text may contain

PRIVATE = re.compile(
    r"(?<![\w.$}>~-])/(?:work|root|home|Users)/[\w.]"  # a path of somebody's machine
    r"|(?:extra-)?index-" + r"url|https?://[^\s/]+(?:/[^\s/]+)*/sim" + r"ple\b",  # a package registry
)
TEXTS = {".md", ".py", ".toml", ".cfg", ".ini", ".yaml", ".yml", ".json", ".js", ".css", ".html", ".txt", ""}


def test_no_text_names_a_machine_or_a_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in project_files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if PRIVATE.search(line)
    ]

    assert found == []


def test_the_search_for_private_texts_can_find_something() -> None:
    for line in ('open("/' + 'root/.ssh")', "cd /" + "home/alice/bot", "--index-" + "url x"):
        assert PRIVATE.search(line)


def project_files() -> Iterator[Path]:
    shipped = ["host", "loopcord", "plugins", "tests", "benchmarks", "docs", ".ci"]
    for path in [*ROOT.iterdir(), *(file for top in shipped for file in (ROOT / top).rglob("*"))]:
        hidden = any(part.startswith(".") and part != ".ci" for part in path.relative_to(ROOT).parts)
        made = {"__pycache__", "node_modules", "dist", "build"} & set(path.parts)
        fixture = "tests" in path.parts and path.suffix in {".html", ".json", ".txt"}  # pages of real shops
        if path.is_file() and path.suffix in TEXTS and not (hidden or made or fixture):
            yield path

"""Rules of the house that a test can hold."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import loopcord

SOURCES = Path(loopcord.__file__).parent


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def test_only_two_modules_import_simcord() -> None:
    importing = {path.name for path in SOURCES.rglob("*.py") if _imports(path) & {"simcord", "discord"}}

    assert importing == {"_simcord.py", "_repairs.py"}


def test_loopcord_knows_no_bot_library_and_no_host() -> None:
    for path in SOURCES.rglob("*.py"):
        assert not _imports(path) & {"hikari", "lightbulb", "chandelier"}, path.name


def test_everything_public_is_documented() -> None:
    for name in loopcord.__all__:
        assert (getattr(loopcord, name).__doc__ or "").strip(), name


def test_the_pytest_plugin_costs_nothing_until_it_is_used() -> None:
    """pytest imports every plugin in every run."""
    script = (
        "import sys, loopcord, loopcord.pytest_plugin\n"
        "print(sorted({'aiohttp', 'simcord', 'discord', 'jsonschema_rs'} & sys.modules.keys()))"
    )

    # The interpreter and the script are ours.
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)  # noqa: S603

    assert result.stdout.strip() == "[]"


def test_every_public_name_has_a_home() -> None:
    assert set(loopcord.__all__) == set(loopcord._HOMES)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = loopcord.Nothing

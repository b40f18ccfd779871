"""The examples of docs/clients.md are tests that pass, each with the library that it is about."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

PAGE = Path(__file__).parents[1] / "docs" / "clients.md"


def _examples(library: str) -> list[str]:
    """The code of one library's section, in its order."""
    page = PAGE.read_text(encoding="utf-8")
    [section] = re.findall(rf"^## {re.escape(library)}\n(.*?)^## ", page, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"```(?:python|js)\n(.*?)```", section, flags=re.DOTALL)


def _passes(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, test: str) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(test)
    result = pytester.runpytest_subprocess("-p", "pytest_asyncio.plugin", "-p", "loopcord.pytest_plugin")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("library", ["hikari", "discord.py"])
def test_the_python_examples_are_true(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, library: str
) -> None:
    [test] = _examples(library)

    _passes(pytester, monkeypatch, test)


def test_the_example_in_javascript_is_true(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = Path(os.environ.get("LOOPCORD_DISCORD_JS", "")) / "node_modules"
    if shutil.which("node") is None or not (modules / "discord.js").is_dir():
        pytest.skip("needs Node and discord.js: run `nox -s clients`")
    monkeypatch.setenv("NODE_PATH", str(modules))
    bot, test = _examples("discord.js")
    pytester.makefile(".js", bot=bot)

    _passes(pytester, monkeypatch, test)

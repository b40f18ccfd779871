"""The README's story is a test that passes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

README = Path(__file__).parents[1] / "README.md"


def test_the_story_in_the_readme_is_true(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    [story] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)
    pytester.makepyfile(story)

    result = pytester.runpytest_subprocess("-p", "pytest_asyncio.plugin", "-p", "loopcord.pytest_plugin")

    result.assert_outcomes(passed=1)

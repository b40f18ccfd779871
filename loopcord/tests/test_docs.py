"""What the pages of docs/ say is what the code does."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import loopcord
from loopcord.limits import DISCORD_LIMITS, DISCORD_SHARED, OTHERS, RouteLimit, SharedLimit

pytest_plugins = ["pytester"]

DOCS = Path(__file__).parents[1] / "docs"


def test_every_trouble_has_its_row() -> None:
    page = (DOCS / "trouble.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(?:await )?(\w+)\((.*?)\)` \|", page, flags=re.MULTILINE))
    methods = {
        name: [*inspect.signature(method).parameters][1:]
        for name, method in inspect.getmembers(loopcord.Trouble, inspect.isfunction)
        if not name.startswith("_")
    }

    assert set(rows) == set(methods)
    for name, parameters in methods.items():
        documented = [part.split("=")[0].strip() for part in rows[name].split(",") if part]
        assert sorted(documented) == sorted(p.replace("path_glob", "path") for p in parameters), name
        assert (getattr(loopcord.Trouble, name).__doc__ or "").strip(), name


def test_the_story_of_trouble_is_true(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    [story] = re.findall(
        r"```python\n(.*?)```", (DOCS / "trouble.md").read_text(encoding="utf-8"), flags=re.DOTALL
    )
    pytester.makepyfile(story)

    result = pytester.runpytest_subprocess("-p", "pytest_asyncio.plugin", "-p", "loopcord.pytest_plugin")

    result.assert_outcomes(passed=1)


def test_every_limit_has_its_row() -> None:
    page = (DOCS / "rate-limits.md").read_text(encoding="utf-8")
    table = page[page.index("| route | limit | source |") :].splitlines()[2:]
    others = RouteLimit("any other", OTHERS, "a guess")

    assert table == [_row(limit) for limit in (*DISCORD_LIMITS, *DISCORD_SHARED, others)]


def _row(row: RouteLimit | SharedLimit) -> str:
    notes: list[str] = []
    if row.limit is None:
        return f"| `{row.route}` | none | {row.source} |"
    if row.limit.sliding:
        notes.append("sliding")
    if isinstance(row, SharedLimit):
        notes.append("shared" + (f", for {' and '.join(sorted(row.fields))}" if row.fields else ""))
    elif row.older_than:
        notes.append(f"messages older than {row.older_than:,.0f} s")
    if row.limit.bucket:
        notes.append(f"bucket `{row.limit.bucket}`")
    note = f" ({'; '.join(notes)})" if notes else ""
    return f"| `{row.route}` | {row.limit.requests} in {row.limit.seconds:g} s{note} | {row.source} |"

"""The documentation says what the code says, its commands are the real ones, and its example works."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from cogapp import Cog

from chandelier import hookspecs
from chandelier.demo.programme import programme
from chandelier_reactions import hookspecs as of_reactions
from chandelier_redeye.hookspecs import RedeyeHooks

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "examples" / "chandelier-greeter"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("host/*.md")])
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def test_generated_parts_say_what_the_code_says() -> None:
    said = io.StringIO()
    pages = [
        str(page) for folder in ("docs", "loopcord/docs") for page in sorted((ROOT / folder).glob("*.md"))
    ]

    with contextlib.redirect_stdout(said):
        outcome = Cog().main(["cog", "--check", "-I", str(ROOT / "docs"), *pages])

    assert outcome == 0, f"run `nox -s docs` and look at the difference:\n{said.getvalue()}"


def test_every_hook_of_the_host_is_documented_with_its_signature_and_docstring() -> None:
    page = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    hooks = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("chandelier_")}

    assert set(re.findall(r"^### (chandelier_\w+)$", page, re.MULTILINE)) == set(hooks)
    for name, hook in hooks.items():
        assert documented(name, hook) in page
        assert (inspect.getdoc(hook) or "?") in page


@pytest.mark.parametrize("published", [RedeyeHooks, of_reactions], ids=["redeye", "reactions"])
def test_every_hook_that_plugins_publish_is_documented(published: Any) -> None:
    page = (ROOT / "docs" / "hooks.md").read_text(encoding="utf-8")
    hooks = {
        name: hook
        for name, hook in inspect.getmembers(published, inspect.isfunction)
        if hasattr(hook, "chandelier_spec")
    }

    assert hooks
    for name, hook in hooks.items():
        assert f"#### {name}\n" in page
        assert documented(name, hook) in page
        assert (inspect.getdoc(hook) or "?") in page


def documented(name: str, hook: Any) -> str:
    kind = "async def" if inspect.iscoroutinefunction(hook) else "def"
    return f"```python\n{kind} {name}{inspect.signature(hook)}\n```".replace("'", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in headings(linked), f"{page.name} links to {target}"


def headings(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in found}


def test_the_readme_tells_the_five_things_that_the_demo_tells() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.partition("## Five things to try")[2].partition("\n## ")[0]
    told = re.findall(r"^\d\. (.+?)(?=^\d\. |\n\n)", section, re.MULTILINE | re.DOTALL)
    shop = SimpleNamespace(url="ADDRESS/", product_url=lambda slug: f"ADDRESS/{slug}")

    lines = programme(cast("Any", shop))

    assert len(told) == len(lines) == 5
    for ours, demos in zip(told, lines, strict=True):
        key = r"\*\*\w+\*\*|`/[^`]+`|#[\w-]+|\"[^\"]+\"|➡️|🔗"
        assert set(re.findall(key, demos)) <= set(re.findall(key, ours)), demos


def test_the_readmes_test_command_is_what_continuous_integration_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"```sh\n(python3 -m venv .+)\n```", readme)
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert commands == [f"{ci[-1]} -s demo", ci[-1]]
    assert readme.index(commands[1]) < readme.index("\n## "), "both commands are on the first screen"


def test_the_example_is_built_installed_and_passes_its_own_tests(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(EXAMPLE, source, ignore=shutil.ignore_patterns("__pycache__"))
    site = tmp_path / "site"
    site.mkdir()

    call("from hatchling.build import build_wheel; build_wheel('..')", cwd=source)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    shutil.rmtree(source / "src")
    call(
        "import sys, pytest; sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', 'tests']))",
        cwd=source,
        path=site,
    )


def call(code: str, *, cwd: Path, path: Path | None = None) -> None:
    """Run code in a Python of its own, which sees the distributions in ``path`` as installed."""
    settings = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "COV_"))}
    if path is not None:
        settings["PYTHONPATH"] = str(path)
    done = subprocess.run(  # noqa: S603 - our own code
        [sys.executable, "-c", code], cwd=cwd, env=settings, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

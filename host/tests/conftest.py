"""Fixtures of the host's tests: plugins written to disk and installed as real distributions."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

PRELUDE = """
from __future__ import annotations
import asyncio
import attrs, hikari, lightbulb
import chandelier
from chandelier import hookimpl
loader = chandelier.Loader()
"""

MANIFEST = """
    @hookimpl
    def chandelier_manifest(self):
        return chandelier.Manifest(summary="{name} for tests", intents={intents})

    @hookimpl
    def chandelier_loaders(self):
        return [loader]
"""


class Installer:
    """Writes plugins as importable packages with metadata, as pip would have left them."""

    def __init__(self, site: Path) -> None:
        self.site = site

    def __call__(
        self,
        name: str,
        body: str = "",
        *,
        methods: str = "",
        version: str = "1.0",
        requires: tuple[str, ...] = ("chandelier",),
        python: str = ">=3.11",
        schema: dict[str, str] | None = None,
        intents: str = "hikari.Intents.NONE",
        modules: dict[str, str] | None = None,
    ) -> str:
        """Install (or replace) the plugin ``name``; its class is ``Made``. Returns its package's name."""
        package = f"made_{name}"
        folder = self.site / package
        folder.mkdir(exist_ok=True)
        source = [PRELUDE, dedent(body), "\nclass Made(chandelier.Plugin):\n"]
        source.append(MANIFEST.format(name=name, intents=intents))
        source.append("\n".join(f"    {line}" for line in dedent(methods).splitlines()))
        (folder / "__init__.py").write_text("".join(source), encoding="utf-8")
        for module, text in (modules or {}).items():
            (folder / f"{module}.py").write_text(dedent(text), encoding="utf-8")
        self.describe(
            name, version=version, requires=requires, python=python, schema=schema, target=f"{package}:Made"
        )
        importlib.invalidate_caches()
        return package

    def describe(
        self,
        name: str,
        *,
        target: str,
        version: str = "1.0",
        requires: tuple[str, ...] = (),
        python: str = ">=3.11",
        schema: dict[str, str] | None = None,
    ) -> None:
        """Write the metadata of a distribution, whatever its code is."""
        for old in self.site.glob(f"made_{name}-*.dist-info"):
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
        info = self.site / f"made_{name}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: made-{name}", f"Version: {version}"]
        lines += [f"Requires-Python: {python}", *(f"Requires-Dist: {need}" for need in requires)]
        (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        points = ["[chandelier.plugins]", f"{name} = {target}"]
        if schema:
            points += ["[chandelier.schema]", *(f"{name}.{key} = {value}" for key, value in schema.items())]
        (info / "entry_points.txt").write_text("\n".join(points) + "\n", encoding="utf-8")

    def remove(self, name: str) -> None:
        """Uninstall a plugin."""
        for path in [*self.site.glob(f"made_{name}-*.dist-info"), self.site / f"made_{name}"]:
            for file in sorted(path.rglob("*"), reverse=True):
                file.rmdir() if file.is_dir() else file.unlink()
            path.rmdir()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Installs plugins for one test."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(site))
    yield Installer(site)
    for name in [name for name in sys.modules if name.partition(".")[0].startswith("made_")]:
        del sys.modules[name]

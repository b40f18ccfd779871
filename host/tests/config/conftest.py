"""A deployment in a folder of its own, for the tests of config."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from chandelier.config.deployment import Deployment
from loopcord import VirtualClock


@pytest.fixture
def deploy(tmp_path: Path) -> Callable[..., Deployment]:
    """Write ``config.toml`` and read it: ``deploy(text, CHANDELIER_…=…)``."""

    def write_and_read(text: str | None = None, **environ: str) -> Deployment:
        path = tmp_path / "config.toml"
        if text is not None:
            path.write_text(dedent(text), encoding="utf-8")
        return Deployment.read(path, environ, clock=VirtualClock())

    return write_and_read

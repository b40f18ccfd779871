"""Someone at the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chandelier.cli import main


@pytest.fixture
def type_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Types a command in an empty folder, without any setting from outside."""
    home = tmp_path / "deployment"
    home.mkdir()
    monkeypatch.chdir(home)
    for name in [name for name in os.environ if name.startswith("CHANDELIER_")]:
        monkeypatch.delenv(name)

    def type_in(*words: str) -> Result:
        return CliRunner().invoke(main, list(words), catch_exceptions=False)

    return type_in

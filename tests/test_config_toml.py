"""The config.toml at the top is what `chandelier init` writes when all four plugins are installed."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from chandelier.cli import main

HERE = Path(__file__).resolve().parent.parent


def test_config_toml_is_what_init_writes_now(tmp_path: Path) -> None:
    written = tmp_path / "config.toml"

    result = CliRunner().invoke(main, ["init", "--config", str(written)])

    assert result.exit_code == 0, result.output
    assert (HERE / "config.toml").read_text() == written.read_text(), "run `nox -s docs`"


def test_config_toml_is_accepted_as_it_is(tmp_path: Path) -> None:
    copy = tmp_path / "config.toml"
    copy.write_text((HERE / "config.toml").read_text())

    result = CliRunner().invoke(main, ["config", "check", "--config", str(copy)])

    assert result.exit_code == 0, result.output

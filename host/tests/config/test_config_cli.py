"""`chandelier config …` as an operator uses it, with exit codes for scripts and JSON for programs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from chandelier.cli import main
from chandelier.cli.installed import Installed
from chandelier.config.migrations import ConfigMigration, rename_key
from chandelier.config.schema import Secret, schema, setting


@schema(version=2)
class Moderation:
    keywords: tuple[str, ...] = setting((), help="Unwanted words.", guild=True)
    interval: int = setting(60, help="Seconds between checks.", ge=10)
    api_key: Secret | None = setting(None, help="For the service.")


STEPS = (
    ConfigMigration(
        2,
        lambda section: rename_key(section, "words", "keywords"),
        lambda section: rename_key(section, "keywords", "words"),
    ),
)
OLD = '[plugins.moderation]\nversion = 1\nwords = ["spam"] # bad\n'
NEW = '[plugins.moderation]\nversion = 2\nkeywords = ["spam"] # bad\n'


class OnlyModeration(Installed):
    """A machine on which moderation is the only plugin."""

    plugins = ()

    def schemas(self) -> Mapping[str, type[Any]]:
        return {"moderation": Moderation}

    def config_migrations(self) -> Mapping[str, tuple[ConfigMigration, ...]]:
        return {"moderation": STEPS}


class Shell:
    """Runs `chandelier …` in the folder of a deployment."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "config.toml"
        self.backups = folder / "data" / "backups" / "config"
        self.environ: dict[str, str] = {}

    def __call__(self, *arguments: str) -> Result:
        return CliRunner().invoke(
            main, ["config", *arguments], obj=OnlyModeration(), env=self.environ, catch_exceptions=False
        )

    def json(self, *arguments: str) -> Any:
        return json.loads(self(*arguments, "--json").stdout)


@pytest.fixture
def chandelier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CHANDELIER_")]:
        monkeypatch.delenv(name)
    yield Shell(tmp_path)


def test_init_writes_a_file_that_check_accepts_and_never_overwrites_one(chandelier: Shell) -> None:
    first, check, again = chandelier("init"), chandelier("check"), chandelier("init")

    assert (first.exit_code, check.exit_code, again.exit_code) == (0, 0, 1)
    assert "[plugins.moderation]\nversion = 2\n" in chandelier.config.read_text()
    assert check.stdout == "config.toml is fine.\n"


def test_check_lists_every_problem_and_leaves_with_78(chandelier: Shell) -> None:
    chandelier.config.write_text('[plugins.moderation]\nversion = 2\ninterval = 5\nkeyword = ["a"]\n')

    result = chandelier("check")

    assert result.exit_code == 78
    assert (
        "config.toml:3: [plugins.moderation].interval: 5 is too small, allowed: 10 or more" in result.output
    )
    assert (
        "config.toml:4: [plugins.moderation].keyword: there is no such setting; did you mean keywords?"
        in (result.output)
    )


def test_check_in_json(chandelier: Shell) -> None:
    chandelier.config.write_text("[plugins.moderation]\nversion = 2\ninterval = 5\n[plugins.other]\n")

    found = chandelier.json("check")

    assert found["ok"] is False
    assert [(problem["line"], problem["allowed"]) for problem in found["problems"]] == [(3, "10 or more")]
    assert [warning["path"] for warning in found["warnings"]] == ["[plugins.other]"]


def test_check_names_the_line_of_broken_toml(chandelier: Shell) -> None:
    chandelier.config.write_text("[plugins.moderation\n")

    result = chandelier("check")

    assert result.exit_code == 78
    assert "config.toml:1: this is not valid TOML" in result.output


def test_check_of_an_older_file_says_that_a_migration_is_due(chandelier: Shell) -> None:
    chandelier.config.write_text(OLD)

    result = chandelier("check")

    assert result.exit_code == 0
    assert (
        "[plugins.moderation] upgraded from version 1 to 2 is due: chandelier config migrate" in result.output
    )


def test_show_says_what_is_in_force_and_where_it_comes_from(chandelier: Shell) -> None:
    chandelier.config.write_text(NEW)
    chandelier.environ = {
        "CHANDELIER_PLUGINS__MODERATION__INTERVAL": "30",
        "CHANDELIER_PLUGINS__MODERATION__API_KEY": "hunter2",
    }

    shown = chandelier("show", "moderation")
    rows = chandelier.json("show", "moderation")["moderation"]

    assert shown.exit_code == 0
    assert "hunter2" not in shown.output
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert ["keywords", '["spam"]', "config.toml:3", "a", "list:", "text"] in lines
    assert lines[3][:3] == ["interval", "30", "CHANDELIER_PLUGINS__MODERATION__INTERVAL"]
    assert {row["path"]: (row["value"], row["layer"]) for row in rows} == {
        "keywords": (["spam"], "file"),
        "interval": (30, "environment"),
        "api_key": ("<secret>", "environment"),
    }


def test_show_without_a_name_shows_the_host_too(chandelier: Shell) -> None:
    assert set(chandelier.json("show")) == {"chandelier", "moderation"}


def test_show_of_an_unknown_section_is_a_wrong_command_line(chandelier: Shell) -> None:
    result = chandelier("show", "moderaton")

    assert result.exit_code == 2
    assert "there is no section 'moderaton'; did you mean moderation?" in result.output


def test_show_of_a_bad_config_leaves_with_78(chandelier: Shell) -> None:
    chandelier.config.write_text("[plugins.moderation]\nversion = 2\ninterval = 5\n")

    result = chandelier("show")

    assert result.exit_code == 78
    assert "5 is too small" in result.output


def test_schema_is_json(chandelier: Shell) -> None:
    properties = json.loads(chandelier("schema").stdout)["properties"]

    assert properties["plugins"]["properties"]["moderation"]["properties"]["interval"]["minimum"] == 10
    assert "log_level" in properties["chandelier"]["properties"]


def test_migrate_shows_first_then_does_then_can_be_rolled_back(chandelier: Shell) -> None:
    chandelier.config.write_text(OLD)

    dry = chandelier("migrate", "--dry-run")
    untouched = chandelier.config.read_text()
    real = chandelier("migrate")
    migrated = chandelier.config.read_text()
    again = chandelier("migrate")
    back = chandelier("rollback")

    assert [dry.exit_code, real.exit_code, again.exit_code, back.exit_code] == [0, 0, 0, 0]
    assert "-words = [" in dry.stdout
    assert "+keywords = [" in dry.stdout
    assert (untouched, migrated, chandelier.config.read_text()) == (OLD, NEW, OLD)
    assert "upgraded from version 1 to 2" in real.stdout
    assert "data/backups/config/config-000001-" in real.stdout
    assert again.stdout == "config.toml is up to date.\n"
    (kept,) = chandelier.backups.glob("undone-*.toml")
    assert kept.read_text() == NEW
    assert str(kept.name) in back.stdout


def test_migrate_and_rollback_in_json(chandelier: Shell) -> None:
    chandelier.config.write_text(OLD)

    done = chandelier.json("migrate")
    undone = chandelier.json("rollback")

    assert done["changes"] == [{"section": "moderation", "before": 1, "after": 2, "file": "config.toml"}]
    assert done["backup"] == undone["restored"]
    assert Path(undone["kept"]).read_text() == NEW


def test_migrate_of_a_file_from_a_newer_version_leaves_with_78(chandelier: Shell) -> None:
    chandelier.config.write_text("[plugins.moderation]\nversion = 7\n")

    result = chandelier("migrate")

    assert result.exit_code == 78
    assert "version 7 of this section was written by a newer plugin moderation" in result.output


def test_rollback_without_a_backup_leaves_with_1(chandelier: Shell) -> None:
    chandelier.config.write_text(NEW)

    result = chandelier("rollback")

    assert result.exit_code == 1
    assert "there is no backup to go back to" in result.output
    assert chandelier.config.read_text() == NEW


def test_rollback_saves_a_file_too_broken_to_be_read(chandelier: Shell) -> None:
    chandelier.config.write_text(OLD)
    chandelier("migrate")
    chandelier.config.write_text("[plugins.moderation\n")

    result = chandelier("rollback")

    assert result.exit_code == 0
    assert chandelier.config.read_text() == OLD

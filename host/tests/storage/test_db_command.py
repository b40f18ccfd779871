"""``chandelier db`` as an operator types it, with a plugin that stores something."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy import make_url

from chandelier.cli import main
from chandelier.cli.claim import claim
from chandelier.clock import SystemClock
from chandelier.storage.engine import Database

from .conftest import HOST_NEWEST, Diary

CODE = """
import sqlalchemy as sa
metadata = sa.MetaData()
sa.Table("diary_entries", metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
HOOK = """
@hookimpl
def chandelier_storage(self):
    return chandelier.StorageHistory(metadata, "made_diary:revisions")
"""


class Operator:
    """Types commands in the folder of a deployment."""

    def __init__(self, diary: Diary, database_url: str) -> None:
        self.diary = diary
        self._url = database_url
        path = make_url(database_url).database
        self.file = Path(path) if database_url.startswith("sqlite") and path else None
        """The file of a SQLite database."""

    def types(self, *words: str, answer: str | None = None) -> Result:
        """Run ``chandelier db …``."""
        return CliRunner().invoke(main, ["db", *words], input=answer, catch_exceptions=False)

    def reads(self, *words: str) -> Any:
        """What the command printed as JSON."""
        return json.loads(self.types(*words, "--json").stdout)

    def exports(self, *words: str) -> list[dict[str, Any]] | None:
        """What ``chandelier audit export`` writes; None when it could not."""
        result = CliRunner().invoke(main, ["audit", "export", "--format", "json", *words])
        return json.loads(result.stdout) if result.exit_code == 0 else None

    def status_of(self, name: str) -> dict[str, Any]:
        """The plugin's line of the status."""
        return next(each for each in self.reads("status")["plugins"] if each["name"] == name)

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the diary would."""

        async def run() -> list[tuple[Any, ...]]:
            database = Database(self._url, data_dir=Path("data"), clock=SystemClock())
            await database.start()
            try:
                async with database.storage("diary").transaction() as session:
                    result = await session.execute(sa.text(statement), values)
                    return [tuple(row) for row in result] if result.returns_rows else []
            finally:
                await database.close()

        return asyncio.run(run())

    def writes(self, text: str) -> None:
        """Write an entry into the diary."""
        self.sql(
            "INSERT INTO diary_entries (author_id, text, written_at) "
            "VALUES (1, :text, '2026-01-01 12:00:00')",
            text=text,
        )

    def entries(self) -> list[str]:
        """What the diary says."""
        return [row[0] for row in self.sql("SELECT text FROM diary_entries ORDER BY id")]


@pytest.fixture
def operator(
    install: Callable[..., str], database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Operator:
    """An empty deployment with the diary, version 1, installed."""
    home = tmp_path / "deployment"
    home.mkdir()
    monkeypatch.chdir(home)
    for name in [name for name in os.environ if name.startswith("CHANDELIER_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CHANDELIER_DATABASE_URL", database_url)
    diary = Diary(tmp_path / "site", install("diary", CODE, methods=HOOK))
    diary.ship("0001")
    # Shipping leaves the plugin's module as it was written.
    assert (tmp_path / "site" / "made_diary" / "__init__.py").read_text(encoding="utf-8")
    return Operator(diary, database_url)


def test_status_says_what_is_due_and_upgrade_does_it(operator: Operator) -> None:
    before = operator.types("status")
    assert before.exit_code == 1
    assert "chandelier db upgrade" in before.output
    assert operator.status_of("diary")["pending"] == 1

    assert operator.types("upgrade").exit_code == 0

    after = operator.types("status")
    assert after.exit_code == 0, after.output
    assert operator.status_of("diary") == {
        "name": "diary", "stored": "0001", "newest": "0001", "pending": 0, "state": "up to date"
    }  # fmt: skip


def test_status_writes_nothing(operator: Operator, tmp_path: Path) -> None:
    operator.types("status")

    assert list((tmp_path / "deployment").iterdir()) == []
    assert not (tmp_path / "data").exists()


def test_a_mistaken_update_is_undone_with_the_command_that_the_refusal_names(operator: Operator) -> None:
    operator.types("upgrade")
    operator.writes("Dear diary")
    operator.diary.ship("0001", "0002")
    operator.types("upgrade", "diary")
    operator.diary.ship("0001")

    refused = operator.types("upgrade", "diary")
    assert refused.exit_code == 1
    assert operator.status_of("diary")["state"] == "written by a newer version"
    # On a terminal lines may be wrapped, in a pipe they are not.
    command = refused.output.partition("go back with: chandelier db ")[2].split()
    assert command[0] == "restore"

    undone = operator.types(*command, "--yes")
    assert undone.exit_code == 0, undone.output
    assert operator.status_of("diary")["stored"] == "0001"
    assert operator.entries() == ["Dear diary"]


def test_a_plugin_that_fails_to_migrate_does_not_keep_the_others_from_it(operator: Operator) -> None:
    operator.diary.ship("0001", "0002", "0003")

    result = operator.types("upgrade", "--json")

    done = {each["plugin"]: each for each in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert "a mistake" in done["diary"]["problem"]
    assert done["chandelier"]["after"] == HOST_NEWEST
    assert operator.status_of("diary")["stored"] is None


def test_downgrade_goes_back_and_says_so(operator: Operator) -> None:
    operator.diary.ship("0001", "0002")
    operator.types("upgrade")

    result = operator.types("downgrade", "diary", "0001")

    assert "diary: 0002 → 0001" in result.output
    assert operator.status_of("diary")["stored"] == "0001"


def test_downgrading_a_plugin_that_is_not_there_lists_those_that_are(operator: Operator) -> None:
    result = operator.types("downgrade", "forum", "0001")

    assert result.exit_code == 1
    assert "'forum'" in result.output
    assert "diary" in result.output


def test_a_manual_backup_is_listed_and_restores(operator: Operator) -> None:
    operator.types("upgrade")
    operator.writes("Dear diary")
    taken = operator.reads("backup")
    operator.writes("written later")

    assert taken["path"] in [each["path"] for each in operator.reads("backups")]
    restored = operator.reads("restore", taken["path"], "--yes")

    assert {"chandelier", "diary"} <= set(restored["put_back"])
    assert operator.entries() == ["Dear diary"]
    assert restored["safety"] in [each["path"] for each in operator.reads("backups")]


def test_a_backup_of_nothing_makes_nothing_and_says_so(operator: Operator, tmp_path: Path) -> None:
    result = operator.types("backup")

    assert result.exit_code == 1
    assert "there is no database" in result.output or "the database is empty" in result.output
    assert not (tmp_path / "data" / "chandelier.db").exists()
    assert operator.reads("backups") == []


def test_the_commands_say_what_they_did_once(operator: Operator) -> None:
    operator.types("upgrade")

    assert operator.types("backup").stderr == ""
    assert operator.types("downgrade", "diary", "base").stderr == ""


@pytest.mark.parametrize("damage", ["overwritten", "torn", "inside"])
def test_a_damaged_database_is_set_aside_for_the_backup(operator: Operator, damage: str) -> None:
    """What the refusal to open it advises has to work."""
    if operator.file is None:
        pytest.skip("PostgreSQL looks after its own files")
    operator.types("upgrade")
    operator.writes("Dear diary")
    taken = operator.reads("backup")
    whole = operator.file.read_bytes()
    operator.file.write_bytes(
        {
            "overwritten": b"not a database any more" * 1000,
            "torn": whole[: len(whole) // 2],
            "inside": whole[:100] + bytes(3900) + whole[4000:],
        }[damage]
    )
    damaged = operator.file.read_bytes()
    refused = operator.types("status")
    assert refused.exit_code == 1
    assert "chandelier db restore FILE" in refused.output or "restore a backup" in refused.output

    restored = operator.reads("restore", taken["path"], "--yes")

    assert operator.entries() == ["Dear diary"]
    assert Path(restored["safety"]).read_bytes() == damaged


def test_a_damaged_database_stays_when_the_file_is_no_backup(operator: Operator, tmp_path: Path) -> None:
    if operator.file is None:
        pytest.skip("PostgreSQL looks after its own files")
    operator.file.parent.mkdir()
    operator.file.write_bytes(b"not a database" * 1000)
    (tmp_path / "letter.db").write_text("Dear diary")

    refused = operator.types("restore", str(tmp_path / "letter.db"), "--yes")

    assert refused.exit_code == 1
    assert "is not a backup that can be restored" in refused.output
    assert operator.file.read_bytes() == b"not a database" * 1000


def test_tables_do_not_change_under_a_running_bot(operator: Operator) -> None:
    operator.types("upgrade")
    taken = operator.reads("backup")

    with claim(Path("data")):
        for words in (("downgrade", "diary", "base"), ("restore", taken["path"], "--yes")):
            refused = operator.types(*words)
            assert refused.exit_code == 1
            assert f"(process {os.getpid()}): stop it first" in refused.output
        assert operator.types("backup").exit_code == 0

    assert operator.status_of("diary")["state"] == "up to date"
    assert operator.types("downgrade", "diary", "base").exit_code == 0


def test_restore_asks_first_and_no_means_no(operator: Operator) -> None:
    operator.types("upgrade")
    taken = operator.reads("backup")
    operator.writes("written later")

    refused = operator.types("restore", taken["path"], answer="n\n")

    assert refused.exit_code == 1
    assert "Is the bot stopped" in refused.output
    assert operator.entries() == ["written later"]


def test_tables_of_an_uninstalled_plugin_are_shown_and_are_no_problem(
    operator: Operator, install: Any
) -> None:
    operator.types("upgrade")

    install.remove("diary")

    status = operator.types("status")
    assert status.exit_code == 0, status.output
    assert operator.status_of("diary")["state"] == "not installed"


def test_a_bad_config_ends_with_78(operator: Operator) -> None:
    Path("config.toml").write_text("[chandelier]\ndata_dir = 5\n", encoding="utf-8")

    result = operator.types("status")

    assert result.exit_code == 78
    assert "config.toml:2" in result.output


def test_what_the_owner_does_at_the_command_line_is_in_the_audit_log(operator: Operator) -> None:
    assert operator.exports() is None  # before anything was made
    operator.types("upgrade", "chandelier")
    operator.types("upgrade", "diary")
    operator.types("backup")
    [backup] = [each for each in operator.reads("backups") if each["label"] == "manual"]
    operator.types("downgrade", "diary", "base")
    operator.types("restore", backup["path"], "--plugin", "diary", "--yes")

    log = operator.exports()

    assert log is not None and {entry["actor"] for entry in log} == {"command line"}
    assert [(entry["action"], entry["subject"], entry["before"], entry["after"]) for entry in log] == [
        ("db.restore", "diary", None, {"file": Path(backup["path"]).name, "put back": ["diary"]}),
        ("db.downgrade", "diary", "0001", None),
        ("db.upgrade", "diary", None, "0001"),
        ("db.upgrade", "chandelier", None, log[-1]["after"]),
    ]
    assert operator.exports("--action", "db.restore", "--since", "1h") == log[:1]
    assert operator.exports("--until", "7d") == []
    wrong = CliRunner().invoke(main, ["audit", "export", "--since", "soon"])
    assert wrong.exit_code == 1 and "no time that I can read" in wrong.output


def test_a_config_that_is_rolled_back_is_in_the_audit_log_where_there_is_one(operator: Operator) -> None:
    backups = Path("data/backups/config")
    backups.mkdir(parents=True)
    for number in (1, 2):
        name = f"config-00000{number}-20260102T030405Z.toml"
        (backups / name).write_text("[chandelier]\nversion = 1\n", encoding="utf-8")
    Path("config.toml").write_text("[chandelier]\nversion = 1\n", encoding="utf-8")

    before = CliRunner().invoke(main, ["config", "rollback"])
    operator.types("upgrade", "chandelier")
    after = CliRunner().invoke(main, ["config", "rollback"])

    assert (before.exit_code, after.exit_code) == (0, 0) and "audit" not in before.output
    log = operator.exports("--action", "config")
    assert log is not None
    assert [entry["after"] for entry in log] == [{"restored": "config-000001-20260102T030405Z.toml"}]

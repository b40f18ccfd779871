"""The config file is read with lines, written whole or not at all, and backed up first."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chandelier.config import file as file_module
from chandelier.config.file import Backups, ConfigFile, write_atomically
from chandelier.config.problems import ConfigError

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    return Backups(tmp_path / "data" / "backups" / "config", keep=3)


def problem_with(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        ConfigFile.read(path)
    return str(caught.value)


class TestReading:
    def test_brackets_in_brackets_are_a_problem_and_no_crash(self, path: Path) -> None:
        path.write_text(f"x = {'[' * 5000}{']' * 5000}\n", encoding="utf-8")

        assert "too deep" in problem_with(path)

    def test_a_file_that_does_not_exist_is_empty(self, path: Path) -> None:
        file = ConfigFile.read(path)

        assert (file.exists, file.text, dict(file.data)) == (False, "", {})

    def test_broken_toml_is_named_with_its_line(self, path: Path) -> None:
        path.write_text("[a]\nx = 1\ny = = 2\n")

        assert problem_with(path) == "config.toml:3: this is not valid TOML: Invalid value"

    def test_a_text_that_ends_too_early_is_named_with_the_last_line(self, path: Path) -> None:
        path.write_text('[a]\nx = """\n')

        assert problem_with(path).startswith("config.toml:3: this is not valid TOML: ")

    def test_a_key_set_twice_is_named_with_its_line(self, path: Path) -> None:
        path.write_text("x = 1\nx = 2\n")

        assert problem_with(path).startswith(
            "config.toml:2: this is not valid TOML: Cannot overwrite a value"
        )

    def test_a_file_that_is_not_utf_8_is_refused_with_the_line(self, path: Path) -> None:
        path.write_bytes(b"x = 1\ny = '\xe9'\n")

        assert problem_with(path).startswith("config.toml:2: is not UTF-8: save it with this encoding")

    def test_a_byte_order_mark_and_windows_line_ends_are_fine(self, path: Path) -> None:
        path.write_bytes(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n")

        file = ConfigFile.read(path)

        assert file.data == {"x": 1, "y": 2}
        assert file.line(("y",)) == 2

    def test_a_folder_is_refused(self, path: Path) -> None:
        path.mkdir()

        assert problem_with(path) == f"{path}: cannot be read (Is a directory)"


class TestWriting:
    def test_what_is_written_is_there_and_what_was_is_in_the_backup(
        self, path: Path, backups: Backups
    ) -> None:
        path.write_text("x = 1 # one\n")

        new, backup = ConfigFile.read(path).write("x = 2 # two\n", backups=backups, now=NOW)

        assert path.read_text() == new.text == "x = 2 # two\n"
        assert backup is not None
        assert backup.name == "config-000001-20260102T030405Z.toml"
        assert backup.read_text() == "x = 1 # one\n"

    def test_a_new_file_needs_no_backup(self, path: Path, backups: Backups) -> None:
        _, backup = ConfigFile.read(path).write("x = 2\n", backups=backups, now=NOW)

        assert backup is None
        assert path.read_text() == "x = 2\n"

    def test_what_is_not_toml_is_not_written(self, path: Path, backups: Backups) -> None:
        path.write_text("x = 1\n")

        with pytest.raises(ConfigError, match="not valid TOML"):
            ConfigFile.read(path).write("x = ", backups=backups, now=NOW)

        assert path.read_text() == "x = 1\n"
        assert backups.all() == ()

    def test_what_someone_else_wrote_meanwhile_is_not_overwritten(self, path: Path, backups: Backups) -> None:
        path.write_text("x = 1\n")
        file = ConfigFile.read(path)
        path.write_text("x = 5 # by hand\n")

        with pytest.raises(ConfigError, match="changed by someone else"):
            file.write("x = 2\n", backups=backups, now=NOW)

        assert path.read_text() == "x = 5 # by hand\n"

    @pytest.mark.parametrize("moment", ["fsync", "replace"])
    def test_a_crash_leaves_the_old_file_whole(
        self, path: Path, monkeypatch: pytest.MonkeyPatch, moment: str
    ) -> None:
        path.write_text("x = 1\n")

        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        owner = file_module.os if moment == "fsync" else file_module.Path
        monkeypatch.setattr(owner, moment, crash)
        with pytest.raises(KeyboardInterrupt):
            write_atomically(path, "x = 2\n")

        assert path.read_text() == "x = 1\n"
        assert [one.name for one in path.parent.iterdir()] == ["config.toml"]

    def test_the_order_is_file_synced_then_replaced_then_folder_synced(
        self, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []
        fsync, replace = os.fsync, Path.replace
        monkeypatch.setattr(
            file_module.os,
            "fsync",
            lambda fd: (
                events.append("sync folder" if stat.S_ISDIR(os.fstat(fd).st_mode) else "sync file")
                or fsync(fd)
            ),
        )
        monkeypatch.setattr(
            file_module.Path, "replace", lambda self, to: events.append("replace") or replace(self, to)
        )

        write_atomically(path, "x = 1\n")

        assert events == ["sync file", "replace", "sync folder"]

    def test_permissions_and_links_stay(self, path: Path, tmp_path: Path) -> None:
        real = tmp_path / "elsewhere" / "real.toml"
        real.parent.mkdir()
        real.write_text("x = 1\n")
        real.chmod(0o640)
        path.symlink_to(real)

        write_atomically(path, "x = 2\n")

        assert path.is_symlink()
        assert real.read_text() == "x = 2\n"
        assert real.stat().st_mode & 0o777 == 0o640

    def test_without_a_place_for_the_backup_nothing_is_written(self, path: Path, tmp_path: Path) -> None:
        path.write_text("x = 1\n")
        (tmp_path / "data").write_text("a file where the folder should be")

        with pytest.raises(ConfigError, match="no backup can be kept here"):
            ConfigFile.read(path).write("x = 2\n", backups=Backups(tmp_path / "data" / "config"), now=NOW)

        assert path.read_text() == "x = 1\n"


class TestBackups:
    def test_only_the_newest_are_kept_and_numbers_go_on(self, backups: Backups) -> None:
        for number in range(5):
            backups.save(f"x = {number}\n", NOW + timedelta(days=number))

        assert [one.name for one in backups.all()] == [
            "config-000003-20260104T030405Z.toml",
            "config-000004-20260105T030405Z.toml",
            "config-000005-20260106T030405Z.toml",
        ]
        newest = backups.newest()
        assert newest is not None
        assert newest.read_text() == "x = 4\n"

    def test_other_files_in_the_folder_are_left_alone(self, backups: Backups) -> None:
        backups.folder.mkdir(parents=True)
        (backups.folder / "notes.toml").write_text("mine = true\n")

        for number in range(5):
            backups.save(f"x = {number}\n", NOW)

        assert (backups.folder / "notes.toml").exists()

    def test_the_order_is_that_of_the_numbers_also_when_the_clock_went_back(self, backups: Backups) -> None:
        backups.save("x = 1\n", NOW)
        later = backups.save("x = 2\n", NOW - timedelta(days=400))

        assert backups.newest() == later

    def test_without_a_folder_there_are_none(self, backups: Backups) -> None:
        assert backups.all() == ()
        assert backups.newest() is None

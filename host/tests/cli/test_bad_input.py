"""What an operator gets wrong: every answer says what, where and what to do, and ends with the right code."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from click.testing import Result

from chandelier.cli.db import _back_up
from chandelier.errors import InvalidRequest
from chandelier.storage.migrations import Migrator

Type = Callable[..., Result]


def write(text: str) -> None:
    Path("config.toml").write_text(text, encoding="utf-8")


def problems(result: Result) -> list[str]:
    return [line.removeprefix("error: ") for line in result.stderr.splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("rest_url", "http://bot:hunter2@proxy.example/"),
        ("database_url", "mysql://bot:hunter2@db.example/bot"),
        ("database_url", "postgresql://bot@db.example/bot?password=hunter2"),
        ("log_level", "postgresql://bot:hunter2@db.example/bot"),
    ],
)
def test_a_password_inside_a_wrong_setting_is_never_shown(type_in: Type, setting: str, url: str) -> None:
    write(f'[chandelier]\nversion = 1\n{setting} = "{url}"\n')

    for words in (("config", "check"), ("config", "check", "--json"), ("check",), ("run",)):
        result = type_in(*words)

        assert result.exit_code == 78
        assert setting in result.output
        assert "hunter2" not in result.output


def test_what_only_other_libraries_can_judge_is_named_with_its_line_too(type_in: Type) -> None:
    write(
        "[chandelier]\n"
        "version = 1\n"
        'http_allow = ["10.0.0.0/8",\n'
        '  "nonsense"]\n'
        'log_rotation = "every blue moon"\n'
        'log_retention = "soon"\n'
        'database_url = "postgresql://bot@db.example:port/bot"\n'
    )

    result = type_in("config", "check")

    assert result.exit_code == 78
    said = problems(result)
    assert said[0].startswith("config.toml:4: [chandelier].http_allow[2]: 'nonsense' does not appear")
    assert said[1].startswith('config.toml:5: [chandelier].log_rotation: "every blue moon" cannot be read')
    assert said[2].startswith('config.toml:6: [chandelier].log_retention: "soon" cannot be read')
    assert said[3].startswith("config.toml:7: [chandelier].database_url: the database URL cannot be read")


def test_what_a_library_would_refuse_is_named_with_its_variable(
    type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANDELIER_HTTP_ALLOW", "10.0.0.0/8,nonsense")
    monkeypatch.setenv("CHANDELIER_DATABASE_URL", "sqlite://")

    said = problems(type_in("config", "check"))

    assert said[0].startswith("environment: CHANDELIER_DATABASE_URL: the database URL names no file")
    assert said[1].startswith("environment: CHANDELIER_HTTP_ALLOW[2]: 'nonsense' does not appear")


@pytest.mark.parametrize("rotation", ["20 MB", "1 week", "00:00", "monday at 12:00", "daily"])
def test_every_form_of_rotation_that_loguru_knows_is_taken(
    type_in: Type, monkeypatch: pytest.MonkeyPatch, rotation: str
) -> None:
    monkeypatch.setenv("CHANDELIER_LOG_ROTATION", rotation)

    assert type_in("config", "check").exit_code == 0
    assert list(Path.cwd().iterdir()) == []


def test_run_and_check_tell_the_plugins_problems_beside_the_hosts(
    type_in: Type, install: Callable[..., str]
) -> None:
    install(
        "painter",
        "@chandelier.schema(version=1)\n"
        "class Paint:\n"
        '    coats: int = chandelier.setting(1, help="How many coats.", ge=1)\n',
        methods="@hookimpl\ndef chandelier_config_schema(self):\n    return Paint\n",
    )
    write('[chandelier]\nversion = 99\nlog_level = "LOUD"\n[plugins.painter]\nversion = 1\ncoats = 0\n')

    for command in ("run", "check"):
        result = type_in(command)

        assert result.exit_code == 78
        assert "version 99 of this section was written by a newer chandelier" in result.output
        assert "config.toml:6: [plugins.painter].coats: 0 is too small" in result.output


def test_something_else_in_the_place_of_a_section_is_refused_once(type_in: Type) -> None:
    write("plugins = 5\nchandelier = []\n")
    said = ["config.toml:2: chandelier: is not a table, allowed: a table"]

    for words in (("config", "migrate"), ("config", "show"), ("config", "check"), ("run",)):
        result = type_in(*words)

        assert result.exit_code == 78
        assert len(set(problems(result))) == len(problems(result))
        assert set(said) <= set(problems(result))


def test_a_config_that_cannot_be_read_is_a_wrong_config_and_no_wrong_command_line(type_in: Type) -> None:
    Path("config.toml").mkdir()

    for words in (("config", "check"), ("check",), ("run",), ("db", "status")):
        result = type_in(*words)

        assert result.exit_code == 78
        assert "config.toml: cannot be read" in result.output


def test_init_says_why_it_cannot_write(type_in: Type) -> None:
    Path("file").write_text("", encoding="utf-8")

    result = type_in("init", "--config", "file/config.toml")

    assert result.exit_code == 1
    assert "file/config.toml cannot be written" in result.stderr


def test_init_does_not_go_round_in_a_circle_of_links(type_in: Type) -> None:
    Path("config.toml").symlink_to("config.toml")

    assert "is there already" in type_in("init").stderr


def test_json_is_json_when_something_is_wrong_too(type_in: Type) -> None:
    nothing = type_in("config", "rollback", "--json")
    write("[chandelier]\nversion = 1\nlog_level = 5\nlog_format = 5\n")
    wrong = type_in("db", "status", "--json")

    assert (nothing.exit_code, wrong.exit_code) == (1, 78)
    assert "no backup to go back to" in json.loads(nothing.stdout)["errors"][0]
    told = json.loads(wrong.stdout)
    assert told["ok"] is False
    assert [line.partition(": ")[0] for line in told["errors"]] == ["config.toml:3", "config.toml:4"]
    assert problems(wrong) == told["errors"]


def test_a_misspelt_name_does_not_silently_leave_a_plugin_on(
    type_in: Type, install: Callable[..., str]
) -> None:
    install("painter", "")
    write('[chandelier]\nversion = 1\nwithout = ["paintr"]\n')

    result = type_in("config", "check")

    assert 'config.toml:3: [chandelier].without: no plugin "paintr" is installed' in result.stderr
    assert "did you mean painter?" in result.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x00\x01\x02\xff\xfe\x80 garbage \xc3(", "is not UTF-8"),
        ("[chandelier]\nversion = 1\n".encode("utf-16"), "is UTF-16"),
        (b'[chandelier]\nversion = 1\nlog_level = "INF', "config.toml:3: this is not valid TOML"),
        (b"[chandelier]\nversion = 1\n[chandelier]\n", "this is not valid TOML"),
        (b"[chandelier]\nversion = 99\n", "was written by a newer chandelier"),
        (b"[chandelier]\nversion = 1\nlog_levle = 'INFO'\n", "did you mean log_level?"),
        (b"x = " + b"[" * 5000, "too deep"),
        (b"# \x00", "this is not valid TOML"),
    ],
)
def test_a_broken_file_is_refused_with_where_and_left_as_it_is(
    type_in: Type, monkeypatch: pytest.MonkeyPatch, content: bytes, said: str
) -> None:
    monkeypatch.setenv(
        "CHANDELIER_TOKEN", "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
    )
    Path("config.toml").write_bytes(content)

    for words in (("config", "check"), ("check",), ("run",), ("db", "upgrade")):
        result = type_in(*words)

        assert result.exit_code == 78, words
        assert "config.toml" in result.output and "Traceback" not in result.output
        if words != ("db", "upgrade"):  # the host's own section is all that it needs
            assert said in result.output
    assert Path("config.toml").read_bytes() == content
    assert {path.name for path in Path.cwd().iterdir()} == {"config.toml"}, "nothing was made"


@pytest.mark.parametrize(
    "trouble", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
def test_a_file_that_cannot_be_read_is_never_taken_for_none(
    type_in: Type, monkeypatch: pytest.MonkeyPatch, trouble: OSError
) -> None:
    """A bot with everything at its default would start with an empty database."""
    write("[chandelier]\nversion = 1\n")
    real = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "config.toml":
            raise trouble
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)

    for words in (("config", "check"), ("run",)):
        result = type_in(*words)
        assert result.exit_code == 78
        assert f"cannot be read ({trouble.strerror})" in result.output


def test_links_that_lead_in_a_circle_are_no_config(type_in: Type) -> None:
    Path("config.toml").symlink_to("config.toml")

    result = type_in("config", "check")

    assert result.exit_code == 78
    assert "cannot be read (Too many levels of symbolic links)" in result.output


def test_a_file_with_a_bom_is_fine_and_an_empty_one_is_noticed(type_in: Type) -> None:
    Path("config.toml").write_bytes(b"\xef\xbb\xbf[chandelier]\nversion = 1\n")
    assert type_in("config", "check").exit_code == 0

    write("\n \n")
    result = type_in("config", "check")
    assert result.exit_code == 0
    assert "config.toml: is empty, so everything has its default" in result.output
    backup = Path("data/backups/config/config-000001-20260101T000000Z.toml")
    backup.parent.mkdir(parents=True)
    backup.write_text("[chandelier]\nversion = 1\n", encoding="utf-8")
    assert "`chandelier config rollback` puts back" in type_in("check").output


async def test_a_backup_on_a_full_disk_says_to_make_room() -> None:
    """It used to say that an older backup should be put back, although the database is whole."""

    class Full:
        async def installed(self) -> dict[str, str]:
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(InvalidRequest, match="disk is full; make room") as refused:
        await _back_up(cast("Migrator", Full()))
    assert "older" not in str(refused.value)

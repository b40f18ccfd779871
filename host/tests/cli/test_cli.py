"""The command line as an operator types it: what it prints, what it changes, and how it ends."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"

Type = Callable[..., Result]


def test_the_help_lists_every_command_and_the_exit_codes(type_in: Type) -> None:
    result = type_in("--help")

    assert result.exit_code == 0
    for command in ("init", "run", "demo", "check", "plugins", "config", "db"):
        assert f"\n  {command} " in result.output
    assert "78 bad config" in " ".join(result.output.split())


def test_a_wrong_command_line_ends_with_2(type_in: Type) -> None:
    result = type_in("runn")

    assert result.exit_code == 2
    assert "Did you mean 'run'?" in result.output


def test_init_writes_a_config_that_check_finds_fine(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANDELIER_TOKEN", TOKEN)

    assert type_in("init").exit_code == 0
    assert "# " in Path("config.toml").read_text(encoding="utf-8")

    checked = type_in("check")
    assert "config.toml is fine" in checked.output
    assert checked.exit_code == 0, checked.output


def test_init_never_overwrites_unless_forced(type_in: Type) -> None:
    Path("config.toml").write_text("# mine\n", encoding="utf-8")

    refused = type_in("init")
    assert refused.exit_code == 1
    assert "chandelier init --force" in refused.output
    assert Path("config.toml").read_text(encoding="utf-8") == "# mine\n"

    assert type_in("init", "--force").exit_code == 0
    assert "[chandelier]" in Path("config.toml").read_text(encoding="utf-8")


def test_run_without_a_token_says_what_to_set(type_in: Type) -> None:
    result = type_in("run")

    assert result.exit_code == 78
    for way in ("CHANDELIER_TOKEN=", "CHANDELIER_TOKEN_FILE=", "token_file ="):
        assert way in result.output


def test_run_with_a_bad_config_names_every_problem_with_its_line(type_in: Type) -> None:
    Path("config.toml").write_text(
        '[chandelier]\nversion = 1\nlog_level = "LOUD"\nhandler_timeout = 0\n', encoding="utf-8"
    )

    result = type_in("run")

    assert result.exit_code == 78
    assert "config.toml:3:" in result.output
    assert "config.toml:4:" in result.output


def test_run_with_broken_toml_names_the_line(type_in: Type) -> None:
    Path("config.toml").write_text("[chandelier]\nversion = \n", encoding="utf-8")

    result = type_in("run")

    assert result.exit_code == 78
    assert "config.toml:2:" in result.output


def test_check_says_that_the_token_is_missing(type_in: Type) -> None:
    result = type_in("check", "--json")

    assert result.exit_code == 78
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    [token] = [finding for finding in answer["findings"] if finding["area"] == "token"]
    assert token["level"] == "problem"
    assert "CHANDELIER_TOKEN" in token["advice"]


def test_check_never_shows_the_token_and_makes_nothing(
    type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANDELIER_TOKEN", TOKEN)

    text, data = type_in("check"), type_in("check", "--json")

    assert text.exit_code == data.exit_code == 0
    assert TOKEN not in text.output + data.output
    assert list(Path.cwd().iterdir()) == []


def test_check_reads_the_token_from_a_file(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("token").write_text(f"{TOKEN}\n", encoding="utf-8")
    monkeypatch.setenv("CHANDELIER_TOKEN_FILE", "token")

    assert type_in("check").exit_code == 0


def test_check_says_which_migrations_are_due(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANDELIER_TOKEN", TOKEN)
    monkeypatch.setenv("CHANDELIER_AUTO_MIGRATE", "false")
    Path("data").mkdir()
    Path("data/chandelier.db").touch()

    result = type_in("check")

    assert "chandelier: due: 0001" in result.output
    assert "chandelier db upgrade" in result.output
    assert result.exit_code == 0

    assert type_in("db", "upgrade").exit_code == 0
    assert "reachable and up to date" in type_in("check").output


def test_check_says_what_is_wrong_with_a_database_it_cannot_open(
    type_in: Type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHANDELIER_TOKEN", TOKEN)
    Path("data").mkdir()
    Path("data/chandelier.db").write_bytes(b"this is no database" * 100)

    result = type_in("check")

    assert result.exit_code == 1
    assert "cannot open the database" in result.output


def test_check_names_a_network_that_is_none(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANDELIER_TOKEN", TOKEN)
    monkeypatch.setenv("CHANDELIER_HTTP_ALLOW", "10.0.0.0/8,10.0.0.1/8")

    result = type_in("check")

    assert result.exit_code == 78
    assert "10.0.0.1/8 has host bits set" in result.output


def test_plugins_list_shows_the_hosts_own_plugin(type_in: Type) -> None:
    result = type_in("plugins", "list", "--json")

    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["core"]["distribution"] == "chandelier"
    assert rows["core"]["state"] == "ready"
    assert rows["core"]["summary"]


def test_a_plugin_that_cannot_run_is_listed_with_its_reason(
    type_in: Type, install: Callable[..., str]
) -> None:
    install("too_new", requires=("chandelier>=99",))
    install("broken", "raise RuntimeError('born broken')")

    result = type_in("plugins", "list", "--json")

    assert result.exit_code == 1
    rows = {row["name"]: row for row in json.loads(result.stdout)}
    assert rows["too_new"]["state"] == "refused"
    assert "made for chandelier >=99" in rows["too_new"]["problem"]
    assert rows["broken"]["state"] == "broken"
    assert "born broken" in rows["broken"]["problem"]
    assert "born broken" in type_in("plugins", "list").output


def test_a_plugin_adds_commands(type_in: Type, install: Callable[..., str]) -> None:
    install(
        "lanterns",
        "import click",
        methods='''
        @hookimpl
        def chandelier_cli(self, group):
            @group.command()
            @click.argument("name")
            def light(name):
                """Light a lantern."""
                click.echo(f"{name} is lit")
        ''',
    )

    assert "Light a lantern." in type_in("--help").output
    assert type_in("light", "the brass one").output == "the brass one is lit\n"


def test_a_plugin_cannot_take_a_command_of_the_host(type_in: Type, install: Callable[..., str]) -> None:
    install(
        "thief",
        "import click",
        methods="""
        @hookimpl
        def chandelier_cli(self, group):
            group.add_command(click.Command("run", callback=lambda: click.echo("stolen")))
        """,
    )

    assert type_in("run").exit_code == 78
    assert "a plugin's command 'run' is left out" in type_in("--help").stderr


def test_a_broken_plugin_does_not_take_the_command_line_away(
    type_in: Type, install: Callable[..., str]
) -> None:
    install("broken", "raise RuntimeError('born broken')")
    install(
        "clumsy",
        methods="""
        @hookimpl
        def chandelier_cli(self, group):
            raise KeyError("oops")
        """,
    )

    helped = type_in("--help")

    assert helped.exit_code == 0
    assert "born broken" in helped.stderr
    assert "plugin clumsy: its commands are missing: KeyError: 'oops'" in helped.stderr
    assert type_in("run").exit_code == 78


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("   ", "blank"),
        ("abc", "does not begin with a bot's id"),
        (f"Bot {TOKEN}", "starts with the word 'Bot'"),
        (f'"{TOKEN}"', "quotes, spaces or line breaks"),
        (f"{TOKEN}\nsecond", "quotes, spaces or line breaks"),
        ("tök€n.x", "quotes, spaces or line breaks"),
    ],
)
def test_what_cannot_be_a_token_is_said_before_anything_starts(
    type_in: Type, monkeypatch: pytest.MonkeyPatch, token: str, said: str
) -> None:
    monkeypatch.setenv("CHANDELIER_TOKEN", token)

    for command in ("run", "check"):
        result = type_in(command)

        assert result.exit_code == 78
        assert said in result.output
        assert TOKEN not in result.output
    assert not Path("data").exists()


def test_a_mistyped_config_does_not_start_another_bot(type_in: Type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANDELIER_TOKEN", TOKEN)

    result = type_in("run", "--config", "confg.toml")

    assert result.exit_code == 78
    assert "there is no confg.toml" in result.output
    assert not Path("data").exists()


def test_a_password_in_the_databases_url_is_refused_and_not_shown(type_in: Type) -> None:
    Path("config.toml").write_text(
        '[chandelier]\nversion = 1\ndatabase_url = "postgresql://bot:hunter2@db.example/bot"\n',
        encoding="utf-8",
    )

    for command in (("config", "check"), ("config", "show"), ("run",)):
        result = type_in(*command)

        assert result.exit_code == 78
        assert "CHANDELIER_DATABASE_PASSWORD" in result.output
        assert "hunter2" not in result.output


def test_the_demo_leaves_a_real_config_alone(type_in: Type) -> None:
    Path("config.toml").write_text("[chandelier]\nversion = 1\n", encoding="utf-8")

    result = type_in("demo", "--data", ".", "--smoke", "30")

    assert result.exit_code == 1
    assert "choose another folder" in result.output
    assert Path("config.toml").read_text(encoding="utf-8") == "[chandelier]\nversion = 1\n"


def test_the_demo_says_that_its_port_is_taken(type_in: Type) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = type_in("demo", "--port", str(taken.getsockname()[1]), "--smoke", "30")

    assert result.exit_code == 1
    assert "choose another one, or 0 for any free one" in result.output

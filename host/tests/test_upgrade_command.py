"""``chandelier upgrade``: a deployment comes along with newly installed packages, all of it or nothing."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from chandelier.cli import main
from chandelier.cli.claim import claim
from chandelier.cli.installed import Installed
from chandelier.clock import SystemClock
from chandelier.config.deployment import Deployment
from chandelier.storage.engine import Database
from chandelier.upgrading.carry_out import carry_out
from chandelier.upgrading.safety import begin, undo
from chandelier.upgrading.survey import histories, survey

from .test_upgrades import LOSSY, SECOND, forget, install_version

CONFIG = """\
# my bot
[chandelier]
version = 1
database_url = "{url}"
without = ["moderation", "reactions", "redeye", "luisaviaroma"]

[plugins.stall]
version = 1
minutes = 5  # as agreed
"""
FAILS = SECOND.replace("def downgrade", "    raise RuntimeError('half-way')\ndef downgrade")
KILLED = SECOND.replace("def downgrade", "    import os; os.kill(os.getpid(), 9)\ndef downgrade")


class Owner:
    """Someone with a deployment in a folder, at the terminal."""

    def __init__(self, folder: Path, url: str, install) -> None:
        self.folder, self.url, self._install = folder, url, install
        self.config = folder / "config.toml"
        self.config.write_text(CONFIG.format(url=url))

    def installs(self, version: int, *, broken: bool = False, second: str = SECOND) -> None:
        """As pip would: the new version replaces the old one."""
        install_version(self._install, version, broken=broken)
        file = self._install.site / "made_stall" / "revisions" / "0002_price.py"
        file.write_text(second) if version == 2 else file.unlink(missing_ok=True)
        forget("made_stall")

    def upgrades(self, *words: str) -> tuple[int, dict[str, Any]]:
        """Type the command; its exit code, and what it said for programs."""
        done = CliRunner().invoke(main, ["upgrade", "--json", *words], catch_exceptions=False)
        return done.exit_code, json.loads(done.stdout)

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        async def run() -> list[tuple[Any, ...]]:
            database = Database(self.url, data_dir=self.folder / "data", clock=SystemClock())
            await database.start()
            try:
                async with database.transaction() as session:
                    for statement in statements:
                        result = await session.execute(sa.text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []
            finally:
                await database.close()

        return asyncio.run(run())

    def state(self) -> tuple[bytes, list[tuple[Any, ...]], list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Config, rows, settings and revision: everything that an upgrade changes."""
        return (
            self.config.read_bytes(),
            self.sql("SELECT * FROM stall_goods ORDER BY id"),
            self.sql('SELECT guild_id, plugin, version, "values" FROM chandelier_guild_settings'),
            self.sql("SELECT version_num FROM chandelier_version_stall"),
        )

    def files(self) -> set[str]:
        """Every file of the deployment; those that SQLite keeps while a database is open come and go."""
        there = (path for path in self.folder.rglob("*") if not path.name.endswith(("-wal", "-shm")))
        return {str(path.relative_to(self.folder)) for path in there}

    @property
    def journal(self) -> Path:
        return self.folder / "data" / "upgrade.json"


@pytest.fixture
def owner(tmp_path, database_url, install, monkeypatch):
    """A deployment that ran with version 1 of the plugin, and has data of every kind."""
    home = tmp_path / "deployment"
    home.mkdir()
    monkeypatch.chdir(home)
    for name in [name for name in os.environ if name.startswith("CHANDELIER_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    owner = Owner(home, database_url, install)
    owner.installs(1)
    assert owner.upgrades("--no-smoke")[0] == 0
    owner.sql(
        "INSERT INTO stall_goods (id) VALUES (1), (7)",
        "INSERT INTO chandelier_guild_settings VALUES (7, 'stall', 1, '{\"minutes\": 9}')",
        "INSERT INTO chandelier_timers (plugin, kind, key, due_at, payload, attempts, created_at) VALUES "
        "('stall', 'sale', 'x', '2020-01-01 00:00:00', '{}', 0, '2020-01-01 00:00:00')",
    )
    return owner


def test_a_good_version_is_rehearsed_and_brought_in(owner, monkeypatch, capfd) -> None:
    before, files = owner.state(), owner.files()
    owner.installs(2)

    with socket.create_server(("127.0.0.1", 0)) as taken:  # by the bot that runs meanwhile
        monkeypatch.setenv("CHANDELIER_METRICS_PORT", str(taken.getsockname()[1]))
        code, dry = owner.upgrades("--dry-run")
    assert "metrics" not in capfd.readouterr().err
    assert (code, dry["changed"], dry["copies"]) == (0, False, None)
    assert (owner.state(), owner.files()) == (before, files)
    assert dry["plan"]["lines"] == [
        "config.toml: [plugins.stall] upgraded from version 1 to 2",
        "stall: tables 0001 → 0002 (0002 )",
        "stall: settings of 1 guild, version 1 → 2",
    ]
    assert "-minutes = 5  # as agreed\n" in dry["plan"]["config_diff"]
    assert "+seconds = 300  # as agreed\n" in dry["plan"]["config_diff"]
    assert {"plugin": "stall", "version": "2.0", "state": "running", "reason": ""} in dry["started"]
    assert "/plugins" in dry["commands"]["planned"] and "there is no token" in dry["commands"]["note"]

    code, real = owner.upgrades()
    assert (code, real["changed"], real["problem"]) == (0, True, None)
    config, goods, settings, revision = owner.state()
    assert b"# my bot" in config and b"seconds = 300  # as agreed" in config
    assert goods == [(1, None), (7, None)] and revision == [("0002",)]
    assert json.loads(settings[0][3]) == {"seconds": 540} if isinstance(settings[0][3], str) else True
    assert len(owner.sql("SELECT id FROM chandelier_timers")) == 1, "what is due is left to the real bot"
    assert not owner.journal.exists()
    assert (Path(real["copies"]) / "config.toml").read_bytes() == before[0]

    done = owner.sql("SELECT * FROM chandelier_audit WHERE action = 'upgrade' ORDER BY id DESC")
    assert dry["plan"]["lines"][1] in str(done[0])

    assert owner.upgrades("--no-smoke")[1]["plan"]["lines"] == []


@pytest.mark.parametrize(
    ("broken", "second", "words"),
    [
        (
            False,
            FAILS,
            "the migration to revision 0002 failed and nothing was changed: RuntimeError: half-way",
        ),
        (True, SECOND, "not everything starts: stall 2.0: not yet"),
    ],
)
def test_a_version_that_fails_at_the_rehearsal_touches_nothing(owner, broken, second, words) -> None:
    before = owner.state()
    owner.installs(2, broken=broken, second=second)

    code, report = owner.upgrades()

    assert (code, report["ok"], report["changed"], report["copies"]) == (1, False, False, None)
    assert words in report["problem"]
    assert owner.state() == before


def test_what_fails_for_real_is_put_back_exactly(owner) -> None:
    """Also what was done before the failure: the config file, which comes first."""
    before = owner.state()
    owner.installs(
        2, second=LOSSY.replace("def downgrade", "    raise RuntimeError('half-way')\ndef downgrade")
    )

    code, report = owner.upgrades("--no-smoke")

    assert (code, report["changed"]) == (1, False)
    assert "half-way" in report["problem"]
    assert report["notes"] == ["config and database were put back as they were"]
    assert owner.state() == before
    assert not owner.journal.exists()


@pytest.mark.endurance
@pytest.mark.parametrize("next_command", ["upgrade", "run"])
def test_an_upgrade_that_is_killed_is_undone_by_what_comes_next(owner, install, next_command) -> None:
    before = owner.state()
    owner.installs(2, second=KILLED)
    environ = {**os.environ, "PYTHONPATH": str(install.site)}
    killed = subprocess.run(
        [sys.executable, "-m", "chandelier", "upgrade", "--no-smoke"], env=environ, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert owner.journal.exists() and owner.config.read_bytes() != before[0]
    done = CliRunner().invoke(main, ["upgrade", "--dry-run", "--no-smoke"], catch_exceptions=False)
    assert done.exit_code == 1 and "an upgrade was interrupted" in done.stderr
    done = CliRunner().invoke(main, ["check"], catch_exceptions=False)
    assert "an upgrade was interrupted: run chandelier upgrade first" in done.stdout
    copy = next((owner.folder / "data" / "backups" / "upgrade").glob("*/chandelier.*"))
    done = CliRunner().invoke(main, ["db", "restore", str(copy), "--yes"], catch_exceptions=False)
    assert done.exit_code == 1, "the next upgrade would undo it"
    owner.installs(1)

    if next_command == "upgrade":
        done = CliRunner().invoke(main, ["upgrade", "--no-smoke"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    else:  # a setting from outside is wrong: the bot ends at once, after it has put everything back
        token = {"CHANDELIER_TOKEN": "MTIzNDU2Nzg5MDEyMzQ1Njc4.right1.abcdefghijklmnopqrstuvwxyz0123456789AB"}
        done = CliRunner().invoke(
            main, ["run"], env={**token, "CHANDELIER_PLUGINS__STALL__MINUTES": "many"}, catch_exceptions=False
        )
        assert done.exit_code == 78

    assert "was interrupted. Config and database are as before it." in done.stderr
    assert owner.state() == before
    assert not owner.journal.exists()


def test_it_refuses_while_the_bot_runs_and_names_a_plugin_that_cannot(owner, install) -> None:
    with claim(owner.folder / "data"):
        done = CliRunner().invoke(main, ["upgrade", "--no-smoke"], catch_exceptions=False)
    assert done.exit_code == 1
    assert "a bot is running on the data folder" in done.stderr

    install("wreck", "raise RuntimeError('half written')")
    code, report = owner.upgrades("--no-smoke")
    assert code == 1 and "wreck 1.0 cannot run" in report["problem"] and "--without" in report["problem"]
    assert owner.upgrades("--no-smoke", "--without", "wreck")[0] == 0


@pytest.mark.endurance
async def test_it_says_what_will_change_in_discords_list_of_commands(
    discord, start_host, install, monkeypatch, tmp_path
) -> None:
    """Discord is only asked; the bot goes on meanwhile, on the same data folder."""
    command = """
@loader.command
class {title}(lightbulb.SlashCommand, name="{name}", description="{text}"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None: ...
"""
    old = [command.format(title=name.title(), name=name, text="Old") for name in ("stays", "goes", "grows")]
    install("stall", "".join(old))
    await start_host("stall", host={"without": ["moderation", "reactions", "redeye", "luisaviaroma"]})
    grown = command.format(title="Grows", name="grows", text="New")
    new = [command.format(title=name.title(), name=name, text="New") for name in ("comes", "NotThis")]
    install("stall", "".join([old[0], grown, *new]), version="2.0")
    forget("made_stall")
    monkeypatch.setenv("CHANDELIER_TOKEN", discord.token)
    before = discord.commands()

    words = ["upgrade", "--dry-run", "--json", "--config", str(start_host.folder / "config.toml")]
    done = await asyncio.to_thread(CliRunner().invoke, main, words, catch_exceptions=False)

    commands = json.loads(done.stdout)["commands"]
    assert commands["note"] == ""
    assert (commands["created"], commands["updated"], commands["deleted"]) == (
        ["/comes"],
        ["/grows"],
        ["/goes"],
    )
    assert commands["left_out"] == [
        "plugin stall: /NotThis is left out: its name 'NotThis' must be in lower case"
    ]
    assert discord.commands() == before


def test_without_the_local_discord_it_says_what_to_install(owner, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "loopcord", None)

    code, report = owner.upgrades()

    assert code == 1
    assert "pip install 'chandelier[demo]'" in report["errors"][0] and "--no-smoke" in report["errors"][0]


def test_undoing_twice_is_undoing_once_and_leaves_what_a_person_wrote_meanwhile(owner) -> None:
    """The process may be killed while it undoes, too."""
    before = owner.state()
    owner.installs(2)

    async def half_and_back() -> list[str]:
        deployment = Deployment.read(owner.config, {})
        database = Database(owner.url, data_dir=owner.folder / "data", clock=SystemClock())
        plugins = {
            plugin.name: plugin.description for plugin in Installed().plugins if plugin.name == "stall"
        }
        due = await survey(deployment, database, plugins)
        journal = await begin(deployment, database, due.new_text, SystemClock().now())
        await carry_out(deployment, database, plugins)
        assert b"seconds" in owner.config.read_bytes()
        said = await undo(journal, database, histories(plugins))
        said += await undo(journal, database, histories(plugins))
        owner.config.write_bytes(before[0] + b"# mine\n")
        return said + await undo(journal, database, histories(plugins))

    [left] = asyncio.run(half_and_back())

    assert "was changed by someone else meanwhile and is left alone" in left
    assert owner.state() == (before[0] + b"# mine\n", *before[1:])

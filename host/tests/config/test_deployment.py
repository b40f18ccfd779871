"""A deployment as the host uses it: checked as a whole, migrated, rolled back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from chandelier.config.deployment import Deployment
from chandelier.config.host import HostConfig
from chandelier.config.migrations import ConfigMigration, rename_key
from chandelier.config.problems import ConfigError
from chandelier.config.schema import schema, setting

Deploy = Callable[..., Deployment]


@schema(version=2)
class Moderation:
    keywords: tuple[str, ...] = setting((), help="Unwanted words.")
    interval: int = setting(60, help="Seconds between checks.", ge=10)


@schema(version=1)
class Reactions:
    emoji: str = setting("➡️", help="What forwards a message.")


SCHEMAS = {"chandelier": HostConfig, "moderation": Moderation, "reactions": Reactions}
STEPS = (
    ConfigMigration(
        2,
        lambda section: rename_key(section, "words", "keywords"),
        lambda section: rename_key(section, "keywords", "words"),
    ),
)
VERSIONED = {"chandelier": (HostConfig, ()), "moderation": (Moderation, STEPS), "reactions": (Reactions, ())}
OLD = '[plugins.moderation]\nversion = 1\nwords = ["spam"] # bad\n'
NEW = '[plugins.moderation]\nversion = 2\nkeywords = ["spam"] # bad\n'


class TestChecking:
    def test_all_sections_are_checked_at_once_in_the_order_of_the_file(self, deploy: Deploy) -> None:
        deployment = deploy(
            """
            [plugins.reactions]
            version = 1
            emojy = "x"

            [plugins.moderation]
            version = 2
            interval = 1

            [chandelier]
            version = 1
            log_level = "LOUD"
            """,
            CHANDELIER_HANDLER_TIMEOUT="never",
        )

        sections, problems, warnings = deployment.check(SCHEMAS)

        assert sections == {}
        assert warnings == []
        assert [(problem.line, problem.path) for problem in problems] == [
            (4, "[plugins.reactions].emojy"),
            (8, "[plugins.moderation].interval"),
            (12, "[chandelier].log_level"),
            (None, "CHANDELIER_HANDLER_TIMEOUT"),
        ]
        assert json.loads(json.dumps(problems[1].to_json())) == {
            "file": "config.toml",
            "line": 8,
            "path": "[plugins.moderation].interval",
            "message": "1 is too small",
            "found": 1,
            "allowed": "10 or more",
        }

    def test_good_sections_are_typed_with_their_origins(self, deploy: Deploy) -> None:
        deployment = deploy(
            "[plugins.moderation]\nversion = 2\ninterval = 20\n", CHANDELIER_LOG_LEVEL="DEBUG"
        )

        sections, problems, _ = deployment.check(SCHEMAS)

        assert problems == []
        assert sections["moderation"].value == Moderation(interval=20)
        assert sections["chandelier"].value == HostConfig(log_level="DEBUG")
        assert sections["chandelier"].places["log_level",] == "CHANDELIER_LOG_LEVEL"

    def test_a_section_of_a_plugin_that_is_not_installed_is_only_a_warning(self, deploy: Deploy) -> None:
        deployment = deploy("[plugins.moderaton]\nx = 1\n[plugins.weather]\nversion = 1\n")

        _, problems, warnings = deployment.check(SCHEMAS)

        assert problems == []
        assert [str(warning) for warning in warnings] == [
            "config.toml:1: [plugins.moderaton]: no plugin of this name is installed: did you mean "
            "[plugins.moderation]?",
            "config.toml:3: [plugins.weather]: no plugin of this name is installed: its section is ignored",
        ]

    def test_a_plugin_that_is_installed_but_not_loaded_is_no_news(self, deploy: Deploy) -> None:
        deployment = deploy("[plugins.weather]\ncity = 1\n", CHANDELIER_PLUGINS__WEATHER__CITY="Rome")

        _, problems, warnings = deployment.check(SCHEMAS, also=["weather"])

        assert (problems, warnings) == ([], [])

    def test_an_unknown_section_is_a_problem_with_the_nearest(self, deploy: Deploy) -> None:
        deployment = deploy("[moderation]\nversion = 2\n[chandelir]\n[x]\n")

        _, problems, _ = deployment.check(SCHEMAS)

        assert [str(problem) for problem in problems] == [
            "config.toml:1: [moderation]: there is no such section; did you mean [plugins.moderation]?",
            "config.toml:3: [chandelir]: there is no such section; did you mean [chandelier]?",
            "config.toml:4: [x]: there is no such section",
        ]

    def test_a_section_without_a_version_is_read_as_current_with_a_warning(self, deploy: Deploy) -> None:
        deployment = deploy("[plugins.moderation]\ninterval = 20\n")

        sections, problems, warnings = deployment.check(SCHEMAS)

        assert problems == []
        assert sections["moderation"].value.interval == 20
        assert [str(warning) for warning in warnings] == [
            "config.toml:1: [plugins.moderation]: has no version and is read as 2: add `version = 2`, for "
            "later upgrades"
        ]
        assert deployment.migrate(VERSIONED) == []

    def test_plugins_that_are_no_table_are_one_problem(self, deploy: Deploy) -> None:
        _, problems, _ = deploy("plugins = 1\n").check(SCHEMAS)
        _, alone, _ = deploy("plugins = 1\n").check({"chandelier": HostConfig})

        assert [problem.path for problem in problems] == ["plugins"]
        assert len(alone) == 1

    def test_a_bad_file_leaves_the_running_config_as_it_is(self, deploy: Deploy) -> None:
        running = deploy("[plugins.moderation]\nversion = 2\ninterval = 20\n")

        with pytest.raises(ConfigError):
            deploy("[plugins.moderation\n")

        assert running.section("moderation", Moderation).interval == 20


class TestMigrating:
    def test_a_dry_run_says_what_is_due_and_writes_nothing(self, deploy: Deploy) -> None:
        deployment = deploy(OLD)

        changes = deployment.migrate(VERSIONED, dry_run=True)

        assert [change.to_json() for change in changes] == [
            {"section": "moderation", "before": 1, "after": 2, "file": "config.toml"}
        ]
        assert deployment.pending(VERSIONED) == changes
        assert deployment.preview(VERSIONED) == (changes, NEW)
        assert deployment.path.read_text() == deployment.file.text == OLD

    def test_it_is_done_once(self, deploy: Deploy) -> None:
        deployment = deploy(OLD)

        first, second = deployment.migrate(VERSIONED), deployment.migrate(VERSIONED)

        assert len(first) == 1
        assert second == []
        assert len(deployment.backups.all()) == 1
        assert deployment.section("moderation", Moderation).keywords == ("spam",)

    def test_backups_go_where_the_host_keeps_its_data(self, deploy: Deploy, tmp_path: Path) -> None:
        named = deploy(f'[chandelier]\nversion = 1\ndata_dir = "kept"\n{OLD}')
        named.migrate(VERSIONED)
        elsewhere = deploy(OLD, CHANDELIER_DATA_DIR=str(tmp_path / "elsewhere"))
        elsewhere.migrate(VERSIONED)

        assert named.backups.newest() is not None
        assert named.backups.folder == tmp_path / "kept" / "backups" / "config"
        assert elsewhere.backups.folder == tmp_path / "elsewhere" / "backups" / "config"

    def test_a_downgrade_is_asked_for_by_its_target(self, deploy: Deploy) -> None:
        deployment = deploy(NEW)

        (change,) = deployment.migrate(VERSIONED, targets={"moderation": 1})

        assert str(change) == "config.toml: [plugins.moderation] downgraded from version 2 to 1"
        assert deployment.path.read_text() == OLD


class TestRollingBack:
    def test_the_newest_backup_is_the_config_again(self, deploy: Deploy) -> None:
        deployment = deploy(OLD)
        deployment.migrate(VERSIONED)

        restored, kept = deployment.rollback()

        assert deployment.path.read_text() == deployment.file.text == OLD
        assert not restored.exists()
        assert kept is not None
        assert kept.name == "undone-000002-20260101T000000Z.toml"
        assert kept.read_text() == NEW

    def test_repeating_it_goes_further_back(self, deploy: Deploy) -> None:
        deployment = deploy(OLD)
        deployment.migrate(VERSIONED)
        deployment.migrate(VERSIONED, targets={"moderation": 1})

        deployment.rollback()
        first = deployment.path.read_text()
        deployment.rollback()
        second = deployment.path.read_text()

        assert (first, second) == (NEW, OLD)
        with pytest.raises(ConfigError, match="no backup to go back to"):
            deployment.rollback()
        assert deployment.path.read_text() == OLD

    def test_a_deleted_file_comes_back(self, deploy: Deploy) -> None:
        deploy(OLD).migrate(VERSIONED)
        deployment = deploy()
        deployment.path.unlink()

        _, kept = deploy().rollback()

        assert kept is None
        assert deployment.path.read_text() == OLD

    @pytest.mark.parametrize("broken", [b"[plugins.moderation\n", b"x = '\xff'\n"])
    def test_a_file_too_broken_to_be_read_is_kept_byte_for_byte(
        self, deploy: Deploy, tmp_path: Path, broken: bytes
    ) -> None:
        head = b'[chandelier]\nversion = 1\ndata_dir = "kept"\n'
        deploy(head.decode() + OLD).migrate(VERSIONED)
        path = tmp_path / "config.toml"
        path.write_bytes(head + broken)

        _, kept = Deployment.read_for_rollback(path, {}).rollback()

        assert path.read_text() == head.decode() + OLD
        assert kept is not None
        assert kept.read_bytes() == head + broken

    def test_what_someone_else_wrote_meanwhile_is_not_lost(self, deploy: Deploy) -> None:
        deployment = deploy(OLD)
        deployment.migrate(VERSIONED)
        deployment.path.write_text(NEW + "# by hand\n")

        with pytest.raises(ConfigError, match="changed by someone else"):
            deployment.rollback()

        assert deployment.path.read_text() == NEW + "# by hand\n"

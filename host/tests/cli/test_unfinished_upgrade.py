"""While an upgrade is unfinished, the owner can look at everything and change nothing that it would undo."""

from __future__ import annotations

import json
from pathlib import Path

WHY = "an upgrade was interrupted: run chandelier upgrade first"


def test_an_unfinished_upgrade_is_said_and_nothing_is_changed_before_it_is_resolved(type_in) -> None:
    Path("config.toml").write_text("[chandelier]\nversion = 1\n", encoding="utf-8")
    Path("data").mkdir()
    journal = {
        "format": 1,
        "started_at": "2026-01-01T00:00:00",
        "config": "config.toml",
        "config_before": None,
        "config_after": "",
        "folder": "data/backups/upgrade/x",
        "database": None,
        "revisions": {},
    }
    Path("data/upgrade.json").write_text(json.dumps(journal), encoding="utf-8")

    for words in (
        ("config", "migrate"),
        ("config", "rollback"),
        ("data", "erase", "7", "--yes"),
        ("plugins", "enable", "core", "--next-start"),
        ("db", "upgrade"),
    ):
        done = type_in(*words)
        assert done.exit_code == 1, words
        assert WHY in done.stderr, words
    for words in (("config", "check"), ("config", "show", "chandelier"), ("check", "--json")):
        done = type_in(*words)
        assert WHY in done.output, words
    assert not Path("data/chandelier.db").exists()

"""``chandelier vault`` as an owner types it."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from chandelier.clock import SystemClock
from chandelier.config.secret import Secret
from chandelier.services.vault import Vault
from chandelier.services.vault_keys import KeySources
from chandelier.services.vault_people import PeopleKeys
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import HOST_NAME


def seal_for(people: int, key: str) -> None:
    """What a bot with this key would have done meanwhile."""

    async def seal() -> None:
        database = Database(
            f"sqlite:///{Path('data/chandelier.db')}", data_dir=Path("data"), clock=SystemClock()
        )
        await database.start()
        await Migrator(database).upgrade(HOST_NAME, HOST_HISTORY)
        sources = KeySources(secret=Secret(key), file=None, keyring=None, data_dir=Path("data"))
        keys = PeopleKeys(database, database.clock, sources.read)
        await keys.start()
        vault = Vault("diary", keys, database.storage("diary"))
        for person in range(people):
            await vault.seal(person, "12 Elm Street", table="diary_pages", row=person, field="text")
        await database.close()

    asyncio.run(seal())


def test_a_key_is_made_used_and_changed_for_another(type_in, monkeypatch) -> None:
    empty = type_in("vault", "status")
    assert empty.exit_code == 1
    assert "there is no database" in empty.output

    made = type_in("vault", "new-key")
    key = made.stdout.strip()
    assert made.exit_code == 0
    assert "Keep a copy" in made.stderr
    seal_for(3, key)
    monkeypatch.setenv("CHANDELIER_VAULT_KEY", key)
    status = json.loads(type_in("vault", "status", "--json").stdout)
    old = key.partition(".")[0]
    assert status["keys"] == [
        {"key": old, "state": "wraps", "people": 3, "source": "vault_key (CHANDELIER_VAULT_KEY)"}
    ]

    newer = type_in("vault", "new-key").stdout.strip()
    monkeypatch.setenv("CHANDELIER_VAULT_KEY", f"{newer} {key}")
    rotated = type_in("vault", "rotate")
    assert rotated.exit_code == 0
    assert f"3 people's keys are now protected by {newer.partition('.')[0]}; 0 are left" in rotated.output
    assert "unused" in type_in("vault", "status").output
    [checked] = [
        one for one in json.loads(type_in("check", "--json").stdout)["findings"] if one["area"] == "vault"
    ]
    assert checked["message"] == "2 keys, none of which is missing or wrong", "those that are given were read"

    for output in (made.stderr, rotated.output, type_in("vault", "status").output):
        assert key.partition(".")[2] not in output


def test_a_lost_key_is_told_and_given_up_only_when_one_says_so(type_in, monkeypatch) -> None:
    lost = type_in("vault", "new-key").stdout.strip()
    seal_for(2, lost)
    name = lost.partition(".")[0]

    status = type_in("vault", "status")
    assert status.exit_code == 1
    assert "missing" in status.output
    monkeypatch.setenv("CHANDELIER_VAULT_KEY", type_in("vault", "new-key").stdout.strip())
    refused = type_in("vault", "rotate")
    assert refused.exit_code == 1
    assert f"{name}, which protects this data, is missing" in refused.output

    unknown = type_in("vault", "abandon", "mistyped", "--yes")
    assert unknown.exit_code == 1
    assert "no key mistyped was ever used or is given" in unknown.output
    assert "protected the data of 2 people" in type_in("vault", "abandon", name, "--yes").output
    assert type_in("vault", "status").exit_code == 0
    assert f"vault.abandon,{name}" in type_in("audit", "export").stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_a_new_key_is_put_before_the_old_ones_in_a_file_for_its_owner_only(type_in) -> None:
    Path("config.toml").write_text(
        '[chandelier]\nversion = 1\nvault_key_file = "../keys"\n', encoding="utf-8"
    )

    for _ in range(2):
        assert type_in("vault", "new-key", "--file", "../keys").exit_code == 0

    file = Path("../keys")
    first, second = file.read_text().split()
    assert file.stat().st_mode & 0o777 == 0o600
    seal_for(1, first)
    keys = json.loads(type_in("vault", "status", "--json").stdout)["keys"]
    assert [(one["key"], one["state"]) for one in keys] == [
        (first.partition(".")[0], "wraps"),
        (second.partition(".")[0], "unused"),
    ]
    inside = type_in("vault", "new-key", "--file", "data/keys")
    assert inside.exit_code == 1
    assert "choose a place outside" in inside.output
    file.chmod(0o644)
    assert "chmod 600" in type_in("vault", "status").output
    checked = type_in("check")
    assert "chmod 600" in checked.output, "a key that cannot be read is a finding"
    assert "WARNING" not in checked.output


def test_a_new_key_goes_to_the_keyring_before_the_old_one(type_in, monkeypatch) -> None:
    keyring = pytest.importorskip("keyring")
    held: dict[tuple[str, str], str] = {}
    monkeypatch.setattr(keyring, "get_password", lambda *where: held.get(where))
    monkeypatch.setattr(
        keyring, "set_password", lambda service, user, text: held.update({(service, user): text})
    )

    assert "vault_keyring" in type_in("vault", "new-key", "--keyring", "bot").output
    [first] = held.values()
    assert type_in("vault", "new-key", "--keyring", "bot").exit_code == 0

    [both] = held.values()
    assert both.endswith(f" {first}")

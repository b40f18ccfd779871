"""What guilds set: stored by guild and plugin, and migrated with its version or not at all."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import pytest

from chandelier.config.migrations import ConfigMigration
from chandelier.errors import PluginError
from chandelier.storage.engine import Database
from chandelier.storage.guild_settings import GuildSettings

GARDEN, HARBOUR = 1001, 1002


def colour_to_color(section: MutableMapping[str, Any]) -> None:
    if "colour" in section:
        section["color"] = section.pop("colour")


def color_to_colour(section: MutableMapping[str, Any]) -> None:
    if "color" in section:
        section["colour"] = section.pop("color")


def double(section: MutableMapping[str, Any]) -> None:
    section["limit"] *= 2


def halve(section: MutableMapping[str, Any]) -> None:
    section["limit"] //= 2


TO_2 = ConfigMigration(2, colour_to_color, color_to_colour)
TO_3 = ConfigMigration(3, double, halve)


@pytest.fixture
def settings(hosted: Database) -> GuildSettings:
    return GuildSettings(hosted)


async def test_a_guild_that_set_nothing_has_nothing(settings: GuildSettings) -> None:
    assert await settings.get(GARDEN, "moderation") is None


async def test_each_guild_and_plugin_has_its_own_settings(settings: GuildSettings) -> None:
    await settings.set(GARDEN, "moderation", 1, {"limit": 3})
    await settings.set(HARBOUR, "moderation", 1, {"limit": 5})
    await settings.set(GARDEN, "redeye", 4, {"currency": "EUR"})

    assert await settings.get(GARDEN, "moderation") == (1, {"limit": 3})
    assert await settings.get(GARDEN, "redeye") == (4, {"currency": "EUR"})
    assert await settings.all("moderation") == {GARDEN: (1, {"limit": 3}), HARBOUR: (1, {"limit": 5})}


async def test_the_last_value_wins_and_no_values_leave_no_row(settings: GuildSettings) -> None:
    await settings.set(GARDEN, "moderation", 1, {"limit": 3})
    await settings.set(GARDEN, "moderation", 2, {"limit": 4})
    assert await settings.get(GARDEN, "moderation") == (2, {"limit": 4})

    await settings.set(GARDEN, "moderation", 2, {})
    assert await settings.all("moderation") == {}


async def test_settings_are_part_of_the_callers_transaction(
    hosted: Database, settings: GuildSettings
) -> None:
    with pytest.raises(ZeroDivisionError):
        async with hosted.storage("moderation").transaction() as session:
            await settings.set(GARDEN, "moderation", 1, {"limit": 3}, session=session)
            assert await settings.get(GARDEN, "moderation", session=session) == (1, {"limit": 3})
            _ = 1 / 0

    assert await settings.get(GARDEN, "moderation") is None


async def test_every_guild_is_migrated_from_whatever_version_it_has_and_back(settings: GuildSettings) -> None:
    await settings.set(GARDEN, "moderation", 1, {"colour": "red", "limit": 3})
    await settings.set(HARBOUR, "moderation", 2, {"color": "blue", "limit": 5})
    await settings.set(GARDEN, "redeye", 1, {"colour": "green", "limit": 7})

    assert await settings.migrate("moderation", [TO_2, TO_3], 3) == 2

    assert await settings.get(GARDEN, "moderation") == (3, {"color": "red", "limit": 6})
    assert await settings.get(HARBOUR, "moderation") == (3, {"color": "blue", "limit": 10})
    assert await settings.get(GARDEN, "redeye") == (1, {"colour": "green", "limit": 7})

    assert await settings.migrate("moderation", [TO_2, TO_3], 1) == 2
    assert await settings.all("moderation") == {
        GARDEN: (1, {"colour": "red", "limit": 3}),
        HARBOUR: (1, {"colour": "blue", "limit": 5}),
    }


async def test_a_step_that_fails_for_one_guild_changes_no_guild(settings: GuildSettings) -> None:
    await settings.set(GARDEN, "moderation", 2, {"limit": 3})
    await settings.set(HARBOUR, "moderation", 2, {"limit": None})

    with pytest.raises(PluginError, match=f"'moderation', settings of guild {HARBOUR}: .*version 2 to 3"):
        await settings.migrate("moderation", [TO_2, TO_3], 3)

    assert await settings.all("moderation") == {GARDEN: (2, {"limit": 3}), HARBOUR: (2, {"limit": None})}


async def test_a_backup_is_taken_only_when_something_changes(
    hosted: Database, settings: GuildSettings
) -> None:
    await settings.set(GARDEN, "moderation", 2, {"limit": 3})

    assert await settings.migrate("moderation", [TO_2], 2) == 0
    folder = hosted.data_dir / "backups" / "db"
    assert not folder.exists()

    await settings.migrate("moderation", [TO_2, TO_3], 3)
    [backup] = folder.iterdir()
    assert "before-moderation-settings-3-from-2" in backup.name


async def test_settings_of_a_newer_version_are_refused_with_the_backup_that_undoes_it(
    hosted: Database, settings: GuildSettings
) -> None:
    await settings.set(GARDEN, "moderation", 2, {"limit": 3})
    await settings.migrate("moderation", [TO_2, TO_3], 3)
    [backup] = (hosted.data_dir / "backups" / "db").iterdir()

    with pytest.raises(PluginError) as refusal:
        await settings.migrate("moderation", [TO_2], 2)

    assert "version 3; this version knows up to 2" in str(refusal.value)
    assert f"chandelier db restore {backup} --plugin chandelier" in str(refusal.value)
    assert await settings.get(GARDEN, "moderation") == (3, {"limit": 6})

"""Who changed which settings: noted with the change or not at all, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import chandelier
from chandelier.config.deployment import Deployment
from chandelier.context import GuildConfigs
from chandelier.services.audit import AuditLog
from chandelier.storage.engine import Database
from chandelier.storage.guild_settings import GuildSettings
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.migrations import Migrator
from chandelier.storage.setting_changes import KEPT_CHANGES

GARDEN, HARBOUR, ALICE, BOB = 1001, 1002, 1, 2


@chandelier.schema(version=1)
class Config:
    a: int = chandelier.setting(0, help="A.", guild=True)
    b: int = chandelier.setting(0, help="B.", guild=True)
    c: int = chandelier.setting(0, help="C.", guild=True)
    d: int = chandelier.setting(0, help="D.", guild=True, le=9)


@pytest.fixture
def settings(hosted: Database) -> GuildSettings:
    return GuildSettings(hosted)


@pytest.fixture
def configs(hosted: Database, settings: GuildSettings, tmp_path: Path) -> GuildConfigs:
    deployment = Deployment.read(tmp_path / "config.toml", {})
    audit = AuditLog(hosted).audit("shop")
    return GuildConfigs("shop", Config, deployment, settings, hosted.storage("chandelier"), audit)


async def test_people_who_change_different_settings_at_once_lose_nothing(
    settings: GuildSettings, configs: GuildConfigs
) -> None:
    """Each reads what is there before it writes; without a lock the last one would undo the others'."""
    await asyncio.gather(
        *(configs.change(GARDEN, {name: number}, None, by=ALICE) for number, name in enumerate("abcd", 1))
    )

    assert await settings.get(GARDEN, "shop") == (1, {"a": 1, "b": 2, "c": 3, "d": 4})
    assert len(await settings.changes.latest(GARDEN)) == 4


async def test_a_change_is_noted_with_before_and_after_and_only_if_it_is_one(
    settings: GuildSettings, configs: GuildConfigs
) -> None:
    await configs.change(GARDEN, {"a": 1, "b": 2}, None, by=ALICE)
    await configs.change(GARDEN, {"a": 3, "b": None, "c": None}, None)
    await configs.change(GARDEN, {"a": 3}, None, by=BOB)
    with pytest.raises(chandelier.InvalidRequest):
        await configs.change(GARDEN, {"a": 4, "d": 10}, None, by=BOB)
    await configs.change(HARBOUR, {"a": 9}, None, by=BOB)

    second, first = await settings.changes.latest(GARDEN)
    assert (first.before, first.after, first.made_by) == ({}, {"a": 1, "b": 2}, ALICE)
    assert (second.before, second.after, second.made_by) == ({"a": 1, "b": 2}, {"a": 3}, None)
    assert await settings.changes.get(HARBOUR, first.id) is None
    assert await settings.changes.latest(GARDEN, plugin="other") == []


async def test_an_undo_of_an_undo_puts_the_first_change_in_force_again(
    settings: GuildSettings, configs: GuildConfigs
) -> None:
    numbers: list[int] = []
    for value in (1, None, 1, None):  # a change, its undo, the undo of that, and of that
        undoes = numbers[-1] if numbers else None
        await configs.change(GARDEN, {"a": value}, None, undoes=undoes)
        numbers.append((await settings.changes.latest(GARDEN, limit=1))[0].id)

    states = {change.id: change.undone_by for change in await settings.changes.latest(GARDEN)}
    assert states == {numbers[0]: numbers[1], numbers[1]: None, numbers[2]: numbers[3], numbers[3]: None}


async def test_the_oldest_go_and_people_can_be_forgotten(
    settings: GuildSettings, configs: GuildConfigs, hosted: Database
) -> None:
    async with hosted.transaction() as session:
        for number in range(KEPT_CHANGES + 3):
            await settings.changes.record(
                session, GARDEN, "shop", 1, before={"a": number}, after={"a": number + 1}, by=ALICE
            )
    kept = await settings.changes.latest(GARDEN, limit=1000)
    assert len(kept) == KEPT_CHANGES and kept[0].after == {"a": KEPT_CHANGES + 3}

    assert len(await settings.changes.made_by(ALICE)) == KEPT_CHANGES
    async with hosted.transaction() as session:
        assert await settings.changes.forget(ALICE, session=session) == KEPT_CHANGES
    assert await settings.changes.made_by(ALICE) == []


async def test_the_table_goes_and_comes_back(migrator: Migrator) -> None:
    await migrator.upgrade("chandelier", HOST_HISTORY)
    before = migrator.revisions("chandelier", HOST_HISTORY)
    await migrator.downgrade("chandelier", HOST_HISTORY, before[before.index("0005") - 1])
    await migrator.upgrade("chandelier", HOST_HISTORY)
    assert await migrator.differences("chandelier", HOST_HISTORY) == []

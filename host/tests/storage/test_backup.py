"""Backups count only when they were put back: each test here restores, or refuses to."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import zipfile
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from chandelier.errors import InvalidRequest, PluginError
from chandelier.storage.backup import Backups
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY, StorageHistory
from chandelier.storage.migrations import Migrator
from chandelier.storage.restore import restore
from chandelier.storage.tables import KeyRow

from .conftest import Diary, StoppedClock


async def write_entry(
    database: Database, history: StorageHistory, clock: StoppedClock, text: str, **drawing: object
) -> int:
    """An entry with a drawing; returns the entry's id."""
    entries, drawings = (history.metadata.tables[f"diary_{name}"] for name in ("entries", "drawings"))
    async with database.storage("diary").transaction() as session:
        insert = sa.insert(entries).values(author_id=2**62, text=text, written_at=clock.now())
        entry = await session.scalar(insert.returning(entries.c.id))
        await session.execute(sa.insert(drawings).values(entry_id=entry, **drawing))
        assert entry is not None
        return entry


async def contents(database: Database, history: StorageHistory) -> dict[str, list[tuple[object, ...]]]:
    """Every row of the diary's tables."""
    async with database.storage("diary").read() as session:
        return {
            table.name: [
                tuple(row)
                for row in await session.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in history.metadata.sorted_tables
        }


async def set_key(database: Database, value: str) -> None:
    async with database.storage("chandelier").transaction() as session:
        await session.merge(KeyRow(name="signing", value=value))


async def key(database: Database) -> str | None:
    async with database.storage("chandelier").read() as session:
        return await session.scalar(sa.select(KeyRow.value))


class World:
    """A database with the host's tables and a diary at revision 1 that alice has written in."""

    def __init__(self, database: Database, history: StorageHistory, clock: StoppedClock) -> None:
        self.database = database
        self.clock = clock
        self.histories: Mapping[str, StorageHistory] = {"chandelier": HOST_HISTORY, "diary": history}
        self.migrator = Migrator(database)
        self.backups = Backups(database)

    @property
    def history(self) -> StorageHistory:
        return self.histories["diary"]

    async def contents(self) -> dict[str, list[tuple[object, ...]]]:
        return await contents(self.database, self.history)

    async def write(self, text: str, **drawing: object) -> int:
        return await write_entry(self.database, self.history, self.clock, text, **drawing)

    async def restore(self, path: Path, only: str | None = None) -> tuple[str, ...]:
        return (await restore(self.database, path, self.histories, only=only)).put_back


@pytest.fixture
async def world(hosted: Database, migrator: Migrator, diary: Diary, clock: StoppedClock) -> World:
    history = diary.ship("0001", mood=False)
    await migrator.upgrade("diary", history)
    await set_key(hosted, "old key")
    world = World(hosted, history, clock)
    await world.write(
        'Zoë said: "➡️,\n\\N"',
        strokes={"x": [1.5, None, "'"]},
        ink=b"\x00\xff\n",
        price=Decimal("2879.2000"),
    )
    return world


class TestRestore:
    async def test_everything_becomes_as_it_was_and_the_replaced_state_is_kept(self, world: World) -> None:
        before = await world.contents()
        backup = await world.backups.take("manual")
        await world.write("written later", strokes=None)
        await set_key(world.database, "new key")
        later = await world.contents()

        done = await restore(world.database, backup.path, world.histories)

        assert set(done.put_back) == {"chandelier", "diary"}
        assert await world.contents() == before
        assert await key(world.database) == "old key"
        assert done.safety is not None
        await world.restore(done.safety.path)
        assert await world.contents() == later
        assert await key(world.database) == "new key"

    async def test_one_plugins_tables_go_back_and_the_others_stay(self, world: World) -> None:
        before = await world.contents()
        backup = await world.backups.take("manual")
        await world.write("written later")
        await set_key(world.database, "new key")

        assert await world.restore(backup.path, only="diary") == ("diary",)

        assert await world.contents() == before
        assert await key(world.database) == "new key"

    async def test_the_backup_before_a_migration_undoes_the_migration(
        self, world: World, diary: Diary
    ) -> None:
        before = await world.contents()
        await world.migrator.upgrade("diary", diary.ship("0001", "0002"))
        await set_key(world.database, "new key")
        old = diary.ship("0001", mood=False)
        backup = await world.backups.newest("diary", ["0001"])
        assert backup is not None

        await world.restore(backup.path, only="diary")

        assert await world.migrator.current("diary") == "0001"
        assert await world.migrator.differences("diary", old) == []
        assert await world.contents() == before
        assert await key(world.database) == "new key"

    async def test_numbers_that_were_given_out_are_not_given_again(self, world: World) -> None:
        gone = await world.write("soon deleted")
        async with world.database.storage("diary").transaction() as session:
            await session.execute(sa.text("DELETE FROM diary_entries WHERE id = :id"), {"id": gone})
        backup = await world.backups.take("manual")

        await world.restore(backup.path)

        assert await world.write("after the restore") > gone

    async def test_a_restored_database_still_enforces_its_foreign_keys_and_indexes(
        self, world: World
    ) -> None:
        backup = await world.backups.take("manual")

        await world.restore(backup.path)

        assert await world.migrator.differences("diary", world.history) == []
        with pytest.raises(sa.exc.IntegrityError):
            async with world.database.storage("diary").transaction() as session:
                await session.execute(sa.text("INSERT INTO diary_drawings (entry_id) VALUES (99)"))

    async def test_a_plugin_installed_after_the_backup_is_gone_after_a_whole_restore(
        self, hosted: Database, migrator: Migrator, diary: Diary
    ) -> None:
        backup = await migrator.backups.take("manual")
        history = diary.ship("0001", mood=False)
        await migrator.upgrade("diary", history)

        await restore(hosted, backup.path, {"chandelier": HOST_HISTORY, "diary": history})

        newest = migrator.revisions("chandelier", HOST_HISTORY)[-1]
        assert await migrator.installed() == {"chandelier": newest}
        assert await migrator.upgrade("diary", history) == (None, "0001")

    async def test_a_backup_taken_while_others_write_holds_one_consistent_state(self, world: World) -> None:
        async def write() -> None:
            for number in range(20):
                await world.write(f"{number}")

        _, backup = await asyncio.gather(write(), world.backups.take("manual"))
        await world.restore(backup.path)

        found = await world.contents()
        entries = [row[0] for row in found["diary_entries"]]
        drawn = [row[1] for row in found["diary_drawings"]]
        assert sorted(entries) == sorted(drawn)


class TestRefusals:
    async def test_a_backup_of_a_newer_version_is_refused_and_nothing_changes(
        self, world: World, diary: Diary
    ) -> None:
        await world.migrator.upgrade("diary", diary.ship("0001", "0002"))
        newer = await world.backups.take("manual")
        world.histories = {**world.histories, "diary": diary.ship("0001", mood=False)}

        with pytest.raises(
            PluginError, match=r"newer version wrote .*revision 0002; this version knows up to 0001"
        ):
            await world.restore(newer.path)

        assert await world.migrator.current("diary") == "0002"

    async def test_a_plugin_that_is_not_in_the_backup_is_refused(self, world: World) -> None:
        backup = await world.backups.take("manual")

        with pytest.raises(InvalidRequest, match="holds nothing of 'forum'; it holds chandelier, diary"):
            await world.restore(backup.path, only="forum")

    async def test_a_file_that_is_no_backup_is_refused(self, world: World, tmp_path: Path) -> None:
        letter = tmp_path / "letter.txt"
        letter.write_text("Dear diary")
        torn = (await world.backups.take("manual")).path
        torn.write_bytes(torn.read_bytes()[:100])

        for path in (letter, torn, torn.with_stem("missing")):
            with pytest.raises(InvalidRequest, match="is not a backup that can be restored"):
                await world.restore(path)

    async def test_a_backup_that_does_not_fit_changes_nothing(self, world: World) -> None:
        backup = await world.backups.take("manual")
        await world.write("written later")
        before = await world.contents()
        break_reference(backup.path)

        with pytest.raises(PluginError, match="nothing was changed"):
            await world.restore(backup.path)

        assert await world.contents() == before


def break_reference(path: Path) -> None:
    """Make the drawing in a backup refer to an entry that is not there."""
    if path.suffix == ".db":
        with closing(sqlite3.connect(path)) as copy:
            copy.execute("UPDATE diary_drawings SET entry_id = 99")
            copy.commit()
        return
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    files["diary_drawings.csv"] = files["diary_drawings.csv"].replace(b"1,1,", b"1,99,", 1)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)


class TestFolder:
    async def test_backups_are_numbered_dated_named_and_listed_newest_first(
        self, world: World, tmp_path: Path
    ) -> None:
        first = await world.backups.take("manual")
        world.clock.advance(60)
        second = await world.backups.take("before the big party")

        assert [backup.path for backup in await world.backups.all()] == [second.path, first.path]
        assert first.path.parent == tmp_path / "data" / "backups" / "db"
        assert first.path.name.startswith("0001-20260101T120000Z-manual.")
        assert second.path.name.startswith("0002-20260101T120100Z-before-the-big-party.")
        assert (second.taken_at - first.taken_at).total_seconds() == 60
        newest = world.migrator.revisions("chandelier", HOST_HISTORY)[-1]
        assert first.revisions == {"chandelier": newest, "diary": "0001"}

    async def test_nobody_else_on_the_machine_can_read_them(self, world: World) -> None:
        backup = await world.backups.take("manual")

        assert stat.S_IMODE(backup.path.parent.stat().st_mode) == 0o700

    async def test_the_oldest_automatic_ones_make_room_and_manual_ones_stay(self, world: World) -> None:
        few = Backups(world.database, keep=2)
        await few.take("manual")
        for revision in ("0002", "0003", "0004"):
            await few.take(f"before-diary-{revision}", only="diary")

        labels = [backup.label for backup in await few.all()]
        assert labels == ["before-diary-0004", "before-diary-0003", "manual"]

    async def test_no_half_written_file_is_left_when_a_backup_fails(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            await world.backups.take("manual")

        assert list(world.backups.folder.iterdir()) == []

    async def test_a_migration_that_cannot_be_backed_up_does_not_happen(
        self, world: World, diary: Diary, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(PluginError, match=r"no backup could be taken, so nothing was migrated.*No space"):
            await world.migrator.upgrade("diary", diary.ship("0001", "0002"))

        assert await world.migrator.current("diary") == "0001"

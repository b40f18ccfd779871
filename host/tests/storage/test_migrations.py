"""Histories of plugins: forwards, backwards, refused, and never half done."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from chandelier.errors import PluginError
from chandelier.storage.engine import Database
from chandelier.storage.history import HOST_HISTORY, StorageHistory
from chandelier.storage.migrations import Migrator
from chandelier.storage.names import version_table

from .conftest import HOST_NEWEST, Diary, StoppedClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def write_entry(database: Database, text: str) -> None:
    """An entry with a drawing, as version 1 of the diary writes it."""
    async with database.storage("diary").transaction() as session:
        entry = await session.scalar(
            sa.text(
                "INSERT INTO diary_entries (author_id, text, written_at) "
                "VALUES (1, :text, '2026-01-01 00:00:00+00') RETURNING id"
            ),
            {"text": text},
        )
        await session.execute(
            sa.text("INSERT INTO diary_drawings (entry_id, strokes) VALUES (:entry, '[1]')"), {"entry": entry}
        )


async def fetch(database: Database, query: str) -> list[tuple[object, ...]]:
    async with database.storage("diary").read() as session:
        return [tuple(row) for row in await session.execute(sa.text(query))]


async def tables(database: Database) -> set[str]:
    async with database.connect() as connection:
        return set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))


class TestUpgrade:
    async def test_an_empty_database_gets_every_revision(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001", "0002")

        assert [step.id for step in await migrator.pending("diary", history)] == ["0001", "0002"]
        assert await migrator.upgrade("diary", history) == (None, "0002")

        assert await migrator.current("diary") == "0002"
        assert await migrator.pending("diary", history) == []
        assert await tables(database) == {"diary_entries", "diary_drawings", version_table("diary")}

    async def test_the_revisions_build_what_the_code_expects(self, migrator: Migrator, diary: Diary) -> None:
        history = diary.ship("0001", "0002")
        await migrator.upgrade("diary", history, "0001")

        behind = await migrator.differences("diary", history)
        await migrator.upgrade("diary", history)

        assert "mood" in str(behind)
        assert await migrator.differences("diary", history) == []

    async def test_a_new_version_keeps_what_the_old_one_wrote_and_its_children(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        await migrator.upgrade("diary", diary.ship("0001", mood=False))
        await write_entry(database, "Dear diary")

        assert await migrator.upgrade("diary", diary.ship("0001", "0002")) == ("0001", "0002")

        assert await fetch(database, "SELECT text, mood FROM diary_entries") == [("Dear diary", "fine")]
        # Building a table again must not delete the rows that refer to it.
        assert len(await fetch(database, "SELECT id FROM diary_drawings")) == 1

    async def test_nothing_happens_when_nothing_is_pending(self, migrator: Migrator, diary: Diary) -> None:
        history = diary.ship("0001", mood=False)
        await migrator.upgrade("diary", history)

        assert await migrator.upgrade("diary", history) == ("0001", "0001")

        assert await migrator.backups.all() == []

    async def test_a_step_that_fails_undoes_the_steps_before_it_and_the_version(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        await migrator.upgrade("diary", diary.ship("0001", mood=False))
        await write_entry(database, "Dear diary")
        before = await tables(database)

        with pytest.raises(PluginError, match=r"'diary'.*0003 failed and nothing was changed.*a mistake"):
            await migrator.upgrade("diary", diary.ship("0001", "0002", "0003"))

        assert await migrator.current("diary") == "0001"
        assert await tables(database) == before
        assert await migrator.differences("diary", diary.ship("0001", mood=False)) == []
        assert await fetch(database, "SELECT text FROM diary_entries") == [("Dear diary",)]

    async def test_a_step_that_would_leave_a_broken_reference_is_undone(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001", mood=False)
        await migrator.upgrade("diary", history)
        await write_entry(database, "Dear diary")
        diary.write("0002", "0001", "op.execute('UPDATE diary_drawings SET entry_id = 99')\n---\npass")

        with pytest.raises(PluginError, match="nothing was changed"):
            await migrator.upgrade("diary", history)

        assert await fetch(database, "SELECT entry_id FROM diary_drawings") == [(1,)]
        assert await migrator.current("diary") == "0001"

    async def test_histories_do_not_touch_each_other(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001", mood=False)
        await migrator.upgrade("chandelier", HOST_HISTORY)
        await migrator.upgrade("diary", history)

        await migrator.downgrade("diary", history, "base")

        assert await migrator.current("chandelier") == HOST_NEWEST
        assert await migrator.differences("chandelier", HOST_HISTORY) == []
        assert "chandelier_timers" in await tables(database)

    async def test_two_bots_in_one_process_migrate_at_the_same_time(
        self, database: Database, tmp_path: Path, clock: StoppedClock, diary: Diary
    ) -> None:
        history = diary.ship("0001", "0002")
        other = Database(f"sqlite:///{tmp_path}/other.db", data_dir=tmp_path / "other", clock=clock)
        await other.start()
        try:
            results = await asyncio.gather(
                *(Migrator(each).upgrade("diary", history) for each in (database, other))
            )
            assert results == [(None, "0002"), (None, "0002")]
            assert await Migrator(other).differences("diary", history) == []
            assert await Migrator(database).differences("diary", history) == []
        finally:
            await other.close()

    @pytest.mark.postgres
    async def test_a_second_host_on_the_same_server_waits_until_the_first_has_migrated(
        self, postgres_url: str, clock: StoppedClock, tmp_path: Path, diary: Diary
    ) -> None:
        history = diary.ship("0001", "0002")
        first, second = (Database(postgres_url, data_dir=tmp_path, clock=clock) for _ in range(2))
        await first.start()
        await second.start()
        try:
            async with first.schema_change() as migrating:
                late = asyncio.create_task(Migrator(second).upgrade("diary", history))
                await until_someone_waits_for_a_lock(first)
                await Migrator(first).build(migrating, "diary", history, "0002")
                assert not late.done()

            await late
            assert await Migrator(second).current("diary") == "0002"
            assert await Migrator(second).differences("diary", history) == []
        finally:
            await first.close()
            await second.close()


async def until_someone_waits_for_a_lock(database: Database) -> None:
    """Ask the server until it says so; gives up after a minute."""
    async with asyncio.timeout(60):
        while True:
            async with database.connect() as connection:
                if await connection.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                    return


class TestDowngrade:
    async def test_each_step_is_undone_and_what_was_written_stays(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001", "0002")
        await migrator.upgrade("diary", history)
        await write_entry(database, "Dear diary")

        assert await migrator.downgrade("diary", history, "0001") == ("0002", "0001")

        assert await migrator.differences("diary", diary.ship("0001", "0002", mood=False)) == []
        assert await fetch(database, "SELECT text FROM diary_entries") == [("Dear diary",)]
        assert len(await fetch(database, "SELECT id FROM diary_drawings")) == 1

    async def test_base_takes_the_tables_away(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001", "0002")
        await migrator.upgrade("diary", history)

        assert await migrator.downgrade("diary", history, "base") == ("0002", None)

        assert await migrator.current("diary") is None
        assert await tables(database) == {version_table("diary")}
        assert await migrator.upgrade("diary", history) == (None, "0002")

    async def test_an_unknown_revision_is_refused_with_those_that_exist(
        self, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001", "0002")
        await migrator.upgrade("diary", history)

        with pytest.raises(PluginError, match="no revision '0007'; it has 0001, 0002"):
            await migrator.downgrade("diary", history, "0007")

    async def test_forwards_is_not_backwards(self, migrator: Migrator, diary: Diary) -> None:
        history = diary.ship("0001", "0002")
        await migrator.upgrade("diary", history, "0001")

        with pytest.raises(PluginError, match="0002 is not before 0001"):
            await migrator.downgrade("diary", history, "0002")


class TestNewerVersions:
    async def test_tables_of_a_newer_version_are_refused_with_the_backup_that_undoes_it(
        self, database: Database, migrator: Migrator, diary: Diary
    ) -> None:
        await migrator.upgrade("diary", diary.ship("0001", mood=False))
        await write_entry(database, "Dear diary")
        await migrator.upgrade("diary", diary.ship("0001", "0002"))
        [backup] = await migrator.backups.all()
        old = diary.ship("0001", mood=False)

        for attempt in (migrator.upgrade("diary", old), migrator.pending("diary", old)):
            with pytest.raises(PluginError) as refusal:
                await attempt

            assert "revision 0002; this version knows up to 0001" in str(refusal.value)
            assert f"chandelier db restore {backup.path} --plugin diary" in str(refusal.value)

    async def test_without_a_backup_it_says_that_there_is_none(
        self, migrator: Migrator, diary: Diary
    ) -> None:
        await migrator.upgrade("diary", diary.ship("0001", "0002"))

        with pytest.raises(PluginError, match="the host has none"):
            await migrator.upgrade("diary", diary.ship("0001", mood=False))


class TestCheck:
    @pytest.mark.parametrize("name", ["entries", "diaries_entries", "chandelier_timers"])
    def test_a_table_outside_the_plugins_prefix_is_refused(
        self, migrator: Migrator, diary: Diary, name: str
    ) -> None:
        history = diary.ship("0001")
        sa.Table(name, history.metadata, sa.Column("id", sa.Integer, primary_key=True))

        with pytest.raises(PluginError, match=f"the table '{name}' must be named diary_"):
            migrator.check("diary", history)

    def test_an_index_outside_the_plugins_prefix_is_refused(self, migrator: Migrator, diary: Diary) -> None:
        history = diary.ship("0001")
        sa.Index("by_author", history.metadata.tables["diary_entries"].c.author_id)

        with pytest.raises(PluginError, match="the index 'by_author' must be named diary_"):
            migrator.check("diary", history)

    def test_a_table_that_looks_like_another_plugins_is_refused(
        self, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001")
        sa.Table("diary_secret_pages", history.metadata, sa.Column("id", sa.Integer, primary_key=True))
        migrator.check("diary", history, others=["moderation", "dia"])

        with pytest.raises(PluginError, match="the table 'diary_secret_pages' would belong to the plugin"):
            migrator.check("diary", history, others=["moderation", "diary_secret"])

    def test_a_plugin_cannot_pose_as_the_host(self, migrator: Migrator, diary: Diary) -> None:
        with pytest.raises(PluginError, match="are the host's own"):
            migrator.check("chandelier_version", diary.ship("0001"))

    def test_revisions_that_are_not_in_the_package_are_refused(
        self, migrator: Migrator, diary: Diary
    ) -> None:
        history = diary.ship("0001")
        lost = StorageHistory(history.metadata, f"{diary.package}:alembic")

        with pytest.raises(PluginError, match=r"no folder of revisions at 'diary_package_\d+:alembic'"):
            migrator.check("diary", lost)

    def test_two_heads_are_refused(self, migrator: Migrator, diary: Diary) -> None:
        history = diary.ship("0001", "0002")
        diary.write("0002b", "0001", "pass\n---\npass")

        with pytest.raises(PluginError, match="must be one line"):
            migrator.check("diary", history)

    @pytest.mark.filterwarnings("ignore:Revision 0002 referenced:UserWarning")
    def test_a_missing_revision_is_refused(self, migrator: Migrator, diary: Diary) -> None:
        history = diary.ship("0001")
        diary.write("0003", "0002", "pass\n---\npass")

        with pytest.raises(PluginError, match=r"cannot be read.*0002"):
            migrator.check("diary", history)

    def test_a_revision_that_cannot_be_imported_is_refused(self, migrator: Migrator, diary: Diary) -> None:
        history = diary.ship("0001")
        diary.write("0002", "0001", "this is no Python\n---\npass")

        with pytest.raises(PluginError, match="cannot be read"):
            migrator.check("diary", history)


class TestHostTables:
    async def test_the_hosts_revisions_build_the_hosts_tables_and_take_them_away(
        self, database: Database, migrator: Migrator
    ) -> None:
        migrator.check("chandelier", HOST_HISTORY)
        await migrator.upgrade("chandelier", HOST_HISTORY)

        assert await migrator.differences("chandelier", HOST_HISTORY) == []

        await migrator.downgrade("chandelier", HOST_HISTORY, "base")
        assert await tables(database) == {version_table("chandelier")}

    async def test_the_state_of_an_outbox_entry_is_one_of_four(self, hosted: Database) -> None:
        insert = sa.text(
            "INSERT INTO chandelier_outbox "
            "(plugin, kind, key, payload, state, attempts, next_at, created_at) "
            "VALUES ('diary', 'post', '1', '{}', 'lost', 0, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
        )
        with pytest.raises(sa.exc.IntegrityError, match="chandelier_outbox_state_ck"):
            async with hosted.storage("chandelier").transaction() as session:
                await session.execute(insert)

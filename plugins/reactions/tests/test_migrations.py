"""Both kinds of migration: version 1's config and guild settings, and a database of revision 0001."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from chandelier.config.deployment import Deployment
from chandelier.config.migrations import migrated
from chandelier.storage.engine import Database
from chandelier.storage.guild_settings import GuildSettings
from chandelier.storage.history import HOST_HISTORY
from chandelier.storage.migrations import Migrator
from chandelier_reactions.config import MIGRATIONS, ReactionsConfig
from chandelier_reactions.tables import HISTORY
from loopcord import VirtualClock

VERSION_1 = """\
[plugins.reactions]
version = 1
ignore_bots = true
emoji = "⭐"  # as on the old server

# the hall of fame
target = 123456789012345678
allowed_roles = [1, 2]  # curators, mods
allowed_members = []
"""
VERSION_2 = """\
[plugins.reactions]
version = 2
bots = false
emoji = "⭐"  # as on the old server

# the hall of fame
channel = 123456789012345678
roles = [1, 2]  # curators, mods
members = []
"""
VERSIONED = {"reactions": (ReactionsConfig, MIGRATIONS)}
FORWARDS = """
    SELECT message_id, guild_id, channel_id, user_id, state, forward_id, error, created_at, changed_at
    FROM reactions_forwards ORDER BY message_id
"""
IDS = st.lists(st.integers(0, 2**63 - 1), max_size=3)


def test_a_section_of_version_1_is_upgraded_and_downgraded_without_losing_a_comment(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(VERSION_1, encoding="utf-8")

    Deployment.read(path, {}).migrate(VERSIONED)
    assert path.read_text(encoding="utf-8") == VERSION_2
    config = Deployment.read(path, {}).section("reactions", ReactionsConfig)
    assert config == ReactionsConfig(emoji="⭐", channel=123456789012345678, roles=(1, 2))

    Deployment.read(path, {}).migrate(VERSIONED, targets={"reactions": 1})
    assert path.read_text(encoding="utf-8") == VERSION_1


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "ignore_bots": st.booleans(),
            "emoji": st.text(min_size=1, max_size=5),
            "target": st.integers(0, 2**63 - 1),
            "allowed_roles": IDS,
            "allowed_members": IDS,
        },
    )
)
def test_a_guilds_settings_of_version_1_come_back_as_they_were(values):
    upgraded = migrated(values, current=1, target=2, migrations=MIGRATIONS)

    assert upgraded.keys() <= {"bots", "emoji", "channel", "roles", "members"}
    assert migrated(upgraded, current=2, target=1, migrations=MIGRATIONS) == values


@pytest.fixture
async def database(database_url, tmp_path):
    opened = Database(database_url, data_dir=tmp_path / "data", clock=VirtualClock())
    await opened.start()
    yield opened
    await opened.close()


async def insert_forwards_of_0001(database, guild_id, channel_id, message_ids):
    """Forwards as version 0.1 wrote them; the last one failed."""
    names = ("message_id", "guild_id", "channel_id", "user_id", "state", "forward_id", "error")
    times = [sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "changed_at")]
    forwards = sa.table("reactions_forwards", *map(sa.column, names), *times)
    at = datetime(2025, 5, 1, tzinfo=UTC)
    at = at if database.dialect == "postgresql" else at.replace(tzinfo=None)
    async with database.transaction() as session:
        for message_id in message_ids:
            failed = message_id == message_ids[-1]
            await session.execute(
                forwards.insert().values(
                    message_id=message_id,
                    guild_id=guild_id,
                    channel_id=channel_id,
                    user_id=7,
                    state="failed" if failed else "done",
                    forward_id=None if failed else message_id + 1,
                    error="no permission" if failed else None,
                    created_at=at,
                    changed_at=at,
                )
            )


async def rows(database, query):
    async with database.read() as session:
        return [dict(row) for row in (await session.execute(sa.text(query))).mappings()]


async def test_a_database_of_0001_is_upgraded_with_its_rows_and_back(database):
    migrator = Migrator(database)
    await migrator.upgrade("reactions", HISTORY, "0001")
    await insert_forwards_of_0001(database, 1, 2, [100, 200, 300])
    before = await rows(database, FORWARDS)

    await migrator.upgrade("reactions", HISTORY)
    entries = await rows(
        database, "SELECT plugin, action, state, tries, result FROM reactions_entries ORDER BY message_id"
    )
    assert [entry["state"] for entry in entries] == ["done", "done", "failed"]
    assert {(entry["plugin"], entry["action"], entry["tries"]) for entry in entries} == {
        ("reactions", "forward", 0)
    }
    assert "101" in str(entries[0]["result"])
    assert await migrator.differences("reactions", HISTORY) == []

    await migrator.downgrade("reactions", HISTORY, "0001")
    assert await rows(database, FORWARDS) == before

    await migrator.downgrade("reactions", HISTORY, "base")
    assert "reactions" not in await migrator.installed()


async def test_a_host_started_on_what_version_1_left_goes_on_where_it_stopped(database, start_host, gallery):
    old = gallery.general.post(gallery.alice, "forwarded last year")
    failed = gallery.general.post(gallery.alice, "failed last year")
    new = gallery.general.post(gallery.alice, "my new painting")
    migrator = Migrator(database)
    await migrator.upgrade("chandelier", HOST_HISTORY)
    await migrator.upgrade("reactions", HISTORY, "0001")
    await insert_forwards_of_0001(database, gallery.guild.id, gallery.general.id, [old.id, failed.id])
    of_the_guild = {"allowed_roles": [gallery.curators.id]}
    await GuildSettings(database).set(gallery.guild.id, "reactions", 1, of_the_guild)

    await start_host("reactions", config={"reactions": {"version": 1, "target": gallery.best.id}})
    for message in (old, failed, new):
        await gallery.cora.react(message, "➡️")

    contents = [forward.forwarded["content"] for forward in gallery.best.messages]
    assert contents == ["failed last year", "my new painting"]

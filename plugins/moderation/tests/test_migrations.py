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
from chandelier_moderation.config import MIGRATIONS, ModerationConfig
from chandelier_moderation.stored import HISTORY
from loopcord import VirtualClock

VERSION_1 = """\
# Our bot.
[plugins.moderation]
version = 1
dm = false  # they complained
# the list of May
banned_words = [
    "scam",  # obviously
    "free nitro",
]
mod_log = 123456789012345678
"""
VERSION_2 = """\
# Our bot.
[plugins.moderation]
version = 2
tell_member = "never"  # they complained
# the list of May
words = [
    "scam",  # obviously
    "free nitro",
]
log_channel = 123456789012345678
"""
VERSIONED = {"moderation": (ModerationConfig, MIGRATIONS)}


def test_a_section_of_version_1_is_upgraded_and_downgraded_without_losing_a_comment(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(VERSION_1, encoding="utf-8")

    Deployment.read(path, {}).migrate(VERSIONED)
    assert path.read_text(encoding="utf-8") == VERSION_2
    config = Deployment.read(path, {}).section("moderation", ModerationConfig)
    assert config == ModerationConfig(
        tell_member="never", words=("scam", "free nitro"), log_channel=123456789012345678
    )

    Deployment.read(path, {}).migrate(VERSIONED, targets={"moderation": 1})
    assert path.read_text(encoding="utf-8") == VERSION_1


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "dm": st.booleans(),
            "banned_words": st.lists(st.text(max_size=10), max_size=4),
            "mod_log": st.integers(0, 2**63 - 1),
            "exempt_roles": st.lists(st.integers(0, 2**63 - 1), max_size=3),
        },
    )
)
def test_a_guilds_settings_of_version_1_come_back_as_they_were(values):
    upgraded = migrated(values, current=1, target=2, migrations=MIGRATIONS)

    assert upgraded.keys() <= {"tell_member", "words", "log_channel", "exempt_roles"}
    assert migrated(upgraded, current=2, target=1, migrations=MIGRATIONS) == values


@pytest.fixture
async def database(database_url, tmp_path):
    opened = Database(database_url, data_dir=tmp_path / "data", clock=VirtualClock())
    await opened.start()
    yield opened
    await opened.close()


async def insert_cases_of_0001(database, guild_id, target_id):
    """Three cases as version 0.1 wrote them: DM closed, DM delivered, not told."""
    cases = sa.table(
        "moderation_cases",
        *(sa.column(name) for name in ("guild_id", "number", "action", "target_id", "moderator_id")),
        *(sa.column(name) for name in ("reason", "source", "log", "dm_closed")),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    at = datetime(2025, 5, 1, tzinfo=UTC)
    stored = at if database.dialect == "postgresql" else at.replace(tzinfo=None)
    async with database.transaction() as session:
        for number, closed in enumerate((True, False, None), start=1):
            await session.execute(
                cases.insert().values(
                    guild_id=guild_id, number=number, action="warn", target_id=target_id, moderator_id=5,
                    reason=f"reason {number}", source=f"interaction-{number}", log="off",
                    dm_closed=closed, created_at=stored,
                )
            )  # fmt: skip
        await session.execute(
            sa.text("INSERT INTO moderation_counters (guild_id, last) VALUES (:guild, 3)"),
            {"guild": guild_id},
        )


async def column(database, name):
    async with database.read() as session:
        rows = await session.execute(sa.text(f"SELECT {name} FROM moderation_cases ORDER BY number"))  # noqa: S608
        return list(rows.scalars())


async def test_a_database_of_0001_is_upgraded_with_its_rows_and_back(database):
    migrator = Migrator(database)
    await migrator.upgrade("moderation", HISTORY, "0001")
    await insert_cases_of_0001(database, 1, 2)

    await migrator.upgrade("moderation", HISTORY)
    assert await column(database, "dm") == ["closed", "delivered", "off"]
    assert await migrator.differences("moderation", HISTORY) == []

    await migrator.downgrade("moderation", HISTORY, "0001")
    assert [None if closed is None else bool(closed) for closed in await column(database, "dm_closed")] == [
        True,
        False,
        None,
    ]
    assert await column(database, "reason") == ["reason 1", "reason 2", "reason 3"]

    await migrator.downgrade("moderation", HISTORY, "base")
    assert "moderation" not in await migrator.installed()


async def test_a_host_started_on_what_version_1_left_goes_on_where_it_stopped(database, start_host, market):
    migrator = Migrator(database)
    await migrator.upgrade("chandelier", HOST_HISTORY)
    await migrator.upgrade("moderation", HISTORY, "0001")
    await insert_cases_of_0001(database, market.guild.id, market.bob.id)
    await GuildSettings(database).set(
        market.guild.id, "moderation", 1, {"banned_words": ["scam"], "dm": True}
    )

    await start_host(
        "moderation", config={"moderation": {"version": 1, "mod_log": market.log.id, "dm": False}}
    )
    message = await market.bob.send(market.general, "scam")

    assert message.deleted
    assert "case #4" in market.log.last.text
    assert len(market.bob.dms) == 1
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "their DMs are closed" in shown.text
    assert "4 cases" in (await market.mod.slash(market.general, "history", member=market.bob)).text

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
from chandelier_luisaviaroma.config import MIGRATIONS, LuisaviaromaConfig
from chandelier_luisaviaroma.tables import HISTORY, StoredProduct
from loopcord import VirtualClock

VERSION_1 = """\
# Our bot.
[plugins.luisaviaroma]
version = 1
monitors = [
    123456789012345678,  # the new one
]
mod_roles = [5]
# too many ticks
check_mark = false
channels = [7, 8]
"""
VERSION_2 = """\
# Our bot.
[plugins.luisaviaroma]
version = 2
monitor_bots = [
    123456789012345678,  # the new one
]
moderator_roles = [5]
# too many ticks
confirm = false
channels = [7, 8]
"""
VERSIONED = {"luisaviaroma": (LuisaviaromaConfig, MIGRATIONS)}
AT = datetime(2025, 5, 1, tzinfo=UTC)


def test_a_section_of_version_1_is_upgraded_and_downgraded_without_losing_a_comment(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(VERSION_1, encoding="utf-8")

    Deployment.read(path, {}).migrate(VERSIONED)
    assert path.read_text(encoding="utf-8") == VERSION_2
    config = Deployment.read(path, {}).section("luisaviaroma", LuisaviaromaConfig)
    assert config == LuisaviaromaConfig(
        monitor_bots=(123456789012345678,), moderator_roles=(5,), confirm=False, channels=(7, 8)
    )

    Deployment.read(path, {}).migrate(VERSIONED, targets={"luisaviaroma": 1})
    assert path.read_text(encoding="utf-8") == VERSION_1


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "monitors": st.lists(st.integers(0, 2**63 - 1), max_size=3),
            "mod_roles": st.lists(st.integers(0, 2**63 - 1), max_size=3),
            "check_mark": st.booleans(),
            "channels": st.lists(st.integers(0, 2**63 - 1), max_size=3),
        },
    )
)
def test_a_guilds_settings_of_version_1_come_back_as_they_were(values):
    upgraded = migrated(values, current=1, target=2, migrations=MIGRATIONS)

    assert upgraded.keys() <= {"monitor_bots", "moderator_roles", "confirm", "channels"}
    assert migrated(upgraded, current=2, target=1, migrations=MIGRATIONS) == values


@pytest.fixture
async def database(database_url, tmp_path):
    opened = Database(database_url, data_dir=tmp_path / "data", clock=VirtualClock())
    await opened.start()
    yield opened
    await opened.close()


async def insert_products_of_0001(database, guild_id):
    """Two products as version 0.1 wrote them."""
    products = sa.table(
        "luisaviaroma_products",
        *(sa.column(name) for name in ("guild_id", "product_id", "title", "url", "post", "stored_by")),
        sa.column("stored_at", sa.DateTime(timezone=True)),
    )
    at = AT if database.dialect == "postgresql" else AT.replace(tzinfo=None)
    async with database.transaction() as session:
        for number in (1, 2):
            await session.execute(
                products.insert().values(
                    guild_id=guild_id, product_id=f"80I-GLN00{number}", title=f"Lamp {number}", url=None,
                    post=f"https://discord.com/channels/{guild_id}/33/{10**18 + number}", stored_by=7,
                    stored_at=at,
                )
            )  # fmt: skip


async def test_a_database_of_0001_is_upgraded_with_its_rows_and_back(database):
    migrator = Migrator(database)
    await migrator.upgrade("luisaviaroma", HISTORY, "0001")
    await insert_products_of_0001(database, 1)

    await migrator.upgrade("luisaviaroma", HISTORY)
    assert await migrator.differences("luisaviaroma", HISTORY) == []
    async with database.storage("luisaviaroma").read() as session:
        stored = (await session.scalars(sa.select(StoredProduct).order_by(StoredProduct.product_id))).all()
    assert [(one.channel_id, one.message_id, one.price) for one in stored] == [
        (33, 10**18 + 1, None),
        (33, 10**18 + 2, None),
    ]
    assert stored[0].stored_at == AT

    await migrator.downgrade("luisaviaroma", HISTORY, "0001")
    async with database.read() as session:
        posts = await session.execute(sa.text("SELECT post FROM luisaviaroma_products ORDER BY product_id"))
        assert list(posts.scalars()) == [f"https://discord.com/channels/1/33/{10**18 + n}" for n in (1, 2)]

    await migrator.downgrade("luisaviaroma", HISTORY, "base")
    assert "luisaviaroma" not in await migrator.installed()


async def test_a_host_started_on_what_version_1_left_goes_on_where_it_stopped(
    database, discord, start_host, market
):
    migrator = Migrator(database)
    await migrator.upgrade("chandelier", HOST_HISTORY)
    await migrator.upgrade("luisaviaroma", HISTORY, "0001")
    await insert_products_of_0001(database, market.guild.id)
    await GuildSettings(database).set(market.guild.id, "luisaviaroma", 1, {"check_mark": False})

    await start_host(
        "luisaviaroma",
        config={"luisaviaroma": {"version": 1, "monitors": [market.bot.id], "check_mark": True}},
    )
    find = await market.find()
    await market.mod.react(find, "🔗")

    assert "2 stored" in (await market.listed()).text, "one of the two is what was posted again"
    assert find.reactions == {"🔗": [discord.bot.id, market.mod.id]}, "the guild's setting came along"

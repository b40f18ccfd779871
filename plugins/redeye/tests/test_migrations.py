"""Both kinds of migration: version 1's config and guild settings, and a database of revision 0001."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

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
from chandelier_redeye.config import MIGRATIONS, RedeyeConfig
from chandelier_redeye.reading import Money
from chandelier_redeye.tables import HISTORY, Watch
from loopcord import VirtualClock

VERSION_1 = """\
# Our bot.
[plugins.redeye]
version = 1
# shops have feelings too
check_every = 1_800  # half an hour
max_watches = 5
host_gap = 10
channel = 123456789012345678  # deals
"""
VERSION_2 = """\
# Our bot.
[plugins.redeye]
version = 2
# shops have feelings too
interval = 1_800  # half an hour
watches_per_guild = 5
host_gap = 10
alert_channel = 123456789012345678  # deals
"""
VERSIONED = {"redeye": (RedeyeConfig, MIGRATIONS)}
AT = datetime(2025, 5, 1, tzinfo=UTC)


def test_a_section_of_version_1_is_upgraded_and_downgraded_without_losing_a_comment(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text(VERSION_1, encoding="utf-8")

    Deployment.read(path, {}).migrate(VERSIONED)
    assert path.read_text(encoding="utf-8") == VERSION_2
    config = Deployment.read(path, {}).section("redeye", RedeyeConfig)
    assert config == RedeyeConfig(
        interval=1800, watches_per_guild=5, host_gap=10, alert_channel=123456789012345678
    )

    Deployment.read(path, {}).migrate(VERSIONED, targets={"redeye": 1})
    assert path.read_text(encoding="utf-8") == VERSION_1


@given(
    st.fixed_dictionaries(
        {}, optional={"channel": st.integers(0, 2**63 - 1), "max_watches": st.integers(1, 1000)}
    )
)
def test_a_guilds_settings_of_version_1_come_back_as_they_were(values):
    upgraded = migrated(values, current=1, target=2, migrations=MIGRATIONS)

    assert upgraded.keys() <= {"alert_channel", "watches_per_guild"}
    assert migrated(upgraded, current=2, target=1, migrations=MIGRATIONS) == values


@pytest.fixture
async def database(database_url, tmp_path):
    opened = Database(database_url, data_dir=tmp_path / "data", clock=VirtualClock())
    await opened.start()
    yield opened
    await opened.close()


PRICES = ("49.90 EUR", "2879.20", None)
"""As version 0.1 wrote them: with a currency, without one, sold out since the beginning."""


async def insert_watches_of_0001(database, guild_id, channel_id, url):
    """Three watches as version 0.1 wrote them."""
    names = ("guild_id", "number", "channel_id", "url", "title", "price", "changes", "added_by", "failures")
    moments = ("added_at", "checked_at", "good_at")
    watches = sa.table(
        "redeye_watches",
        *(sa.column(name) for name in names),
        *(sa.column(name, sa.DateTime(timezone=True)) for name in moments),
    )
    at = AT if database.dialect == "postgresql" else AT.replace(tzinfo=None)
    async with database.transaction() as session:
        for number, price in enumerate(PRICES, start=1):
            await session.execute(
                watches.insert().values(
                    guild_id=guild_id, number=number, channel_id=channel_id, url=f"{url}{number}",
                    title=f"Lamp {number}", price=price, changes=0, added_by=7, failures=0,
                    **dict.fromkeys(moments, at),
                )
            )  # fmt: skip
        await session.execute(
            sa.text("INSERT INTO redeye_counters (guild_id, last) VALUES (:guild, 3)"), {"guild": guild_id}
        )


async def test_a_database_of_0001_is_upgraded_with_its_rows_and_back(database):
    migrator = Migrator(database)
    await migrator.upgrade("redeye", HISTORY, "0001")
    await insert_watches_of_0001(database, 1, 2, "https://shop.example/")

    await migrator.upgrade("redeye", HISTORY)
    assert await migrator.differences("redeye", HISTORY) == []
    async with database.storage("redeye").read() as session:
        watches = (await session.scalars(sa.select(Watch).order_by(Watch.number))).all()
    assert [watch.price for watch in watches] == [
        Money(Decimal("49.90"), "EUR"),
        Money(Decimal("2879.20")),
        None,
    ]
    assert [watch.added_at for watch in watches] == [AT] * 3

    await migrator.downgrade("redeye", HISTORY, "0001")
    async with database.read() as session:
        prices = await session.execute(sa.text("SELECT price FROM redeye_watches ORDER BY number"))
        assert tuple(prices.scalars()) == PRICES

    await migrator.downgrade("redeye", HISTORY, "base")
    assert "redeye" not in await migrator.installed()


async def test_a_host_started_on_what_version_1_left_goes_on_where_it_stopped(
    database, discord, start_host, shop, market
):
    migrator = Migrator(database)
    await migrator.upgrade("chandelier", HOST_HISTORY)
    await migrator.upgrade("redeye", HISTORY, "0001")
    await insert_watches_of_0001(database, market.guild.id, market.deals.id, f"{shop.url}/lamp")
    await GuildSettings(database).set(market.guild.id, "redeye", 1, {"channel": market.deals.id})

    await start_host(
        "redeye",
        config={"redeye": {"version": 1, "check_every": 600, "jitter": 0, "host_gap": 0}},
        host={"http_allow": ["127.0.0.0/8"]},
    )
    listed = await market.mod.slash(market.general, "watch list")
    added = await market.mod.slash(market.general, "watch add", url=shop.product("candle", "5.00"))

    assert "49.90 EUR" in listed.text
    assert "2,879.20" in listed.text
    assert "Watching #4" in added.text
    assert market.deals.mention in added.text, "the guild's setting came along"

"""New code brings its data along; when it does not start, data and code are what they were."""

from __future__ import annotations

import sys

import pytest
import sqlalchemy as sa

from chandelier.errors import PluginError
from chandelier.record import State

VERSION_1 = """
from sqlalchemy import Column, Integer, MetaData, Table
metadata = MetaData()
Table("stall_goods", metadata, Column("id", Integer, primary_key=True))

@chandelier.schema(version=1)
class Config:
    minutes: int = chandelier.setting(1, help="How often.", guild=True)
"""
VERSION_2 = """
from sqlalchemy import Column, Integer, MetaData, Table
metadata = MetaData()
Table("stall_goods", metadata, Column("id", Integer, primary_key=True), Column("price", Integer))

@chandelier.schema(version=2)
class Config:
    seconds: int = chandelier.setting(60, help="How often.", guild=True)

def up(section):
    chandelier.rename_key(section, "minutes", "seconds")
    chandelier.change_value(section, "seconds", lambda minutes: minutes * 60)

def down(section):
    chandelier.change_value(section, "seconds", lambda seconds: seconds // 60)
    chandelier.rename_key(section, "seconds", "minutes")
"""
HOOKS = """
@hookimpl
def chandelier_config_schema(self):
    return Config

@hookimpl
def chandelier_storage(self):
    return chandelier.StorageHistory(metadata, "made_stall:revisions")
"""
MIGRATIONS = """
@hookimpl
def chandelier_config_migrations(self):
    return [chandelier.ConfigMigration(2, upgrade=up, downgrade=down)]
"""
FIRST = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0001", None
def upgrade():
    op.create_table("stall_goods", sa.Column("id", sa.Integer, primary_key=True))
def downgrade():
    op.drop_table("stall_goods")
"""
SECOND = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.add_column("stall_goods", sa.Column("price", sa.Integer))
def downgrade():
    with op.batch_alter_table("stall_goods") as batch:
        batch.drop_column("price")
"""


def install_version(install, version: int, *, broken: bool = False) -> None:
    body, methods = (VERSION_1, HOOKS) if version == 1 else (VERSION_2, HOOKS + MIGRATIONS)
    if broken:
        methods += "\nasync def setup(self, ctx):\n    raise RuntimeError('not yet')\n"
    package = install(
        "stall",
        body,
        methods=methods,
        version=f"{version}.0",
        schema={"config": f"v{version}", "storage": f"r000{version}"},
    )
    revisions = install.site / package / "revisions"
    revisions.mkdir(exist_ok=True)
    (revisions / "0001_goods.py").write_text(FIRST)
    if version == 2:
        (revisions / "0002_price.py").write_text(SECOND)


def forget(package: str) -> None:
    for name in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[name]


@pytest.fixture
async def stall(discord, start_host, install):
    """A host with version 1 of the plugin and something of every kind of data."""
    install_version(install, 1)
    host = await start_host("stall", config={"stall": {"version": 1, "minutes": 5}})
    await host.lifecycle.records["stall"].context.configure(7, {"minutes": 9})
    return host


async def test_a_reload_brings_file_guild_settings_and_tables_up(stall, start_host, install) -> None:
    install_version(install, 2)

    record = await stall.reload("stall")

    assert (record.state, record.candidate.version) == (State.RUNNING, "2.0")
    assert record.plugin.config.seconds == 300
    assert (await record.context.config_for(7)).seconds == 540
    assert await stall.upgrades.migrator.current("stall") == "0002"
    assert "seconds = 300" in (start_host.folder / "config.toml").read_text()


async def test_new_code_that_does_not_start_leaves_everything_as_it_was(stall, start_host, install) -> None:
    before = (start_host.folder / "config.toml").read_text()
    install_version(install, 2, broken=True)

    with pytest.raises(PluginError, match=r"not yet.*version 1\.0 goes on running"):
        await stall.reload("stall")

    record = stall.lifecycle.records["stall"]
    assert (record.state, record.candidate.version) == (State.RUNNING, "1.0")
    assert record.plugin.config.minutes == 5
    assert (await record.context.config_for(7)).minutes == 9
    assert await stall.upgrades.migrator.current("stall") == "0001"
    assert (start_host.folder / "config.toml").read_text() == before


LOSSY = """
import sqlalchemy as sa
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade():
    op.execute("DELETE FROM stall_goods")
    op.add_column("stall_goods", sa.Column("price", sa.Integer))
def downgrade():
    raise RuntimeError("there is no way back")
"""


async def test_what_a_migration_destroys_is_there_again_when_its_code_does_not_start(
    stall, start_host, install
) -> None:
    """An inverse cannot bring back what is gone, and may be wrong itself; the backup can."""
    async with stall.database.storage("stall").transaction() as session:
        await session.execute(sa.text("INSERT INTO stall_goods (id) VALUES (1), (7)"))
    before = (start_host.folder / "config.toml").read_bytes()
    install_version(install, 2, broken=True)
    (install.site / "made_stall" / "revisions" / "0002_price.py").write_text(LOSSY)

    with pytest.raises(PluginError, match=r"version 1\.0 goes on running"):
        await stall.reload("stall")

    async with stall.database.storage("stall").read() as session:
        assert (await session.scalars(sa.text("SELECT id FROM stall_goods ORDER BY id"))).all() == [1, 7]
    assert await stall.upgrades.migrator.current("stall") == "0001"
    assert (await stall.lifecycle.records["stall"].context.config_for(7)).minutes == 9
    assert (start_host.folder / "config.toml").read_bytes() == before


async def test_older_code_refuses_the_data_of_newer_code_by_name(stall, start_host, install) -> None:
    """Data of a newer version is never read as if it were older."""
    install_version(install, 2)
    await stall.reload("stall")
    install_version(install, 1)

    with pytest.raises(PluginError, match="version 2"):
        await stall.reload("stall")

    assert stall.lifecycle.records["stall"].candidate.version == "2.0"
    assert stall.lifecycle.records["stall"].state is State.RUNNING


async def test_without_auto_migrate_the_plugin_waits_and_says_for_what(stall, start_host, install) -> None:
    await start_host.stop(stall)
    install_version(install, 2)
    forget("made_stall")
    host = await start_host(
        "stall", config={"stall": {"version": 2, "seconds": 300}}, host={"auto_migrate": False}
    )

    record = host.lifecycle.records["stall"]
    assert record.state is State.QUARANTINED
    assert "chandelier db upgrade" in record.reason


async def test_a_config_migration_that_fails_costs_its_plugin_and_not_the_start(
    stall, start_host, install
) -> None:
    """llm #1280: one broken plugin must not kill the program."""
    await start_host.stop(stall)
    before = (start_host.folder / "config.toml").read_text()
    install_version(install, 2)
    forget("made_stall")
    source = install.site / "made_stall" / "__init__.py"
    source.write_text(source.read_text().replace("def up(section):", "def up(section):\n    exit('sorry')"))
    host = await start_host("stall")

    record = host.lifecycle.records["stall"]
    assert record.state is State.QUARANTINED
    assert "the config migration from version 1 to 2 failed" in record.reason
    assert record.ledger.empty
    assert (start_host.folder / "config.toml").read_text() == before
    assert host.lifecycle.records["core"].state is State.RUNNING

"""Every hook of the contract, each in a test named after it: implemented by a plugin, called by the host."""

from __future__ import annotations

import asyncio
import inspect
import json

import pytest
from click.testing import CliRunner

from chandelier import hookspecs
from chandelier.hooks import Hooks
from chandelier.record import State


@pytest.fixture
def notes():
    """What the plugins of a test wrote down."""
    import builtins

    builtins.NOTES = []
    yield builtins.NOTES
    del builtins.NOTES


def test_every_hook_has_a_test_named_after_it() -> None:
    hooks = {name for name in vars(hookspecs) if name.startswith("chandelier_")}
    tests = {name.removeprefix("test_") for name in globals() if name.startswith("test_chandelier_")}

    assert hooks == tests
    for name in hooks:
        assert inspect.getdoc(getattr(hookspecs, name)), f"{name} has no docstring"


async def test_chandelier_manifest(discord, start_host, install) -> None:
    """The host connects with the intents that loaded plugins ask for, and no others."""
    import hikari

    install("reader", intents="hikari.Intents.GUILD_MESSAGES")
    host = await start_host("reader")

    assert host.bot.intents == hikari.Intents.GUILDS | hikari.Intents.GUILD_MESSAGES
    assert host.lifecycle.records["reader"].description.manifest.summary == "reader for tests"


SCHEMA = """
@chandelier.schema(version=2)
class Config:
    seconds: int = chandelier.setting(60, help="How often.", ge=1, guild=True)
"""
SCHEMA_HOOK = """
@hookimpl
def chandelier_config_schema(self):
    return Config
"""


async def test_chandelier_config_schema(discord, start_host, install) -> None:
    install("timed", SCHEMA, methods=SCHEMA_HOOK)
    host = await start_host("timed", config={"timed": {"version": 2, "seconds": 7}})

    assert host.lifecycle.records["timed"].plugin.config.seconds == 7


async def test_chandelier_config_migrations(discord, start_host, install) -> None:
    """A file of an older version is brought up to date at start, and the old text is kept."""
    install(
        "timed",
        SCHEMA
        + """
def up(section):
    section["seconds"] = section.pop("minutes") * 60

def down(section):
    section["minutes"] = section.pop("seconds") // 60
""",
        methods=SCHEMA_HOOK
        + """
@hookimpl
def chandelier_config_migrations(self):
    return [chandelier.ConfigMigration(2, up, down)]
""",
    )
    host = await start_host("timed", config={"timed": {"version": 1, "minutes": 3}})

    assert host.lifecycle.records["timed"].plugin.config.seconds == 180
    assert "seconds = 180" in (start_host.folder / "config.toml").read_text()
    [backup] = (start_host.folder / "data" / "backups" / "config").glob("*.toml")
    assert "minutes = 3" in backup.read_text()


REVISION = """
from alembic import op
import sqlalchemy as sa
revision, down_revision = "0001", None
def upgrade():
    id_column = sa.Column("id", sa.Integer, primary_key=True)
    op.create_table("counter_counts", id_column, sa.Column("n", sa.Integer))
def downgrade():
    op.drop_table("counter_counts")
"""


async def test_chandelier_storage(discord, start_host, install) -> None:
    """Tables are built before setup, and what is written survives a restart."""
    package = install(
        "counter",
        """
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
metadata = MetaData()
counts = Table("counter_counts", metadata, Column("id", Integer, primary_key=True), Column("n", Integer))
""",
        methods="""
@hookimpl
def chandelier_storage(self):
    return chandelier.StorageHistory(metadata, "made_counter:revisions")

async def setup(self, ctx):
    await super().setup(ctx)
    async with ctx.storage.transaction() as session:
        await session.execute(insert(counts).values(n=1))
    async with ctx.storage.read() as session:
        self.total = await session.scalar(select(func.count()).select_from(counts))
""",
    )
    revisions = install.site / package / "revisions"
    revisions.mkdir()
    (revisions / "0001_counts.py").write_text(REVISION)

    host = await start_host("counter")
    assert host.lifecycle.records["counter"].plugin.total == 1
    host = await start_host.restart(host)
    assert host.lifecycle.records["counter"].plugin.total == 2


PUBLISHER = """
class Specs:
    @chandelier.hookspec
    def desk_prices(self, product):
        "A price of a product."
"""


async def test_chandelier_hookspecs(discord, start_host, install) -> None:
    """A plugin's own hooks reach every plugin that implements them; one that fails costs only itself."""
    install("desk", PUBLISHER, methods="@hookimpl\ndef chandelier_hookspecs(self):\n    return [Specs]")
    install("alpha", methods="@hookimpl\nasync def desk_prices(self, product):\n    return len(product)")
    install("broken", methods="@hookimpl\ndef desk_prices(self, product):\n    raise OSError('no shop')")
    install("misfit", methods="@hookimpl\ndef desk_prices(self, shop):\n    return 1")
    host = await start_host("desk", "alpha", "broken", "misfit")
    ask = host.lifecycle.records["desk"].context.hooks

    assert await ask.call("desk_prices", product="shoe") == [("alpha", 4)]
    assert host.lifecycle.records["broken"].failed == 1
    misfit = host.lifecycle.records["misfit"]
    assert misfit.state is State.QUARANTINED and "does not fit the contract" in misfit.reason
    await host.disable("alpha")
    assert await ask.call("desk_prices", product="shoe") == []
    await host.reload("desk")
    await host.enable("alpha")
    assert await host.lifecycle.records["desk"].context.hooks.call("desk_prices", product="s") == [
        ("alpha", 1)
    ]


async def test_chandelier_loaders(discord, start_host, install, notes) -> None:
    """Listeners and tasks of a loader run while the plugin does, on the host's clock."""
    install(
        "clockwork",
        """
@loader.task(lightbulb.uniformtrigger(minutes=1))
async def tick(plugin: Made) -> None:
    NOTES.append(plugin.ctx.now().minute)
""",
    )
    host = await start_host("clockwork")

    await discord.advance(185)
    assert notes == [1, 2, 3]
    await host.disable("clockwork")
    await discord.advance(120)
    assert notes == [1, 2, 3]


async def test_chandelier_ready(discord, start_host, install, notes) -> None:
    install(
        "eager",
        methods="""
@hookimpl
async def chandelier_ready(self):
    me = await self.ctx.rest.fetch_my_user()
    NOTES.append(me.id == self.ctx.bot_id)
""",
    )
    await start_host("eager")

    assert notes == [True]


async def test_a_plugin_knows_whether_its_owner_still_wants_it(discord, start_host, install, notes) -> None:
    install("polite", methods="async def cleanup(self):\n    NOTES.append(self.enabled)")
    host = await start_host("polite")

    await host.reload("polite")
    await host.disable("polite")
    await host.enable("polite")
    assert host.lifecycle.records["polite"].plugin.enabled
    await start_host.stop(host)

    assert notes == [True, False, True]


async def test_chandelier_stopping(discord, start_host, install, notes) -> None:
    """While stopping, Discord can still be used."""
    install(
        "polite",
        methods="""
@hookimpl
async def chandelier_stopping(self):
    NOTES.append((await self.ctx.rest.fetch_my_user()).username)
""",
    )
    host = await start_host("polite")
    await start_host.stop(host)

    assert notes == [discord.bot.name]


async def test_chandelier_config_changed(discord, start_host, install, notes) -> None:
    install(
        "timed",
        SCHEMA,
        methods=SCHEMA_HOOK
        + """
@hookimpl
def chandelier_config_changed(self, old, new, guild_id):
    NOTES.append((old.seconds, new.seconds, guild_id))
""",
    )
    host = await start_host("timed")

    await host.lifecycle.records["timed"].context.configure(42, {"seconds": 5})

    assert notes == [(60, 5, 42)]


async def test_chandelier_health(discord, start_host, install) -> None:
    """A plugin that says it is degraded goes on running, and everyone can read why."""
    install(
        "limping",
        methods="""
@hookimpl
async def chandelier_health(self):
    return chandelier.Health(chandelier.HealthLevel.DEGRADED, ("the shop is closed",))
""",
    )
    host = await start_host("limping")

    record = host.lifecycle.records["limping"]
    assert (record.state, record.reason) == (State.DEGRADED, "the shop is closed")
    assert record.active


async def test_chandelier_status(discord, start_host, install) -> None:
    install(
        "counter",
        methods="""
@hookimpl
async def chandelier_status(self, guild_id):
    return chandelier.StatusSection("Counted", (f"in {guild_id}",))
""",
    )
    guild = discord.create_guild("Market")
    general, alice = guild.create_text_channel("general"), guild.add_member("alice")
    await start_host("counter")

    assert f"in {guild.id}" in (await alice.slash(general, "status")).text


async def test_chandelier_export_person(discord, start_host, install) -> None:
    install(
        "diary",
        methods="@hookimpl\nasync def chandelier_export_person(self, user_id):\n    return {'id': user_id}",
    )
    host = await start_host("diary")

    assert await host.hooks.call("diary", "chandelier_export_person", user_id=7) == {"id": 7}


async def test_chandelier_erase_person(discord, start_host, install) -> None:
    install("diary", methods="@hookimpl\ndef chandelier_erase_person(self, user_id):\n    return 3")
    host = await start_host("diary")

    assert await host.hooks.call("diary", "chandelier_erase_person", user_id=7) == 3


def test_chandelier_cli(install) -> None:
    """A plugin's commands join the command line."""
    install(
        "tool",
        methods="""
@hookimpl
def chandelier_cli(self, group):
    @group.command("tool-hello")
    def hello():
        print("hello from the tool")
""",
    )
    from chandelier.cli import main

    result = CliRunner().invoke(main, ["tool-hello"])

    assert result.exit_code == 0, result.output
    assert "hello from the tool" in result.output


async def test_a_hook_that_hangs_is_given_up_on(discord) -> None:
    class Slow:
        @hookspecs.hookimpl
        async def chandelier_health(self):
            await asyncio.Event().wait()

    hooks = Hooks(discord.clock, timeout=5)
    hooks.register("slow", Slow())

    call = asyncio.create_task(hooks.call("slow", "chandelier_health"))
    await discord.advance(6)

    with pytest.raises(
        Exception, match="hook chandelier_health of plugin slow did not finish within 5 seconds"
    ):
        await call


async def test_a_plugin_cannot_publish_under_the_hosts_names(discord, start_host, install) -> None:
    install(
        "thief",
        PUBLISHER.replace("desk_prices", "chandelier_prices"),
        methods="@hookimpl\ndef chandelier_hookspecs(self):\n    return [Specs]",
    )
    host = await start_host("thief")

    assert "publish hooks under your own prefix" in host.lifecycle.records["thief"].reason
    assert json.dumps(host.lifecycle.records["thief"].ledger.counts()) == "{}"

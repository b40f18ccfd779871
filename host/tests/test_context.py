"""What a plugin gets of the host: the config in force in a guild is never an old one."""

from __future__ import annotations

import asyncio

import pytest

SCHEMA = """
CHANGES = []

@chandelier.schema(version=1)
class Config:
    seconds: int = chandelier.setting(60, help="How often.", ge=1, guild=True)
"""
METHODS = """
@hookimpl
def chandelier_config_schema(self):
    return Config

@hookimpl
def chandelier_config_changed(self, old, new, guild_id):
    CHANGES.append((old.seconds, new.seconds, guild_id))
"""


@pytest.fixture
async def ctx(discord, start_host, install):
    install("timed", SCHEMA, methods=METHODS)
    host = await start_host("timed")
    return host.lifecycle.records["timed"].context


async def test_a_config_read_while_it_changes_is_not_kept(ctx) -> None:
    read, go_on = asyncio.Event(), asyncio.Event()
    values = ctx.guilds._values

    async def slowly(*arguments):
        found = await values(*arguments)
        read.set()
        await go_on.wait()
        return found

    ctx.guilds._values = slowly
    reading = asyncio.create_task(ctx.config_for(42))
    await read.wait()
    ctx.guilds._values = values
    await ctx.configure(42, {"seconds": 5})
    go_on.set()
    await reading

    assert (await ctx.config_for(42)).seconds == 5


async def test_a_change_counts_from_the_commit_on(discord, ctx) -> None:
    import made_timed

    async with ctx.storage.transaction() as session:
        await ctx.configure(42, {"seconds": 5}, session=session)
        assert (await ctx.config_for(42)).seconds == 60
        assert made_timed.CHANGES == []
    await discord.settle()

    assert made_timed.CHANGES == [(60, 5, 42)]
    assert (await ctx.config_for(42)).seconds == 5


async def test_a_change_that_is_rolled_back_was_none(discord, ctx) -> None:
    import made_timed

    with pytest.raises(RuntimeError):
        async with ctx.storage.transaction() as session:
            await ctx.configure(42, {"seconds": 5}, session=session)
            raise RuntimeError("changed my mind")
    await discord.settle()

    assert made_timed.CHANGES == []
    assert (await ctx.config_for(42)).seconds == 60

"""Stories of two processes on one database that act on the same person at once."""

from __future__ import annotations

import asyncio
import contextlib

import hikari
import pytest

from chandelier_moderation.cases import Draft

pytestmark = pytest.mark.postgres


@pytest.fixture
def database_url(postgres_url):
    """SQLite is for one process."""
    return postgres_url


@pytest.fixture
def at_the_same_time(monkeypatch):
    """Have every look at a ban wait until two have looked, if they can, for as long as that would take."""
    look, looked, both = hikari.impl.RESTClientImpl.fetch_ban, [], asyncio.Event()

    async def looks(self, *arguments):
        try:
            return await look(self, *arguments)
        finally:
            looked.append(arguments)
            if len(looked) == 2:
                both.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(both.wait(), 1)

    monkeypatch.setattr(hikari.impl.RESTClientImpl, "fetch_ban", looks)


@pytest.mark.usefixtures("at_the_same_time")
async def test_two_hosts_that_ban_somebody_at_once_do_it_once(discord, start_host, market):
    one = await start_host("moderation", config=market.config(adopt=[], tell_member="never"))
    two = await start_host("moderation")
    mia = market.guild.add_member("mia", roles=[market.mods])

    async def bans(host, moderator):
        plugin = host.lifecycle.records["moderation"].plugin
        case, _new = await plugin.book.open(
            Draft(
                guild_id=market.guild.id,
                action="ban",
                target_id=market.bob.id,
                moderator_id=moderator.id,
                reason="raid",
                source=f"by-{moderator.id}",
                log_channel_id=market.log.id,
                tell_member=False,
            )
        )
        await discord.settle()
        return (await plugin.book.get(market.guild.id, case.number)).act

    outcomes = await asyncio.gather(bans(one, market.mod), bans(two, mia))

    assert sorted(outcomes) == ["already", "done"]
    assert market.bob.id in market.guild.bans
    assert len([entry for entry in market.guild.audit_log if entry["action_type"] == 22]) == 1
    assert sorted("It was so already" in post.text for post in market.log.messages) == [False, True]

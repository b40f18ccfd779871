"""Unmodified discord.py and discord.js moderate, and say why in the audit log."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

import loopcord

MEMBER_KICK, MEMBER_BAN, MEMBER_UNBAN, MEMBER_UPDATE, MEMBER_ROLE_UPDATE = 20, 22, 23, 24, 25


@pytest.fixture
def bob(market: loopcord.Guild) -> loopcord.Member:
    return market.add_member("bob")


def _latest(guild: loopcord.Guild) -> tuple[int, int, int, str | None]:
    """The newest entry of the audit log: action, who did it, to whom, and why."""
    entry = guild.audit_log[0]
    return entry["action_type"], entry["user_id"], entry["target_id"], entry["reason"]


async def test_it_times_a_member_out(discord, market, general, alice, bob, start) -> None:
    await start(discord)

    reply = await (await alice.slash(general, "timeout", member=bob, reason="spam – again")).answered()

    assert reply.content == "Timed bob out"
    left = datetime.fromisoformat(bob.timed_out_until) - discord.clock.now()
    # The bot counts from the machine's clock, which has moved on since the local Discord took its time.
    assert timedelta(hours=1) <= left < timedelta(hours=2)
    assert _latest(market) == (MEMBER_UPDATE, discord.bot.id, bob.id, "spam – again")


async def test_it_kicks(discord, market, general, alice, bob, start) -> None:
    bot = await start(discord)

    reply = await (await alice.slash(general, "kick", member=bob, reason="räuber")).answered()
    await bot.saw("leave")

    assert reply.content == "Kicked bob"
    assert market.member(bob) is None
    assert _latest(market) == (MEMBER_KICK, discord.bot.id, bob.id, "räuber")


async def test_it_bans_deletes_and_forgives(discord, market, general, alice, bob, start) -> None:
    await start(discord)
    spam = await bob.send(general, "buy buy buy")

    banned = await (await alice.slash(general, "ban", member=bob, reason="spam")).answered()
    assert (banned.content, market.bans, spam.deleted) == ("Banned bob", {bob.id: "spam"}, True)
    assert _latest(market) == (MEMBER_BAN, discord.bot.id, bob.id, "spam")

    forgiven = await (await alice.slash(general, "amnesty")).answered()
    assert (forgiven.content, market.bans) == ("Unbanned bob", {})
    assert _latest(market) == (MEMBER_UNBAN, discord.bot.id, bob.id, "amnesty")


async def test_it_gives_a_role(discord, market, general, alice, bob, start) -> None:
    traders = market.create_role("Traders")
    await start(discord)

    reply = await (await alice.slash(general, "give", member=bob, role=traders)).answered()

    assert reply.content == "bob is now Traders"
    assert bob in traders.members
    assert _latest(market) == (MEMBER_ROLE_UPDATE, discord.bot.id, bob.id, "earned")


async def test_it_is_told_what_it_may_not_do(discord, market, general, alice, start) -> None:
    await start(discord)

    reply = await (await alice.slash(general, "overreach", member=market.owner)).answered()

    assert reply.content == "Refused: 403 50013"
    assert market.member(market.owner) is not None

"""Stories of `/lockdown` and `/slowmode`: what is locked for whom, and that it comes back exactly."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from loopcord import ActError


@pytest.fixture
def guards(market):
    """Somebody who may lock channels, without being a moderator of members."""
    role = market.guild.create_role("Guards", permissions=["manage_channels"])
    return market.guild.add_member("greta", roles=[role])


def overwrites(*channels):
    """Every overwrite of the channels, as numbers."""
    return {
        (channel.name, each.target_id): (int(each.type), int(each.allow), int(each.deny))
        for channel in channels
        for each in channel.model.overwrites
    }


async def writes(member, channel):
    """Whether a member may write in a channel."""
    try:
        await member.send(channel, "hello")
    except ActError:
        return False
    return True


async def test_a_channel_is_locked_and_comes_back_as_it_was(discord, start_host, market, guards):
    host = await start_host("moderation", config=market.config())
    members = market.guild.create_role("Members")
    market.alice.set_roles([members])
    market.general.set_overwrite(market.guild.everyone, allow=["embed_links"], deny=["attach_files"])
    market.general.set_overwrite(members, allow=["send_messages", "use_external_emojis"])
    market.general.set_overwrite(market.mods, allow=["send_messages"])
    market.general.set_overwrite(market.bob, allow=["send_messages"])
    before = overwrites(market.general)

    doomed = market.guild.create_role("Doomed")
    market.general.set_overwrite(doomed, allow=["send_messages"])

    answer = await guards.slash(market.general, "lockdown channel", reason="heated")

    assert answer.ephemeral
    assert "Case #1" in answer.text
    assert [await writes(who, market.general) for who in (market.alice, market.bob, guards)] == [False] * 3
    assert await writes(market.mod, market.general)  # the moderators' own overwrite stays
    assert "send_messages" in market.guild.bot_member.permissions_in(market.general)
    post = market.log.last
    assert "Lockdown · case #1" in post.text
    assert "1 channel locked" in post.text
    assert market.general.mention in post.text
    assert all(entry["reason"].startswith("Lockdown, case #1") for entry in market.guild.audit_log[:4])
    again = await guards.slash(market.general, "lockdown channel")
    assert "#2" in again.text
    assert "already" in market.log.last.text

    discord.backend.delete_overwrite(market.general.id, doomed.id)  # as Discord does with the role
    doomed.delete()
    await start_host.restart(host)
    await guards.slash(market.general, "lockdown end", reason="calm again")

    assert overwrites(market.general) == before
    assert "1 channel restored" in market.log.last.text
    assert "It was lifted" in (await market.mod.slash(market.general, "case view", number=1)).text

    await guards.press(market.log.last, label="Lock again")
    assert not await writes(market.alice, market.general)
    assert "Undoes case #3" in market.log.last.text
    await guards.press(market.log.last, label="End the lockdown")
    assert overwrites(market.general) == before
    nothing = await guards.slash(market.general, "lockdown end")
    assert "No channel of this server is locked" in nothing.text


async def test_a_category_and_what_was_changed_by_hand_meanwhile(discord, start_host, market, guards):
    await start_host("moderation", config=market.config())
    trading = market.guild.create_category("Trading")
    inside = [market.guild.create_text_channel(f"trade-{n}", category=trading) for n in range(2)]
    talk = market.guild.create_voice_channel("talk", category=trading)
    inside[0].set_overwrite(market.guild.everyone, deny=["add_reactions"])
    before = overwrites(trading, *inside, talk, market.general)

    await guards.slash(market.general, "lockdown category", category=trading)

    assert [await writes(market.bob, channel) for channel in inside] == [False, False]
    assert "connect" not in market.bob.permissions_in(talk)
    assert await writes(market.bob, market.general)
    assert "4 channels locked" in market.log.last.text

    inside[1].delete()
    talk.set_overwrite(market.guild.everyone, deny=["send_messages", "view_channel"])
    await guards.slash(market.general, "lockdown end", case=1)

    after = overwrites(trading, inside[0], talk, market.general)
    assert {key: value for key, value in after.items() if key[0] != "talk"} == before
    assert market.bob.permissions_in(talk).count("view_channel") == 0  # what a hand has set stays


async def test_the_server_but_not_what_only_staff_sees(discord, start_host, market, guards):
    market.log.set_overwrite(market.guild.everyone, deny=["view_channel"])
    market.log.set_overwrite(market.mods, allow=["view_channel"])
    market.log.set_overwrite(market.guild.bot_role, allow=["view_channel"])
    news = market.guild.create_text_channel("news")
    news.set_overwrite(market.guild.everyone, deny=["send_messages"])
    await start_host("moderation", config=market.config())
    before = overwrites(*market.guild.channels)

    await guards.slash(market.general, "lockdown server", reason="raid", duration="10m")

    assert not await writes(market.bob, market.general)
    assert not await writes(market.bob, news)
    assert overwrites(market.log) == {k: v for k, v in before.items() if k[0] == market.log.name}
    assert "the whole server" in market.log.last.text
    assert "2 channels locked" in market.log.last.text
    listed = await market.guild.owner.slash(market.general, "case list")
    assert "Lockdown · the whole server" in listed.text

    await discord.advance(601)

    assert overwrites(*market.guild.channels) == before
    assert "It ended in its time" in (await market.mod.slash(market.general, "case view", number=1)).text


async def test_troubles_half_way_are_told_and_repaired(discord, start_host, market, guards):
    host = await start_host("moderation", config=market.config())
    rooms = [market.guild.create_text_channel(f"room-{n}") for n in range(4)]
    before = overwrites(*market.guild.channels)
    everyone = market.guild.id
    discord.fail("PUT", f"/channels/{rooms[0].id}/permissions/{everyone}", status=403, code=50013)
    discord.fail("PUT", f"/channels/{rooms[1].id}/permissions/{everyone}", status=408)
    discord.trouble.cut("PUT", f"/channels/{rooms[2].id}/permissions/{everyone}", after=True)
    discord.trouble.rate_limit("PUT", f"/channels/{rooms[3].id}/permissions/*", retry_after=0.01)

    await guards.slash(market.general, "lockdown server")
    await discord.advance(120)

    assert [await writes(market.bob, room) for room in rooms] == [True, False, False, False]
    told = market.log.last.text
    assert "5 channels locked" in told
    assert f"{rooms[0].mention}: I need Manage Permissions" in told

    await guards.slash(market.general, "lockdown server")
    assert not await writes(market.bob, rooms[0])

    discord.fail("DELETE", f"/channels/{rooms[3].id}/permissions/*", status=403, code=50013)
    await host.outbox.stop()
    await guards.slash(market.general, "lockdown end", everything=True)
    await start_host.restart(host)
    assert "I need Manage Permissions" in market.log.last.text
    assert not await writes(market.bob, rooms[3])

    await guards.slash(market.general, "lockdown end")
    assert overwrites(*market.guild.channels) == before


async def test_slowmodes_for_a_time_leave_the_channel_as_it_was(discord, start_host, market, guards):
    host = await start_host("moderation", config=market.config())
    market.general.set_slowmode(7)

    answer = await guards.slash(market.general, "slowmode", wait="1m", duration="1h", reason="slow down")

    assert "Case #1" in answer.text
    assert market.general.model.rate_limit_per_user == 60
    assert "People wait 1 minute" in market.log.last.text
    assert "Before: 7 seconds" in market.log.last.text
    await guards.slash(market.general, "slowmode", wait="2m", duration="2h")
    assert market.general.model.rate_limit_per_user == 120
    await start_host.restart(host)
    await discord.advance(3_700)
    assert market.general.model.rate_limit_per_user == 120  # the later one goes on
    await discord.advance(3_700)
    assert market.general.model.rate_limit_per_user == 7

    await guards.slash(market.general, "slowmode", wait="30s", duration="1h")
    market.general.set_slowmode(3)  # by hand
    await discord.advance(3_700)
    assert market.general.model.rate_limit_per_user == 3

    await guards.slash(market.general, "slowmode", wait="0")
    assert market.general.model.rate_limit_per_user == 0
    long = await guards.slash(market.general, "slowmode", wait="7h")
    assert "at most 6 hours" in long.text
    market.guild.set_bot_permissions(["view_channel", "send_messages", "embed_links"])
    await guards.slash(market.general, "slowmode", wait="5s")
    assert "I need Manage Channels" in market.log.last.text


async def test_a_crash_in_the_middle_of_a_lockdown_remembers_what_was_before_it(
    discord, start_host, market, guards
):
    host = await start_host("moderation", config=market.config())
    market.general.set_overwrite(market.guild.everyone, allow=["send_messages"], deny=["attach_files"])
    before = overwrites(*market.guild.channels)
    await guards.slash(market.general, "lockdown server")
    locked = overwrites(*market.guild.channels)

    # Done on Discord, not yet written down; of the case itself not even what is locked was read back.
    await host.outbox.stop()
    async with host.database.transaction() as session:
        await session.execute(text("UPDATE moderation_locked_channels SET state = 'locking'"))
        await session.execute(text("UPDATE moderation_cases SET act = 'waiting'"))
        await session.execute(
            text("UPDATE chandelier_outbox SET state = 'started' WHERE kind IN ('act', 'lock_channel')")
        )
    host = await start_host.restart(host)

    assert overwrites(*market.guild.channels) == locked
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "2 channels locked" in shown.text
    await guards.slash(market.general, "lockdown end")
    assert overwrites(*market.guild.channels) == before
    await host.outbox.stop()
    async with host.database.transaction() as session:
        await session.execute(text("UPDATE moderation_cases SET act = 'waiting' WHERE action = 'unlock'"))
        await session.execute(
            text("UPDATE chandelier_outbox SET state = 'started' WHERE kind IN ('act', 'unlock_channel')")
        )
    await start_host.restart(host)
    assert overwrites(*market.guild.channels) == before
    shown = await market.mod.slash(market.general, "case view", number=2)
    assert "Carried out" in shown.text

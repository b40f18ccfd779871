"""What people do in a guild arrives at a real bot as the events it would get from Discord."""

from __future__ import annotations

import datetime

import hikari
import pytest

import loopcord


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market", owner="olga")
    guild.create_text_channel("general")
    return guild


async def test_a_message_is_edited_reacted_to_and_deleted(market: loopcord.Guild, boot) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    lamp = market.create_emoji("lamp")
    bot = await boot(
        watch=(
            hikari.GuildMessageCreateEvent,
            hikari.GuildMessageUpdateEvent,
            hikari.GuildReactionAddEvent,
            hikari.GuildReactionDeleteEvent,
            hikari.GuildMessageDeleteEvent,
            hikari.GuildTypingEvent,
        )
    )

    await alice.type(general)
    message = await alice.send(general, "helo", attachments=[("lamp.txt", b"a lamp")])
    await alice.edit(message, "hello")
    await alice.react(message, "➡️")
    await alice.react(message, lamp)
    await alice.unreact(message, "➡️")
    assert message.reactions == {lamp: [alice.id]}
    await alice.delete(message)

    assert [type(event).__name__ for event in bot.seen] == [
        "GuildTypingEvent",
        "GuildMessageCreateEvent",
        "GuildMessageUpdateEvent",
        "GuildReactionAddEvent",
        "GuildReactionAddEvent",
        "GuildReactionDeleteEvent",
        "GuildMessageDeleteEvent",
    ]
    assert bot.seen[0].member.username == "alice"
    assert bot.seen[1].message.attachments[0].filename == "lamp.txt"
    assert await bot.seen[1].message.attachments[0].read() == b"a lamp"
    assert bot.seen[2].content == "hello"
    assert bot.seen[3].emoji_name == "➡️"
    assert f"lamp:{bot.seen[4].emoji_id}" == lamp
    assert bot.seen[6].message_id == message.id
    assert message.deleted
    assert general.messages == []


async def test_a_reply_names_its_message(market: loopcord.Guild, boot) -> None:
    general, alice, bob = market.channel("general"), market.add_member("alice"), market.add_member("bob")
    bot = await boot(watch=(hikari.GuildMessageCreateEvent,))

    question = await alice.send(general, "lamp?")
    await bob.send(general, "sold", reply_to=question)

    received = bot.seen[-1].message
    assert received.type is hikari.MessageType.REPLY
    assert received.referenced_message.id == question.id
    assert received.referenced_message.content == "lamp?"


async def test_members_come_and_go(market: loopcord.Guild, boot) -> None:
    mods = market.create_role(
        "Mods", permissions=["kick_members", "ban_members", "moderate_members", "manage_roles"]
    )
    helpers = market.create_role("Helpers")
    mod = market.add_member("mod", roles=[mods])
    bot = await boot(
        watch=(
            hikari.MemberCreateEvent,
            hikari.MemberDeleteEvent,
            hikari.MemberUpdateEvent,
            hikari.BanCreateEvent,
            hikari.BanDeleteEvent,
            hikari.AuditLogEntryCreateEvent,
        )
    )

    dave = await market.join("dave")
    assert bot.of(hikari.MemberCreateEvent)[0].member.username == "dave"
    await mod.give_role(dave, helpers)
    assert bot.of(hikari.MemberUpdateEvent)[-1].member.role_ids == [helpers.id, market.id]
    await dave.leave()
    assert not dave.present
    await dave.rejoin()
    assert dave.roles == []
    await mod.time_out(dave, 600, reason="loud")
    until = bot.of(hikari.MemberUpdateEvent)[-1].member.raw_communication_disabled_until
    assert until == datetime.datetime(2026, 1, 1, 0, 10, tzinfo=datetime.UTC)
    await mod.kick(dave, reason="louder")
    await mod.ban(dave, reason="loudest")
    assert market.bans == {dave.id: "loudest"}
    with pytest.raises(loopcord.ActError, match="banned"):
        await market.join(dave)
    await mod.unban(dave)
    assert market.bans == {}

    assert len(bot.of(hikari.MemberDeleteEvent)) == 2
    assert bot.of(hikari.BanCreateEvent)[0].user.id == dave.id
    assert bot.of(hikari.BanDeleteEvent)[0].user.id == dave.id
    entries = [
        (e.entry.action_type, e.entry.user_id, e.entry.reason)
        for e in bot.of(hikari.AuditLogEntryCreateEvent)
    ]
    assert (hikari.AuditLogEventType.MEMBER_KICK, mod.id, "louder") in entries
    assert (hikari.AuditLogEventType.MEMBER_BAN_ADD, mod.id, "loudest") in entries
    assert market.audit_log[0]["user_id"] == mod.id


async def test_people_cannot_do_what_their_roles_forbid(market: loopcord.Guild) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    mods = market.create_role("Mods", permissions=["kick_members", "moderate_members"])
    mod, peer = market.add_member("mod", roles=[mods]), market.add_member("peer", roles=[mods])
    message = await mod.send(general, "order, please")

    with pytest.raises(loopcord.ActError, match="alice cannot kick mod"):
        await alice.kick(mod)
    with pytest.raises(loopcord.ActError, match="cannot kick peer"):
        await mod.kick(peer)
    with pytest.raises(loopcord.ActError, match="cannot ban alice") as refusal:
        await mod.ban(alice)
    assert refusal.value.code == 50013
    with pytest.raises(loopcord.ActError, match="cannot kick olga"):
        await mod.kick(market.owner)
    with pytest.raises(loopcord.ActError, match="cannot delete a message"):
        await alice.delete(message)
    with pytest.raises(loopcord.ActError, match="only edit their own"):
        await alice.edit(message, "chaos, please")
    with pytest.raises(loopcord.ActError, match="no bot"):
        await alice.send(general, "look", embeds=[{"title": "lamp"}])
    with pytest.raises(loopcord.ActError, match="0 to 2419200"):
        await mod.time_out(alice, 2_419_201)

    await mod.time_out(alice, 60)
    with pytest.raises(loopcord.ActError, match="cannot write"):
        await alice.send(general, "but…")


async def test_a_timeout_ends_by_itself(discord: loopcord.LocalDiscord, market: loopcord.Guild) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    await market.owner.time_out(alice, 60)

    await discord.advance(60)

    await alice.send(general, "I am back")
    assert alice.timed_out_until is None
    assert general.last.content == "I am back"


async def test_a_ban_takes_recent_messages_along(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    general, spammer = market.channel("general"), market.add_member("spammer")
    bot = await boot(watch=(hikari.GuildBulkMessageDeleteEvent,))
    old = await spammer.send(general, "hello all")
    await discord.advance(7200)
    new = await spammer.send(general, "BUY NOW")

    await market.owner.ban(spammer, delete_message_seconds=3600)

    assert [message.id for message in general.messages] == [old.id]
    assert bot.seen[0].message_ids == {new.id}


async def test_the_bot_bans_and_takes_recent_messages_along(market: loopcord.Guild, boot) -> None:
    general, spammer = market.channel("general"), market.add_member("spammer")
    bot = await boot()
    await spammer.send(general, "BUY NOW")

    await bot.app.rest.ban_member(market.id, spammer.id, delete_message_seconds=60, reason="spam – très fort")

    assert general.messages == []
    assert market.bans == {spammer.id: "spam – très fort"}


async def test_direct_messages_both_ways(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    alice = market.add_member("alice")
    bot = await boot(watch=(hikari.DMMessageCreateEvent,))

    await alice.send(alice.dm, "are you there?")
    channel = await bot.app.rest.create_dm_channel(alice.id)
    await channel.send("always")

    assert bot.of(hikari.DMMessageCreateEvent)[0].content == "are you there?"
    assert [message.content for message in alice.dms] == ["always"]


async def test_a_monitor_bot_posts_embeds(market: loopcord.Guild, boot) -> None:
    general, monitor = market.channel("general"), market.add_member("monitor", bot=True)
    bot = await boot(watch=(hikari.GuildMessageCreateEvent,))

    await monitor.send(general, embeds=[{"title": "Lamp", "url": "https://shop.example/1", "color": 255}])

    received = bot.seen[0]
    assert received.is_bot
    assert received.message.embeds[0].title == "Lamp"
    assert "Lamp" in general.last.text


async def test_a_links_embed_arrives_late(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await boot(watch=(hikari.GuildMessageUpdateEvent,))
    message = await alice.send(general, "https://shop.example/1")

    message.unfurl([{"type": "link", "title": "Lamp", "url": "https://shop.example/1"}])
    await discord.settle()

    assert bot.seen[0].message.embeds[0].title == "Lamp"
    assert bot.seen[0].message.edited_timestamp is None
    assert not message.edited


async def test_a_forward_goes_there_and_back(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    board = market.create_text_channel("board")
    bot = await boot(watch=(hikari.GuildMessageCreateEvent,))
    lamp = await alice.send(general, "lamp for sale", attachments=[("lamp.png", b"png")])

    sent = await bot.app.rest.forward_message(board.id, lamp.id, general.id)
    await discord.settle()

    forwarded = board.last
    assert forwarded.forwarded is not None
    assert forwarded.forwarded["content"] == "lamp for sale"
    assert forwarded.forwarded["attachments"][0]["filename"] == "lamp.png"
    assert forwarded.reference is not None
    assert int(forwarded.reference["message_id"]) == lamp.id
    assert sent.message_snapshots[0].content == "lamp for sale"
    assert bot.seen[-1].message.message_snapshots[0].content == "lamp for sale"
    await alice.forward(lamp, board)
    assert bot.seen[-1].message.message_reference.type == 1


async def test_a_join_is_no_end_of_an_outage(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    bot = await boot(watch=(hikari.GuildAvailableEvent, hikari.GuildJoinEvent, hikari.GuildLeaveEvent))

    bazaar = discord.create_guild("Bazaar")
    await discord.settle()
    bazaar.remove_bot()
    await discord.settle()

    assert [type(event).__name__ for event in bot.seen] == [
        "GuildAvailableEvent",
        "GuildJoinEvent",
        "GuildLeaveEvent",
    ]
    assert bot.seen[1].guild_id == bazaar.id


async def test_roles_and_channels_change(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, boot
) -> None:
    kinds = (
        hikari.GuildChannelCreateEvent,
        hikari.GuildChannelUpdateEvent,
        hikari.GuildChannelDeleteEvent,
        hikari.RoleCreateEvent,
        hikari.RoleUpdateEvent,
        hikari.RoleDeleteEvent,
    )
    bot = await boot(watch=kinds)

    staff = market.create_text_channel("staff", nsfw=True)
    mods = market.create_role("Mods", ["kick_members"])
    staff.set_overwrite(mods, allow=["view_channel"])
    market.set_permissions(mods, ["ban_members"])
    market.set_bot_permissions(["view_channel"])
    mods.delete()
    staff.delete()
    await discord.settle()

    created = bot.of(hikari.GuildChannelCreateEvent)[0].channel
    assert created.is_nsfw
    assert bot.of(hikari.GuildChannelUpdateEvent)[0].channel.permission_overwrites[mods.id].allow == (
        hikari.Permissions.VIEW_CHANNEL
    )
    updated = [e.role for e in bot.of(hikari.RoleUpdateEvent) if e.role.id == mods.id]
    assert updated[-1].permissions == hikari.Permissions.BAN_MEMBERS
    assert market.bot_role.permissions == ["view_channel"]
    assert bot.of(hikari.RoleDeleteEvent)
    assert bot.of(hikari.GuildChannelDeleteEvent)

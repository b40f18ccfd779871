"""People obey the rules that requests obey: what a client would not let them do is an ActError."""

from __future__ import annotations

import pytest

import loopcord

DAY = 86_400


async def test_nobody_writes_2001_characters(market) -> None:
    """https://discord.com/developers/docs/resources/message#create-message"""
    message = await market.alice.send(market.general, "x" * 2_000)

    with pytest.raises(loopcord.ActError, match="content: Must be 2000 or fewer in length") as refusal:
        await market.alice.send(market.general, "x" * 2_001)
    with pytest.raises(loopcord.ActError, match="content: Must be 2000"):
        await market.alice.edit(message, "x" * 2_001)
    with pytest.raises(loopcord.ActError, match="empty message"):
        await market.alice.send(market.general, "  ")

    assert refusal.value.code == 50035
    assert message.content == "x" * 2_000


async def test_bots_obey_the_limits_of_embeds(market) -> None:
    """https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""
    monitor = market.guild.add_member("monitor", bot=True)

    with pytest.raises(loopcord.ActError, match=r"embeds\.0\.title: Must be 256"):
        await monitor.send(market.general, embeds=[{"title": "x" * 257}])
    sent = await monitor.send(market.general, embeds=[{"title": " Boots "}])

    assert sent.embeds == [{"title": "Boots", "type": "rich"}]


async def test_slow_mode(market, api) -> None:
    """https://discord.com/developers/docs/resources/channel#channel-object (rate_limit_per_user)"""
    hasty = market.guild.create_role("Hasty", permissions=["bypass_slowmode"])
    helper = market.guild.add_member("helper", roles=[hasty])
    robot = market.guild.add_member("robot", bot=True)
    assert (await api("PATCH", f"/channels/{market.general.id}", {"rate_limit_per_user": 60})).status == 200

    await market.alice.send(market.general, "one")
    await market.bob.send(market.general, "everybody waits for themself")
    await market.discord.advance(15)
    with pytest.raises(loopcord.ActError, match="They may in 45 seconds") as refusal:
        await market.alice.send(market.general, "two")
    for unaffected in (helper, robot, market.guild.owner):
        await unaffected.send(market.general, "and")
        await unaffected.send(market.general, "again")
    for number in range(2):
        assert (await api("POST", market.messages, {"content": f"bot {number}"})).status == 200
    await market.discord.advance(45)
    await market.alice.send(market.general, "two")

    assert (refusal.value.code, refusal.value.retry_after) == (20016, 45.0)
    assert market.general.last.content == "two"


async def test_slow_mode_arranged_and_in_threads(market, api) -> None:
    """https://discord.com/developers/docs/resources/channel#start-thread-without-message"""
    market.general.set_slowmode(10)
    await market.alice.send(market.general, "one")
    with pytest.raises(loopcord.ActError, match="slowmode"):
        await market.alice.forward(market.general.last, market.general)
    market.general.set_slowmode(0)
    await market.alice.send(market.general, "two")

    made = await api(
        "POST",
        f"/channels/{market.general.id}/threads",
        {"name": "aside", "type": 11, "rate_limit_per_user": 30},
    )

    assert made.json["rate_limit_per_user"] == 30
    assert (await api("GET", f"/channels/{made.json['id']}")).json["rate_limit_per_user"] == 30


async def test_timeouts_of_28_days_and_never_of_those_above(market, api) -> None:
    """https://discord.com/developers/docs/resources/guild#modify-guild-member"""
    admins = market.guild.create_role("Admins", permissions=["administrator"])
    admin = market.guild.add_member("admin", roles=[admins])
    boss = market.guild.create_role("Boss", above=market.guild.bot_role)
    chief = market.guild.add_member("chief", roles=[boss])

    async def time_out(person: loopcord.Member, until: str) -> object:
        path = f"{market.path}/members/{person.id}"
        return await api("PATCH", path, {"communication_disabled_until": until})

    assert (await time_out(market.bob, "2026-01-29T00:00:00Z")).status == 200
    assert market.bob.timed_out_until == "2026-01-29T00:00:00+00:00"
    late = await time_out(market.alice, "2026-01-29T00:00:01Z")
    assert late.errors == {"communication_disabled_until": ["INVALID_COMMUNICATION_DISABLED_TIMESTAMP"]}
    vague = await time_out(market.alice, "tomorrow")
    assert vague.errors == {"communication_disabled_until": ["DATE_TIME_TYPE_PARSE"]}
    for above in (admin, chief, market.guild.owner):
        assert (await time_out(above, "2026-01-02T00:00:00Z")).code == (403, 50013), above
    # A person meets the same: an administrator below a moderator is out of reach too.
    market.guild.move_role(admins, above=market.guild.everyone)
    with pytest.raises(loopcord.ActError) as refusal:
        await market.mod.time_out(admin, 60)
    assert refusal.value.code == 50013
    with pytest.raises(loopcord.ActError, match="2419200"):
        await market.mod.time_out(market.alice, 28 * DAY + 1)


async def test_bans_that_delete_messages(market, api) -> None:
    """https://discord.com/developers/docs/resources/guild#create-guild-ban"""
    for number in range(3):
        market.general.post(market.bob, f"{number}")
        await market.discord.advance(3 * DAY)
    bans = f"{market.path}/bans/{market.bob.id}"

    too_much = await api("PUT", bans, {"delete_message_seconds": 604_801})
    too_many = await api("PUT", bans, {"delete_message_days": 8})
    banned = await api("PUT", bans, {"delete_message_seconds": 604_800})

    assert too_much.errors == {"delete_message_seconds": ["NUMBER_TYPE_MAX"]}
    assert too_many.errors == {"delete_message_days": ["NUMBER_TYPE_MAX"]}
    assert banned.status == 204
    assert [message.content for message in market.general.messages] == ["0"]
    with pytest.raises(loopcord.ActError, match="604800"):
        await market.mod.ban(market.alice, delete_message_seconds=604_801)


async def test_many_bans_at_once(market, api) -> None:
    """https://discord.com/developers/docs/resources/guild#bulk-guild-ban"""
    path = f"{market.path}/bulk-ban"
    market.general.post(market.bob, "spam")
    people = [str(market.bob.id), str(market.guild.owner.id), "1"]

    answer = await api("POST", path, {"user_ids": people, "delete_message_seconds": 60})
    again = await api("POST", path, {"user_ids": people})
    crowd = await api("POST", path, {"user_ids": [str(n) for n in range(1, 202)]})

    assert answer.json == {"banned_users": people[:1], "failed_users": people[1:]}
    assert market.general.messages == []
    assert again.code == (400, 500000)
    assert crowd.errors == {"user_ids": ["BASE_TYPE_BAD_LENGTH"]}


async def test_closed_direct_messages(market, api) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (50007)"""
    opened = await api("POST", "/users/@me/channels", {"recipient_id": str(market.bob.id)})
    messages = f"/channels/{opened.json['id']}/messages"

    market.bob.close_dms()
    closed = await api("POST", messages, {"content": "hello?"})
    market.bob.open_dms()
    heard = await api("POST", messages, {"content": "hello!"})
    market.bob.block(market.discord.bot)
    blocked = await api("POST", messages, {"content": "hello?"})

    assert closed.code == blocked.code == (403, 50007)
    assert heard.status == 200
    assert [message.content for message in market.bob.dms] == ["hello!"]


async def test_nobody_is_written_to_without_a_common_guild(market, api) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (50278)"""
    messages = f"/channels/{market.bob.dm.id}/messages"
    await market.bob.leave()

    gone = await api("POST", messages, {"content": "come back"})
    market.discord.create_guild("Bazaar").add_member(market.bob)
    elsewhere = await api("POST", messages, {"content": "come back"})

    assert gone.code == (403, 50278)
    assert elsewhere.status == 200


async def test_reactions_to_somebody_who_blocks(market, api) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (90001)"""
    message = await market.alice.send(market.general, "lamp")
    market.alice.block(market.bob)
    market.alice.block(market.discord.bot)

    with pytest.raises(loopcord.ActError) as refusal:
        await market.bob.react(message, "👍")
    answer = await api("PUT", f"{market.messages}/{message.id}/reactions/👍/@me")

    assert refusal.value.code == 90001
    assert answer.code == (403, 90001)
    assert message.reactions == {}


async def test_people_know_which_emoji_exist(market) -> None:
    """https://discord.com/developers/docs/resources/message#create-reaction"""
    message = await market.alice.send(market.general, "lamp")
    lamp = market.guild.create_emoji("lamp")

    await market.bob.react(message, lamp)
    with pytest.raises(loopcord.ActError, match="Unknown Emoji") as refusal:
        await market.bob.react(message, "lamp:1234")

    assert refusal.value.code == 10014
    assert message.reactions == {lamp: [market.bob.id]}

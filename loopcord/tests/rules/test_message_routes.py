"""Reading, changing, deleting and pinning messages, and reacting to them."""

from __future__ import annotations

from typing import Any

import hikari
import pytest

from loopcord.rules import limits

DAY = 86_400


# ------------------------------------------------------------------ reading


async def test_history_beside_a_cursor(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#get-channel-messages"""
    ids = [market.general.post(market.alice, f"{number}").id for number in range(10)]

    async def contents(**query: Any) -> str:
        answer = await api("GET", market.messages, **query)
        return "".join(message["content"] for message in answer.json)

    assert await contents() == "9876543210"
    assert await contents(limit=3) == "987"
    assert await contents(limit=3, before=ids[5]) == "432"
    assert await contents(limit=3, after=ids[5]) == "876"
    assert await contents(limit=4, around=ids[5]) == "6543"
    assert await contents(limit=3, around=ids[0]) == "210"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"limit": 0}, {"limit": ["NUMBER_TYPE_MIN"]}),
        ({"limit": 101}, {"limit": ["NUMBER_TYPE_MAX"]}),
        ({"limit": "all"}, {"limit": ["NUMBER_TYPE_COERCE"]}),
        ({"before": "yesterday"}, {"before": ["NUMBER_TYPE_COERCE"]}),
    ],
)
async def test_history_is_asked_for_in_vain(
    market, api, query: dict[str, Any], problem: dict[str, list[str]]
) -> None:
    """https://discord.com/developers/docs/resources/message#get-channel-messages"""
    assert (await api("GET", market.messages, **query)).errors == problem


async def test_history_without_permission(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#get-channel-messages"""
    sent = market.general.post(market.alice, "secret")
    market.general.set_overwrite(market.guild.bot_role, deny=["read_message_history"])

    assert await api("GET", market.messages) == (200, [])
    assert (await api("GET", f"{market.messages}/{sent.id}")).code == (403, 50013)


async def test_ids_that_are_none(market, api) -> None:
    """https://discord.com/developers/docs/reference#error-messages"""
    here = await api("GET", "/channels/here/messages/now")
    far = await api("GET", f"/channels/{1 << 63}")
    nowhere = await api("POST", "/channels/1/messages", {"content": "x" * 2_001})

    assert here.errors == {"channel_id": ["NUMBER_TYPE_COERCE"], "message_id": ["NUMBER_TYPE_COERCE"]}
    assert far.errors == {"channel_id": ["NUMBER_TYPE_MAX"]}
    assert nowhere.code == (404, 10003)


# ------------------------------------------------------------------ changing and deleting


async def test_others_messages_are_not_edited_but_their_embeds_hidden(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#edit-message"""
    path = f"{market.messages}/{market.general.post(market.alice, 'https://shop.example').id}"

    edited = await api("PATCH", path, {"content": "mine now"})
    hidden = await api("PATCH", path, {"flags": 1 << 2})
    shown = await api("PATCH", path, {"flags": 0})
    market.guild.set_bot_permissions(["view_channel", "read_message_history"])
    forbidden = await api("PATCH", path, {"flags": 1 << 2})

    assert edited.code == (403, 50005)
    assert (hidden.json["flags"], hidden.json["content"]) == (1 << 2, "https://shop.example")
    assert shown.json["flags"] == 0
    assert forbidden.code == (403, 50013)


async def test_system_messages(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#message-object-message-types"""
    await api("PATCH", f"/channels/{market.general.id}", {"name": "lamps"})
    path = f"{market.messages}/{market.general.last.id}"

    assert (await api("PATCH", path, {"content": "x"})).code == (403, 50021)
    assert (await api("DELETE", path)).code == (403, 50021)
    assert (await api("PUT", f"{market.messages}/pins/{market.general.last.id}")).code == (403, 50021)


async def test_in_direct_messages_only_ones_own_are_deleted(market, api) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (50003)"""
    theirs = await market.alice.send(market.alice.dm, "hello")
    messages = f"/channels/{market.alice.dm.id}/messages"
    mine = await api("POST", messages, {"content": "hello"})

    assert (await api("DELETE", f"{messages}/{theirs.id}")).code == (403, 50003)
    assert (await api("DELETE", f"{messages}/{mine.json['id']}")).status == 204
    bulk = {"messages": [str(theirs.id), mine.json["id"]]}
    assert (await api("POST", f"{messages}/bulk-delete", bulk)).code == (403, 50003)
    assert (await api("DELETE", f"{messages}/{theirs.id}/reactions")).code == (403, 50003)


async def test_bulk_deletion_of_what_is_too_old(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#bulk-delete-messages"""
    old = [market.general.post(market.alice, "old").id for _ in range(2)]
    await market.discord.advance(14 * DAY)
    young = market.general.post(market.alice, "young").id

    just_in_time = await api(
        "POST", f"{market.messages}/bulk-delete", {"messages": [str(old[0]), str(young)]}
    )
    young = market.general.post(market.alice, "young").id
    await market.discord.advance(1)
    too_late = await api("POST", f"{market.messages}/bulk-delete", {"messages": [str(old[1]), str(young)]})
    unknown = await api("POST", f"{market.messages}/bulk-delete", {"messages": ["1", str(young)]})

    assert just_in_time.status == 204
    assert too_late.code == unknown.code == (400, 50034)
    assert [message.content for message in market.general.messages] == ["old", "young"]


async def test_bulk_deletion_of_too_few_too_many_and_twice(market, api, boot) -> None:
    """https://discord.com/developers/docs/resources/message#bulk-delete-messages"""
    bot = await boot(watch=(hikari.GuildBulkMessageDeleteEvent,))
    path = f"{market.messages}/bulk-delete"
    ids = [str(market.general.post(market.alice, f"{n}").id) for n in range(101)]
    unknown = str(market.discord.backend.snowflake())

    assert (await api("POST", path, {"messages": ids[:1]})).code == (400, 50016)
    assert (await api("POST", path, {"messages": ids})).code == (400, 50016)
    assert (await api("POST", path, {})).errors == {"messages": ["BASE_TYPE_REQUIRED"]}
    twice = await api("POST", path, {"messages": [ids[0], ids[0]]})
    assert twice.errors == {"messages.1": ["SET_TYPE_ALREADY_CONTAINS_VALUE"]}
    assert len(market.general.messages) == 101

    assert (await api("POST", path, {"messages": [ids[0], unknown]})).status == 204
    assert (await api("POST", path, {"messages": ids[1:]})).status == 204
    await market.discord.settle()
    assert market.general.messages == []
    assert [len(event.message_ids) for event in bot.seen] == [1, 100]
    assert [entry["options"] for entry in market.guild.audit_log] == [{"count": "100"}, {"count": "1"}]


async def test_pins_need_their_permission_and_are_bounded(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#pin-message"""
    first = market.general.post(market.alice, "first")
    market.guild.set_bot_permissions(["view_channel", "read_message_history", "manage_messages"])
    without = await api("PUT", f"{market.messages}/pins/{first.id}")
    market.guild.set_bot_permissions(["view_channel", "read_message_history", "pin_messages"])
    allowed = await api("PUT", f"{market.messages}/pins/{first.id}")
    for number in range(limits.PINS - 1):
        message = market.general.post(market.alice, f"{number}")
        market.discord.backend.get_message(market.general.id, message.id).pinned = True
    last = market.general.post(market.alice, "last")

    assert without.code == (403, 50013)
    assert allowed.status == 204
    assert (await api("PUT", f"{market.messages}/pins/{last.id}")).code == (400, 30003)
    assert (await api("PUT", f"{market.messages}/pins/{first.id}")).status == 204  # it is pinned already
    assert (await api("DELETE", f"{market.messages}/pins/{first.id}")).status == 204
    assert (await api("PUT", f"/channels/{market.general.id}/pins/{last.id}")).status == 204


async def test_pins_of_an_unreadable_channel(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#get-channel-pins"""
    market.general.set_overwrite(market.guild.bot_role, deny=["read_message_history"])

    answer = await api("GET", f"{market.messages}/pins")

    assert answer == (200, {"items": [], "has_more": False})


# ------------------------------------------------------------------ reactions


@pytest.mark.parametrize("emoji", ["👍", "❤️", "❤", "👍🏽", "👨‍👩‍👧", "🇩🇪", "1️⃣"])
async def test_unicode_emoji(market, api, emoji: str) -> None:
    """https://discord.com/developers/docs/resources/message#create-reaction"""
    message = market.general.post(market.alice, "lamp")

    answer = await api("PUT", f"{market.messages}/{message.id}/reactions/{emoji}/@me")

    assert answer.status == 204
    assert list(message.reactions) == [emoji]


@pytest.mark.parametrize("emoji", ["lamp", "a", ":lamp:", "lamp:1", "👍👍", "%20"])
async def test_what_is_no_emoji(market, api, emoji: str) -> None:
    """https://discord.com/developers/docs/resources/message#create-reaction"""
    message = market.general.post(market.alice, "lamp")
    path = f"{market.messages}/{message.id}/reactions/{emoji}"

    for method, ask in (("PUT", f"{path}/@me"), ("DELETE", f"{path}/@me"), ("GET", path), ("DELETE", path)):
        assert (await api(method, ask)).code == (400, 10014), (method, ask)


async def test_custom_emoji_of_here_and_elsewhere(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#create-reaction"""
    here = market.guild.create_emoji("here")
    elsewhere = market.discord.create_guild("Bazaar").create_emoji("elsewhere")
    message = market.general.post(market.alice, "lamp")
    reactions = f"{market.messages}/{message.id}/reactions"

    assert (await api("PUT", f"{reactions}/{here}/@me")).status == 204
    assert (await api("PUT", f"{reactions}/{elsewhere}/@me")).status == 204
    await api("DELETE", f"{reactions}/{elsewhere}/@me")
    market.general.set_overwrite(market.guild.bot_role, deny=["use_external_emojis"])
    assert (await api("PUT", f"{reactions}/{elsewhere}/@me")).code == (400, 10014)
    await market.alice.react(message, elsewhere)
    assert (await api("PUT", f"{reactions}/{elsewhere}/@me")).status == 204  # joining is free


async def test_twenty_reactions(market, api) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (30010)"""
    message = market.general.post(market.alice, "lamp")
    reactions = f"{market.messages}/{message.id}/reactions"
    emoji = [chr(0x1F400 + number) for number in range(21)]

    for animal in emoji[:20]:
        assert (await api("PUT", f"{reactions}/{animal}/@me")).status == 204
    assert (await api("PUT", f"{reactions}/{emoji[20]}/@me")).code == (400, 30010)
    with pytest.raises(Exception, match="Maximum number of reactions"):
        await market.bob.react(message, emoji[20])
    await market.bob.react(message, emoji[0])


async def test_taking_back_what_is_not_there(market, api, boot) -> None:
    """https://github.com/discord/discord-api-docs/issues/2896"""
    bot = await boot(watch=(hikari.ReactionDeleteEvent,))
    message = market.general.post(market.alice, "lamp")
    await market.bob.react(message, "👍")
    reactions = f"{market.messages}/{message.id}/reactions/👍"

    assert (await api("DELETE", f"{reactions}/@me")).status == 204
    assert (await api("DELETE", f"{reactions}/{market.alice.id}")).status == 204
    await market.discord.settle()
    assert bot.seen == []
    assert (await api("DELETE", f"{reactions}/{market.bob.id}")).status == 204
    await market.discord.settle()
    assert len(bot.seen) == 1


async def test_super_reactions_are_nobodys(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#get-reactions (type)"""
    message = market.general.post(market.alice, "lamp")
    await market.bob.react(message, "👍")
    path = f"{market.messages}/{message.id}/reactions/👍"

    assert [user["username"] for user in (await api("GET", path, type=0)).json] == ["bob"]
    assert (await api("GET", path, type=1)).json == []

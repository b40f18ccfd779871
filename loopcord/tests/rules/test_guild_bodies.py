"""Channels, roles, members and the rest of a guild: what is out of bounds, and how many there may be."""

from __future__ import annotations

from typing import Any

import pytest

from loopcord.rules import limits


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("POST", "{guild}/channels", {}, {"name": ["BASE_TYPE_REQUIRED"]}),
        ("POST", "{guild}/channels", {"name": "x" * 101}, {"name": ["BASE_TYPE_BAD_LENGTH"]}),
        ("POST", "{guild}/channels", {"name": "a", "type": 3}, {"type": ["BASE_TYPE_CHOICES"]}),
        (
            "POST",
            "{guild}/channels",
            {"name": "a", "parent_id": "1"},
            {"parent_id": ["CHANNEL_PARENT_INVALID_TYPE"]},
        ),
        ("PATCH", "{channel}", {"topic": "x" * 1_025}, {"topic": ["BASE_TYPE_MAX_LENGTH"]}),
        (
            "PATCH",
            "{channel}",
            {"rate_limit_per_user": 21_601},
            {"rate_limit_per_user": ["NUMBER_TYPE_MAX"]},
        ),
        (
            "PATCH",
            "{channel}",
            {"permission_overwrites": [{"id": "x", "type": 2}]},
            {
                "permission_overwrites.0.id": ["NUMBER_TYPE_COERCE"],
                "permission_overwrites.0.type": ["BASE_TYPE_CHOICES"],
            },
        ),
        (
            "POST",
            "{guild}/channels",
            {"name": "loud", "type": 2, "bitrate": 7_999, "user_limit": 100},
            {"bitrate": ["NUMBER_TYPE_MIN"], "user_limit": ["NUMBER_TYPE_MAX"]},
        ),
        ("PUT", "{channel}/permissions/1", {}, {"type": ["BASE_TYPE_REQUIRED"]}),
        (
            "POST",
            "{channel}/threads",
            {"name": "", "auto_archive_duration": 61},
            {"name": ["BASE_TYPE_REQUIRED"], "auto_archive_duration": ["BASE_TYPE_CHOICES"]},
        ),
        ("POST", "{guild}/roles", {"name": "x" * 101}, {"name": ["BASE_TYPE_MAX_LENGTH"]}),
        ("POST", "{guild}/roles", {"color": 0x1000000}, {"color": ["NUMBER_TYPE_MAX"]}),
        (
            "POST",
            "{guild}/roles",
            {"colors": {}, "hoist": 1},
            {"colors.primary_color": ["BASE_TYPE_REQUIRED"], "hoist": ["BOOLEAN_TYPE_CONVERT"]},
        ),
        ("PATCH", "{guild}/members/{alice}", {"nick": "x" * 33}, {"nick": ["BASE_TYPE_MAX_LENGTH"]}),
        ("PATCH", "{guild}/members/@me", {"nick": "x" * 33}, {"nick": ["BASE_TYPE_MAX_LENGTH"]}),
        (
            "PATCH",
            "{guild}/members/{alice}",
            {"roles": ["5", "5"]},
            {"roles.1": ["SET_TYPE_ALREADY_CONTAINS_VALUE"]},
        ),
        ("POST", "{guild}/prune", {"days": 31}, {"days": ["NUMBER_TYPE_MAX"]}),
        ("PATCH", "{guild}", {"name": "x"}, {"name": ["BASE_TYPE_BAD_LENGTH"]}),
        ("PATCH", "{guild}", {"afk_timeout": 61}, {"afk_timeout": ["BASE_TYPE_CHOICES"]}),
        ("POST", "{channel}/webhooks", {"name": "x" * 81}, {"name": ["BASE_TYPE_BAD_LENGTH"]}),
        ("POST", "{channel}/webhooks", {"name": "Clyde"}, {"name": ["USERNAME_INVALID_CONTAINS"]}),
        (
            "POST",
            "{channel}/invites",
            {"max_age": 604_801, "max_uses": 101},
            {"max_age": ["NUMBER_TYPE_MAX"], "max_uses": ["NUMBER_TYPE_MAX"]},
        ),
        ("POST", "{guild}/emojis", {"name": "x"}, {"name": ["BASE_TYPE_BAD_LENGTH"]}),
        (
            "POST",
            "{guild}/scheduled-events",
            {"name": "Fair", "entity_type": 3, "scheduled_start_time": "soon"},
            {
                "scheduled_start_time": ["DATE_TIME_TYPE_PARSE"],
                "entity_metadata.location": ["BASE_TYPE_REQUIRED"],
                "scheduled_end_time": ["BASE_TYPE_REQUIRED"],
            },
        ),
        ("GET", "{guild}/bans?limit=1001", None, {"limit": ["NUMBER_TYPE_MAX"]}),
        ("GET", "{guild}/members?limit=1001", None, {"limit": ["NUMBER_TYPE_MAX"]}),
        (
            "GET",
            "{guild}/members/search?limit=0",
            None,
            {"query": ["BASE_TYPE_REQUIRED"], "limit": ["NUMBER_TYPE_MIN"]},
        ),
        ("GET", "{guild}/audit-logs?limit=101", None, {"limit": ["NUMBER_TYPE_MAX"]}),
        ("GET", "/users/@me/guilds?limit=201", None, {"limit": ["NUMBER_TYPE_MAX"]}),
        ("GET", "{channel}/messages/pins?limit=51", None, {"limit": ["NUMBER_TYPE_MAX"]}),
    ],
)
async def test_out_of_bounds(
    market, api, method: str, path: str, body: Any, problem: dict[str, list[str]]
) -> None:
    """https://discord.com/developers/docs/resources/guild and .../resources/channel, by field"""
    where = path.format(guild=market.path, channel=f"/channels/{market.general.id}", alice=market.alice.id)

    assert (await api(method, where, body)).errors == problem


async def test_a_category_holds_fifty_channels(market, api) -> None:
    """https://discord.com/developers/docs/resources/channel#channel-object (parent_id)"""
    shop = market.guild.create_category("Shop")
    for number in range(limits.CATEGORY_CHANNELS):
        market.guild.create_text_channel(f"c{number}", category=shop)

    new = await api("POST", f"{market.path}/channels", {"name": "a", "parent_id": str(shop.id)})
    moved = await api("PATCH", f"/channels/{market.general.id}", {"parent_id": str(shop.id)})
    inside = market.guild.channel("c0")
    same = await api("PATCH", f"/channels/{inside.id}", {"name": "b", "parent_id": str(shop.id)})

    assert new.errors == moved.errors == {"parent_id": ["CHANNEL_PARENT_MAX_CHANNELS"]}
    assert same.status == 200


@pytest.mark.parametrize(
    ("path", "body", "most", "code"),
    [
        ("{guild}/channels", {"name": "a"}, limits.CHANNELS, 30013),
        ("{guild}/roles", {}, limits.ROLES, 30005),
        ("{channel}/webhooks", {"name": "feed"}, limits.WEBHOOKS, 30007),
        ("{channel}/invites", {}, limits.INVITES, 30016),
        (
            "{guild}/scheduled-events",
            {
                "name": "Fair",
                "privacy_level": 2,
                "entity_type": 3,
                "scheduled_start_time": "2026-02-01T00:00:00Z",
                "scheduled_end_time": "2026-02-02T00:00:00Z",
                "entity_metadata": {"location": "here"},
            },
            limits.SCHEDULED_EVENTS,
            30038,
        ),
    ],
)
async def test_how_many_there_may_be(
    market, api, path: str, body: dict[str, Any], most: int, code: int
) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes"""
    backend, guild = market.discord.backend, market.guild.model
    if code == 30013:
        while len(guild.channel_ids) < most - 1:
            market.guild.create_voice_channel("v")
    elif code == 30005:
        for number in range(most - 1 - len(guild.roles)):
            guild.roles[number] = type(guild.everyone_role)(id=number, name="r", permissions=0)
    elif code == 30016:
        for _ in range(most - 1):
            backend.create_invite(market.general.id, market.alice.id)
    else:
        for _ in range(most - 1):
            where = path.format(guild=market.path, channel=f"/channels/{market.general.id}")
            await api("POST", where, body)

    where = path.format(guild=market.path, channel=f"/channels/{market.general.id}")
    assert (await api("POST", where, body)).status == 200
    assert (await api("POST", where, body)).code == (400, code)


async def test_a_role_may_by_default_what_everyone_may(market, api) -> None:
    """https://discord.com/developers/docs/resources/guild#create-guild-role"""
    made = await api("POST", f"{market.path}/roles", {"name": "Plain"})
    none = await api("POST", f"{market.path}/roles", {"name": "None", "permissions": "0"})

    assert made.json["permissions"] == str(market.guild.everyone.model.permissions)
    assert none.json["permissions"] == "0"


async def test_bans_are_for_those_who_may_ban(market, api) -> None:
    """https://discord.com/developers/docs/resources/guild#get-guild-bans"""
    await market.mod.ban(market.bob)
    market.guild.set_bot_permissions(["view_channel"])

    assert (await api("GET", f"{market.path}/bans")).code == (403, 50013)
    assert (await api("GET", f"{market.path}/bans/{market.bob.id}")).code == (403, 50013)


async def test_of_two_cursors_only_before_counts(market, api) -> None:
    """https://discord.com/developers/docs/resources/guild#get-guild-bans"""
    for person in (market.bob, market.alice):
        await market.mod.ban(person)

    both = await api("GET", f"{market.path}/bans", before=market.bob.id, after=market.alice.id)

    assert [ban["user"]["username"] for ban in both.json] == ["alice"]


async def test_threads_are_private_by_default_and_one_to_a_message(market, api) -> None:
    """https://discord.com/developers/docs/resources/channel#start-thread-without-message"""
    message = market.general.post(market.alice, "lamp")
    threads = f"{market.messages}/{message.id}/threads"

    private = await api("POST", f"/channels/{market.general.id}/threads", {"name": "aside"})
    first = await api("POST", threads, {"name": "lamp"})
    second = await api("POST", threads, {"name": "lamp"})

    assert private.json["type"] == 12
    assert (first.status, first.json["id"]) == (200, str(message.id))
    assert second.code == (400, 160004)


async def test_an_archived_thread_is_only_opened(market, api) -> None:
    """https://discord.com/developers/docs/resources/channel#modify-channel-json-params-thread"""
    made = await api("POST", f"/channels/{market.general.id}/threads", {"name": "aside"})
    path = f"/channels/{made.json['id']}"
    await market.discord.advance(60)

    archived = await api("PATCH", path, {"archived": True})
    renamed = await api("PATCH", path, {"name": "other"})
    opened = await api("PATCH", path, {"archived": False, "name": "other"})

    assert archived.json["thread_metadata"]["archive_timestamp"] == "2026-01-01T00:01:00+00:00"
    assert renamed.code == (400, 50083)
    assert opened.json["name"] == "other"


async def test_active_threads_that_one_can_see(market, api) -> None:
    """https://discord.com/developers/docs/resources/guild#list-active-guild-threads"""
    back = market.guild.create_text_channel("back-room")
    seen = await api("POST", f"/channels/{market.general.id}/threads", {"name": "a", "type": 11})
    newer = await api("POST", f"/channels/{market.general.id}/threads", {"name": "b", "type": 11})
    await api("POST", f"/channels/{back.id}/threads", {"name": "c", "type": 11})
    back.set_overwrite(market.guild.bot_role, deny=["view_channel"])

    listed = await api("GET", f"{market.path}/threads/active")

    assert [thread["id"] for thread in listed.json["threads"]] == [newer.json["id"], seen.json["id"]]


async def test_a_forum_post_is_a_message_too(market, api) -> None:
    """https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel"""
    forum = await api("POST", f"{market.path}/channels", {"name": "lamps", "type": 15})
    threads = f"/channels/{forum.json['id']}/threads"

    empty = await api("POST", threads, {"name": "lamp", "message": {}})
    long = await api("POST", threads, {"name": "lamp", "message": {"content": "x" * 2_001}})
    post = await api("POST", threads, {"name": "lamp", "message": {"content": "for sale"}})

    assert empty.code == (400, 50006)
    assert long.errors == {"message.content": ["BASE_TYPE_MAX_LENGTH"]}
    assert post.json["message"]["content"] == "for sale"


async def test_a_webhook_answers_when_asked_to(market, api) -> None:
    """https://discord.com/developers/docs/resources/webhook#execute-webhook"""
    hook = (await api("POST", f"/channels/{market.general.id}/webhooks", {"name": "feed"})).json
    path = f"/webhooks/{hook['id']}/{hook['token']}"

    silent = await api("POST", path, {"content": "lamp"})
    waiting = await api("POST", path, {"content": "lamp"}, wait="true")
    empty = await api("POST", path, {"content": ""}, wait="true")
    in_thread = await api("POST", path, {"content": "lamp"}, thread_id=1)

    assert silent.status == 204
    assert waiting.json["content"] == "lamp"
    assert empty.code == (400, 50006)
    assert in_thread.status == 501


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/channels/1", 10003),
        ("POST", "/channels/1/messages", 10003),
        ("GET", "/guilds/1", 10004),
        ("GET", "/invites/none", 10006),
        ("PATCH", "{guild}/members/1", 10007),
        ("DELETE", "{guild}/members/1", 10007),
        ("GET", "{channel}/messages/1", 10008),
        ("PUT", "{channel}/messages/pins/1", 10008),
        ("PUT", "{channel}/messages/1/reactions/👍/@me", 10008),
        ("DELETE", "{channel}/permissions/1", 10009),
        ("PATCH", "{guild}/roles/1", 10011),
        ("GET", "/users/1", 10013),
        ("PUT", "{guild}/bans/1", 10013),
        ("GET", "{guild}/emojis/1", 10014),
        ("GET", "/webhooks/1", 10015),
        ("POST", "/webhooks/1/none", 10015),
        ("GET", "{guild}/bans/1", 10026),
        ("DELETE", "{guild}/bans/1", 10026),
        ("GET", "{guild}/stickers/1", 10060),
        ("POST", "/interactions/1/none/callback", 10062),
        ("GET", "{application}/commands/1", 10063),
        ("GET", "{guild}/voice-states/1", 10065),
        ("GET", "/stage-instances/1", 10067),
        ("GET", "{guild}/scheduled-events/1", 10070),
    ],
)
async def test_what_is_not_there(market, api, method: str, path: str, code: int) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes"""
    where = path.format(
        guild=market.path,
        channel=f"/channels/{market.general.id}",
        application=f"/applications/{market.discord.bot.id}",
    )

    assert (await api(method, where, {} if method in ("POST", "PATCH", "PUT") else None)).code == (404, code)

"""The audit log: whoever does something administrative leaves an entry that says what changed and why.

Source: https://discord.com/developers/docs/resources/audit-log
"""

from __future__ import annotations

from typing import Any

import hikari
import pytest

import loopcord
from loopcord.audit import Event

MODERATION = 1 << 2


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market", owner="olga")
    guild.create_text_channel("general")
    return guild


def newest(guild: loopcord.Guild) -> dict[str, Any]:
    """The newest entry, without its id."""
    entry = guild.audit_log[0]
    del entry["id"]
    return entry


def changes(guild: loopcord.Guild) -> dict[str, tuple[Any, Any]]:
    """The newest entry's changes: (old, new) by key."""
    return {c["key"]: (c.get("old_value"), c.get("new_value")) for c in guild.audit_log[0]["changes"]}


# ------------------------------------------------------------------ what each entry says


async def test_overwrites(market: loopcord.Guild, api) -> None:
    """https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-optional-audit-entry-info"""
    general, alice = market.channel("general"), market.add_member("alice")
    path = f"/channels/{general.id}/permissions"

    await api("PUT", f"{path}/{market.id}", {"type": 0, "deny": "2048"}, reason="quiet")
    created = newest(market)
    await api("PUT", f"{path}/{market.id}", {"type": 0, "allow": "1024", "deny": "2048"})
    updated, difference = newest(market), changes(market)
    await api("DELETE", f"{path}/{market.id}")
    deleted = newest(market)
    await api("PUT", f"{path}/{alice.id}", {"type": 1, "allow": "1024"})
    for_alice = newest(market)

    assert created == {
        "action_type": Event.CHANNEL_OVERWRITE_CREATE,
        "user_id": market.discord.bot.id,
        "target_id": general.id,
        "reason": "quiet",
        "changes": [
            {"key": "id", "new_value": str(market.id)},
            {"key": "type", "new_value": 0},
            {"key": "allow", "new_value": "0"},
            {"key": "deny", "new_value": "2048"},
        ],
        "options": {"id": str(market.id), "type": "0", "role_name": "@everyone"},
    }
    assert (updated["action_type"], difference) == (14, {"allow": ("0", "1024")})
    assert deleted["action_type"] == 15
    assert {"key": "deny", "old_value": "2048"} in deleted["changes"]
    assert for_alice["options"] == {"id": str(alice.id), "type": "1"}


async def test_overwrites_that_come_with_a_channel_edit(market: loopcord.Guild, api) -> None:
    general = market.channel("general")
    overwrites = [{"id": str(market.id), "type": 0, "allow": "0", "deny": "2048"}]

    await api("PATCH", f"/channels/{general.id}", {"name": "quiet", "permission_overwrites": overwrites})

    assert [entry["action_type"] for entry in market.audit_log] == [13, 11]


async def test_channels_with_all_their_fields(market: loopcord.Guild, api) -> None:
    made = await api(
        "POST", f"/guilds/{market.id}/channels", {"name": "deals", "topic": "cheap", "nsfw": True}
    )
    created, fields = newest(market), changes(market)
    channel = int(made.body["id"])
    await api("PATCH", f"/channels/{channel}", {"name": "offers", "topic": None, "nsfw": False})
    renamed, difference = newest(market), changes(market)
    await api("DELETE", f"/channels/{channel}", reason="season over")
    deleted = newest(market)

    assert (created["action_type"], created["target_id"]) == (10, channel)
    assert fields["name"] == (None, "deals")
    assert fields["nsfw"] == (None, True)
    assert fields["type"] == (None, 0)
    assert fields["permission_overwrites"] == (None, [])
    assert (renamed["action_type"], difference) == (
        11,
        {"name": ("deals", "offers"), "topic": ("cheap", None), "nsfw": (True, False)},
    )
    assert (deleted["action_type"], deleted["reason"]) == (12, "season over")
    assert {"key": "name", "old_value": "offers"} in deleted["changes"]


async def test_threads(market: loopcord.Guild, api) -> None:
    general = market.channel("general")
    made = await api("POST", f"/channels/{general.id}/threads", {"name": "aside", "type": 11})
    created = newest(market)
    await api("PATCH", f"/channels/{made.body['id']}", {"archived": True, "locked": True})
    closed = changes(market)
    page = (await api("GET", f"/guilds/{market.id}/audit-logs")).body
    await api("DELETE", f"/channels/{made.body['id']}")

    assert (created["action_type"], created["target_id"]) == (110, int(made.body["id"]))
    assert closed == {"archived": (False, True), "locked": (False, True)}
    assert [thread["id"] for thread in page["threads"]] == [made.body["id"]]
    assert newest(market)["action_type"] == 112


async def test_webhooks_and_their_token(market: loopcord.Guild, api) -> None:
    general = market.channel("general")
    hook = (await api("POST", f"/channels/{general.id}/webhooks", {"name": "feed"}, reason="news")).body
    created, fields = newest(market), changes(market)
    await api("PATCH", f"/webhooks/{hook['id']}", {"name": "news"})
    renamed = changes(market)
    page = (await api("GET", f"/guilds/{market.id}/audit-logs")).body
    await api("PATCH", f"/webhooks/{hook['id']}/{hook['token']}", {"name": "other"})
    by_token = newest(market)
    await api("DELETE", f"/webhooks/{hook['id']}")
    deleted = newest(market)

    assert (created["action_type"], created["target_id"], created["reason"]) == (50, int(hook["id"]), "news")
    assert fields["channel_id"] == (None, str(general.id))
    assert fields["application_id"] == (None, str(market.discord.bot.id))
    assert renamed == {"name": ("feed", "news")}
    assert [each["id"] for each in page["webhooks"]] == [hook["id"]]
    assert hook["id"] not in [user["id"] for user in page["users"]]
    assert by_token["user_id"] is None
    assert deleted["action_type"] == 52


async def test_a_new_webhook_is_announced(market: loopcord.Guild, api, listen) -> None:
    """https://discord.com/developers/docs/events/gateway-events#webhooks-update"""
    general = market.channel("general")
    listener = await listen()

    await api("POST", f"/channels/{general.id}/webhooks", {"name": "feed"})
    await market.discord.settle()

    assert listener.of("WEBHOOKS_UPDATE") == [{"channel_id": str(general.id), "guild_id": str(market.id)}]


async def test_invites(market: loopcord.Guild, api) -> None:
    """https://discord.com/developers/docs/resources/audit-log#audit-log-change-object-audit-log-change-exceptions"""
    general = market.channel("general")
    invite = (await api("POST", f"/channels/{general.id}/invites", {"max_uses": 3})).body
    created, fields = newest(market), changes(market)
    await api("DELETE", f"/invites/{invite['code']}", reason="leaked")
    deleted = newest(market)

    assert (created["action_type"], created["target_id"]) == (40, None)
    assert fields["code"] == (None, invite["code"])
    assert fields["channel_id"] == (None, str(general.id))
    assert fields["max_uses"] == (None, 3)
    assert (deleted["action_type"], deleted["reason"]) == (42, "leaked")
    assert {"key": "code", "old_value": invite["code"]} in deleted["changes"]


async def test_roles(market: loopcord.Guild, api) -> None:
    made = (await api("POST", f"/guilds/{market.id}/roles", {"name": "Mods", "permissions": "2"})).body
    fields = changes(market)
    await api("PATCH", f"/guilds/{market.id}/roles/{made['id']}", {"permissions": "6", "name": "Mods"})
    difference = changes(market)
    await api("PATCH", f"/guilds/{market.id}/roles/{made['id']}", {"name": "Mods"})
    entries = len(market.audit_log)
    await api("DELETE", f"/guilds/{market.id}/roles/{made['id']}")

    assert fields["permissions"] == (None, "2")
    assert difference == {"permissions": ("2", "6")}
    assert entries == 2, "what changes nothing leaves no entry"
    assert changes(market)["name"] == ("Mods", None)


async def test_members(market: loopcord.Guild, api) -> None:
    alice, helpers = market.add_member("alice"), market.create_role("Helpers")
    path = f"/guilds/{market.id}/members/{alice.id}"

    await api("PATCH", path, {"nick": "Al", "roles": [str(helpers.id)]}, reason="welcome")
    roles, nick = market.audit_log[:2]
    await api("PUT", f"{path}/roles/{helpers.id}")
    again = len(market.audit_log)
    await api("DELETE", f"{path}/roles/{helpers.id}")
    taken = newest(market)
    await api("PATCH", f"/guilds/{market.id}/members/@me", {"nick": "Bot"})

    assert nick["changes"] == [{"key": "nick", "new_value": "Al"}]
    assert roles["changes"] == [{"key": "$add", "new_value": [{"id": str(helpers.id), "name": "Helpers"}]}]
    assert (roles["options"], roles["reason"], nick["reason"]) == ({}, "welcome", "welcome")
    assert again == 2, "a role they have already"
    assert taken["changes"] == [{"key": "$remove", "new_value": [{"id": str(helpers.id), "name": "Helpers"}]}]
    assert changes(market) == {"nick": (None, "Bot")}
    assert newest(market)["target_id"] == market.discord.bot.id


async def test_kicks_bans_and_prunes(market: loopcord.Guild, api) -> None:
    alice, bob = market.add_member("alice"), market.add_member("bob")
    market.add_member("carol"), market.add_member("dave")

    await api("DELETE", f"/guilds/{market.id}/members/{alice.id}", reason="bye")
    kick = newest(market)
    await api("PUT", f"/guilds/{market.id}/bans/{bob.id}", {"delete_message_seconds": 60}, reason="spam")
    ban = market.audit_log
    await api("DELETE", f"/guilds/{market.id}/bans/{bob.id}")
    unban = newest(market)
    await api("POST", f"/guilds/{market.id}/prune", {"days": 7})
    prune = newest(market)

    assert (kick["action_type"], kick["target_id"], kick["reason"]) == (20, alice.id, "bye")
    assert [entry["action_type"] for entry in ban] == [22, 20], "a ban is no kick"
    assert (unban["action_type"], unban["target_id"]) == (23, bob.id)
    assert (prune["action_type"], prune["target_id"]) == (21, None)
    assert prune["options"] == {"delete_member_days": "7", "members_removed": "2"}


async def test_pins_and_bulk_deletion(market: loopcord.Guild, api) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    message = general.post(alice, "lamp")
    general.post(alice, "shade")

    await api("PUT", f"/channels/{general.id}/messages/pins/{message.id}")
    pinned = newest(market)
    await api("DELETE", f"/channels/{general.id}/messages/pins/{message.id}")
    unpinned = newest(market)
    ids = [str(each.id) for each in general.messages[:2]]
    await api("POST", f"/channels/{general.id}/messages/bulk-delete", {"messages": ids}, reason="tidy")
    bulk = newest(market)

    target = {"channel_id": str(general.id), "message_id": str(message.id)}
    assert (pinned["action_type"], pinned["target_id"], pinned["options"]) == (74, alice.id, target)
    assert (unpinned["action_type"], unpinned["options"]) == (75, target)
    assert (bulk["action_type"], bulk["target_id"], bulk["options"]) == (73, general.id, {"count": "2"})


async def test_expressions_events_stages_and_the_guild_itself(market: loopcord.Guild, api) -> None:
    guild = f"/guilds/{market.id}"
    stage = (await api("POST", f"{guild}/channels", {"name": "stage", "type": 13})).body
    seen: list[int] = []

    async def does(method: str, path: str, body: Any = None) -> Any:
        answer = await api(method, path, body)
        assert answer.status < 300, answer
        seen.append(market.audit_log[0]["action_type"])
        return answer.body

    emoji = await does("POST", f"{guild}/emojis", {"name": "lamp", "image": "data:,"})
    await does("PATCH", f"{guild}/emojis/{emoji['id']}", {"name": "lamps"})
    renamed = changes(market)
    await does("DELETE", f"{guild}/emojis/{emoji['id']}")
    await does("POST", "/stage-instances", {"channel_id": stage["id"], "topic": "sale"})
    on_stage = newest(market)
    await does("PATCH", f"/stage-instances/{stage['id']}", {"topic": "sold"})
    await does("DELETE", f"/stage-instances/{stage['id']}")
    event = await does(
        "POST",
        f"{guild}/scheduled-events",
        {
            "name": "Sale",
            "entity_type": 3,
            "entity_metadata": {"location": "hall"},
            "scheduled_start_time": "2026-02-01T00:00:00+00:00",
            "scheduled_end_time": "2026-02-02T00:00:00+00:00",
            "privacy_level": 2,
        },
    )
    await does("PATCH", f"{guild}/scheduled-events/{event['id']}", {"name": "Big sale"})
    await does("DELETE", f"{guild}/scheduled-events/{event['id']}")
    await does("PATCH", guild, {"name": "Bazaar"})

    assert seen == [60, 61, 62, 83, 84, 85, 100, 101, 102, 1]
    assert renamed == {"name": ("lamp", "lamps")}
    assert on_stage["options"] == {"channel_id": stage["id"]}
    assert changes(market) == {"name": ("Market", "Bazaar")}


async def test_rules_of_auto_moderation(market: loopcord.Guild, api) -> None:
    path = f"/guilds/{market.id}/auto-moderation/rules"
    body = {
        "name": "No cats",
        "event_type": 1,
        "trigger_type": 1,
        "trigger_metadata": {"keyword_filter": ["cat", "kitten"]},
        "actions": [{"type": 1}],
    }
    rule = (await api("POST", path, body, reason="allergy")).body
    created, fields = newest(market), changes(market)
    await api("PATCH", f"{path}/{rule['id']}", {"trigger_metadata": {"keyword_filter": ["cat", "tiger"]}})
    difference = market.audit_log[0]["changes"]
    page = (await api("GET", f"/guilds/{market.id}/audit-logs?action_type=141")).body
    await api("DELETE", f"{path}/{rule['id']}")

    assert (created["action_type"], created["target_id"], created["reason"]) == (
        140,
        int(rule["id"]),
        "allergy",
    )
    assert fields["name"] == (None, "No cats")
    assert difference == [
        {"key": "$add_keyword_filter", "new_value": ["tiger"]},
        {"key": "$remove_keyword_filter", "new_value": ["kitten"]},
    ]
    assert [each["id"] for each in page["auto_moderation_rules"]] == [rule["id"]]
    assert newest(market)["action_type"] == 142


# ------------------------------------------------------------------ people


async def test_what_people_do_is_logged_in_their_name(market: loopcord.Guild) -> None:
    mods = market.create_role("Mods", permissions=["kick_members", "moderate_members", "manage_roles"])
    mod, alice = market.add_member("mod", roles=[mods]), market.add_member("alice")
    helpers = market.create_role("Helpers")

    await mod.time_out(alice, 60, reason="loud")
    timeout = newest(market)
    await mod.give_role(alice, helpers)
    role = newest(market)
    await mod.kick(alice, reason="louder")

    assert (timeout["user_id"], timeout["reason"]) == (mod.id, "loud")
    assert timeout["changes"] == [
        {"key": "communication_disabled_until", "new_value": "2026-01-01T00:01:00+00:00"}
    ]
    assert role["changes"][0]["key"] == "$add"
    assert [entry["action_type"] for entry in market.audit_log] == [20, 25, 24]
    assert len(market.audit_log) == 3, "what the test arranges leaves no entry"


async def test_leaving_is_no_kick(market: loopcord.Guild) -> None:
    alice = market.add_member("alice")

    await alice.leave()

    assert market.audit_log == []


async def test_a_reason_is_at_most_512_characters_for_people_too(market: loopcord.Guild) -> None:
    mods = market.create_role("Mods", permissions=["kick_members"])
    mod, alice = market.add_member("mod", roles=[mods]), market.add_member("alice")

    with pytest.raises(loopcord.ActError, match="at most 512 characters"):
        await mod.kick(alice, reason="x" * 513)

    assert alice.present


async def test_arranging_in_somebodys_name(market: loopcord.Guild) -> None:
    mod = market.add_member("mod")

    with mod.doing(reason="tidying up"):
        market.channel("general").set_overwrite(market.everyone, deny=["send_messages"])
        market.create_role("Quiet")

    role, overwrite = market.audit_log
    assert (role["action_type"], overwrite["action_type"]) == (30, 13)
    assert {role["user_id"], overwrite["user_id"]} == {mod.id}
    assert {role["reason"], overwrite["reason"]} == {"tidying up"}


async def test_bots_and_stickers(market: loopcord.Guild) -> None:
    mod = market.add_member("mod")

    with mod.doing():
        helper = market.add_member("helper", bot=True)
        market.discord.backend.create_sticker(market.id, "lamp", mod.id, tags="lamp", file_data=b"png")

    sticker, added = market.audit_log
    assert (added["action_type"], added["target_id"], added["user_id"]) == (28, helper.id, mod.id)
    assert sticker["action_type"] == 90
    assert {"key": "name", "new_value": "lamp"} in sticker["changes"]


async def test_moves_in_voice_are_counted_and_name_nobody(market: loopcord.Guild, api) -> None:
    """https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-optional-audit-entry-info"""
    lobby, stage = market.create_voice_channel("lobby"), market.create_voice_channel("stage")
    people = [market.add_member(name) for name in ("alice", "bob")]
    for person in people:
        market.discord.backend.set_voice_state(market.id, person.id, lobby.id)
        await api("PATCH", f"/guilds/{market.id}/members/{person.id}", {"channel_id": str(stage.id)})
    for person in people:
        await api("PATCH", f"/guilds/{market.id}/members/{person.id}", {"channel_id": None})

    disconnected, moved = market.audit_log
    assert (moved["action_type"], moved["target_id"]) == (26, None)
    assert moved["options"] == {"channel_id": str(stage.id), "count": "2"}
    assert (disconnected["action_type"], disconnected["options"]) == (27, {"count": "2"})


async def test_deletions_by_others_are_counted_on_one_entry(market: loopcord.Guild, listen) -> None:
    """https://github.com/discord/discord-api-docs/issues/5911: only the first one is announced."""
    general, other = market.channel("general"), market.create_text_channel("other")
    mods = market.create_role("Mods", permissions=["manage_messages"])
    mod, alice = market.add_member("mod", roles=[mods]), market.add_member("alice")
    listener = await listen()
    posts = [general.post(alice, str(number)) for number in range(5)]

    for post in posts[:3]:
        await mod.delete(post)
    await mod.delete(other.post(alice, "elsewhere"))
    await alice.delete(posts[3])
    counted = [entry["options"] for entry in market.audit_log]
    await market.discord.advance(301)
    await mod.delete(posts[4])

    assert counted == [
        {"channel_id": str(other.id), "count": "1"},
        {"channel_id": str(general.id), "count": "3"},
    ]
    assert newest(market) == {
        "action_type": Event.MESSAGE_DELETE,
        "user_id": mod.id,
        "target_id": alice.id,
        "reason": None,
        "changes": [],
        "options": {"channel_id": str(general.id), "count": "1"},
    }
    announced = [entry["options"]["count"] for entry in listener.of("GUILD_AUDIT_LOG_ENTRY_CREATE")]
    assert announced == ["1", "1", "1"]


async def test_a_single_deletion_by_a_bot_is_not_logged(market: loopcord.Guild, api) -> None:
    """https://github.com/discord/discord-api-docs/issues/7856"""
    general, alice = market.channel("general"), market.add_member("alice")
    message = general.post(alice, "spam")

    answer = await api("DELETE", f"/channels/{general.id}/messages/{message.id}", reason="spam")

    assert answer.status == 204
    assert market.audit_log == []


# ------------------------------------------------------------------ the gateway


async def test_an_entry_is_announced_as_it_is_fetched(market: loopcord.Guild, api, listen) -> None:
    """https://discord.com/developers/docs/events/gateway-events#guild-audit-log-entry-create"""
    alice = market.add_member("alice")
    listener = await listen(MODERATION)

    await api("DELETE", f"/guilds/{market.id}/members/{alice.id}", reason="bye")
    await market.discord.settle()

    [event] = listener.of("GUILD_AUDIT_LOG_ENTRY_CREATE")
    [entry] = (await api("GET", f"/guilds/{market.id}/audit-logs")).body["audit_log_entries"]
    assert event == {**entry, "guild_id": str(market.id)}
    assert event == {
        "id": event["id"],
        "guild_id": str(market.id),
        "action_type": 20,
        "user_id": str(market.discord.bot.id),
        "target_id": str(alice.id),
        "reason": "bye",
    }


async def test_entries_need_the_intent_and_the_permission(market: loopcord.Guild, api, listen) -> None:
    alice, bob = market.add_member("alice"), market.add_member("bob")
    without, listener = await listen(1), await listen(MODERATION)
    market.set_bot_permissions(["ban_members"])

    await api("PUT", f"/guilds/{market.id}/bans/{alice.id}", {})
    await market.discord.settle()
    blind = [name for name, _ in listener.heard]
    market.set_bot_permissions(["ban_members", "view_audit_log"])
    await api("PUT", f"/guilds/{market.id}/bans/{bob.id}", {})
    await market.discord.settle()

    assert "GUILD_AUDIT_LOG_ENTRY_CREATE" not in blind
    assert "GUILD_BAN_ADD" in blind
    assert len(listener.of("GUILD_AUDIT_LOG_ENTRY_CREATE")) == 1
    assert without.of("GUILD_AUDIT_LOG_ENTRY_CREATE") == []


async def test_bans_need_ban_members_or_view_audit_log(market: loopcord.Guild, listen) -> None:
    """https://discord.com/developers/docs/events/gateway-events#guild-ban-add"""
    mods = market.create_role("Mods", permissions=["ban_members"])
    mod, alice, bob = (
        market.add_member("mod", roles=[mods]),
        market.add_member("alice"),
        market.add_member("bob"),
    )
    listener = await listen(MODERATION)

    market.set_bot_permissions(["manage_messages"])
    await mod.ban(alice)
    market.set_bot_permissions(["view_audit_log"])
    await mod.ban(bob)

    assert [event["user"]["id"] for event in listener.of("GUILD_BAN_ADD")] == [str(bob.id)]


async def test_hikari_reads_every_entry(market: loopcord.Guild, boot, api) -> None:
    general, alice = market.channel("general"), market.add_member("alice")
    bot = await boot(watch=(hikari.AuditLogEntryCreateEvent,))
    message = general.post(alice, "lamp")

    await api("PUT", f"/channels/{general.id}/permissions/{market.id}", {"type": 0, "deny": "2048"})
    await api("POST", f"/channels/{general.id}/invites", {"max_age": 60})
    await api("POST", f"/channels/{general.id}/webhooks", {"name": "feed"})
    await api("PUT", f"/channels/{general.id}/messages/pins/{message.id}")
    await api("PATCH", f"/guilds/{market.id}/members/{alice.id}", {"roles": []})
    await api("POST", f"/guilds/{market.id}/prune", {"days": 3})
    await market.discord.settle()

    entries = [event.entry for event in bot.of(hikari.AuditLogEntryCreateEvent)]
    assert [entry.action_type for entry in entries] == [13, 40, 50, 74, 21]
    assert entries[0].options.role_name == "@everyone"
    assert entries[4].options.members_removed == 1


# ------------------------------------------------------------------ asking for it


async def test_filters_and_pages(market: loopcord.Guild, api) -> None:
    """https://discord.com/developers/docs/resources/audit-log#get-guild-audit-log"""
    mods = market.create_role("Mods", permissions=["moderate_members"])
    mod, alice = market.add_member("mod", roles=[mods]), market.add_member("alice")
    for seconds in (60, 120, 180):
        await mod.time_out(alice, seconds)
    await api("PATCH", f"/guilds/{market.id}", {"name": "Bazaar"})

    async def ask(query: str) -> list[str]:
        page = (await api("GET", f"/guilds/{market.id}/audit-logs{query}")).body
        return [entry["id"] for entry in page["audit_log_entries"]]

    newest_first = await ask("")

    assert len(newest_first) == 4
    assert newest_first == sorted(newest_first, key=int, reverse=True)
    assert await ask(f"?user_id={mod.id}") == newest_first[1:]
    assert await ask("?action_type=1") == newest_first[:1]
    assert await ask("?limit=2") == newest_first[:2]
    assert await ask(f"?before={newest_first[1]}&limit=1") == [newest_first[2]]
    assert await ask("?after=0") == newest_first[::-1], "older entries first"
    assert await ask(f"?after={newest_first[3]}&limit=2") == [newest_first[2], newest_first[1]]


@pytest.mark.parametrize("limit", ["0", "101", "many"])
async def test_a_limit_is_1_to_100(market: loopcord.Guild, api, limit: str) -> None:
    answer = await api("GET", f"/guilds/{market.id}/audit-logs?limit={limit}")

    assert (answer.status, answer.code) == (400, 50035)
    assert "limit" in answer.body["errors"]


async def test_reading_it_needs_the_permission(market: loopcord.Guild, api) -> None:
    market.set_bot_permissions(["manage_guild"])

    answer = await api("GET", f"/guilds/{market.id}/audit-logs")

    assert (answer.status, answer.code) == (403, 50013)


async def test_entries_are_stored_for_45_days(market: loopcord.Guild, api) -> None:
    await api("PATCH", f"/guilds/{market.id}", {"name": "Bazaar"})
    await market.discord.advance(45 * 86_400)
    kept = (await api("GET", f"/guilds/{market.id}/audit-logs")).body["audit_log_entries"]
    await market.discord.advance(60)
    gone = (await api("GET", f"/guilds/{market.id}/audit-logs")).body["audit_log_entries"]

    assert (len(kept), gone) == (1, [])


# ------------------------------------------------------------------ reasons


async def test_a_reason_is_percent_encoded(market: loopcord.Guild, api) -> None:
    reason = "« трёп » – 100 % 🚫, twice"

    await api("PATCH", f"/guilds/{market.id}", {"name": "Bazaar"}, reason=reason)

    assert newest(market)["reason"] == reason


async def test_a_reason_has_at_most_512_characters(market: loopcord.Guild, api) -> None:
    """Characters, not bytes: the header may be many times as long.

    https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object
    """
    fits = await api("PATCH", f"/guilds/{market.id}", {"name": "Bazaar"}, reason="я" * 512)
    too_long = await api("PATCH", f"/guilds/{market.id}", {"name": "Fair"}, reason="я" * 513)

    assert fits.status == 200
    assert (too_long.status, too_long.code) == (400, 50035)
    assert too_long.body["errors"]["reason"]["_errors"][0]["message"] == "Must be 512 or fewer in length."
    assert market.name == "Bazaar"

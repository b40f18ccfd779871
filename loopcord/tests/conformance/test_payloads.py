"""Payloads that simcord leaves short, nulls or mistypes, each as Discord writes it."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

import loopcord


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    guild = discord.create_guild("Market", owner="olga")
    guild.create_text_channel("general")
    return guild


async def test_ready_and_the_application_have_flags_of_any_size(
    discord: loopcord.LocalDiscord, connect
) -> None:
    async with connect(discord) as wire:
        application = await wire.call("GET", "/applications/@me")

    (ready,) = wire.of("READY")
    flags = application["flags"]
    assert ready["application"] == {"id": application["id"], "flags": flags, "flags_new": str(flags)}
    assert flags == 1 << 13 | 1 << 15 | 1 << 19, "the three privileged intents of an unverified application"
    assert application["flags_new"] == str(flags)
    assert "tags" not in application  # one to five, or none of them at all


async def test_a_guild_is_no_hub(market: loopcord.Guild, connect) -> None:
    async with connect(market.discord) as wire:
        guild = await wire.call("GET", f"/guilds/{market.id}")

    assert guild["hub_type"] is None


async def test_a_member_without_a_banner_says_so(market: loopcord.Guild, connect) -> None:
    alice = market.add_member("alice")

    async with connect(market.discord) as wire:
        await wire.call("PATCH", f"/guilds/{market.id}/members/{alice.id}", {"nick": "al"})
        await market.discord.settle()

    (update,) = wire.of("GUILD_MEMBER_UPDATE")
    assert (update["nick"], update["banner"]) == ("al", None)


async def test_a_message_has_a_nonce_only_when_it_was_given_one(market: loopcord.Guild, connect) -> None:
    messages = f"/channels/{market.channel('general').id}/messages"

    async with connect(market.discord) as wire:
        without = await wire.call("POST", messages, {"content": "a"})
        with_one = await wire.call("POST", messages, {"content": "b", "nonce": 7})

    assert "nonce" not in without
    assert with_one["nonce"] == 7


async def test_a_file_has_a_description_only_when_it_was_given_one(market: loopcord.Guild, connect) -> None:
    form = aiohttp.FormData()
    form.add_field("payload_json", '{"attachments":[{"id":0,"description":"a lamp"}]}')
    form.add_field("files[0]", b"a", filename="a.txt")
    form.add_field("files[1]", b"b", filename="b.txt")

    async with connect(market.discord) as wire:
        sent = await wire.call("POST", f"/channels/{market.channel('general').id}/messages", form=form)

    assert [file.get("description", "none") for file in sent["attachments"]] == ["a lamp", "none"]


async def test_a_direct_message_has_no_name(market: loopcord.Guild, connect) -> None:
    alice = market.add_member("alice")

    async with connect(market.discord) as wire:
        dm = await wire.call("POST", "/users/@me/channels", {"recipient_id": str(alice.id)})

    assert dm["name"] is None


async def test_the_audit_log_leaves_out_what_there_is_none_of(market: loopcord.Guild, connect) -> None:
    alice, general = market.add_member("alice"), market.channel("general")
    mod = market.add_member("mod", roles=[market.create_role("Mods", permissions=["moderate_members"])])

    async with connect(market.discord) as wire:
        await mod.time_out(alice, 60)
        await wire.call("PATCH", f"/guilds/{market.id}", {"system_channel_id": str(general.id)})
        log = await wire.call("GET", f"/guilds/{market.id}/audit-logs")

    edited, timed_out = log["audit_log_entries"]
    assert not {"reason", "options"} & timed_out.keys()
    (change,) = timed_out["changes"]
    assert (change["key"], "old_value" in change) == ("communication_disabled_until", False)
    (change,) = [change for change in edited["changes"] if change["key"] == "system_channel_id"]
    assert change["new_value"] == str(general.id)


async def test_commands_say_permissions_as_text_and_where_they_are_installed(
    discord: loopcord.LocalDiscord, connect
) -> None:
    commands = f"/applications/{discord.backend.application_id}/commands"

    async with connect(discord) as wire:
        body = {
            "name": "warn",
            "description": "Warn",
            "default_member_permissions": 8,
            "integration_types": None,
        }
        made = await wire.call("POST", commands, body)

    assert (made["default_member_permissions"], made["integration_types"]) == ("8", [0])


async def test_a_forums_tags_are_complete(market: loopcord.Guild, connect) -> None:
    async with connect(market.discord) as wire:
        forum = await wire.call("POST", f"/guilds/{market.id}/channels", {"name": "wares", "type": 15})
        tags = {"available_tags": [{"name": "old"}, {"name": "new", "emoji_name": "✨", "moderated": True}]}
        forum = await wire.call("PATCH", f"/channels/{forum['id']}", tags)

    def told(tag: dict[str, Any]) -> list[Any]:
        return [tag[key] for key in ("name", "moderated", "emoji_id", "emoji_name")]

    assert [told(tag) for tag in forum["available_tags"]] == [
        ["old", False, None, None],
        ["new", True, None, "✨"],
    ]


async def test_an_invite_is_to_a_guild(market: loopcord.Guild, connect) -> None:
    async with connect(market.discord) as wire:
        invite = await wire.call("POST", f"/channels/{market.channel('general').id}/invites", {})

    assert invite["type"] == 0


async def test_a_guild_without_a_vanity_url_counts_no_uses(market: loopcord.Guild, connect) -> None:
    async with connect(market.discord) as wire:
        assert await wire.call("GET", f"/guilds/{market.id}/vanity-url") == {"code": None, "uses": 0}


async def test_an_event_that_does_not_recur_says_so(market: loopcord.Guild, connect) -> None:
    fair = {
        "name": "Fair",
        "entity_type": 3,
        "privacy_level": 2,
        "entity_metadata": {"location": "the square"},
        "scheduled_start_time": "2026-02-01T10:00:00+00:00",
        "scheduled_end_time": "2026-02-01T12:00:00+00:00",
    }

    async with connect(market.discord) as wire:
        event = await wire.call("POST", f"/guilds/{market.id}/scheduled-events", fair)

    assert event["recurrence_rule"] is None

"""Interaction tokens: three seconds, one first answer, fifteen minutes; and Discord's codes for the rest.

Source: https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback
"""

from __future__ import annotations

from typing import Any

import pytest

import loopcord
from loopcord import interactions

EPHEMERAL = 64


@pytest.fixture
async def shop(discord: loopcord.LocalDiscord, api) -> loopcord.Guild:
    """A guild with alice in #general, and a bot that has registered commands."""
    guild = discord.create_guild("Market")
    guild.create_text_channel("general")
    guild.add_member("alice")
    find = {
        "name": "find",
        "description": "Find",
        "options": [{"type": 3, "name": "what", "description": "What", "autocomplete": True}],
    }
    commands = [{"name": "ping", "description": "Ping"}, find]
    answer = await api("PUT", f"/applications/{discord.bot.id}/commands", commands)
    assert answer.status == 200
    return guild


class Answering:
    """The bot's side of one interaction."""

    def __init__(self, api: Any, reply: loopcord.Reply) -> None:
        self._api = api
        self.reply = reply
        self._webhook = f"/webhooks/{reply.discord.bot.id}/{reply.record.token}"

    async def call(self, kind: int, data: dict[str, Any] | None = None, *, query: str = "") -> Any:
        path = f"/interactions/{self.reply.id}/{self.reply.record.token}/callback{query}"
        return await self._api("POST", path, {"type": kind, "data": data or {}})

    async def follow_up(self, content: str = "more", **fields: Any) -> Any:
        return await self._api("POST", self._webhook, {"content": content, **fields})

    async def original(self, method: str, body: Any = None) -> Any:
        return await self._api(method, f"{self._webhook}/messages/@original", body)

    async def message(self, method: str, message_id: str, body: Any = None) -> Any:
        return await self._api(method, f"{self._webhook}/messages/{message_id}", body)


@pytest.fixture
def ping(shop: loopcord.Guild, api) -> Answering:
    """/ping, just used by alice."""
    [alice] = [member for member in shop.members if member.name == "alice"]
    return Answering(api, alice.start_slash(shop.channel("general"), "ping"))


# ------------------------------------------------------------------ three seconds


async def test_the_first_answer_has_three_seconds(ping: Answering) -> None:
    await ping.reply.discord.advance(3)

    answer = await ping.call(4, {"content": "pong"})
    after = await ping.follow_up()

    assert (answer.status, answer.code) == (404, 10062)
    assert answer.body["message"] == "Unknown interaction"
    assert (after.status, after.code) == (404, 10015), "the token was invalidated"
    assert not ping.reply.acknowledged


async def test_an_answer_just_in_time(ping: Answering) -> None:
    await ping.reply.discord.advance(2.9)

    answer = await ping.call(4, {"content": "pong"})

    assert answer.status == 204
    assert ping.reply.content == "pong"


async def test_an_unknown_interaction_or_somebody_elses_token(
    shop: loopcord.Guild, ping: Answering, api
) -> None:
    unknown = await api("POST", "/interactions/1/nonsense/callback", {"type": 4, "data": {"content": "x"}})
    wrong = await api("POST", f"/interactions/{ping.reply.id}/nonsense/callback", {"type": 4})

    assert {(unknown.status, unknown.code), (wrong.status, wrong.code)} == {(404, 10062)}


async def test_nothing_follows_before_there_is_an_answer(ping: Answering) -> None:
    answers = [
        await ping.follow_up(),
        await ping.original("GET"),
        await ping.original("PATCH", {"content": "edited"}),
        await ping.original("DELETE"),
    ]

    assert {(answer.status, answer.code) for answer in answers} == {(404, 10015)}
    assert ping.reply.followups == []


# ------------------------------------------------------------------ one first answer


async def test_a_second_answer_is_refused(ping: Answering) -> None:
    await ping.call(4, {"content": "pong"})

    again = await ping.call(4, {"content": "pong again"})
    deferred = await ping.call(5)

    assert {(again.status, again.code), (deferred.status, deferred.code)} == {(400, 40060)}
    assert ping.reply.content == "pong"


async def test_an_answer_that_is_refused_does_not_count(ping: Answering) -> None:
    refused = await ping.call(4, {"content": "x" * 2001})
    accepted = await ping.call(4, {"content": "pong"})

    assert (refused.status, accepted.status) == (400, 204)


async def test_with_response_returns_the_callback(ping: Answering) -> None:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-response-object"""
    answer = await ping.call(4, {"content": "pong", "flags": EPHEMERAL}, query="?with_response=true")

    assert answer.status == 200
    interaction, resource = answer.body["interaction"], answer.body["resource"]
    assert (interaction["id"], interaction["type"]) == (str(ping.reply.id), 2)
    assert interaction["response_message_id"] == resource["message"]["id"]
    assert (interaction["response_message_ephemeral"], interaction["response_message_loading"]) == (
        True,
        False,
    )
    assert (resource["type"], resource["message"]["content"]) == (4, "pong")


# ------------------------------------------------------------------ fifteen minutes


async def test_the_token_lives_for_fifteen_minutes(ping: Answering) -> None:
    """https://github.com/discord/discord-api-docs/issues/6851: 401 when they are over."""
    await ping.call(5)
    discord = ping.reply.discord
    await discord.advance(899)
    edited = await ping.original("PATCH", {"content": "here I am"})
    followed = await ping.follow_up()
    await discord.advance(1)

    answers = [
        await ping.original("GET"),
        await ping.original("PATCH", {"content": "too late"}),
        await ping.original("DELETE"),
        await ping.follow_up("too late"),
        await ping.message("PATCH", followed.body["id"], {"content": "too late"}),
        await ping.message("DELETE", followed.body["id"]),
    ]

    assert (edited.status, followed.status) == (200, 200)
    assert {(answer.status, answer.code) for answer in answers} == {(401, 50027)}
    assert ping.reply.content == "here I am"


async def test_a_late_first_answer_is_no_second_one(ping: Answering) -> None:
    await ping.call(4, {"content": "pong"})
    await ping.reply.discord.advance(900)

    answer = await ping.call(4, {"content": "pong"})

    assert (answer.status, answer.code) == (404, 10062)


async def test_ephemeral_answers_are_edited_and_deleted_with_the_token(ping: Answering, api) -> None:
    await ping.call(4, {"content": "psst", "flags": EPHEMERAL})
    original = (await ping.original("GET")).body
    followup = (await ping.follow_up("more", flags=EPHEMERAL)).body
    channel = original["channel_id"]

    as_bot = await api("DELETE", f"/channels/{channel}/messages/{original['id']}")
    edited = await ping.message("PATCH", followup["id"], {"content": "less"})
    deleted = [await ping.message("DELETE", followup["id"]), await ping.original("DELETE")]
    gone = await ping.original("PATCH", {"content": "still here?"})

    assert (as_bot.status, as_bot.code) == (404, 10008), "only the token reaches it"
    assert edited.body["content"] == "less"
    assert [answer.status for answer in deleted] == [204, 204]
    assert (gone.status, gone.code) == (404, 10008)
    assert ping.reply.message is None


async def test_the_first_follow_up_of_a_deferral_is_the_answer(ping: Answering) -> None:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message"""
    await ping.call(5, {"flags": EPHEMERAL})

    first = await ping.follow_up("done")
    second = await ping.follow_up("and this")

    assert ping.reply.message is not None
    assert str(ping.reply.message.id) == first.body["id"]
    assert ping.reply.ephemeral, "the flag of the deferral is kept"
    assert [message.content for message in ping.reply.followups] == ["and this"]
    assert second.body["interaction_metadata"]["original_response_message_id"] == first.body["id"]


# ------------------------------------------------------------------ what answers what


async def test_a_command_takes_no_update(ping: Answering) -> None:
    """https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type"""
    for kind in (1, 6, 7, 8, 99):
        answer = await ping.call(kind)
        assert (answer.status, answer.code) == (400, 50035), kind
        [error] = answer.body["errors"]["type"]["_errors"]
        assert error == {"code": "BASE_TYPE_CHOICES", "message": "Value must be one of {4, 5, 9, 10, 12}."}


async def test_a_form_is_not_answered_with_a_form(shop: loopcord.Guild, ping: Answering, api) -> None:
    """https://github.com/Rapptz/discord.py/issues/9187"""
    alice = next(member for member in shop.members if member.name == "alice")
    field = {"type": 4, "custom_id": "name", "label": "Name", "style": 1}
    form = {"custom_id": "f", "title": "Form", "components": [{"type": 1, "components": [field]}]}
    assert (await ping.call(9, form)).status == 204

    submitted = Answering(api, await alice.submit(ping.reply, {"name": "lamp"}))
    again = await submitted.call(9, form)
    update = await submitted.call(7, {"content": "updated"})
    answer = await submitted.call(4, {"content": "thanks"})

    assert (again.status, again.code) == (400, 50035)
    assert (update.status, update.code) == (404, 10008), "a command opened it, so there is no message"
    assert answer.status == 204


async def test_what_is_not_modelled_says_so(ping: Answering) -> None:
    answer = await ping.call(12)

    assert answer.status == 501
    assert "type 12" in answer.body["message"]


@pytest.fixture
async def finding(shop: loopcord.Guild, api) -> Answering:
    """alice is typing into an option of /find."""
    [alice] = [member for member in shop.members if member.name == "alice"]
    reply = interactions.autocomplete(alice, shop.channel("general"), "find", "what", "la", {})
    return Answering(api, reply)


async def test_autocomplete_takes_at_most_25_choices(finding: Answering) -> None:
    choices = [{"name": f"lamp {number}", "value": f"lamp-{number}"} for number in range(26)]

    message = await finding.call(4, {"content": "no"})
    too_many = await finding.call(8, {"choices": choices})
    too_long = await finding.call(8, {"choices": [{"name": "x" * 101, "value": "y" * 101}]})
    accepted = await finding.call(8, {"choices": choices[:25]})
    followed = await finding.follow_up()

    assert (message.status, message.code) == (400, 50035)
    assert too_many.body["errors"]["data"]["choices"]["_errors"][0]["message"] == (
        "Must be 25 or fewer in length."
    )
    assert set(too_long.body["errors"]["data"]["choices"]["0"]) == {"name", "value"}
    assert accepted.status == 204
    assert len(finding.reply.choices) == 25
    assert (followed.status, followed.code) == (404, 10015)


# ------------------------------------------------------------------ webhooks


async def test_webhooks_by_token(shop: loopcord.Guild, api) -> None:
    general = shop.channel("general")
    hook = (await api("POST", f"/channels/{general.id}/webhooks", {"name": "feed"})).body

    wrong = await api("POST", f"/webhooks/{hook['id']}/nonsense", {"content": "x"})
    unknown = await api("POST", f"/webhooks/1/{hook['token']}", {"content": "x"})
    right = await api("POST", f"/webhooks/{hook['id']}/{hook['token']}?wait=true", {"content": "news"})

    assert (wrong.status, wrong.code) == (401, 50027)
    assert (unknown.status, unknown.code) == (404, 10015)
    assert right.status == 200
    assert general.last.content == "news"

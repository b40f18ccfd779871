"""What the judge says, and what it keeps to itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

import loopcord
from loopcord import conformance


@pytest.fixture
async def strict() -> AsyncIterator[loopcord.LocalDiscord]:
    """A local Discord whose violations are expected: the plugin is told nothing of them."""
    told = conformance.watcher.set(None)
    async with loopcord.LocalDiscord(conformance=True) as discord:
        yield discord
    conformance.watcher.reset(told)


def _said(discord: loopcord.LocalDiscord) -> list[str]:
    return [str(violation) for violation in discord.violations]


async def test_a_dispatch_says_where_what_and_what_is_allowed(strict: loopcord.LocalDiscord, connect) -> None:
    guild = strict.create_guild("Market")
    role = {"id": "1", "name": "Mods", "permissions": 8, "flags": 0}

    async with connect(strict):
        strict.backend.emit("GUILD_ROLE_UPDATE", {"guild_id": str(guild.id), "role": role})

    assert "GUILD_ROLE_UPDATE: role.permissions: found 8, allowed string" in _said(strict)
    assert "GUILD_ROLE_UPDATE: role.hoist: found nothing, allowed something: it is required" in _said(strict)


async def test_each_kind_of_violation_is_said_once(strict: loopcord.LocalDiscord, connect) -> None:
    guild = strict.create_guild("Market")

    async with connect(strict), connect(strict):
        for number in range(3):
            payload = {"guild_id": str(guild.id), "ids": [number, number], "channel_id": "1"}
            strict.backend.emit("MESSAGE_DELETE_BULK", payload)

    assert _said(strict) == ["MESSAGE_DELETE_BULK: ids[0]: found 0, allowed string"]


async def test_an_event_that_nobody_knows_is_a_violation(strict: loopcord.LocalDiscord, connect) -> None:
    async with connect(strict):
        strict.backend.emit("LAMP_LIT", {})

    assert _said(strict) == [
        "LAMP_LIT: the body: found LAMP_LIT, allowed an event that loopcord.conformance.shapes lists"
    ]


async def test_a_request_that_was_accepted_is_judged_and_one_that_was_refused_is_not(
    strict: loopcord.LocalDiscord, connect
) -> None:
    guild = strict.create_guild("Market")
    alice = guild.add_member("alice")

    async with connect(strict) as wire:
        await wire.call("PUT", f"/guilds/{guild.id}/bans/1", {"delete_message_seconds": -1}, status=400)
        assert _said(strict) == []
        await wire.call(
            "PATCH", f"/guilds/{guild.id}/members/{alice.id}", {"nick": 7, "mute": None}, status=400
        )
        assert _said(strict) == []
        await wire.call("PATCH", f"/guilds/{guild.id}/roles", [{"id": str(guild.id), "position": "0"}])

    assert _said(strict) == [
        'PATCH /guilds/{guild_id}/roles, request: [0].position: found "0", allowed number'
    ]


async def test_errors_are_held_to_discords_shape(strict: loopcord.LocalDiscord, connect) -> None:
    async with connect(strict) as wire:
        await wire.call("GET", "/channels/1", status=404)
        await wire.call("GET", "/guilds/1/onboarding", status=501)
        strict.fail("GET", "/users/@me", status=403, code=50013)
        await wire.call("GET", "/users/@me", status=403)
        strict.fail("GET", "/users/@me", status=403, body={"as the test": "words it"})
        await wire.call("GET", "/users/@me", status=403)

    assert _said(strict) == []


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            400,
            {"code": 50035},
            "GET /users/@me, 400: message: found nothing, allowed something: it is required",
        ),
        (
            400,
            {"code": 50035, "message": "Invalid Form Body", "errors": {"name": {"_errors": []}}},
            "GET /users/@me, 400: errors.name._errors: found [], allowed has less than 1 item",
        ),
        (
            429,
            {"message": "You are being rate limited.", "retry_after": 1.5},
            "GET /users/@me, 429: global: found nothing, allowed something: it is required",
        ),
    ],
)
def test_an_error_of_another_shape_is_a_violation(status: int, body: Any, said: str) -> None:
    judge = conformance.Judge()

    judge.answered("GET", "/users/@me", None, status, json.dumps(body).encode())

    assert [str(violation) for violation in judge.violations] == [said]


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("DELETE", "/channels/1/messages/2", b"{}", "found content, allowed 204 No Content"),
        ("GET", "/users/@me", None, "found no content, allowed RESTGetAPICurrentUserResult"),
        ("GET", "/lamps", b"{}", "found /lamps, allowed a route that loopcord.conformance.shapes lists"),
    ],
)
def test_an_answer_of_another_kind_is_a_violation(
    method: str, path: str, body: bytes | None, said: str
) -> None:
    judge = conformance.Judge()

    judge.answered(method, path, None, 200 if body else 204, body)

    assert [str(violation).split(": ", 2)[2] for violation in judge.violations] == [said]


def test_an_answer_that_one_has_to_ask_for_may_be_missing() -> None:
    judge = conformance.Judge()

    judge.answered("POST", "/interactions/1/token/callback", {"type": 5}, 204, None)
    judge.answered("POST", "/webhooks/1/token", {"content": "x"}, 204, None)

    assert judge.violations == []


# ------------------------------------------------------------------ what is said of one of many types


def _problems(name: str, value: Any) -> list[str]:
    return [str(problem) for problem in conformance.problems_of(name, value)]


def test_of_many_types_the_one_that_was_meant_is_explained() -> None:
    button = {"type": 2, "style": 1, "custom_id": 7, "label": "Go"}
    row = {"type": 1, "components": [button]}

    assert _problems("APIMessageTopLevelComponent", row) == [
        "components[0].custom_id: found 7, allowed string"
    ]
    assert _problems(
        "APIChannel", {"id": "1", "type": 1, "name": None, "last_message_id": 3, "recipients": []}
    ) == ["last_message_id: found 3, allowed string or null"]


def test_when_none_was_meant_what_is_allowed_is_listed() -> None:
    assert _problems("APIMessageTopLevelComponent", []) == ["the body: found [], allowed object"]
    assert _problems("APIMessageComponentEmoji", {"id": 5}) == ["id: found 5, allowed string or null"]
    assert _problems("APIMessageComponentEmoji", {"id": "x"}) == [
        'id: found "x", allowed text like ^[0-9]{1,20}$'
    ]


def test_long_values_are_shortened() -> None:
    (problem,) = conformance.problems_of("Snowflake", ["lamp"] * 100)

    assert len(problem.found) == 120
    assert problem.found.endswith("…")


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(ValueError, match="Lamp"):
        conformance.problems_of("Lamp", {})


def test_a_local_discord_that_nobody_watches_does_not_pretend() -> None:
    with pytest.raises(loopcord.WorldError, match="conformance=True"):
        _ = loopcord.LocalDiscord(conformance=False).violations

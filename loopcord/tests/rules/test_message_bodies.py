"""What a message may be, and how Discord says what is wrong with it."""

from __future__ import annotations

from typing import Any

import hikari
import pytest

REFERENCE = "https://discord.com/developers/docs/reference#error-messages"
EMBED_LIMITS = "https://discord.com/developers/docs/resources/message#embed-object-embed-limits"


async def test_content_is_counted_in_code_points(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#create-message, and discord-api-docs #1315"""
    fits = await api("POST", market.messages, {"content": "🪔" * 2_000})
    too_long = await api("POST", market.messages, {"content": "🪔" * 2_001})

    assert fits.status == 200
    assert too_long.json == {
        "code": 50035,
        "message": "Invalid Form Body",
        "errors": {
            "content": {
                "_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 2000 or fewer in length."}]
            }
        },
    }


async def test_every_problem_is_told_at_its_place(market, api) -> None:
    """https://discord.com/developers/docs/reference#error-messages"""
    answer = await api(
        "POST",
        market.messages,
        {
            "content": "x" * 2_001,
            "tts": "loudly",
            "flags": "many",
            "nonce": "n" * 26,
            "sticker_ids": ["1", "2", "3", "x"],
            "embeds": [{"title": "fine"}, {"fields": [{"name": "Price", "value": " "}], "color": -1}],
            "allowed_mentions": {"parse": ["everybody"], "users": ["5", "5"]},
        },
    )

    assert answer.errors == {
        "content": ["BASE_TYPE_MAX_LENGTH"],
        "tts": ["BOOLEAN_TYPE_CONVERT"],
        "flags": ["NUMBER_TYPE_COERCE"],
        "nonce": ["BASE_TYPE_MAX_LENGTH"],
        "sticker_ids": ["BASE_TYPE_MAX_LENGTH"],
        "sticker_ids.3": ["NUMBER_TYPE_COERCE"],
        "embeds.1.color": ["NUMBER_TYPE_MIN"],
        "embeds.1.fields.0.value": ["BASE_TYPE_REQUIRED"],
        "allowed_mentions.parse.0": ["BASE_TYPE_CHOICES"],
        "allowed_mentions.users.1": ["SET_TYPE_ALREADY_CONTAINS_VALUE"],
    }


async def test_hikari_reads_the_problems(market, boot) -> None:
    """https://discord.com/developers/docs/reference#error-messages"""
    bot = await boot()

    with pytest.raises(hikari.BadRequestError) as refusal:
        await bot.app.rest.create_message(market.general.id, "x" * 2_001)

    assert refusal.value.code == 50035
    assert "Must be 2000 or fewer in length." in str(refusal.value)


@pytest.mark.parametrize(
    ("embed", "problem"),
    [
        ({"title": "x" * 257}, {"embeds.0.title": ["BASE_TYPE_MAX_LENGTH"]}),
        ({"description": "x" * 4_097}, {"embeds.0.description": ["BASE_TYPE_MAX_LENGTH"]}),
        (
            {"fields": [{"name": "x" * 257, "value": "x" * 1_025}]},
            {
                "embeds.0.fields.0.name": ["BASE_TYPE_MAX_LENGTH"],
                "embeds.0.fields.0.value": ["BASE_TYPE_MAX_LENGTH"],
            },
        ),
        (
            {"fields": [{"name": "a", "value": "b"}] * 26},
            {"embeds.0.fields": ["BASE_TYPE_MAX_LENGTH"]},
        ),
        ({"footer": {"text": "x" * 2_049}}, {"embeds.0.footer.text": ["BASE_TYPE_MAX_LENGTH"]}),
        ({"author": {"name": "x" * 257}}, {"embeds.0.author.name": ["BASE_TYPE_MAX_LENGTH"]}),
        ({"title": "a", "color": 0x1000000}, {"embeds.0.color": ["NUMBER_TYPE_MAX"]}),
        ({"title": "a", "timestamp": "noon"}, {"embeds.0.timestamp": ["DATE_TIME_TYPE_PARSE"]}),
        ({"title": "a", "url": "ftp://shop.example"}, {"embeds.0.url": ["URL_TYPE_INVALID_SCHEME"]}),
        ({"image": {"url": "lamp.png"}}, {"embeds.0.image.url": ["URL_TYPE_INVALID_URL"]}),
        ({"image": {}, "title": "a"}, {"embeds.0.image.url": ["BASE_TYPE_REQUIRED"]}),
        ({"color": 255}, {"embeds.0.description": ["BASE_TYPE_REQUIRED"]}),
        ("lamp", {"embeds.0": ["MODEL_TYPE_CONVERT"]}),
    ],
)
async def test_an_embed_out_of_bounds(market, api, embed: Any, problem: dict[str, list[str]]) -> None:
    """https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""
    answer = await api("POST", market.messages, {"embeds": [embed]})

    assert answer.errors == problem


async def test_embeds_at_their_bounds(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#embed-object-embed-limits"""
    embed = {
        "title": f"  {'t' * 256}  ",
        "description": "d" * 4_096,
        "author": {"name": "a" * 256, "icon_url": "attachment://lamp.png"},
        "fields": [{"name": "n" * 256, "value": "v" * 1_024}],
        "footer": {"text": "f" * 112},
    }

    fits = await api("POST", market.messages, {"embeds": [embed]})
    over = await api("POST", market.messages, {"embeds": [embed, {"title": "!"}]})
    eleven = await api("POST", market.messages, {"embeds": [{"title": "a"}] * 11})

    assert fits.status == 200
    assert (fits.json["embeds"][0]["title"], fits.json["embeds"][0]["type"]) == ("t" * 256, "rich")
    assert over.errors == {"embeds": ["MAX_EMBED_SIZE_EXCEEDED"]}
    assert eleven.errors == {"embeds": ["BASE_TYPE_MAX_LENGTH"]}


@pytest.mark.parametrize(
    "body", [{}, {"content": ""}, {"content": " \n"}, {"embeds": []}, {"components": []}, {"tts": True}]
)
async def test_an_empty_message(market, api, body: dict[str, Any]) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (50006)"""
    assert (await api("POST", market.messages, body)).code == (400, 50006)


async def test_a_message_is_not_emptied_by_an_edit(market, api) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (50006)"""
    sent = await api("POST", market.messages, {"content": "lamp", "embeds": [{"title": "Lamp"}]})
    path = f"{market.messages}/{sent.json['id']}"

    without_embed = await api("PATCH", path, {"embeds": []})
    without_all = await api("PATCH", path, {"content": None})

    assert without_embed.json["content"] == "lamp"
    assert without_all.code == (400, 50006)
    assert market.general.last.content == "lamp"


async def test_ten_files(market, api) -> None:
    """https://discord.com/developers/docs/topics/opcodes-and-status-codes#json-json-error-codes (30015)"""
    ten = await api("POST", market.messages, {}, files=10)
    eleven = await api("POST", market.messages, {}, files=11)

    assert len(ten.json["attachments"]) == 10
    assert eleven.code == (400, 30015)


@pytest.mark.parametrize(
    ("denied", "body", "files"),
    [
        ("embed_links", {"embeds": [{"title": "Lamp"}]}, 0),
        ("attach_files", {}, 1),
        ("send_tts_messages", {"content": "lamp", "tts": True}, 0),
        ("send_polls", {"poll": {"question": {"text": "?"}, "answers": [{"poll_media": {"text": "a"}}]}}, 0),
    ],
)
async def test_parts_of_a_message_need_permissions(
    market, api, denied: str, body: dict[str, Any], files: int
) -> None:
    """https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags"""
    allowed = await api("POST", market.messages, body, files=files)
    market.general.set_overwrite(market.guild.bot_role, deny=[denied])

    assert allowed.status == 200
    assert (await api("POST", market.messages, body, files=files)).code == (403, 50013)


async def test_flags_that_cannot_be_set_are_ignored(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#create-message: EPHEMERAL is for answers"""
    sent = await api("POST", market.messages, {"content": "for all", "flags": 1 << 6 | 1 << 2})

    assert sent.json["flags"] == 1 << 2
    assert market.general.last.content == "for all"


async def test_a_nonce_comes_back_in_the_event(market, api, boot) -> None:
    """https://discord.com/developers/docs/resources/message#create-message (nonce)"""
    bot = await boot(watch=(hikari.GuildMessageCreateEvent,))

    number = await api("POST", market.messages, {"content": "one", "nonce": 7})
    text = await api("POST", market.messages, {"content": "two", "nonce": "n-1"})
    await market.discord.settle()

    assert (number.json["nonce"], text.json["nonce"]) == (7, "n-1")
    assert [event.message.nonce for event in bot.seen] == [7, "n-1"]


async def test_mentions_named_twice(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#allowed-mentions-object"""
    hey = f"hey {market.bob.mention}"
    both = {"parse": ["users"], "users": [str(market.bob.id)]}
    empty = {"parse": ["users"], "users": [], "roles": None}

    exclusive = await api("POST", market.messages, {"content": hey, "allowed_mentions": both})
    falsy = await api("POST", market.messages, {"content": hey, "allowed_mentions": empty})

    assert exclusive.errors == {"allowed_mentions": ["MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE"]}
    assert falsy.status == 200
    assert market.general.last.pinged == [market.bob.id]
    # Discord takes it; its types do not tell.
    [refused] = market.discord.violations
    assert "allowed_mentions.roles" in str(refused)
    market.discord.violations.clear()


async def test_webhooks_mention_people_alone_by_default(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#allowed-mentions-object"""
    role = market.guild.create_role("Buyers", mentionable=True)
    hook = (await api("POST", f"/channels/{market.general.id}/webhooks", {"name": "feed"})).json

    silent = await api(
        "POST",
        f"/webhooks/{hook['id']}/{hook['token']}",
        {"content": f"{market.bob.mention} {role.mention}"},
    )

    assert silent == (204, None)  # nobody waits for it
    assert market.general.last.pinged == [market.bob.id]


# ------------------------------------------------------------------ replies and forwards


async def test_replying_to_nothing(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#create-message-limitations"""
    gone = market.general.post(market.alice, "hello")
    market.discord.backend.delete_message(market.general.id, gone.id)
    reference = {"message_id": str(gone.id)}

    refused = await api("POST", market.messages, {"content": "hi", "message_reference": reference})
    lenient = await api(
        "POST",
        market.messages,
        {"content": "hi", "message_reference": {**reference, "fail_if_not_exists": False}},
    )

    assert refused.errors == {"message_reference": ["MESSAGE_REFERENCE_UNKNOWN_MESSAGE"]}
    assert "message_reference" not in lenient.json or lenient.json["message_reference"] is None


async def test_replying_to_a_system_message(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#create-message-limitations"""
    await api("PATCH", f"/channels/{market.general.id}", {"name": "lamps"})
    renamed = market.general.last

    answer = await api(
        "POST", market.messages, {"content": "hi", "message_reference": {"message_id": str(renamed.id)}}
    )

    assert answer.errors == {"message_reference": ["REPLIES_CANNOT_REPLY_TO_SYSTEM_MESSAGE"]}


async def test_replying_needs_the_history(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#create-message-limitations"""
    question = market.general.post(market.alice, "lamp?")
    market.general.set_overwrite(market.guild.bot_role, deny=["read_message_history"])

    answer = await api(
        "POST", market.messages, {"content": "5", "message_reference": {"message_id": str(question.id)}}
    )

    assert answer.code == (403, 160002)


async def test_a_forward_of_a_forward_carries_the_original(market, api) -> None:
    """https://discord.com/developers/docs/resources/message#message-snapshot-object: one deep"""
    hall = market.guild.create_text_channel("hall")
    original = await market.alice.send(market.general, "lamp for sale", attachments=[("lamp.png", b"png")])
    once = await market.bob.forward(original, hall)
    await market.alice.edit(original, "sold")

    twice = await market.bob.forward(once, market.general)
    thrice = await api(
        "POST",
        market.messages,
        {"message_reference": {"type": 1, "channel_id": str(hall.id), "message_id": str(once.id)}},
    )

    assert once.content == twice.content == ""
    assert twice.forwarded == once.forwarded
    assert twice.forwarded is not None
    assert twice.forwarded["content"] == "lamp for sale"
    assert [a["filename"] for a in twice.forwarded["attachments"]] == ["lamp.png"]
    assert twice.reference is not None
    assert twice.reference["message_id"] == str(once.id)
    assert [s["message"]["content"] for s in thrice.json["message_snapshots"]] == ["lamp for sale"]

"""Around the chat: what a member sees, coming and going, moderation, nonsense, and the page's own life."""

from __future__ import annotations

from typing import Any

import pytest

import loopcord
from loopcord.page import Page


async def test_channels_members_and_names_are_those_the_member_would_see(market, browse) -> None:
    await market.mod.send(market.back_room, "secret")
    alice, mod = await browse(market.alice), await browse(market.mod)

    def names(browser: Any) -> list[str]:
        return [channel["name"] for channel in browser.world["channels"]]

    assert "back-room" not in names(alice)
    assert "back-room" in names(mod)
    assert alice.world["channel"]["topic"] == "Be kind"
    assert alice.world["members"][0]["name"] == "mod"
    assert "Bobby" in {one["name"] for one in alice.world["members"]}

    peeking = await browse(market.alice, market.back_room)
    assert peeking.world["channel"] is None
    assert peeking.messages == {}
    assert "error" in await peeking.act("send", content="let me in")


async def test_a_kicked_member_sees_nothing_until_they_come_back(market, browse) -> None:
    await market.bob.send(market.general, "hi")
    bob, mod = await browse(market.bob), await browse(market.mod)

    await mod.act("kick", member=str(market.bob.id))
    await bob.see(lambda: not bob.world["me"]["inside"] and not bob.messages)
    await bob.act("rejoin")

    await bob.see(lambda: bob.world["me"]["inside"] and bob.texts == ["hi"])


async def test_one_without_the_power_cannot_moderate(market, browse) -> None:
    alice = await browse(market.alice)

    refusals = [
        await alice.act("kick", member=str(market.bob.id)),
        await alice.act("ban", member=str(market.bob.id)),
        await alice.act("time_out", member=str(market.bob.id), seconds=60),
    ]

    assert all("50013" in refusal["error"] for refusal in refusals)
    assert market.bob.present


async def test_a_timeout_shows_and_silences(market, browse) -> None:
    bob, mod = await browse(market.bob), await browse(market.mod)

    await mod.act("time_out", member=str(market.bob.id), seconds=600)

    await bob.see(lambda: bob.world["me"]["timed_out_until"])
    assert bob.world["channel"]["may"]["send"] is False
    assert "error" in await bob.act("send", content="but")


async def test_one_can_join_as_somebody_new_and_act_as_them(market, browse) -> None:
    alice = await browse(market.alice)

    joined = await alice.act("join", name="dave")
    dave = market.guild.member(int(joined["id"]))

    assert dave is not None
    assert joined["members"][-1]["name"] == "dave"
    await alice.see(lambda: "dave" in {one["name"] for one in alice.world["members"]})
    await (await browse(dave)).act("send", content="I am new")
    await alice.see(lambda: alice.texts == ["I am new"])


async def test_the_bots_private_words_have_a_channel_of_their_own(market, host, browse) -> None:
    alice = await browse(market.alice)
    assert alice.world["dm"] is None

    opened = await alice.act("dm")
    private = market.alice.dm
    await alice.act("send", channel=opened["channel"], content="psst")

    assert opened["channel"] == str(private.id)
    assert (await browse(market.alice, private)).texts == ["psst"]
    assert (await browse(market.bob, private)).texts == []


async def test_the_page_acts_only_as_its_own_members(market, browse) -> None:
    alice = await browse(market.alice)
    stranger = market.guild.add_member("stranger")

    answer = await alice.act("send", content="it was me", **{"as": str(stranger.id)})

    assert "only as the members" in answer["error"]
    assert market.general.messages == []


@pytest.mark.parametrize(
    ("act", "why"),
    [
        ({"what": "explode"}, "knows no act 'explode'"),
        ({"what": "send", "content": 5}, "'content' is a text"),
        ({"what": "send", "channel": "1"}, "the channel is gone"),
        ({"what": "react", "message": "1", "emoji": "👍"}, "the message is gone"),
        ({"what": "slash", "command": "", "options": {}}, "its name is missing"),
        ({"what": "slash", "command": "warn", "options": 3}, "options are sent by name"),
        ({"what": "submit", "reply": "nine", "values": {}}, "no longer open"),
        ({"what": "send", "content": "x", "files": [{"name": "a", "data": "*"}]}, "not base64"),
        ({"what": "join", "name": " "}, "1 to 32 characters"),
        ({"what": "time_out", "member": "MOD", "seconds": "60"}, "whole number"),
    ],
)
async def test_nonsense_is_answered_with_what_is_wrong(market, browse, act: dict[str, Any], why: str) -> None:
    alice = await browse(market.alice)
    given = {key: str(market.mod.id) if value == "MOD" else value for key, value in act.items()}

    answer = await alice.act(**given)

    assert why in answer["error"]


async def test_closing_the_page_ends_its_streams_and_frees_its_port(market, browse) -> None:
    alice = await browse(market.alice)
    subscribers = len(market.discord.backend.subscribers)
    port = int(market.page.url.split(":")[2].split("/")[0])

    await market.page.close()
    await market.page.close()

    assert await alice.ended()
    assert len(market.discord.backend.subscribers) == subscribers - 1
    async with Page(market.discord, market.guild, members=[market.alice], port=port) as again:
        assert f":{port}/" in again.url


async def test_a_page_that_cannot_be_says_why(market) -> None:
    empty = market.discord.create_guild("Empty")
    port = int(market.page.url.split(":")[2].split("/")[0])

    with pytest.raises(loopcord.WorldError, match="at least one member"):
        Page(market.discord, market.guild, members=[])
    with pytest.raises(loopcord.WorldError, match="no text channel"):
        Page(market.discord, empty, members=[market.alice])
    unserved = Page(market.discord, market.guild, members=[market.alice], port=port)
    with pytest.raises(loopcord.WorldError, match="not served yet"):
        unserved.url  # noqa: B018
    with pytest.raises(loopcord.WorldError, match="cannot be used"):
        await unserved.start()

"""Chatting on the page: everybody sees what is said, changed, deleted, forwarded and reacted to."""

from __future__ import annotations

import base64


async def test_everybody_sees_what_is_said_and_what_the_bot_answers(market, host, browse) -> None:
    alice, mod = await browse(market.alice), await browse(market.mod)

    await alice.act("send", content="ping")

    await mod.see(lambda: "pong" in mod.texts)
    pong = mod.row("pong")
    assert mod.texts == ["ping", "pong"]
    assert pong["author"]["bot"]
    assert pong["reply"]["author"]["name"] == "alice"
    assert pong["reply"]["content"] == "ping"


async def test_a_message_is_edited_and_deleted_before_all_eyes(market, browse) -> None:
    alice, bob = await browse(market.alice), await browse(market.bob)
    await alice.act("send", content="helo")
    await bob.see(lambda: bob.texts == ["helo"])
    said = bob.rows[0]["id"]

    refused = await bob.act("edit", message=said, content="mine now")
    await alice.act("edit", message=said, content="hello")
    await bob.see(lambda: bob.texts == ["hello"])
    await alice.act("delete", message=said)
    await bob.see(lambda: not bob.messages)

    assert "only edit their own" in refused["error"]


async def test_a_message_that_is_too_long_is_refused_and_the_reason_said(market, browse) -> None:
    alice = await browse(market.alice)
    sent = await alice.act("send", content="x" * 2000)
    await alice.see(lambda: alice.messages)

    for refused in (
        await alice.act("send", content="x" * 2001),
        await alice.act("edit", message=sent["message"], content="x" * 2001),
    ):
        assert "Must be 2000 or fewer in length." in refused["error"]

    assert alice.texts == ["x" * 2000]


async def test_what_a_monitor_posts_appears_by_itself(market, browse) -> None:
    monitor = market.guild.add_member("monitor", bot=True)
    alice = await browse(market.alice)

    await monitor.send(
        market.general, embeds=[{"title": "Boots", "url": "https://shop.example/1", "color": 255}]
    )

    await alice.see(lambda: alice.messages)
    boots = {"title": "Boots", "url": "https://shop.example/1", "color": 255, "type": "rich"}
    assert alice.rows[0]["embeds"] == [boots]


async def test_reactions_are_counted_and_taken_back(market, browse) -> None:
    said = await market.alice.send(market.general, "look")
    alice, bob = await browse(market.alice), await browse(market.bob)

    await alice.act("react", message=str(said.id), emoji="➡️")
    await bob.act("react", message=str(said.id), emoji="➡️")

    await bob.see(lambda: bob.rows[0]["reactions"] and bob.rows[0]["reactions"][0]["count"] == 2)
    assert bob.rows[0]["reactions"] == [{"emoji": "➡️", "count": 2, "me": True, "names": ["alice", "Bobby"]}]
    await bob.act("unreact", message=str(said.id), emoji="➡️")
    await bob.see(lambda: bob.rows[0]["reactions"][0]["count"] == 1)
    assert bob.rows[0]["reactions"][0]["me"] is False


async def test_a_mention_stands_out_for_the_one_who_is_meant(market, browse) -> None:
    await market.alice.send(market.general, f"{market.bob.mention} come here")

    bob, mod = await browse(market.bob), await browse(market.mod)

    assert bob.rows[0]["pings_me"]
    assert not mod.rows[0]["pings_me"]
    assert mod.rows[0]["names"] == {str(market.bob.id): "Bobby"}


async def test_who_types_is_shown_to_the_others(market, browse) -> None:
    alice, bob = await browse(market.alice), await browse(market.bob)

    await bob.act("type")
    await alice.see(lambda: alice.typing)
    await market.alice.send(market.general, "yes?")
    await bob.see(lambda: bob.messages)

    assert alice.typing == ["Bobby"]
    assert bob.typing == []


async def test_a_file_is_kept_and_an_uploaded_page_is_only_ever_downloaded(market, browse) -> None:
    alice = await browse(market.alice)
    harmful = base64.b64encode(b"<script>alert(1)</script>").decode()

    await alice.act("send", content="see", files=[{"name": "../a page.html", "data": harmful}])

    await alice.see(lambda: alice.messages)
    [file] = alice.rows[0]["attachments"]
    assert file["filename"] == "a_page.html"
    async with alice.session.get(market.page.url + file["url"]) as response:
        assert await response.read() == b"<script>alert(1)</script>"
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.content_type == "application/octet-stream"


async def test_a_forward_shows_what_it_carries_and_where_it_was(market, browse) -> None:
    said = await market.alice.send(market.general, "boots!")
    await market.mod.forward(said, market.back_room)

    mod = await browse(market.mod, market.back_room)

    forward = mod.rows[0]["forward"]
    assert forward["content"] == "boots!"
    assert forward["channel"] == {"id": str(market.general.id), "name": "general"}


async def test_older_messages_wait_until_they_are_asked_for(market, browse) -> None:
    for number in range(5):
        market.general.post(market.alice, f"line {number}")

    short, long = await browse(market.bob, limit=2), await browse(market.bob, limit=50)

    assert short.texts == ["line 3", "line 4"]
    assert short.older
    assert len(long.texts) == 5
    assert not long.older

"""Stories of `/purge`: what the preview says, what goes, what stays, and how exact the account is."""

from __future__ import annotations

import aiohttp
import pytest
import sqlalchemy as sa

PINNED = "pinned a message to this channel."
OLD = 20 * 86_400
"""Seconds after which Discord deletes messages only one by one."""


async def purge(market, **options):
    """The moderator uses `/purge`; the answer is its preview."""
    return await market.mod.slash(market.general, "purge", **options)


async def transcript(message):
    """What the file of a message says."""
    async with aiohttp.ClientSession() as session, session.get(message.attachments[0]["url"]) as answer:
        return await answer.text()


def pin(discord, message):
    """Somebody pins a message."""
    discord.backend.set_pinned(message.channel_id, message.id, True)


async def test_a_purge_previews_asks_deletes_and_gives_its_account(discord, start_host, market):
    await start_host("moderation", config=market.config())
    kept = await market.alice.send(market.general, "hello")
    gone = [await market.bob.send(market.general, f"spam {number}") for number in range(3)]
    pin(discord, await market.bob.send(market.general, "worth keeping"))

    preview = await purge(market, count=50, member=market.bob, reason="cleaning up")

    assert preview.ephemeral
    assert "Delete 3 messages?" in preview.text
    assert "Pinned, kept: 1" in preview.text
    assert f"the newest 50 · written by {market.bob.mention}" in preview.text
    assert not any(message.deleted for message in gone)
    await market.mod.press(preview, label="Delete 3")
    await discord.advance(10)

    assert all(message.deleted for message in gone)
    assert not kept.deleted
    assert [message.content for message in market.general.messages] == ["hello", "worth keeping", PINNED]
    assert "3 messages deleted" in preview.text
    assert "Transcript" in preview.text
    assert preview.components == []
    post = market.log.last
    assert post.pinged == []
    assert "Purge · 3 messages deleted" in post.text
    assert "Pinned, kept: 1" in post.text
    assert "cleaning up" in post.text
    assert market.mod.mention in post.text
    written = await transcript(post)
    assert [line.strip() for line in written.splitlines() if "spam" in line] == ["spam 0", "spam 1", "spam 2"]
    assert f"bob ({market.bob.id}) · {gone[0].id}" in written
    assert "worth keeping" not in written
    bulk = [request for request in discord.requests if request.path.endswith("bulk-delete")]
    assert [request.reason for request in bulk] == [f"Purge by {market.mod.id}: cleaning up"]

    asked = await purge(market, text="WORTH", pinned=True)
    assert "pinned ones, too" in asked.text
    await market.mod.press(asked, label="Delete 1")
    await discord.advance(10)
    assert [message.content for message in market.general.messages] == ["hello", PINNED]
    assert "worth keeping" in await transcript(market.log.last)


async def test_several_wishes_must_all_be_true_and_nothing_found_is_said(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    radio = market.guild.add_member("radio", bot=True)
    first = await market.alice.send(market.general, "Hello World")
    await market.alice.send(market.general, "see https://example.com")
    await market.bob.send(market.general, "https://cats.example", attachments=[("cat.png", b"...")])
    await radio.send(market.general, "news", embeds=[{"title": "Weather", "description": "rain 42 mm"}])
    link = f"https://discord.com/channels/{market.guild.id}/{market.general.id}/{first.id}"
    for number, wish in [
        ("4 messages", {"before": "1s", "count": 100}),
        ("1 message", {"bots": False, "links": True, "attachments": True}),
        ("1 message", {"bots": True, "embeds": True, "text": "RAIN", "regex": r"\b\d\d\b"}),
        ("3 messages", {"after": link}),
    ]:
        await discord.advance(2)
        preview = await purge(market, **wish)
        assert f"Delete {number}?" in preview.text, wish
    await market.mod.press(preview, label="Cancel")
    nothing = await purge(market, text="not to be found")

    assert "You cancelled it" in preview.text
    assert "I looked at 4 messages and none fits" in nothing.text
    assert nothing.components == preview.components == []
    assert len(market.general.messages) == 4
    await discord.advance(900)
    exported = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.mod.id)
    assert exported["purges"] == []


async def test_what_cannot_be_meant_is_refused_in_plain_words(start_host, market):
    await start_host("moderation", config=market.config(purge_most=200, time_zone="Europe/Rome"))
    message = await market.alice.send(market.general, "hello")
    foreign = f"https://discord.com/channels/{market.guild.id}/{market.log.id}/{message.id}"
    for words, wish in [
        ("Say which messages", {}),
        ("Say which messages", {"pinned": True, "text": "  "}),
        ("missing ): (a", {"regex": "(a"}),
        ("at most 200 messages", {"count": 201}),
        ("messages here only", {"after": foreign}),
        ("I do not understand “soon”", {"after": "soon"}),
        ("has not come yet", {"before": "2030-01-01"}),
        ("`2026-01-01 01:00`", {"before": "the 5th"}),
        ("swap them", {"after": "1h", "before": "2h"}),
    ]:
        answer = await purge(market, **wish)
        assert answer.ephemeral, wish
        assert words in answer.text, wish
        assert answer.components == [], wish
    market.guild.set_bot_permissions(["view_channel", "send_messages", "embed_links"])
    answer = await purge(market, count=5)
    assert "I need: Manage Messages" in answer.text
    assert not message.deleted


async def test_hundreds_go_in_bulk_and_old_ones_one_by_one_in_their_pace(discord, start_host, market):
    """Red #753, bulbbot #9: a purge of old messages silently does nothing."""
    for number in range(5):
        market.general.post(market.bob, f"old {number}")
    await discord.advance(OLD)
    for number in range(230):
        market.general.post(market.bob, f"new {number}")
    await start_host("moderation", config=market.config(purge_most_old=3))

    preview = await purge(market, count=1_000)

    assert "Delete 233 messages?" in preview.text
    assert "230 messages at once" in preview.text
    assert "3 messages older than two weeks" in preview.text
    assert "2 messages stay" in preview.text
    await market.mod.press(preview, label="Delete 233")
    assert "100 messages deleted, 133 to go" in preview.text
    await discord.advance(3)
    assert "200 messages deleted, 33 to go" in preview.text
    await discord.advance(3)
    assert len(market.general.messages) == 5
    await discord.advance(3)
    assert len(market.general.messages) == 4
    await discord.advance(3)
    assert len(market.general.messages) == 4
    await discord.advance(30)

    assert [message.content for message in market.general.messages] == ["old 0", "old 1"]
    assert "233 messages deleted" in preview.text
    assert "One by one: 3" in preview.text
    assert "Too old, not deleted: 2" in preview.text
    bulk = [request for request in discord.requests if request.path.endswith("bulk-delete")]
    assert [len(request.body["messages"]) for request in bulk] == [100, 100, 30]
    assert (await transcript(market.log.last)).count("  new ") == 230


# ---- what happens between the preview and the deletion


async def test_what_was_pinned_edited_or_deleted_since_the_preview_is_not_counted_as_deleted(
    discord, start_host, market
):
    await start_host("moderation", config=market.config())
    wanted = [await market.bob.send(market.general, f"buy {number}") for number in range(6)]
    preview = await purge(market, text="buy")
    pin(discord, wanted[0])
    await market.bob.edit(wanted[1], "sorry")
    await market.bob.delete(wanted[2])
    late = await market.bob.send(market.general, "buy later")

    await market.mod.press(preview, label="Delete 6")
    await discord.advance(10)

    assert [message.deleted for message in wanted] == [False, False, True, True, True, True]
    assert not late.deleted
    for words in ("3 messages deleted", "Already gone: 1", "pinned meanwhile: 1", "edited meanwhile: 1"):
        assert words in preview.text
        assert words in market.log.last.text
    assert (await transcript(market.log.last)).count("buy") == 3


async def test_a_preview_decides_once_and_only_for_a_while(discord, start_host, market):
    await start_host("moderation", config=market.config())
    messages = [await market.bob.send(market.general, f"spam {number}") for number in range(2)]
    preview = await purge(market, count=1)
    button = preview.components[0]["components"][0]["custom_id"]
    await discord.advance(14 * 60 + 5)
    assert "Nobody decided in time" in preview.text
    assert preview.components == []

    again = await purge(market, count=1)
    discord.trouble.duplicate("INTERACTION_CREATE")
    await market.mod.press(again, label="Delete 1")
    await discord.advance(60)

    assert [message.deleted for message in messages] == [False, True]
    assert "1 message deleted" in again.text
    assert len(market.log.messages) == 1
    assert button


async def test_stop_ends_it_and_counts_what_was_left(discord, start_host, market):
    for number in range(5):
        market.general.post(market.bob, f"old {number}")
    await discord.advance(OLD)
    await start_host("moderation", config=market.config())
    preview = await purge(market, count=100)
    await market.mod.press(preview, label="Delete 5")
    await discord.advance(5)

    await market.mod.press(preview, label="Stop")
    await discord.advance(60)

    assert [message.content for message in market.general.messages] == ["old 0", "old 1", "old 2"]
    assert "2 messages deleted" in preview.text
    assert "Not deleted, because stopped: 3" in preview.text
    assert preview.components == []


# ---- faults half-way


async def test_a_permission_lost_half_way_ends_it_with_an_exact_account(discord, start_host, market):
    for number in range(130):
        market.general.post(market.bob, f"spam {number}")
    await start_host("moderation", config=market.config())
    preview = await purge(market, count=200)
    await market.mod.press(preview, label="Delete 130")
    market.general.set_overwrite(market.guild.bot_role, deny=["manage_messages"])
    await discord.advance(30)

    assert len(market.general.messages) == 30
    for text in (preview.text, market.log.last.text):
        assert "100 messages deleted" in text
        assert "Failed: 30" in text
        assert "Manage Messages" in text
    assert (await transcript(market.log.last)).count("  spam ") == 100


@pytest.mark.endurance
async def test_a_channel_that_goes_half_way_is_said_in_the_log(discord, start_host, market):
    for number in range(130):
        market.general.post(market.bob, f"spam {number}")
    await start_host("moderation", config=market.config())
    preview = await purge(market, count=200)
    await market.mod.press(preview, label="Delete 130")
    market.general.delete()
    await discord.advance(30)

    assert "100 messages deleted" in market.log.last.text
    assert "Failed: 30" in market.log.last.text
    assert "no longer there" in market.log.last.text


@pytest.mark.endurance
async def test_discord_failing_for_a_while_costs_time_and_for_long_ends_it(discord, start_host, market):
    for number in range(4):
        market.general.post(market.bob, f"spam {number}")
    await start_host("moderation", config=market.config())
    path = f"/channels/{market.general.id}/messages*"
    discord.fail("GET", path, status=408, times=2)
    preview = await purge(market, count=2)
    await discord.advance(60)
    discord.fail("POST", path, status=408, times=3)
    discord.fail("POST", path, status=500)
    discord.trouble.rate_limit("POST", path, retry_after=0.1)
    await market.mod.press(preview, label="Delete 2")
    await discord.advance(300)
    assert "2 messages deleted" in preview.text
    assert "Failed" not in preview.text

    preview = await purge(market, count=2)
    discord.fail("POST", path, status=408, times=None)
    await market.mod.press(preview, label="Delete 2")
    await discord.advance(3_000)

    assert "0 messages deleted" in preview.text
    assert "Failed: 2" in preview.text
    assert "Discord failed again and again" in preview.text
    assert len(market.general.messages) == 2


async def test_one_that_cannot_go_with_the_others_costs_only_itself(discord, start_host, market):
    await start_host("moderation", config=market.config())
    messages = [await market.bob.send(market.general, f"spam {number}") for number in range(4)]
    preview = await purge(market, count=10)
    discord.fail("POST", "*/bulk-delete", status=400, code=50034)
    discord.fail("DELETE", f"*/messages/{messages[3].id}", status=403, code=50021)
    discord.fail("DELETE", f"*/messages/{messages[2].id}", status=404, code=10008)
    await market.mod.press(preview, label="Delete 4")
    await discord.advance(60)

    assert [message.deleted for message in messages] == [True, True, False, False]
    assert "system messages that Discord keeps: 1" in preview.text
    assert "Already gone: 1" in preview.text
    assert "2 messages deleted" in preview.text


async def test_it_goes_on_after_a_restart_and_knows_what_it_had_deleted(discord, start_host, market):
    for number in range(130):
        market.general.post(market.bob, f"spam {number}")
    host = await start_host("moderation", config=market.config())
    preview = await purge(market, count=200)
    host = await start_host.restart(host)
    await market.mod.press(preview, label="Delete 130")
    async with host.database.transaction() as session:  # as after a crash between deletion and record
        await session.execute(sa.text("UPDATE moderation_purged SET state = 'tried' WHERE state = 'deleted'"))

    await start_host.restart(host)
    await discord.advance(60)

    assert market.general.messages == []
    assert "130 messages deleted" in preview.text
    assert "gone" not in preview.text
    assert (await transcript(market.log.last)).count("  spam ") == 130
    assert len(market.log.messages) == 1


# ---- the account finds its way


@pytest.mark.endurance
async def test_a_report_whose_end_nobody_saw_is_not_posted_twice(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    await market.bob.send(market.general, "spam")
    preview = await purge(market, count=1)
    await market.mod.press(preview, label="Delete 1")
    await discord.advance(10)
    async with host.database.transaction() as session:
        await session.execute(sa.text("UPDATE chandelier_outbox SET state = 'started', done_at = NULL"))
        back = "UPDATE moderation_purges SET state = 'reporting', log = 'waiting', log_message_id = NULL"
        await session.execute(sa.text(back))

    host = await start_host.restart(host)

    assert len(market.log.messages) == 1
    async with host.database.read() as session:
        posted = await session.scalar(sa.text("SELECT log_message_id FROM moderation_purges"))
    assert posted == market.log.last.id


async def test_without_a_log_the_moderator_gets_the_transcript(discord, start_host, market):
    host = await start_host("moderation", config={"moderation": {"version": 2}})
    await market.bob.send(market.general, "spam")
    preview = await purge(market, count=1)
    assert "no log channel" in preview.text
    await market.mod.press(preview, label="Delete 1")
    await discord.advance(10)

    assert "1 message deleted" in preview.text
    assert "spam" in await transcript(preview.message)
    async with host.database.read() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM moderation_purged")) == 0
        kept = "SELECT count(*) FROM moderation_purges WHERE CAST(reply AS TEXT) = '{}'"
        assert await session.scalar(sa.text(kept)) == 1
    await discord.advance(2 * 86_400)
    async with host.database.read() as session:
        assert await session.scalar(sa.text("SELECT count(*) FROM moderation_purges")) == 0


async def test_a_log_that_is_closed_is_said_and_an_answer_that_is_gone_is_replaced(
    discord, start_host, market
):
    await start_host("moderation", config=market.config())
    market.log.set_overwrite(market.guild.bot_role, deny=["attach_files"])
    for number in range(3):
        await market.bob.send(market.general, f"spam {number}")
    preview = await purge(market, count=1)
    await market.mod.press(preview, label="Delete 1")
    await discord.advance(10)
    assert "I could not post in the log" in preview.text
    assert "spam 2" in await transcript(preview.message)

    preview = await purge(market, count=1)
    discord.fail("PATCH", "/webhooks/*", status=401, code=50027, times=None)
    await market.mod.press(preview, label="Delete 1")
    await discord.advance(10)

    assert "1 message deleted" in market.mod.dms[-1].text
    assert "spam 1" in await transcript(market.mod.dms[-1])


@pytest.mark.endurance
async def test_only_so_many_are_looked_at_and_it_is_said(discord, start_host, market):
    for number in range(150):
        market.general.post(market.bob, f"spam {number}")
    await start_host("moderation", config=market.config(purge_look_back=100, purge_most=120))

    few = await purge(market, text="spam 1", count=90)
    reached = await purge(market, count=100, text="spam")

    assert "Delete 50 messages?" in few.text
    assert "there may be more before" in few.text
    assert "Delete 100 messages?" in reached.text
    assert "there may be more" not in reached.text


@pytest.mark.endurance
async def test_what_waits_for_its_transcript_is_exported_and_erased(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    await market.bob.send(market.general, "secret")
    preview = await purge(market, count=1)
    discord.fail("POST", f"/channels/{market.log.id}/messages", status=408, times=2)
    await market.mod.press(preview, label="Delete 1")

    exported = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.bob.id)
    assert exported["purges"][0]["messages"][0]["text"] == "secret"
    await host.hooks.call("moderation", "chandelier_erase_person", user_id=market.bob.id, by="person")
    await discord.advance(600)

    assert "1 message deleted" in market.log.last.text
    assert "secret" not in await transcript(market.log.last)

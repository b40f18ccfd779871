"""Stories of the log of events: what moderators see of deletions, edits, who comes and goes, and changes."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from sqlalchemy import text, update

from chandelier.services.vault_keys import new_key_text
from chandelier_moderation.tables import Case
from loopcord import ActError

RUSH = 100
FLOOD = 2_000


@pytest.fixture
def key():
    """The vault's, as the operator gives it to the host."""
    return {"CHANDELIER_VAULT_KEY": new_key_text()}


def watching(market, *kinds, form="card", **more):
    """The plugin's section with events told in the log, and nothing else."""
    told = {kind: {"channel": market.log.id, "format": form} for kind in kinds}
    return {"moderation": {"version": 2, "watch": {**told, **more}}}


async def test_a_deletion_and_an_edit_are_told_with_what_was_written(discord, start_host, market, key):
    await start_host("moderation", config=watching(market, "deletions", "edits", keep=24), environ=key)

    message = await market.bob.send(market.general, "buy `my` [things](https://scam.example)")
    await market.bob.edit(message, "hello")
    edit = market.log.last
    await market.mod.delete(message)
    deletion = market.log.last

    assert "Message edited" in edit.text
    assert market.bob.mention in edit.text
    assert "```\nbuy ˋmyˋ [things](https://scam.example)\n```" in edit.text
    assert "```\nhello\n```" in edit.text
    assert edit.pinged == []
    assert "Message deleted" in deletion.text
    assert market.bob.mention in deletion.text
    assert market.general.mention in deletion.text
    assert "```\nhello\n```" in deletion.text
    assert len(market.log.messages) == 2

    long = await market.bob.send(market.general, "x" * 1_500)
    ignored = market.guild.create_text_channel("ignored")
    await market.guild.owner.slash(
        market.general, "config set", plugin="moderation", setting="watch.ignore", value=ignored.mention
    )
    other = await market.bob.send(ignored, "not told")
    await market.mod.delete(other)
    await market.bob.delete(long)
    assert len(market.log.messages) == 3
    [file] = market.log.last.attachments
    assert "x" * 1_500 in content_of(discord, file)
    await market.mod.delete(market.log.messages[0])  # who takes away posts of the log is told in it
    assert "Message deleted" in market.log.last.text
    assert market.log.mention in market.log.last.text


async def rows(host, query, **values):
    """What the database holds, as its users never see it."""
    async with host.database.read() as session:
        return list((await session.execute(text(query), values)).all())


async def test_texts_are_not_kept_unless_asked_then_sealed_bounded_and_forgotten_in_time(
    discord, start_host, market, key
):
    config = watching(market, "deletions", keep_most=10)
    host = await start_host("moderation", config=config, environ=key)
    kept = "SELECT message_id, sealed FROM moderation_kept_messages ORDER BY message_id"
    off = await market.bob.send(market.general, "a secret")
    assert await rows(host, kept) == []
    await market.bob.delete(off)
    assert "its text was not kept" in market.log.last.text

    olga = market.guild.owner
    answer = await olga.slash(market.general, "mod log texts", hours=2)
    assert "kept for 2 hours, encrypted" in answer.text
    old = await market.bob.send(market.general, "a secret")
    assert b"secret" not in (await rows(host, kept))[0].sealed
    await discord.advance(2 * 3600 + 1)
    await market.mod.delete(old)
    assert "its text was not kept" in market.log.last.text
    await discord.advance(3600)
    assert await rows(host, kept) == []  # by the hourly round

    sent = [await market.bob.send(market.general, f"message {number}") for number in range(13)]
    assert [row.message_id for row in await rows(host, kept)] == [message.id for message in sent[3:]]

    assert "No messages are kept" in (await olga.slash(market.general, "mod log texts", hours=0)).text
    assert await rows(host, kept) == []


async def test_what_is_kept_of_a_member_is_told_exported_and_erased(start_host, market, key):
    host = await start_host("moderation", config=watching(market, "deletions", keep=24), environ=key)
    message = await market.bob.send(market.general, "my plans", attachments=[("map.png", b"\x89PNG")])
    await market.alice.send(market.general, "mine stay")

    assert "sealed in the vault" in (await market.bob.slash(market.general, "privacy info")).text
    exported = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.bob.id)
    [one] = exported["kept_messages"]
    assert (one["text"], one["files"], one["message"]) == ("my plans", ["map.png"], str(message.id))

    shown = await market.bob.slash(market.general, "privacy erase")
    await market.bob.press(shown, label="Erase it")
    left = await rows(host, "SELECT author_id FROM moderation_kept_messages")
    assert [row.author_id for row in left] == [market.alice.id]
    await market.mod.delete(message)
    assert "its text was not kept" in market.log.last.text


async def test_without_the_vaults_key_nothing_is_kept_and_health_says_so(discord, start_host, market):
    host = await start_host("moderation", config=watching(market, "deletions", "edits", keep=24))

    message = await market.bob.send(market.general, "hello")
    await market.bob.edit(message, "goodbye")

    assert await rows(host, "SELECT * FROM moderation_kept_messages") == []
    edit = market.log.last
    assert "its text was not kept" in edit.text
    assert "goodbye" not in edit.text  # it is a click away, and would lie unsealed in the database
    assert edit.embeds[0]["url"].endswith(f"/{market.general.id}/{message.id}")
    await discord.advance(5)
    message.unfurl([{"type": "rich", "title": "late"}])
    await market.bob.edit(message, "goodbye!")
    assert len(market.log.messages) == 2  # the embed that arrived later was no edit
    health = await host.hooks.call("moderation", "chandelier_health")
    assert any("texts of messages are not kept" in line for line in health.lines)
    refused = await market.guild.owner.slash(market.general, "mod log texts", hours=1)
    assert "only kept encrypted" in refused.text


async def test_each_kind_goes_to_its_channel_in_its_format(start_host, market):
    doors = market.guild.create_text_channel("doors")
    market.guild.set_permissions(market.mods, ["manage_roles", "manage_channels", "kick_members"])
    chosen = market.guild.create_role("Chosen", permissions=[])
    market.guild.set_bot_permissions(["administrator"])
    await start_host("moderation", config=watching(market))
    olga, general = market.guild.owner, market.general
    await olga.slash(general, "mod log set", kind="all", channel=market.log, format="line")
    answer = await olga.slash(
        general, "mod log set", kind="joins", channel=doors, format="{member} ({member_id}) came"
    )
    assert doors.mention in answer.text
    shown = await olga.slash(general, "mod log show")
    assert "`{member} ({member_id}) came`" in shown.text
    wrong = await olga.slash(general, "mod log set", kind="joins", channel=doors, format="{membr} came")
    assert "There is no {membr}" in wrong.text

    carol = await market.guild.join("carol")
    assert doors.last.text.startswith(f"{carol.mention} ({carol.id}) came")
    await carol.rename("C `](x)")
    assert "Nickname changed" in market.log.last.text
    assert "`C ˋ](x)`" in market.log.last.text
    await olga.give_role(carol, chosen)
    assert "Roles changed" in market.log.last.text
    assert chosen.mention in market.log.last.text
    assert olga.mention in market.log.last.text
    with olga.doing():
        backroom = market.guild.create_text_channel("backroom")
    await discord_settled(market)
    assert "Channel made" in market.log.last.text
    assert backroom.mention in market.log.last.text
    with olga.doing():
        backroom.set_overwrite(chosen, deny=["send_messages"])
    await discord_settled(market)
    assert "Permissions set in a channel" in market.log.last.text
    assert "Send Messages" in market.log.last.text
    with olga.doing():
        chosen.delete()
    await discord_settled(market)
    assert "Role deleted" in market.log.last.text
    await carol.leave()
    assert "Member left" in market.log.last.text
    assert all(post.pinged == [] for post in [*market.log.messages, *doors.messages])

    told = len(market.log.messages)
    await olga.slash(general, "mod log off", kind="leaves")
    await market.bob.leave()
    assert len(market.log.messages) == told


def content_of(discord, file):
    """An attachment as text."""
    return discord.backend.cdn.read(file["url"].partition("/cdn")[2]).decode()


async def discord_settled(market):
    """What was arranged in somebody's name has reached everybody."""
    await market.guild.discord.settle()


async def test_many_deletions_at_once_are_one_post_with_the_texts_in_a_file(discord, start_host, market, key):
    config = watching(market, "deletions", keep=24)
    await start_host("moderation", config=config, environ=key)
    sent = [await market.bob.send(market.general, f"spam {number}\nline two") for number in range(5)]

    discord.backend.bulk_delete_messages(market.general.id, [message.id for message in sent])
    await discord.settle()

    assert "5 messages deleted at once" in market.log.last.text
    [file] = market.log.last.attachments
    content = content_of(discord, file)
    assert f"{market.bob.id}: spam 0\n" in content
    assert "spam 4" in content

    for number in range(3):
        await market.bob.send(market.general, f"more {number}")
    preview = await market.mod.slash(market.general, "purge", count=3)
    await market.mod.press(preview, label="Delete 3")
    await discord.advance(10)
    assert "3 messages deleted at once" in market.log.last.text
    assert f"`/purge` of {market.mod.mention}" in market.log.last.text
    assert market.log.last.attachments == []  # the purge has a transcript of its own


async def test_a_raid_is_a_few_posts_and_none_is_lost(discord, start_host, market):
    await start_host("moderation", config=watching(market, "joins", form="{member_id}"))

    raiders = [market.guild.add_member(f"raider-{number}") for number in range(100)]
    await discord.settle()

    posts = market.log.messages
    assert len(posts) < 50  # one for each would be 100; on an idle machine it is two or three
    told = []
    for post in posts:
        files = [content_of(discord, file) for file in post.attachments]
        source = "\n".join(files) if files else post.text
        told += {int(one) for one in re.findall(r"\d{15,}", source)}
    assert sorted(told) == sorted(raider.id for raider in raiders)


async def test_a_post_whose_end_nobody_saw_is_not_posted_twice_and_what_waited_follows(
    discord, start_host, market, key
):
    """A crash after the post and before its record; and one before the post."""
    config = watching(market, "deletions", keep=24)
    host = await start_host("moderation", config=config, environ=key)
    first, second = [await market.bob.send(market.general, f"text {number}") for number in (1, 2)]

    async def crash(*_arguments):
        raise asyncio.CancelledError

    host.lifecycle.records["moderation"].plugin.watching.journal.finish = crash
    await market.bob.delete(first)
    assert len(market.log.messages) == 1
    await start_host.stop(host)
    await discord.advance(600)  # Discord has forgotten the nonce
    host = await start_host("moderation", environ=key)

    assert len(market.log.messages) == 1
    assert await rows(host, "SELECT id FROM moderation_log_entries") == []
    await host.outbox.stop()
    await market.bob.delete(second)
    await start_host.stop(host)
    host = await start_host("moderation", environ=key)
    assert ["text 1" in market.log.messages[0].text, "text 2" in market.log.last.text] == [True, True]
    assert len(market.log.messages) == 2


async def test_a_log_that_is_gone_or_closed_loses_its_events_and_says_so_until_it_is_mended(
    discord, start_host, market
):
    host = await start_host("moderation", config=watching(market, "joins"))
    market.log.set_overwrite(market.guild.bot_role, deny=["send_messages"])
    await market.guild.join("carol")
    health = await host.hooks.call("moderation", "chandelier_health")
    assert health.level == "degraded"
    assert "Send Messages" in health.lines[0]
    answer = await market.guild.owner.slash(market.general, "mod log set", kind="joins", channel=market.log)
    assert "I still need **Send Messages** there" in answer.text

    market.log.set_overwrite(market.guild.bot_role, allow=["send_messages"])
    discord.fail("POST", f"/channels/{market.log.id}/messages", status=408, times=3)
    dave = await market.guild.join("dave")
    await discord.advance(3600)
    assert [dave.mention in post.text for post in market.log.messages] == [True]
    fault = discord.fail("POST", f"/channels/{market.log.id}/messages", status=408, times=100)
    await market.guild.join("erin")
    await discord.advance(4 * 3600)
    health = await host.hooks.call("moderation", "chandelier_health")
    assert "after several attempts" in health.lines[0]
    fault()
    frank = await market.guild.join("frank")  # what failed for hours does not hold up the rest
    assert [person.mention in market.log.messages[-1].text for person in (dave, frank)] == [False, True]
    assert len(market.log.messages) == 2
    assert (await host.hooks.call("moderation", "chandelier_health")).level == "ok"
    assert await rows(host, "SELECT id FROM moderation_log_entries") == []


async def test_numbers_by_kind_moderator_and_week_come_with_a_picture(discord, start_host, market):
    host = await start_host("moderation", config=market.config(tell_member="never", words=["scam"]))
    mods = [market.mod, market.guild.add_member("mia_$x", roles=[market.mods])]
    for member in (market.alice, market.bob):
        await mods[0].slash(market.general, "warn", member=member, reason="spam")
    async with host.database.transaction() as session:
        last_week = discord.clock.now() - timedelta(days=7)
        await session.execute(update(Case).values(created_at=last_week))
    await mods[1].slash(market.general, "warn", member=market.bob, reason="spam")
    await market.bob.send(market.general, "scam")
    void = await market.mod.slash(market.general, "warn", member=market.bob, reason="an error")
    assert "Case #5" in void.text
    await market.mod.press(market.log.last, label="Void")

    answer = await market.mod.slash(market.general, "mod stats", weeks=3)

    [embed] = answer.embeds
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    assert "4 actions" in embed["description"]
    assert "1 void case is left out" in embed["description"]
    assert fields["By kind"].splitlines() == ["Warning: 3", "Message removed: 1"]
    assert f"{market.mod.mention}: 2" in fields["By moderator"]
    assert f"{market.guild.bot_member.mention}: 1" in fields["By moderator"]
    assert [line.rsplit(": ", 1)[1] for line in fields["By week"].splitlines()] == ["0", "2", "2"]
    assert answer.message.attachments[0]["content_type"] == "image/png"
    about = await market.mod.slash(market.general, "mod stats", member=market.alice)
    assert "1 action" in about.text
    assert "Nothing was done" in (
        await market.mod.slash(market.general, "mod stats", moderator=market.alice)
    ).text  # fmt: skip
    with pytest.raises(ActError, match="hidden from alice"):
        await market.alice.slash(market.general, "mod stats")


async def test_a_rush_of_edits_is_read_and_told_together_and_one_messages_in_turn(
    discord, start_host, market, key, monkeypatch
):
    """A read for each, and few at a time, kept the listeners of a rush waiting past their limit."""
    config = watching(market, "edits", "deletions", keep=24, form="line")
    host = await start_host("moderation", config=config, environ=key)
    watch = host.lifecycle.records["moderation"].plugin.watching
    edited, find = watch._messages.edited, watch.store.find
    all_heard, heard, reads = asyncio.Event(), [], []

    async def hearing(event, settings):
        heard.append(event.message_id)
        if len(heard) == RUSH + 1:
            all_heard.set()
        await edited(event, settings)

    async def finding(guild_id, ids):
        reads.append(len(ids))
        await all_heard.wait()  # as at a busy database
        return await find(guild_id, ids)

    sent = [market.general.post(market.bob, f"text {number}") for number in range(RUSH)]
    await discord.settle()
    monkeypatch.setattr(watch._messages, "edited", hearing)
    monkeypatch.setattr(watch.store, "find", finding)
    for message in sent:
        discord.backend.submit_edit(message.channel_id, message.id, {"content": f"new {message.id}"})
    discord.backend.submit_edit(sent[0].channel_id, sent[0].id, {"content": "newest"})
    await discord.settle()

    assert len(reads) <= 4
    assert sum(reads) == RUSH + 1
    told = "\n".join(posted(discord, post) for post in market.log.messages)
    assert len(re.findall("Message edited", told)) == RUSH + 1
    assert told.count(f"new {sent[0].id}") == 2  # after the first edit, before the second
    assert len(market.log.messages) <= 4


@pytest.mark.endurance
async def test_thousands_of_events_in_seconds_are_told_each_once_in_a_few_posts(
    discord, start_host, market, key
):
    config = watching(market, "edits", "deletions", "joins", keep=24, form="{what} {member_id} {after}")
    host = await start_host("moderation", config=config, environ=key)
    sent = [market.general.post(market.bob, f"text {number}") for number in range(FLOOD)]
    await discord.settle()

    for number, message in enumerate(sent):
        discord.backend.submit_edit(message.channel_id, message.id, {"content": f"edit-{number}."})
        market.guild.add_member(f"newcomer-{number}")
    await discord.settle()
    for message in sent:
        discord.backend.delete_message(message.channel_id, message.id)
    await discord.settle()

    told = "\n".join(posted(discord, post) for post in market.log.messages)
    assert len(re.findall("Message edited", told)) == FLOOD
    assert sorted(set(re.findall(r"edit-(\d+)\.", told)), key=int) == [str(n) for n in range(FLOOD)]
    assert len(re.findall("Member joined", told)) == FLOOD
    assert len(re.findall("Message deleted", told)) == FLOOD
    assert len(market.log.messages) < FLOOD / 10
    assert await rows(host, "SELECT id FROM moderation_log_entries") == []
    assert await rows(host, "SELECT message_id FROM moderation_kept_messages") == []
    assert host.lifecycle.records["moderation"].state.value == "running"


def posted(discord, post):
    """All that a post of the log tells: its file has everything, where there is one."""
    return "\n".join(content_of(discord, file) for file in post.attachments) or post.text

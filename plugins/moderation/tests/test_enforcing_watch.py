"""Stories of what automod looks at: edits, late embeds, polls, names, files, and what comes too often."""

from __future__ import annotations

import itertools

import hikari
import pytest

from chandelier_moderation.enforcing.lists import DomainLists


async def test_every_part_of_a_message_is_looked_at_and_each_find_once(discord, start_host, market):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, alice = market.guild.owner, market.general, market.alice
    await olga.slash(general, "automod rule add", name="x", trigger="words", what="heck, darn")
    await olga.slash(
        general, "automod rule add", name="files", trigger="attachments", what="exe, scr", actions="delete"
    )
    await olga.slash(
        general, "automod rule add", name="links", trigger="links", what="evil.example", actions="alert"
    )

    # Discord looks at a link after the message is there: the embed comes in an update.
    late = await alice.send(general, "look https://fine.example")
    late.unfurl([{"type": "rich", "title": "what the heck", "url": "https://fine.example"}])
    await discord.settle()
    assert late.deleted

    # Updates of old had no author.
    older = await alice.send(general, "and https://fine.example/2")
    payload = {"id": str(older.id), "channel_id": str(general.id), "guild_id": str(market.guild.id)}
    discord.backend.emit("MESSAGE_UPDATE", {**payload, "embeds": [{"type": "rich", "description": "darn"}]})
    await discord.settle()
    discord.violations.clear()  # as Discord's documentation has it now, there is an author
    assert older.deleted

    file = await alice.send(general, "my game", attachments=[("game.EXE", b"MZ")])
    assert file.deleted

    builder = hikari.impl.PollBuilder(
        question_text="What?",
        answers=[
            hikari.impl.PollAnswerBuilder(text="h3ck"),
            hikari.impl.PollAnswerBuilder(text="else"),
        ],
        duration=1,
        allow_multiselect=False,
    )
    asked = await host.bot.rest.create_message(general.id, poll=builder)
    poll = general.last.model.poll
    assert general.last.id == asked.id
    copied = discord.backend.create_message(general.id, alice.id, poll=poll)
    await discord.settle()
    assert discord.backend.messages[general.id].get(copied.id) is None

    # An alert alone: the message stays, is edited and gets an embed, and is the same matter all the time.
    said = await alice.send(general, "https://sub.evil.example/a")
    await alice.edit(said, "https://sub.evil.example/a !")
    said.unfurl([{"type": "rich", "title": "Evil", "url": "https://evil.example/a"}])
    await discord.settle()
    assert len([post for post in market.log.messages if "Automod: links" in post.text]) == 1
    assert not said.deleted
    assert (await host.hooks.call("moderation", "chandelier_health")).level == "ok"


async def test_too_many_messages_and_repeats_across_channels_are_swept_away(discord, start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, alice, bob = market.guild.owner, market.general, market.alice, market.bob
    other = market.guild.create_text_channel("other")
    await olga.slash(
        general, "automod rule add", name="fast", trigger="rate", what="3 in 5s", actions="delete, timeout 1m"
    )
    await olga.slash(
        general,
        "automod rule add",
        name="again",
        trigger="repeated",
        what="2 in 1h in 2 channels",
        actions="delete, warn",
    )

    calm = []
    for number in range(4):
        calm.append(await bob.send(general, f"calm {number}"))
        await discord.advance(3)
    assert not any(message.deleted for message in calm)

    flood = [await alice.send(general, f"flood {number}") for number in range(4)]
    assert all(message.deleted for message in flood)
    assert alice.timed_out_until is not None
    assert len(market.log.messages) == 1
    assert "4 messages in 5s" in market.log.last.text

    spam = []
    for channel, text in ((general, "buy  my THING"), (other, "Buy my thіng!"), (general, "buy my thing")):
        spam.append(await bob.send(channel, text))  # the second has a Cyrillic letter
        await discord.advance(60)
    assert all(message.deleted for message in spam)
    assert "Warning" in market.log.last.text
    assert len(market.log.messages) == 2


async def test_names_are_looked_at_and_taken_back(discord, start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild = market.guild.owner, market.general, market.guild
    await olga.slash(general, "automod rule add", name="x", trigger="words", what="heck, member")
    await olga.slash(
        general,
        "automod rule add",
        name="fakes",
        trigger="imitation",
        what="Support",
        actions="delete, alert",
    )

    await market.alice.rename("h e c k")
    await market.alice.rename("heck")
    assert market.alice.nick is None
    assert "case #1" in market.log.last.text
    await market.alice.rename("heck")
    assert market.alice.nick is None

    worse = await guild.join("h3ck")
    assert worse.nick is not None
    fake = await guild.join("mοd")  # with a Greek omicron
    assert fake.nick == f"member {fake.id % 10_000:04}"
    helper = await guild.join("SUPP0RT")
    assert helper.nick is not None
    await market.mod.rename("mod 2")
    assert market.mod.nick == "mod 2"

    thread = discord.backend.create_thread(general.id, "what the heck", market.bob.id)
    await discord.settle()
    assert discord.backend.get_channel(thread.id).name == "renamed by a moderator"


@pytest.mark.endurance
async def test_new_accounts_and_a_rush_are_met_at_the_door(discord, start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, guild = market.guild.owner, market.general, market.guild
    await olga.slash(
        general, "automod rule add", name="young", trigger="new_account", what="1h", actions="kick"
    )

    fresh = await guild.join("fresh")
    assert not fresh.present
    assert "Kick · case #1" in market.log.last.text
    await discord.advance(1)
    await fresh.rejoin()
    assert not fresh.present
    elsewhere = discord.create_guild("Elsewhere")
    old = elsewhere.add_member("old")
    await discord.advance(3_700)
    assert (await guild.join(old)).present

    await olga.slash(general, "automod rule delete", name="young")
    await olga.slash(
        general, "automod rule add", name="rush", trigger="join_rate", what="3 in 1m", actions="kick"
    )
    crowd = [await guild.join(f"raider-{number}") for number in range(4)]
    assert [raider.present for raider in crowd] == [False] * 4


@pytest.mark.endurance
async def test_invites_to_this_server_and_to_allowed_ones_are_fine(discord, start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, alice = market.guild.owner, market.general, market.alice
    friends, foes = discord.create_guild("Friends"), discord.create_guild("Foes")
    backend = discord.backend
    codes = {
        name: backend.create_invite(guild.create_text_channel("door").id, guild.owner.id).code
        for name, guild in (("own", market.guild), ("friends", friends), ("foes", foes))
    }
    await olga.slash(
        general, "automod rule add", name="ads", trigger="invites", allow=str(friends.id), actions="delete"
    )

    assert not (await alice.send(general, f"discord.gg/{codes['own']}")).deleted
    assert not (await alice.send(general, f"discord.gg/{codes['friends']}")).deleted
    assert (await alice.send(general, f"discord.gg/{codes['foes']}")).deleted
    assert (await alice.send(general, "discord.gg/nowhere")).deleted


@pytest.mark.endurance
async def test_a_list_that_cannot_be_had_is_asked_for_ever_more_seldom(
    discord, start_host, market, tmp_path, monkeypatch
):
    tried, read = [], DomainLists._from_file

    async def counted(lists, name):
        tried.append(discord.clock.now())
        return await read(lists, name)

    monkeypatch.setattr(DomainLists, "_from_file", counted)
    await start_host("moderation", config=market.config(automod_lists=str(tmp_path)))
    await market.guild.owner.slash(
        market.general, "automod rule add", name="scams", trigger="scam_links", what="file:none.txt"
    )
    await market.alice.send(market.general, "hello")

    await discord.advance(86_400)

    pauses = [(later - before).total_seconds() / 60 for before, later in itertools.pairwise(tried)]
    assert [round(pause) for pause in pauses] == [10, 20, 40, 80, 160, 320, 360, 360]


@pytest.mark.endurance
async def test_a_list_of_scam_domains_is_read_again_and_one_that_is_gone_still_counts(
    discord, start_host, market, tmp_path
):
    folder = tmp_path / "lists"
    folder.mkdir()
    (folder / "scams.txt").write_text("# of May\nevil.example\n", encoding="utf-8")
    host = await start_host("moderation", config=market.config(automod_lists=str(folder)))
    olga, general, alice = market.guild.owner, market.general, market.alice
    await olga.slash(
        general, "automod rule add", name="scams", trigger="scam_links", what="file:scams.txt, file:more.txt"
    )

    assert (await alice.send(general, "https://login.evil.example/now")).deleted
    assert not (await alice.send(general, "https://worse.example")).deleted
    health = await host.hooks.call("moderation", "chandelier_health")
    assert any("the list more.txt cannot be read" in line for line in health.lines)

    (folder / "more.txt").write_text("0.0.0.0 worse.example\n", encoding="utf-8")
    (folder / "scams.txt").unlink()
    await discord.advance(7 * 3_600)
    assert (await alice.send(general, "https://worse.example")).deleted
    assert (await alice.send(general, "https://evil.example")).deleted
    health = await host.hooks.call("moderation", "chandelier_health")
    assert [line[:19] for line in health.lines if "cannot be read" in line] == ["the list scams.txt "]

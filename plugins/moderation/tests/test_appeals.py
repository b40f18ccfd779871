"""Stories of appeals: a button in the direct message, a form, the decision, and what the member hears."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from chandelier_moderation.cases import Draft
from loopcord import ActError


@pytest.fixture
def court(market):
    """The channel in which staff decides."""
    return market.guild.create_text_channel("appeals")


async def warned(market, member):
    await market.mod.slash(market.general, "warn", member=member, reason="spam")
    return member.dms[-1]


async def appeal(member, message, words="It was a quote."):
    form = await member.press(message, label="Appeal")
    return await member.submit(form, {"text": words})


async def decide(moderator, court, label, words=""):
    form = await moderator.press(court.last, label=label)
    return await moderator.submit(form, {"answer": words})


async def test_an_appeal_goes_from_the_direct_message_to_staff_and_the_decision_back(
    start_host, market, court
):
    host = await start_host("moderation", config=market.config(appeals_channel=court.id))
    letter = await warned(market, market.bob)

    answer = await appeal(market.bob, letter, f"It was a quote, {market.alice.mention}. @everyone")

    assert answer.ephemeral
    assert "with the server's staff" in answer.text
    post = court.last
    assert "Appeal · case #1" in post.text
    assert "It was a quote" in post.text
    assert "spam" in post.text
    assert post.pinged == []
    # One at a time, also after a restart.
    host = await start_host.restart(host)
    again = await market.bob.press(letter, label="Appeal")
    assert "is with the server's staff" in again.text
    listed = await market.mod.slash(market.general, "appeals")
    assert "Case #1" in listed.text
    assert str(post.id) in listed.text

    done = await decide(market.mod, court, "Accept", "Sorry!")

    assert "accepted" in done.text
    told = market.bob.dms[-1]
    assert "Your appeal in Market was accepted" in told.text
    assert "Sorry!" in told.text
    assert "Appeal accepted · case #1" in post.text
    assert "Member told by DM" in post.text
    with pytest.raises(ActError, match="disabled"):
        await market.mod.press(post, label="Refuse")
    # A warning has nothing that could be lifted: it no longer counts.
    assert "case #1 (void)" in market.log.last.text
    assert "no longer counts" in (await market.bob.press(letter, label="Appeal")).text
    assert "No appeal waits" in (await market.mod.slash(market.general, "appeals")).text


async def test_after_a_refusal_the_member_hears_why_and_may_come_back_when_the_time_is_over(
    discord, start_host, market, court
):
    host = await start_host("moderation", config=market.config(appeals_channel=court.id, appeals_cooldown=7))
    letter = await warned(market, market.bob)
    await appeal(market.bob, letter)
    early = await market.mod.press(court.last, label="Accept")

    await decide(market.mod, court, "Refuse", "We read the whole channel.")
    late = await market.mod.submit(early, {"answer": ""})

    assert "Your appeal in Market was refused" in market.bob.dms[-1].text
    assert f"{market.mod.mention} refused this appeal before" in late.text
    assert "(void)" not in market.log.last.text
    refused = await market.bob.press(letter, label="Appeal")
    assert "We read the whole channel." in refused.text
    assert "You can appeal again" in refused.text
    await discord.advance(7 * 86_400 + 1)
    await appeal(market.bob, letter, "A week later: please.")
    assert len(court.messages) == 2
    assert "A week later" in court.last.text

    exported = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.bob.id)
    assert [each["text"] for each in exported["appeals"]] == ["It was a quote.", "A week later: please."]
    await host.hooks.call("moderation", "chandelier_erase_person", user_id=market.bob.id, by="person")
    await discord.settle()
    assert "Appeal withdrawn" in court.last.text
    assert "A week later" not in court.last.text
    async with host.database.read() as session:
        rows = (await session.execute(text("SELECT text, answer FROM moderation_appeals"))).all()
    assert {tuple(row) for row in rows} == {("erased at the member's request", None)}


async def test_only_who_it_is_about_appeals_and_only_others_decide(discord, start_host, market, court):
    await start_host("moderation", config=market.config(appeals_channel=court.id))
    mia = market.guild.add_member("mia", roles=[market.mods])
    await market.guild.owner.slash(market.general, "warn", member=market.mod, reason="too strict")
    await appeal(market.mod, market.mod.dms[-1])

    own = await market.mod.press(court.last, label="Accept")
    member = await market.alice.press(court.last, label="Accept")

    assert "another moderator has to decide" in own.text
    assert "Moderate Members" in member.text
    # Who shows a button of theirs to somebody else gives them nothing.
    letter = await warned(market, market.bob)
    button = letter.model.components[0]["components"][0]
    await mia.slash(market.general, "warn", member=market.alice, reason="noise")
    other = market.alice.dms[-1]
    other.model.components[0]["components"][0]["custom_id"] = button["custom_id"]
    assert "not about you" in (await market.alice.press(other, label="Appeal")).text


async def test_without_a_channel_there_is_no_button_and_a_lost_channel_loses_no_appeal(
    discord, start_host, market, court
):
    host = await start_host("moderation", config=market.config())
    letter = await warned(market, market.bob)
    assert letter.components == []
    set_to = {"plugin": "moderation", "setting": "appeals_channel"}
    await market.guild.owner.slash(market.general, "config set", **set_to, value=court.mention)
    letter = await warned(market, market.bob)
    court.delete()

    answer = await appeal(market.bob, letter)

    assert "with the server's staff" in answer.text
    health = await host.hooks.call("moderation", "chandelier_health")
    assert "the appeal against case #2 could not be posted" in health.lines[0]
    other = market.guild.create_text_channel("court-2")
    await market.guild.owner.slash(market.general, "config set", **set_to, value=other.mention)
    await market.mod.slash(market.general, "appeals")
    assert "Appeal · case #2" in other.last.text
    assert (await host.hooks.call("moderation", "chandelier_health")).level == "ok"
    await market.guild.owner.slash(market.general, "config reset", **set_to)
    assert "takes no appeals" in (await market.bob.press(letter, label="Appeal")).text


async def test_the_evidence_in_an_appeals_post_is_forgotten_with_its_cases(
    discord, start_host, market, court
):
    await start_host("moderation", config=market.config(appeals_channel=court.id, evidence_days=3))
    bad = await market.bob.send(market.general, "buy at 12 Elm Street")
    desk = await market.guild.owner.menu(market.general, "Act on this message", bad)
    form = await market.guild.owner.press(desk, label="Warn")
    await market.guild.owner.submit(form, {"reason": "spam", "delete": "yes"})
    await appeal(market.bob, market.bob.dms[-1])
    assert "Elm Street" in court.last.text

    await discord.advance(4 * 86_400)

    assert "Elm Street" not in court.last.text
    assert "It was a quote." in court.last.text


async def test_what_was_interrupted_is_not_done_twice(discord, start_host, market, court):
    """A crash after each effect and before it was recorded: its row is still started."""
    host = await start_host("moderation", config=market.config(appeals_channel=court.id))
    letter = await warned(market, market.bob)
    market.bob.close_dms()
    await appeal(market.bob, letter)
    async with host.database.transaction() as session:
        await session.execute(
            text("UPDATE chandelier_outbox SET state = 'started' WHERE kind = 'appeal_post'")
        )
        await session.execute(text("UPDATE moderation_appeals SET post = 'waiting', post_message_id = NULL"))
    host = await start_host.restart(host)
    assert len(court.messages) == 1

    await decide(market.mod, court, "Accept")

    # Their DMs are closed: the message with the button says it.
    assert len(market.bob.dms) == 1
    assert "Your appeal in Market was accepted" in letter.text
    assert "in the message with the button" in court.last.text
    async with host.database.transaction() as session:
        started = (
            "UPDATE chandelier_outbox SET state = 'started' WHERE kind IN ('appeal_tell', 'appeal_undo')"
        )
        await session.execute(text(started))
        await session.execute(text("UPDATE moderation_appeals SET told = 'waiting'"))
    await start_host.restart(host)
    assert letter.text.count("was accepted") == 1
    assert len(market.bob.dms) == 1


async def test_an_accepted_appeal_lifts_a_ban_and_is_told_though_no_server_is_shared(
    discord, start_host, market, court
):
    host = await start_host("moderation", config=market.config(appeals_channel=court.id))
    plugin = host.lifecycle.records["moderation"].plugin
    await plugin.book.open(
        Draft(
            guild_id=market.guild.id,
            action="ban",
            target_id=market.bob.id,
            moderator_id=market.mod.id,
            reason="raid",
            source="story",
            log_channel_id=market.log.id,
            tell_member=True,
        )
    )
    await discord.settle()
    assert market.bob.id in market.guild.bans
    letter = market.bob.dms[-1]

    await appeal(market.bob, letter, "My account was stolen.")

    assert "My account was stolen." in court.last.text
    too_little = await market.mod.press(court.last, label="Accept")
    assert "Ban Members" in too_little.text
    await decide(market.guild.owner, court, "Accept", "Welcome back.")
    assert market.guild.bans == {}
    assert "Undone as case #2" in court.last.text
    assert "you may join again" in letter.text
    assert len(market.bob.dms) == 1
    first = await market.mod.slash(market.general, "case view", number=1)
    assert "(void)" not in first.text
    # It stays lifted, and only once, though the effect's end was not seen.
    async with host.database.transaction() as session:
        await session.execute(
            text("UPDATE chandelier_outbox SET state = 'started' WHERE kind = 'appeal_undo'")
        )
    await start_host.restart(host)
    assert "no case #3" in (await market.mod.slash(market.general, "case view", number=3)).text
    await market.bob.rejoin()

"""Stories of a message's menu: acting on it with the message as evidence, and reporting it."""

from __future__ import annotations

import asyncio

import hikari
import pytest
from sqlalchemy import text

from loopcord import ActError


@pytest.fixture
def judge(market):
    """A moderator who may ban."""
    role = market.guild.create_role(
        "Judges", permissions=["ban_members", "kick_members", "moderate_members", "manage_messages"]
    )
    return market.guild.add_member("judge", roles=[role])


async def test_a_moderator_acts_on_a_message_that_its_author_deletes_meanwhile(
    discord, start_host, market, judge
):
    host = await start_host("moderation", config=market.config())
    bad = await market.bob.send(
        market.general, "buy `my` **things**", attachments=[("scam.png", b"\x89PNG\r\n\x1a\n")]
    )

    shown = await judge.menu(market.general, "Act on this message", bad)

    assert shown.ephemeral
    assert "buy ˋmyˋ **things**" in shown.text
    assert "scam.png" in shown.text
    assert "no cases" in shown.text
    await market.bob.delete(bad)
    await start_host.restart(host)
    form = await judge.press(shown, label="Time out")
    late = await judge.submit(form, {"reason": "ads", "duration": "soon"})
    assert "I cannot read" in late.text
    form = await judge.press(shown, label="Time out")
    done = await judge.submit(form, {"reason": "ads", "duration": "2h", "delete": "yes"})

    assert "ase #1" in done.text
    assert market.bob.timed_out_until is not None
    post = market.log.last
    assert "buy ˋmyˋ **things**" in post.text
    assert "gone already" in post.text

    # ---- the log undoes it, once
    undone = await judge.press(post, label="End the timeout")
    assert "case #2" in undone.text
    assert market.bob.timed_out_until is None
    again = await judge.press(market.log.last, label="Time out again")
    assert "case #3" in again.text
    assert market.bob.timed_out_until is not None

    # ---- what may not be done is said
    own = await market.guild.owner.send(market.general, "hello")
    shown = await judge.menu(market.general, "Act on this message", own)
    form = await judge.press(shown, label="Ban")
    refused = await judge.submit(form, {"reason": "coup"})
    assert "They own this server" in refused.text
    form = await judge.press(shown, label="Delete")
    refused = await judge.submit(form, {"reason": ""})
    assert "They own this server" in refused.text
    mine = await market.alice.send(market.general, "noise")
    shown = await judge.menu(market.general, "Act on this message", mine)
    form = await judge.press(shown, label="Delete")
    await judge.submit(form, {"reason": "noise"})
    assert mine.deleted


async def test_what_a_bot_wrote_in_an_embed_or_somebody_in_a_poll_is_evidence(
    discord, start_host, market, judge
):
    host = await start_host("moderation", config=market.config())
    spammer = market.guild.add_member("spammer", bot=True)
    embed = {"title": "Free nitro", "fields": [{"name": "Where", "value": "at evil.example"}]}
    bad = await spammer.send(market.general, embeds=[embed])

    shown = await judge.menu(market.general, "Act on this message", bad)
    form = await judge.press(shown, label="Kick")
    await judge.submit(form, {"reason": "spam", "delete": "yes"})

    assert bad.deleted
    assert "Free nitro" in market.log.last.text
    assert "at evil.example" in market.log.last.text

    answers = [hikari.impl.PollAnswerBuilder(text=each) for each in ("Nitro", "Robux")]
    poll = hikari.impl.PollBuilder(
        question_text="What do you want?", answers=answers, duration=1, allow_multiselect=False
    )
    await host.bot.rest.create_message(market.general.id, poll=poll)
    discord.backend.create_message(market.general.id, market.bob.id, poll=market.general.last.model.poll)
    shown = await judge.menu(market.general, "Act on this message", market.general.last)
    assert "What do you want?" in shown.text
    assert "Robux" in shown.text


async def test_members_report_a_message_and_moderators_deal_with_it_once(discord, start_host, market, judge):
    desk = market.guild.create_text_channel("reports")
    host = await start_host("moderation", config=market.config(report_channel=desk.id))
    bad = await market.bob.send(market.general, "@everyone free nitro")

    thanks = await market.alice.menu(market.general, "Report to moderators", bad)
    assert thanks.ephemeral
    form = await market.alice.press(thanks, label="Say why")
    await market.alice.submit(form, {"why": f"a `scam`, ask {market.mod.mention}"})
    carol = market.guild.add_member("carol")
    await carol.menu(market.general, "Report to moderators", bad)
    again = await carol.menu(market.general, "Report to moderators", bad)

    assert "before" in again.text
    assert len(desk.messages) == 1
    post = desk.last
    assert "free nitro" in post.text
    assert "a ˋscamˋ" in post.text
    assert carol.mention in post.text
    assert post.pinged == []
    own = await market.bob.menu(market.general, "Report to moderators", bad)
    assert "your own message" in own.text

    host = await start_host.restart(host)
    shown = await judge.press(post, label="Act on it")
    form = await judge.press(shown, label="Warn")
    await judge.submit(form, {"reason": "scam", "delete": "yes"})
    assert bad.deleted
    assert "Case #1" in desk.last.text
    assert judge.mention in desk.last.text

    other = await market.bob.send(market.general, "hm")
    await market.alice.menu(market.general, "Report to moderators", other)
    await judge.press(desk.last, label="Dismiss")
    aside = desk.last
    assert "Dismissed" in aside.text
    for n in range(3):
        one = await market.bob.send(market.general, f"hm {n}")
        await market.alice.menu(market.general, "Report to moderators", one)
    one = await market.bob.send(market.general, "hm 4")
    much = await market.alice.menu(market.general, "Report to moderators", one)
    assert "reported much lately" in much.text

    # ---- after a week nothing of it is kept, nor shown; reported again, it is a new report
    await discord.advance(8 * 86_400)
    assert "free nitro" not in post.text
    assert "scam" not in post.text
    assert "No longer kept" in post.text
    with pytest.raises(ActError, match="disabled"):
        await judge.press(post, label="Act on it")
    await carol.menu(market.general, "Report to moderators", other)
    assert carol.mention in aside.text
    assert "Dismissed" not in aside.text
    await discord.advance(3 * 86_400)
    async with host.database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM moderation_picks")) == 1


async def test_posts_that_a_moderator_deletes_by_hand_do_not_fail_what_comes_after(
    discord, start_host, market, judge
):
    desk = market.guild.create_text_channel("reports")
    host = await start_host("moderation", config=market.config(report_channel=desk.id, adopt=[]))
    owner = market.guild.owner
    bad = await market.bob.send(market.general, "free nitro")
    await market.alice.menu(market.general, "Report to moderators", bad)
    await owner.delete(desk.last)
    carol, dave = market.guild.add_member("carol"), market.guild.add_member("dave")

    await carol.menu(market.general, "Report to moderators", bad)
    thanks = await dave.menu(market.general, "Report to moderators", bad)
    form = await dave.press(thanks, label="Say why")
    await dave.submit(form, {"why": "a scam"})

    [post] = desk.messages
    for reporter in (market.alice, carol, dave):
        assert reporter.mention in post.text
    assert "a scam" in post.text
    await owner.delete(post)
    eve, frank = market.guild.add_member("eve"), market.guild.add_member("frank")
    await asyncio.gather(*(each.menu(market.general, "Report to moderators", bad) for each in (eve, frank)))
    await discord.settle()
    [post] = desk.messages
    assert eve.mention in post.text
    assert frank.mention in post.text
    await judge.press(post, label="Dismiss")
    assert "Dismissed" in post.text

    # ---- what has been dealt with is not posted again for that
    worse = await market.bob.send(market.general, "free robux")
    await market.alice.menu(market.general, "Report to moderators", worse)
    await owner.delete(desk.last)
    form = await judge.press(await judge.menu(market.general, "Act on this message", worse), label="Warn")
    await judge.submit(form, {"reason": "scam", "delete": "no"})
    assert desk.messages == [post]

    # ---- where reports go to now, when the channel is gone
    desk.delete()
    set_to = {"plugin": "moderation", "setting": "report_channel"}
    await owner.slash(market.general, "config set", **set_to, value=market.log.mention)
    await carol.menu(market.general, "Report to moderators", worse)
    assert carol.mention in market.log.last.text

    # ---- the post of a case
    await owner.delete(market.log.messages[0])
    await judge.slash(market.general, "case void", number=1)
    async with host.database.read() as session:
        failed = "SELECT count(*) FROM chandelier_outbox WHERE state != 'done'"
        assert await session.scalar(text(failed)) == 0


async def test_every_action_has_its_inverse_as_a_button_which_asks_for_the_same_rights(
    discord, start_host, market, judge
):
    await start_host("moderation", config=market.config(adopt=[]))
    owner, general, log, bob = market.guild.owner, market.general, market.log, market.bob
    shiny = market.guild.create_role("Shiny")

    await owner.slash(general, "role give", member=bob, role=shiny, reason="nice")
    given = log.last
    with_role = await judge.press(given, label="Take the role back")
    assert "Manage Roles" in with_role.text
    assert bob.roles == [shiny]
    await owner.press(given, label="Take the role back")
    assert bob.roles == []
    await owner.press(log.last, label="Give the role back")
    assert bob.roles == [shiny]

    await bob.rename("bobby")
    await owner.slash(general, "nick", member=bob, name="Robert")
    await owner.press(log.last, label="Nickname as before")
    assert bob.nick == "bobby"

    await owner.slash(general, "ban", user=bob, reason="spam")
    ban = log.last
    discord.fail("DELETE", f"/guilds/*/bans/{bob.id}", status=403, code=50013)
    await judge.press(ban, label="Lift the ban")
    assert bob.id in market.guild.bans
    await judge.press(ban, label="Lift the ban")  # it failed, so it may be tried again
    assert bob.id not in market.guild.bans
    again = await judge.press(log.last, label="Ban again")
    assert bob.id in market.guild.bans
    assert "case" in again.text

    await owner.slash(general, "slowmode", wait="30s")
    await owner.press(log.last, label="Slowmode as before")
    assert general.model.rate_limit_per_user == 0
    await owner.slash(general, "lockdown channel")
    await owner.press(log.last, label="End the lockdown")
    assert general.model.overwrites == []
    peer = market.guild.add_member("peer", roles=judge.roles)
    await owner.slash(general, "timeout", member=peer, duration="1h")
    above = await judge.press(log.last, label="End the timeout")
    assert "not above theirs" in above.text
    assert peer.timed_out_until is not None

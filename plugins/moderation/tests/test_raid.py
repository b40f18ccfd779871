"""Stories of raid mode: it starts by a rate of joins or a button, and restores all that it changed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

import chandelier
from chandelier_moderation.acting.terms import Terms
from loopcord import ActError

CROWD = 300
THOUSAND = 1_000


async def rows(host, what):
    async with host.database.read() as session:
        return (await session.execute(text(what))).all()


async def cases(host):
    return await rows(host, "SELECT action, target_id, undoes FROM moderation_cases ORDER BY number")


async def newcomers(host):
    return {row[0] for row in await rows(host, "SELECT user_id FROM moderation_raid_newcomers")}


async def test_too_many_joins_start_it_and_it_ends_by_itself_with_a_report(discord, start_host, market):
    settings = {"raid_joins": 3, "raid_seconds": 30, "raid_minutes": 10}
    host = await start_host("moderation", config=market.config(**settings))
    early = await market.guild.join("early")
    await discord.advance(31)
    crowd = [await market.guild.join(f"newcomer-{number}") for number in range(2)]
    assert market.log.messages == []

    crowd.append(await market.guild.join("newcomer-2"))

    alert = market.log.last
    assert "Raid mode is on" in alert.text
    assert "3 joined at once" in alert.text
    until = market.guild.paused.invites
    assert until == discord.clock.now() + timedelta(minutes=10)
    with pytest.raises(ActError, match="paused"):
        await market.guild.join("too-late")
    found = await cases(host)
    held = {target for action, target, _ in found if action == "timeout"}
    assert held == {member.id for member in crowd}
    assert early.id not in held
    assert all(member.timed_out_until for member in crowd)
    slowed = {target for action, target, _ in found if action == "slowmode"}
    assert slowed == {market.general.id, market.log.id}
    shown = await market.mod.slash(market.general, "raid show")
    assert "Raid mode is on" in shown.text

    # It survives a restart, and ends by itself.
    host = await start_host.restart(host)
    await discord.advance(10 * 60 + 30)

    assert "Raid mode is over" in alert.text
    report = market.log.last
    assert "Report: raid mode" in report.text
    assert "by itself" in report.text
    assert "Newcomers timed out: 3" in report.text
    assert report.attachments[0]["filename"] == "newcomers.txt"
    assert market.guild.paused.invites is None
    what_was_done = "SELECT count(*) FROM moderation_cases WHERE act != 'failed' AND undoes IS "
    done, undone = await rows(host, f"{what_was_done} NULL"), await rows(host, f"{what_was_done} NOT NULL")
    assert done == undone
    assert [member.timed_out_until for member in crowd] == [None] * 3
    assert "Raid mode is off" in (await market.mod.slash(market.general, "raid show")).text
    assert len([post for post in market.log.messages if "Report" in post.text]) == 1
    # The next raid is another one.
    for number in range(3):
        await market.guild.join(f"again-{number}")
    assert "Raid mode is on" in market.log.last.text


async def test_a_moderator_starts_and_ends_it_and_what_was_set_before_comes_back(discord, start_host, market):
    """Zeppelin and others reopen what had been closed before; what a moderator set by hand stays here."""
    host = await start_host("moderation", config=market.config(raid_hold="none", raid_dms=True))
    rest = host.bot.rest
    tonight = discord.clock.now() + timedelta(hours=20)
    await rest.set_guild_incident_actions(market.guild.id, invites_disabled_until=tonight)

    panel = await market.mod.slash(market.general, "raid show")
    pressed = await market.mod.press(panel, label="Start raid mode")

    assert "Raid mode is on" in pressed.text
    assert market.guild.paused.invites == tonight  # the longer pause stays
    assert market.guild.paused.dms == discord.clock.now() + timedelta(minutes=30)
    assert "on already" in (await market.mod.slash(market.general, "raid start")).text
    alert = market.log.last
    assert "Moderate Members" in (await market.alice.press(alert, label="End raid mode")).text
    ended = await market.mod.press(alert, label="End raid mode")
    await discord.advance(30)
    assert "A report follows" in ended.text
    assert market.mod.mention in market.log.last.text
    assert market.guild.paused.invites == tonight
    assert market.guild.paused.dms is None

    # Changed by hand meanwhile: it stays so.
    await market.mod.slash(market.general, "raid start", minutes=60)
    await rest.set_guild_incident_actions(
        market.guild.id, invites_disabled_until=discord.clock.now() + timedelta(hours=3)
    )
    await market.mod.slash(market.general, "raid stop")
    await discord.advance(30)
    assert market.guild.paused.invites is not None
    assert "changed by hand" in market.log.last.text
    assert "Raid mode is off" in (await market.mod.slash(market.general, "raid stop")).text


async def test_one_that_begins_while_another_is_ending_leaves_nothing_of_either(
    discord, start_host, market, monkeypatch
):
    """The second wave comes while what was changed for the first one is being restored."""
    host = await start_host("moderation", config=market.config(raid_dms=True))
    measures = host.lifecycle.records["moderation"].plugin.measures
    unpause, begun = measures._unpause, asyncio.Event()

    async def late(raid):
        await begun.wait()
        await unpause(raid)

    monkeypatch.setattr(measures, "_unpause", late)
    await market.mod.slash(market.general, "raid start", minutes=600)
    gone = market.guild.create_text_channel("made-meanwhile")
    stopping = asyncio.create_task(market.mod.slash(market.general, "raid stop"))
    assert await discord.until(lambda: "ending" in market.log.messages[0].text)
    assert market.guild.paused.invites

    starting = asyncio.create_task(market.mod.slash(market.general, "raid start", minutes=30))
    assert await discord.until(lambda: len(market.log.messages) > 1)
    begun.set()
    assert "A report follows" in (await stopping).text
    assert "Raid mode is on" in (await starting).text
    assert market.guild.paused.dms
    gone.delete()
    market.general.delete()  # one that it slowed
    await discord.advance(31 * 60)

    reports = [post.text for post in market.log.messages if "Report" in post.text]
    assert len(reports) == 2
    assert not any("by hand" in report or "failed" in report for report in reports)
    assert (market.guild.paused.invites, market.guild.paused.dms) == (None, None)
    assert market.log.model.rate_limit_per_user == 0


async def test_staff_is_asked_first_where_the_server_wants_that(discord, start_host, market):
    waiting = market.guild.create_role("Waiting")
    settings = {"raid_joins": 2, "raid_start": "ask", "raid_hold": "role", "raid_role": waiting.id}
    settings["raid_roles"] = [market.mods.id]
    host = await start_host("moderation", config=market.config(**settings))
    market.guild.set_permissions(market.guild.bot_role, ["administrator"])  # it may mention the role
    for number in range(4):
        await market.guild.join(f"newcomer-{number}")
    [question] = market.log.messages
    assert "This may be a raid" in question.text
    assert question.pinged == [market.mods.id]
    assert await cases(host) == []
    market.guild.set_bot_permissions(["view_channel", "send_messages", "embed_links", "read_message_history"])

    await market.mod.press(question, label="Start raid mode")
    late = await market.guild.join("latecomer")

    assert ("role_give", late.id, None) in [tuple(row) for row in await cases(host)]
    assert "I need Manage Server" in market.log.last.text
    assert market.guild.paused.invites is None
    # While too many come it lasts longer; the end is pushed back at most once a minute.
    await discord.advance(25 * 60)
    await market.guild.join("one")
    await market.guild.join("two")
    await discord.advance(10 * 60)
    assert "Raid mode is on" in (await market.mod.slash(market.general, "raid show")).text
    person = await host.hooks.call("moderation", "chandelier_export_person", user_id=late.id)
    assert [each["guild"] for each in person["raids"]] == [str(market.guild.id)]
    erased = await host.hooks.call("moderation", "chandelier_erase_person", user_id=late.id, by="person")
    assert erased.erased == 1
    await discord.advance(21 * 60)
    assert "Report: raid mode" in market.log.last.text


async def test_nobody_becomes_a_moderator_by_joining(start_host, market):
    settings = {"raid_hold": "role", "raid_role": market.mods.id, "raid_invites": False}
    host = await start_host("moderation", config=market.config(**settings))

    started = await market.mod.slash(market.general, "raid start")
    newcomer = await market.guild.join("newcomer")

    assert "can moderate, so it is for no newcomer" in started.text
    assert [row[0] for row in await cases(host) if row[1] == newcomer.id] == ["timeout"]
    assert newcomer.timed_out_until is not None


async def test_who_joins_while_the_bot_is_away_is_held_when_it_is_back_and_let_go_with_the_others(
    discord, start_host, market, monkeypatch
):
    settings = {"raid_joins": 2, "raid_invites": False, "raid_slowmode": 0, "raid_minutes": 60}
    host = await start_host("moderation", config=market.config(**settings))
    early = await market.guild.join("early")
    await discord.advance(60)
    crowd = [await market.guild.join(f"newcomer-{number}") for number in range(2)]
    let_go = crowd[0]
    await market.mod.slash(market.general, "untimeout", member=let_go)
    await start_host.stop(host)
    await discord.advance(60)

    crowd += [market.guild.add_member(f"away-{number}") for number in range(5)]
    helper = market.guild.add_member("helper", bot=True)
    monkeypatch.setattr("chandelier_moderation.raid.absence.AT_ONCE", 4)  # in several goes
    host = await start_host("moderation")
    await discord.advance(10)
    assert await newcomers(host) == {member.id for member in crowd}
    assert all(member.timed_out_until for member in crowd[1:])
    assert [member.timed_out_until for member in (early, helper, let_go)] == [None] * 3

    # The connection is lost, and Discord has forgotten the session: nothing is sent again.
    discord.trouble.withhold("GUILD_MEMBER_ADD")
    crowd.append(market.guild.add_member("unheard"))
    await discord.settle()
    assert crowd[-1].timed_out_until is None
    await discord.trouble.invalidate()
    await discord.ready()
    await discord.advance(10)
    assert crowd[-1].timed_out_until
    held = [target for action, target, _ in await cases(host) if action == "timeout"]
    assert sorted(held) == sorted(member.id for member in crowd)

    await market.mod.slash(market.general, "raid stop")
    await discord.advance(60)
    assert "Joined meanwhile\n8" in market.log.last.text
    assert not any(member.timed_out_until for member in crowd)
    undone = [target for action, target, undoes in await cases(host) if action == "untimeout" and undoes]
    assert sorted(undone) == sorted(member.id for member in crowd[1:])


async def test_an_interrupted_start_does_nothing_twice(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    await market.mod.slash(market.general, "raid start")
    before, until = await cases(host), market.guild.paused.invites
    async with host.database.transaction() as session:
        await session.execute(text("UPDATE chandelier_outbox SET state = 'started' WHERE kind LIKE 'raid_%'"))
        await session.execute(text("UPDATE moderation_raids SET message_id = NULL"))

    host = await start_host.restart(host)

    assert await cases(host) == before
    assert market.guild.paused.invites == until
    assert len(market.log.messages) == 1
    await market.mod.slash(market.general, "raid stop")
    await discord.advance(30)
    assert market.guild.paused.invites is None


@pytest.mark.endurance
async def test_a_raid_of_a_thousand_is_held_and_let_go_to_the_last(discord, start_host, market):
    settings = {"raid_joins": 20, "raid_seconds": 60, "raid_invites": False, "raid_slowmode": 0}
    await start_host("moderation", config=market.config(**settings))

    crowd = [market.guild.add_member(f"newcomer-{number}") for number in range(THOUSAND)]
    assert await discord.until(lambda: all(member.timed_out_until for member in crowd), patience=600)
    await discord.settle()
    await market.mod.slash(market.general, "raid stop")
    for _ in range(60):
        await discord.advance(30)
        if "Report" in market.log.last.text:
            break

    assert not any(member.timed_out_until for member in crowd)
    assert f"Newcomers timed out: {THOUSAND}" in market.log.last.text
    assert f"Joined meanwhile\n{THOUSAND}" in market.log.last.text
    assert len(market.log.messages) == 2


async def test_a_join_that_finds_another_has_started_it_is_held_too(discord, start_host, market, monkeypatch):
    """It finds no raid mode; before it starts one a moderator has, and that start holds whom it knows of."""
    settings = {"raid_joins": 2, "raid_invites": False, "raid_slowmode": 0}
    host = await start_host("moderation", config=market.config(**settings))
    plugin = host.lifecycle.records["moderation"].plugin
    begin, start = plugin.raids.begin, plugin.measures.start
    started, begun = asyncio.Event(), []

    async def starting(raid):
        await start(raid)
        started.set()

    async def beginning(guild_id, *, by, **options):
        await begin(guild_id, by=market.mod.id)
        await started.wait()
        begun.append(await begin(guild_id, by=by, **options))
        return begun[-1]

    monkeypatch.setattr(plugin.measures, "start", starting)
    monkeypatch.setattr(plugin.raids, "begin", beginning)
    before = await market.guild.join("newcomer-0")
    crowd = [market.guild.add_member(f"newcomer-{number}") for number in (1, 2)]
    await discord.settle()

    assert [new for _, new in begun] == [False]
    assert before.timed_out_until is None  # was there when the moderator started it
    assert all(member.timed_out_until for member in crowd)
    assert await newcomers(host) == {member.id for member in crowd}
    assert len(await cases(host)) == 2


async def test_a_crowd_that_joins_at_once_is_written_down_at_once(discord, start_host, market, monkeypatch):
    """Three transactions for each of them kept the listeners of a thousand waiting past their limit."""
    settings = {"raid_joins": CROWD, "raid_invites": False, "raid_slowmode": 0, "raid_hold": "none"}
    host = await start_host("moderation", config=market.config(**settings))
    plugin = host.lifecycle.records["moderation"].plugin
    joined, add = plugin.raids.joined, plugin.arrivals.add
    for_whom, config_for = Terms.for_whom, plugin.ctx.config_for
    everybody, looks, heard, asked, read = asyncio.Event(), [], [], [], []

    async def hearing(guild_id, user_id):
        heard.append(user_id)
        if len(heard) == CROWD:
            everybody.set()
        await add(guild_id, user_id)

    async def looking(guild_id, people):
        looks.append(len(people))
        await everybody.wait()  # as at a busy database
        return await joined(guild_id, people)

    async def asking(terms, session, guild_id, people):
        asked.append(len(people))
        await everybody.wait()
        return await for_whom(terms, session, guild_id, people)

    async def reading(guild_id):
        read.append(guild_id)
        await everybody.wait()
        return await config_for(guild_id)

    monkeypatch.setattr(plugin.arrivals, "add", hearing)
    monkeypatch.setattr(plugin.raids, "joined", looking)
    monkeypatch.setattr(Terms, "for_whom", asking)
    monkeypatch.setattr(plugin.ctx, "config_for", reading)
    crowd = [market.guild.add_member(f"newcomer-{number}") for number in range(CROWD)]
    await discord.settle()

    assert sum(looks) == CROWD
    assert len(looks) == 2
    assert sum(asked) == CROWD
    assert len(asked) <= 4  # what lasts for them; one question for each kept the listeners waiting, too
    assert len(read) <= 10  # the server's settings
    assert await newcomers(host) == {member.id for member in crowd}
    assert f"{CROWD} joined at once" in market.log.last.text


async def test_what_else_is_to_be_done_does_not_wait_for_a_whole_crowd(discord, start_host, market):
    """The outbox takes what was put first: a ban stood in line behind a raid's thousand."""
    settings = {"raid_joins": 100, "raid_invites": False, "raid_slowmode": 0}
    host = await start_host("moderation", config=market.config(**settings))
    in_line = "SELECT count(*) FROM chandelier_outbox WHERE kind = 'act' AND state = 'waiting'"
    await market.mod.slash(market.general, "raid start")

    await host.outbox.stop()
    crowd = [market.guild.add_member(f"newcomer-{number}") for number in range(30)]
    await discord.settle()
    assert await rows(host, in_line) == [(10,)]
    await host.outbox.start()
    await discord.advance(10)
    assert all(member.timed_out_until for member in crowd)

    await host.outbox.stop()
    await market.mod.slash(market.general, "raid stop")
    assert await rows(host, in_line) == [(10,)]
    await host.outbox.start()
    await discord.advance(60)
    assert not any(member.timed_out_until for member in crowd)
    assert "Newcomers timed out: 30" in market.log.last.text


async def test_who_could_not_be_written_down_is_so_with_the_next(discord, start_host, market, monkeypatch):
    settings = {"raid_joins": 5, "raid_invites": False, "raid_slowmode": 0}
    host = await start_host("moderation", config=market.config(**settings))
    raids = host.lifecycle.records["moderation"].plugin.raids
    await market.mod.slash(market.general, "raid start")
    note = raids.note

    async def failing(raid, people):
        monkeypatch.setattr(raids, "note", note)
        raise chandelier.ServiceUnavailable("the disk is full")

    monkeypatch.setattr(raids, "note", failing)
    unlucky = await market.guild.join("unlucky")
    assert unlucky.timed_out_until is None
    late = await market.guild.join("late")

    assert unlucky.timed_out_until
    assert late.timed_out_until
    assert await newcomers(host) == {unlucky.id, late.id}
    # Counted once each, however often it was tried.
    assert [user_id for user_id, _ in raids.lately(market.guild.id)] == [unlucky.id, late.id]


@pytest.mark.endurance
async def test_a_restart_amid_holding_a_crowd_holds_everybody_once(discord, start_host, market, monkeypatch):
    """It stops when some have their case, the others none yet, and nothing is set that goes on."""
    settings = {"raid_joins": 20, "raid_seconds": 60, "raid_invites": False, "raid_slowmode": 0}
    host = await start_host("moderation", config=market.config(**settings))
    measures = host.lifecycle.records["moderation"].plugin.measures
    hold, stuck = measures.hold, asyncio.Event()

    async def holding(raid_id):
        if await hold(raid_id):
            stuck.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(measures, "hold", holding)
    crowd = [market.guild.add_member(f"newcomer-{number}") for number in range(CROWD)]
    await stuck.wait()
    assert len(await cases(host)) < CROWD
    host = await start_host.restart(host)
    await discord.settle()

    noted = await newcomers(host)
    assert len(noted) > 50
    held = [target for action, target, _ in await cases(host) if action == "timeout"]
    assert sorted(held) == sorted(noted)
    assert {member.id for member in crowd if member.timed_out_until} == noted

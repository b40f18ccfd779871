"""Stories of the commands that act on one person: what the moderator, the member and the log see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from loopcord import ActError

STAFF = ["moderate_members", "kick_members", "ban_members", "manage_nicknames", "manage_roles"]


@pytest.fixture
def staffed(market):
    """Market, whose moderator may do everything to members."""
    market.guild.set_permissions(market.mods, [*STAFF, "manage_messages"])
    return market


async def test_each_command_does_what_it_says_and_the_answer_says_what_came_of_it(
    discord, start_host, staffed
):
    await start_host("moderation", config=staffed.config(time_zone="Europe/Rome"))
    mod, bob, general = staffed.mod, staffed.bob, staffed.general
    role = staffed.guild.create_role("Muted")

    timeout = await mod.slash(general, "timeout", member=bob, duration="until tomorrow 18:00", reason="spam")
    assert timeout.ephemeral
    assert "Case #1: Timeout" in timeout.text
    assert "Carried out" in timeout.text
    assert "Member told by DM" in timeout.text
    assert "<t:1767373200:f>" in timeout.text  # 17:00 UTC on the second of January
    assert bob.timed_out_until == "2026-01-02T17:00:00+00:00"
    assert "You were timed out in Market" in bob.dms[-1].text
    assert "<t:1767373200:f>" in bob.dms[-1].text
    lifted = await mod.slash(general, "untimeout", member=bob)
    assert "no reason given" in lifted.text
    assert bob.timed_out_until is None
    assert "Your timeout in Market was lifted" in bob.dms[-1].text
    assert "It was lifted" in staffed.log.messages[0].text
    assert "It was so already" in (await mod.slash(general, "untimeout", member=bob)).text

    assert f"<@&{role.id}>" in (await mod.slash(general, "role give", member=bob, role=role)).text
    assert role in bob.roles
    await mod.slash(general, "role take", member=bob, role=role)
    assert role not in bob.roles
    await mod.slash(general, "nick", member=bob, name="Bobby", reason="easier to read")
    assert bob.nick == "Bobby"
    assert "– → `Bobby`" in staffed.log.last.text
    await mod.slash(general, "nick", member=bob)
    assert bob.nick is None
    dms = len(bob.dms)
    note = await mod.slash(general, "note", user=bob, text="promised to behave")
    assert "Case #8: Note" in note.text
    assert len(bob.dms) == dms

    said = await bob.send(general, "buy now")
    await mod.slash(general, "softban", user=bob)
    assert said.deleted
    assert not bob.present
    await bob.rejoin()
    await mod.slash(general, "kick", member=bob, reason="still spam")
    assert not bob.present
    assert "is not a member" in (await mod.slash(general, "kick", member=bob)).text
    await mod.slash(general, "ban", user=bob, reason="scam")
    assert bob.id in staffed.guild.bans
    assert "It was so already" in (await mod.slash(general, "ban", user=bob)).text
    await mod.slash(general, "unban", user=bob)
    assert staffed.guild.bans == {}
    entry = staffed.guild.audit_log[0]
    assert entry["reason"] == f"Case #13 by {mod.id}: no reason given"
    assert "13 cases" in (await mod.slash(general, "history", member=bob)).text


async def test_the_hierarchy_holds_on_every_path_and_says_which_rule_refused(start_host, staffed):
    """Red #2127: hack-ban of peers."""
    await start_host("moderation", config=staffed.config())
    mod, general = staffed.mod, staffed.general
    peer = staffed.guild.add_member("mia", roles=[staffed.mods])
    high = staffed.guild.create_role("High", above=staffed.mods)
    for command, key, more in (
        ("timeout", "member", {"duration": "1h"}),
        ("kick", "member", {}),
        ("ban", "user", {}),
        ("tempban", "user", {"duration": "1h"}),
        ("softban", "user", {}),
        ("nick", "member", {"name": "x"}),
    ):
        assert "not above theirs" in (await mod.slash(general, command, **{key: peer}, **more)).text, command
    for target, why in (
        (staffed.guild.owner, "own this server"),
        (mod, "to yourself"),
        (staffed.guild.bot_member, "to myself"),
    ):
        assert why in (await mod.slash(general, "ban", user=target)).text
    given = await mod.slash(general, "role give", member=staffed.bob, role=high)
    assert "not below your highest role" in given.text
    own = await mod.slash(general, "role give", member=staffed.bob, role=staffed.mods)
    assert "not below your highest role" in own.text
    managed = await staffed.guild.owner.slash(
        general, "role give", member=staffed.bob, role=staffed.guild.bot_role
    )
    assert "Discord itself manages it" in managed.text
    assert staffed.log.messages == []
    assert staffed.guild.bans == {}


async def test_a_duration_that_cannot_be_is_refused_and_its_moment_shown_while_typing(start_host, staffed):
    await start_host("moderation", config=staffed.config(time_zone="Europe/Rome"))
    mod, general = staffed.mod, staffed.general

    for written, why in (("soon", "cannot read “soon”"), ("2020-01-01", "over already"), ("9y", "too long")):
        refused = await mod.slash(general, "timeout", member=staffed.bob, duration=written)
        assert why in refused.text
    shown = await mod.autocomplete(general, "timeout", "duration", "1h30m", member=staffed.bob)
    assert shown == [{"name": "1h30m → 2026-01-01 02:30 Europe/Rome", "value": "1h30m"}]
    assert len(await mod.autocomplete(general, "timeout", "duration", "", member=staffed.bob)) == 6
    assert await mod.autocomplete(general, "timeout", "duration", "so", member=staffed.bob) == []
    with pytest.raises(ActError, match="hidden from alice"):
        await staffed.alice.slash(general, "ban", user=staffed.bob)


async def test_a_time_zone_is_checked_when_it_is_set(start_host, staffed):
    """Home Assistant and others: an invalid time zone that is noticed only when it is used."""
    await start_host("moderation", config=staffed.config())
    owner, general = staffed.guild.owner, staffed.general

    wrong = await owner.slash(
        general, "config set", plugin="moderation", setting="time_zone", value="Europe/Atlantis"
    )
    assert "is no time zone" in wrong.text
    await owner.slash(general, "config set", plugin="moderation", setting="time_zone", value="Asia/Tokyo")
    answer = await staffed.mod.slash(general, "timeout", member=staffed.bob, duration="18:00")
    assert "<t:1767258000:f>" in answer.text  # 09:00 UTC


async def test_a_ban_that_discord_refuses_says_why_to_the_moderator(discord, start_host, staffed):
    await start_host("moderation", config=staffed.config())
    discord.trouble.fail("PUT", "/guilds/*/bans/*", status=403, code=50013)

    answer = await staffed.mod.slash(staffed.general, "ban", user=staffed.bob)

    assert "Not carried out: Discord refused it" in answer.text
    discord.trouble.fail("PUT", "/guilds/*/bans/*", status=408)
    waiting = await staffed.mod.slash(staffed.general, "ban", user=staffed.alice)
    assert "Being carried out" in waiting.text
    await discord.advance(60)
    assert staffed.alice.id in staffed.guild.bans
    assert len(staffed.alice.dms) == 1


async def test_a_server_says_in_its_own_words_what_members_are_told(start_host, staffed):
    await start_host(
        "moderation",
        config=staffed.config(
            tell_text="The rules: <#1>. {case}, {nothing}", tell_text_out="{reason}? Write to us."
        ),
    )
    mod, bob, general = staffed.mod, staffed.bob, staffed.general

    await mod.slash(general, "timeout", member=bob, duration="1h", reason="spam")
    assert "The rules: <#1>. #1, {nothing}" in bob.dms[-1].text
    await mod.slash(general, "kick", member=bob, reason="see {server}")
    assert "see {server}? Write to us." in bob.dms[-1].text
    bob.close_dms()
    answer = await mod.slash(general, "ban", user=bob)
    assert "their DMs are closed" in answer.text
    assert "Carried out" in answer.text


async def test_the_menu_of_a_member_shows_their_history_and_acts_by_forms(discord, start_host, staffed):
    host = await start_host("moderation", config=staffed.config())
    mod, bob, general = staffed.mod, staffed.bob, staffed.general
    for number in range(6):
        await mod.slash(general, "note", user=bob, text=f"note {number}")

    desk = await mod.menu(general, "Moderate…", bob)
    assert desk.ephemeral
    assert "6 cases" in desk.text
    await mod.press(desk, label="Older")
    assert "Page 2 of 2" in desk.text
    await start_host.restart(host)
    form = await mod.press(desk, label="Timeout")
    refused = await mod.submit(form, {"duration": "soonish", "reason": "spam"})
    assert "cannot read" in refused.text
    form = await mod.press(desk, label="Timeout")
    done = await mod.submit(form, {"duration": "90m", "reason": "spam"})
    assert "Case #7: Timeout" in done.text
    assert bob.timed_out_until == (discord.clock.now() + timedelta(minutes=90)).isoformat()
    await mod.submit(await mod.press(desk, label="Lift timeout"), {"reason": ""})
    assert bob.timed_out_until is None
    await mod.submit(await mod.press(desk, label="Nickname"), {"nick": "Bobby", "reason": ""})
    assert bob.nick == "Bobby"
    await mod.submit(await mod.press(desk, label="Warn"), {"reason": "last time"})
    assert "You were warned" in bob.dms[-1].text
    await mod.submit(await mod.press(desk, label="Ban"), {"duration": "10m", "reason": "scam"})
    assert bob.id in staffed.guild.bans
    warned = await mod.submit(await mod.press(desk, label="Warn"), {"reason": "too late"})
    assert "is not a member" in warned.text
    await discord.advance(601)
    assert staffed.guild.bans == {}
    peer = staffed.guild.add_member("mia", roles=[staffed.mods])
    desk = await mod.menu(general, "Moderate…", peer)
    refused = await mod.submit(await mod.press(desk, label="Kick"), {"reason": ""})
    assert "not above theirs" in refused.text
    staffed.guild.set_permissions(staffed.mods, ["moderate_members"])
    assert "**Ban Members**" in (await mod.press(desk, label="Ban")).text


# ---- what ends by itself


async def case_of(host, market, number):
    return await host.lifecycle.records["moderation"].plugin.book.get(market.guild.id, number)


async def test_what_is_for_a_time_ends_in_its_time_also_after_a_restart(discord, start_host, staffed):
    host = await start_host("moderation", config=staffed.config())
    mod, bob, alice, general = staffed.mod, staffed.bob, staffed.alice, staffed.general
    role = staffed.guild.create_role("Muted")

    await mod.slash(general, "tempban", user=bob, duration="2d", reason="spam")
    await mod.slash(general, "role give", member=alice, role=role, duration="1d")
    await mod.slash(general, "timeout", member=alice, duration="1h")
    assert "Until" in staffed.log.messages[0].text
    host = await start_host.restart(host)
    await discord.advance(3600 * 23)
    assert role in alice.roles
    await discord.advance(3600 * 2)
    assert role not in alice.roles
    assert bob.id in staffed.guild.bans
    await start_host.stop(host)
    await discord.advance(86_400 * 2)  # the ban was to end meanwhile
    assert bob.id in staffed.guild.bans
    host = await start_host("moderation")

    assert bob.id not in staffed.guild.bans
    for number in (1, 2, 3):
        assert (await case_of(host, staffed, number)).ended_how == "expired"
        assert "It ended in its time" in staffed.log.messages[number - 1].text
    assert len(staffed.log.messages) == 3
    assert staffed.guild.audit_log[0]["reason"] == "Case #1 is over"


async def test_what_was_ended_by_hand_is_noted_and_not_ended_again(discord, start_host, staffed):
    """Someone lifts a ban by hand: the timer is cancelled and the case says so."""
    host = await start_host("moderation", config=staffed.config())
    mod, bob, alice, general = staffed.mod, staffed.bob, staffed.alice, staffed.general
    role = staffed.guild.create_role("Muted")
    await mod.slash(general, "tempban", user=bob, duration="1d")
    await mod.slash(general, "role give", member=alice, role=role, duration="1d")
    await mod.slash(general, "timeout", member=alice, duration="1h")
    await discord.advance(60)

    await mod.unban(bob)
    await mod.take_role(alice, role)
    await mod.time_out(alice, 0)
    await discord.advance(10)

    for number in (1, 2, 3):
        assert (await case_of(host, staffed, number)).ended_how == "by_hand", number
        assert "ended by hand" in staffed.log.messages[number - 1].text
    await mod.ban(bob, reason="a permanent one, by hand")
    await mod.give_role(alice, role)
    await discord.advance(86_400 * 2)
    assert bob.id in staffed.guild.bans
    assert role in alice.roles


async def test_a_later_case_takes_the_place_of_an_earlier_one(discord, start_host, staffed):
    host = await start_host("moderation", config=staffed.config())
    mod, bob, general = staffed.mod, staffed.bob, staffed.general

    await mod.slash(general, "tempban", user=bob, duration="1h")
    longer = await mod.slash(general, "tempban", user=bob, duration="1d")
    assert "Carried out" in longer.text
    await discord.advance(7200)
    assert bob.id in staffed.guild.bans
    assert (await case_of(host, staffed, 1)).ended_how == "replaced"
    await mod.slash(general, "ban", user=bob)
    await discord.advance(86_400)
    assert bob.id in staffed.guild.bans
    assert (await case_of(host, staffed, 2)).ended_how == "replaced"
    await mod.slash(general, "tempban", user=bob, duration="1h")  # banned for good: not ours to end
    await discord.advance(7200)
    assert bob.id in staffed.guild.bans
    await mod.slash(general, "unban", user=bob)
    await mod.slash(general, "timeout", member=staffed.alice, duration="1d")
    await mod.slash(general, "timeout", member=staffed.alice, duration="1h")
    assert staffed.alice.timed_out_until == (discord.clock.now() + timedelta(hours=1)).isoformat()
    assert (await case_of(host, staffed, 6)).ended_how == "replaced"


@pytest.mark.endurance
async def test_a_timeout_beyond_28_days_is_renewed_until_its_end(discord, start_host, staffed):
    host = await start_host("moderation", config=staffed.config())
    start = discord.clock.now()
    await staffed.mod.slash(staffed.general, "timeout", member=staffed.bob, duration="60d")

    for days in (27.9, 27.1, 4.9):
        await discord.advance(86_400 * days)
        assert staffed.bob.timed_out_until is not None, discord.clock.now()
    host = await start_host.restart(host)
    assert staffed.bob.timed_out_until == (start + timedelta(days=60)).isoformat()
    await discord.advance(3600 * 3)
    assert staffed.bob.timed_out_until is None
    assert (await case_of(host, staffed, 1)).ended_how == "expired"
    assert len(staffed.log.messages) == 1


# ---- people who come back


async def test_who_rejoins_gets_back_what_lasts_and_a_loop_ends_in_an_alert(discord, start_host, staffed):
    """Red #6329, YAGPDB PR #1806, #246: a mute lost at rejoin, or an endless loop with an autorole."""
    host = await start_host("moderation", config=staffed.config())
    mod, bob, general = staffed.mod, staffed.bob, staffed.general
    muted, member = staffed.guild.create_role("Muted"), staffed.guild.create_role("Member")
    await mod.slash(general, "role give", member=bob, role=muted, duration="7d")
    await mod.slash(general, "timeout", member=bob, duration="2h")
    await discord.advance(60)

    await bob.leave()
    await discord.advance(60)
    await bob.rejoin()
    bob.set_roles([member])  # an autorole that sets all the roles
    await discord.advance(10)
    assert set(bob.roles) == {muted, member}
    assert bob.timed_out_until is not None
    bob.set_roles([member])  # … and is a little late
    await discord.advance(10)
    assert muted in bob.roles

    await bob.leave()
    await start_host.stop(host)
    await bob.rejoin()  # nobody is there to see it
    await discord.advance(60)
    host = await start_host("moderation")
    await discord.advance(10)
    assert muted in bob.roles

    await bob.leave()
    await discord.advance(60)
    await bob.rejoin()
    for _ in range(6):
        bob.set_roles([member])
        await discord.advance(5)
    assert muted not in bob.roles
    assert (await case_of(host, staffed, 1)).ended_how == "failed"
    alerts = [post for post in staffed.log.messages if "needs you" in post.text]
    assert len(alerts) == 1
    assert "undoes this whenever" in alerts[0].text
    await discord.advance(3600)
    assert (await case_of(host, staffed, 2)).ended_how is None


@pytest.mark.endurance
async def test_what_cannot_be_ended_is_tried_for_a_day_with_an_alert(discord, start_host, staffed):
    """YAGPDB PR #755, Red #2912: do what is possible, report the rest; bounded retries, then an alert."""
    host = await start_host("moderation", config=staffed.config())
    await staffed.mod.slash(staffed.general, "tempban", user=staffed.bob, duration="1h")
    await staffed.mod.slash(staffed.general, "tempban", user=staffed.alice, duration="1h")
    rights = staffed.guild.bot_role.permissions
    staffed.guild.set_bot_permissions([name for name in rights if name != "ban_members"])

    await discord.advance(3600 * 3)
    alerts = [post for post in staffed.log.messages if "needs you" in post.text]
    assert len(alerts) == 2
    assert "I need Ban Members" in alerts[0].text
    health = await host.hooks.call("moderation", "chandelier_health")
    assert health.level == "degraded"
    staffed.guild.set_bot_permissions(rights)
    discord.trouble.fail("DELETE", f"/guilds/*/bans/{staffed.alice.id}", status=403, code=50013, times=None)
    await discord.advance(3600 * 26)

    assert list(staffed.guild.bans) == [staffed.alice.id]
    assert (await case_of(host, staffed, 1)).ended_how == "expired"
    assert (await case_of(host, staffed, 2)).ended_how == "failed"
    alerts = [post for post in staffed.log.messages if "needs you" in post.text]
    assert len(alerts) == 3
    assert "do it by hand" in alerts[-1].text


async def test_the_message_that_a_command_names_becomes_the_cases_evidence(discord, start_host, market):
    desk = market.guild.create_text_channel("reports")
    await start_host("moderation", config=market.config(adopt=[], report_channel=desk.id))
    guild, general, mod, bob, log = market.guild, market.general, market.mod, market.bob, market.log
    guild.set_permissions(market.mods, ["moderate_members", "kick_members", "ban_members"])
    bad = await bob.send(general, "buy my things", attachments=[("scam.png", b"\x89PNG\r\n\x1a\n")])
    link = f"https://discord.com/channels/{guild.id}/{general.id}/{bad.id}"

    await market.alice.menu(general, "Report to moderators", bad)
    done = await mod.slash(general, "warn", member=bob, reason="ads", message=link)
    assert "ase #1" in done.text
    assert "Case #1" in desk.last.text  # whoever reads the report sees what came of it
    for shown in (log.last, await mod.slash(general, "case view", number=1)):
        assert "buy my things" in shown.text
        assert "scam.png" in shown.text
    assert str(bad.id) in (await mod.slash(general, "case view", number=1)).text
    await mod.slash(general, "timeout", member=bob, duration="1h", message=f"<{link}>")
    await mod.slash(general, "kick", member=market.alice, message="")
    await mod.slash(general, "tempban", user=bob, duration="1d", message=str(bad.id))
    await mod.slash(general, "ban", user=bob, message=link.replace("discord.com", "ptb.discord.com"))
    await mod.slash(general, "softban", user=bob, message=f"{general.id}-{bad.id}")
    shown = [post.text for post in log.messages]
    assert ["buy my things" in text for text in shown] == [True, True, False, True, True, True]

    # ---- what is no evidence is refused, and nothing is done
    secret, staff = guild.create_text_channel("secret"), guild.add_member("staff", roles=[market.mods])
    secret.set_overwrite(guild.everyone, deny=["view_channel"])
    secret.set_overwrite(guild.bot_role, allow=["view_channel"])
    carol = guild.add_member("carol")
    hidden = secret.post(carol, "psst")
    closed = guild.create_text_channel("closed")
    note = closed.post(carol, "psst")
    closed.set_overwrite(guild.bot_role, deny=["view_channel"])
    elsewhere = discord.create_guild("Elsewhere")
    away = elsewhere.create_text_channel("away")
    far = away.post(elsewhere.owner, "hi")
    here = f"https://discord.com/channels/{guild.id}"
    other = await staff.send(general, "hello")
    for named, why in (
        ("the one above", "Copy Message Link"),
        ("99999999999999999999", "Copy Message Link"),
        (str(hidden.id), "Copy Message Link"),
        (f"{here}/{away.id}/{far.id}", "Copy Message Link"),
        (f"https://discord.com/channels/{elsewhere.id}/{away.id}/{far.id}", "not of this server"),
        (f"{here}/{secret.id}/{hidden.id}", "You cannot read"),
        (f"{here}/{closed.id}/{note.id}", "I cannot read"),
        (str(other.id), f"not by {carol.mention}"),
    ):
        for command, whom in (("warn", "member"), ("ban", "user")):
            refused = await staff.slash(general, command, reason="ads", message=named, **{whom: carol})
            assert why in refused.text, (named, refused.text)
            assert refused.ephemeral
    assert len(log.messages) == 6
    assert carol.id not in guild.bans

"""Stories of automod in a server: rules that staff makes, and what becomes of what they hit."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from chandelier_moderation.automod.engine import Engine
from loopcord import interactions


async def test_a_rule_that_an_admin_adds_deletes_a_message_which_becomes_a_case(start_host, market):
    host = await start_host("moderation", config=market.config())
    olga, general = market.guild.owner, market.general

    made = await olga.slash(
        general, "automod rule add", name="scam", trigger="words", what="free nitro, steam gift"
    )
    message = await market.alice.send(general, "get fr€e n1tro here")

    assert "Rule added" in made.text
    assert made.ephemeral
    assert message.deleted
    assert "Message removed · case #1" in market.log.last.text
    assert "Rule\n`scam`\nReason\nContains “free nitro”" in market.log.last.text
    assert "Your message was removed" in market.alice.dms[-1].text

    again = await olga.slash(general, "automod rule add", name="SCAM", trigger="words", what="x")
    assert "Nothing was saved" in again.text
    offered = await olga.autocomplete(general, "automod rule show", "name", "SC")
    assert [choice["name"] for choice in offered] == ["scam"]
    unknown = await olga.slash(general, "automod rule show", name="scan")
    assert "Did you mean “scam”" in unknown.text

    await start_host.restart(host)
    await olga.slash(general, "automod rule disable", name="scam")
    assert not (await market.alice.send(general, "free nitro")).deleted
    await olga.slash(general, "automod rule enable", name="scam")
    assert (await market.alice.send(general, "free nitro")).deleted
    listed = await olga.slash(general, "automod rule list")
    assert "2 hits in 30 days" in listed.text
    gone = await olga.slash(general, "automod rule delete", name="scam")
    assert "Rule deleted" in gone.text
    assert not (await market.alice.send(general, "free nitro")).deleted


async def test_a_crowd_at_once_after_a_start_has_the_rules_compiled_once(
    discord, start_host, market, monkeypatch
):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    olga, general = market.guild.owner, market.general
    await olga.slash(general, "automod rule add", name="scam", trigger="words", what="free nitro")
    await start_host.restart(host)
    built, build = [], Engine.build

    async def counted(*arguments):
        built.append(arguments)
        return await build(*arguments)

    monkeypatch.setattr(Engine, "build", counted)
    said = [general.post(market.alice, f"free nitro {number}") for number in range(20)]
    for number in range(20):
        market.guild.add_member(f"newcomer-{number}")
    await discord.settle()

    assert all(message.deleted for message in said)
    assert len(built) == 1


async def test_several_actions_an_alert_with_buttons_and_a_reply_that_vanishes(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    olga, general, alice = market.guild.owner, market.general, market.alice
    staff = market.guild.create_text_channel("staff")
    await olga.slash(
        general,
        "automod rule add",
        name="scam",
        trigger="words",
        what="free nitro",
        severity="high",
        actions=f"delete, timeout 10m no scams here, points 2, alert {staff.mention} {market.mods.mention}, "
        'reply "Please do not, {member}"',
    )

    # The bot dies after the hit was written down, with its case, and before anything was done about it.
    await host.outbox.stop()
    message = await alice.send(general, "free nitro @everyone")
    assert not message.deleted
    async with host.database.read() as session:
        written = await session.execute(sa.text("SELECT action, removal, act FROM moderation_cases"))
        assert written.all() == [("timeout", "waiting", "waiting")]
    host = await start_host.restart(host)

    assert message.deleted
    assert alice.timed_out_until == "2026-01-01T00:10:00+00:00"
    assert "Timeout · case #1" in market.log.last.text
    assert "no scams here" in market.log.last.text
    assert len(market.log.messages) == 1
    assert len(alice.dms) == 1
    alert = staff.last
    assert "Automod: scam" in alert.text
    assert alert.pinged == [market.mods.id]
    assert len(staff.messages) == 1
    reply = general.last
    assert reply.content == f"Please do not, {alice.mention}"
    assert reply.pinged == [alice.id]
    await discord.advance(20)
    assert reply.deleted

    answered = await market.mod.press(alert, label="Warn")
    assert "Warn, by" in alert.text
    assert "case #2" in alert.text
    assert answered.message is not None
    assert all(part["disabled"] for row in alert.components for part in row["components"])
    assert "Warning · case #2" in market.log.last.text
    assert "no cases" not in (await market.mod.slash(general, "history", member=alice)).text


@pytest.mark.endurance
async def test_two_of_the_staff_answer_an_alert_and_one_does_and_nobody_acts_on_their_superiors(
    discord, start_host, market
):
    await start_host("moderation", config=market.config())
    olga, general = market.guild.owner, market.general
    chiefs = market.guild.create_role("Chiefs", permissions=["ban_members"], above=market.mods)
    chief = market.guild.add_member("chief", roles=[chiefs])
    await olga.slash(
        general, "automod rule add", name="x", trigger="words", what="heck", actions="alert", staff=True
    )

    await market.alice.send(general, "heck")
    first = market.log.last
    assert "Automod: x" in first.text
    denied = await market.mod.press(first, label="Ban")
    assert denied.ephemeral
    assert "Ban Members" in denied.text
    answers = [interactions.press(person, first, label="Ban", custom_id=None) for person in (chief, olga)]
    await discord.settle()
    assert list(market.guild.bans) == [market.alice.id]
    assert sum("answered this alert before" in answer.text for answer in answers if answer.ephemeral) == 1
    assert [post.embeds[0]["title"] for post in market.log.messages] == ["Automod: x", "Ban · case #1"]

    await chief.send(general, "heck, too")
    second = market.log.last
    refused = await market.mod.press(second, label="Warn")
    assert "not above theirs" in refused.text


async def test_points_grow_old_and_lead_up_the_ladder_unless_their_case_is_void(discord, start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, alice = market.guild.owner, market.general, market.alice
    await olga.slash(
        general, "automod rule add", name="x", trigger="words", what="heck", actions="delete, points 2"
    )
    await olga.slash(general, "automod ladder set", points=3, actions="timeout 1h")
    ladder = await olga.slash(general, "automod ladder set", points=5, actions="kick, alert")
    assert "From 3 points" in ladder.text
    await olga.slash(general, "automod ladder decay", days=1)

    await alice.send(general, "heck")
    assert alice.timed_out_until is None
    await discord.advance(25 * 3600)  # what was, counts no more
    await alice.send(general, "heck")
    assert alice.timed_out_until is None
    await alice.send(general, "heck")
    assert alice.timed_out_until is not None
    assert "Reached 4 points" in market.log.messages[-1].text

    mine = await olga.slash(general, "automod ladder show", member=alice)
    assert f"{alice.mention}: 4" in mine.text
    await market.mod.press(market.log.messages[-2], label="Void")
    mine = await olga.slash(general, "automod ladder show", member=alice)
    assert f"{alice.mention}: 2" in mine.text
    refused = await olga.slash(general, "automod ladder set", points=4, actions="explode")
    assert "is no action" in refused.text


async def test_a_moderators_warnings_lead_up_the_ladder_where_the_server_says_so(discord, start_host, market):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    olga, general, mod, bob = market.guild.owner, market.general, market.mod, market.bob
    await olga.slash(general, "automod ladder set", points=3, actions="timeout 1h")
    await mod.slash(general, "warn", member=bob, reason="counts nothing, as nobody has said so")
    set_to = {"plugin": "moderation", "setting": "warn_points", "value": "2"}
    await olga.slash(general, "config set", **set_to)

    await mod.slash(general, "warn", member=bob, reason="spam")
    assert bob.timed_out_until is None
    mine = await olga.slash(general, "automod ladder show", member=bob)
    assert f"{bob.mention}: 2" in mine.text
    await mod.press(market.log.last, label="Void")
    bad = await bob.send(general, "more spam")
    form = await mod.press(await mod.menu(general, "Act on this message", bad), label="Warn")
    await mod.submit(form, {"reason": "spam", "delete": "no"})
    assert bob.timed_out_until is None  # what is void counts no more

    await mod.slash(general, "warn", member=bob, reason="spam again")
    assert bob.timed_out_until is not None
    assert "Reached 4 points" in market.log.last.text
    posts = len(market.log.messages)
    async with host.database.transaction() as session:
        again = "UPDATE chandelier_outbox SET state = 'started' WHERE kind = 'climb'"
        await session.execute(sa.text(again))
    await start_host.restart(host)
    assert len(market.log.messages) == posts


@pytest.mark.endurance
async def test_a_dry_run_says_what_it_would_do_and_does_nothing(start_host, market):
    await start_host("moderation", config=market.config())
    olga, general = market.guild.owner, market.general
    await olga.slash(
        general,
        "automod rule add",
        name="x",
        trigger="words",
        what="heck",
        actions="delete, ban",
        dry_run=True,
    )

    message = await market.alice.send(general, "heck")
    await market.alice.edit(message, "heck again")

    assert not message.deleted
    assert market.guild.bans == {}
    assert [("Dry run" in post.text, "`ban`" in post.text) for post in market.log.messages] == [(True, True)]
    assert market.alice.dms == []
    await olga.slash(general, "automod rule enable", name="x")
    assert (await market.alice.send(general, "heck")).deleted


@pytest.mark.endurance
async def test_scope_says_where_and_for_whom_a_rule_holds(discord, start_host, market):
    await start_host("moderation", config=market.config())
    olga, general, guild = market.guild.owner, market.general, market.guild
    shop = guild.create_category("Shop")
    sale = guild.create_text_channel("sale", category=shop)
    art = guild.create_text_channel("art")
    traders = guild.create_role("Traders")
    tina = guild.add_member("tina", roles=[traders])
    radio = guild.add_member("radio", bot=True)
    add = "automod rule add"
    await olga.slash(general, add, name="a", trigger="words", what="aaa", exempt_channels=f"{art.mention}")
    await olga.slash(general, add, name="b", trigger="words", what="bbb", categories="Shop", bots="include")
    await olga.slash(general, add, name="c", trigger="words", what="ccc", exempt_roles="Traders", staff=True)
    await olga.slash(general, add, name="d", trigger="words", what="ddd", roles=traders.mention)

    async def stays(who, where, text):
        return not (await who.send(where, text)).deleted

    alice, mod = market.alice, market.mod
    assert [await stays(alice, general, "aaa"), await stays(alice, art, "aaa")] == [False, True]
    assert [await stays(alice, sale, "bbb"), await stays(alice, general, "bbb")] == [False, True]
    assert [await stays(radio, sale, "bbb"), await stays(radio, general, "aaa")] == [False, True]
    assert [await stays(tina, general, "ccc"), await stays(alice, general, "ccc")] == [True, False]
    assert [await stays(mod, general, "aaa"), await stays(mod, general, "ccc")] == [True, False]
    assert [await stays(tina, general, "ddd"), await stays(alice, general, "ddd")] == [False, True]

    changed = await olga.slash(
        general, "automod rule edit", name="a", exempt_channels="none", what="aaa, eee"
    )
    assert "Rule changed" in changed.text
    assert not await stays(alice, art, "eee")
    wrong = await olga.slash(general, "automod rule edit", name="a", channels="#nowhere")
    assert "There is no channel" in wrong.text

    await olga.slash(
        general, "automod rule add", name="calm", trigger="words", what="fff", actions="slowmode 30s 10m"
    )
    await alice.send(general, "fff")
    assert general.model.rate_limit_per_user == 30
    await discord.advance(31)
    await alice.send(general, "fff, again")
    assert "Slowmode" in market.log.last.text
    assert sum("Slowmode" in post.text for post in market.log.messages) == 1
    await discord.advance(600)
    assert general.model.rate_limit_per_user == 0

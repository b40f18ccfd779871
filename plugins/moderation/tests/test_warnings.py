"""Stories of `/warn`: what the moderator, the member and the log see, over real sockets."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from loopcord import ActError


async def test_a_warning_reaches_the_member_the_log_and_the_book(start_host, market):
    await start_host("moderation", config=market.config())

    answer = await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")

    assert answer.ephemeral
    assert "Case #1" in answer.text
    assert "You were warned in Market" in market.bob.dms[-1].text
    assert "spam" in market.bob.dms[-1].text
    post = market.log.last
    assert "Warning · case #1" in post.text
    assert "Member told by DM" in post.text
    assert market.bob.mention in post.text
    assert market.mod.mention in post.text
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert shown.ephemeral
    assert "Warning · case #1" in shown.text


async def test_a_reason_cannot_ping_anybody(start_host, market):
    await start_host("moderation", config=market.config())

    await market.mod.slash(
        market.general, "warn", member=market.bob, reason=f"@everyone {market.alice.mention}"
    )

    assert market.log.last.pinged == []
    assert market.bob.dms[-1].pinged == []


async def test_a_closed_dm_is_noted_on_the_case_and_is_no_error(start_host, market):
    await start_host("moderation", config=market.config())
    market.bob.close_dms()

    answer = await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")

    assert "Case #1" in answer.text
    assert market.bob.dms == []
    assert "their DMs are closed" in market.log.last.text
    assert "their DMs are closed" in (await market.mod.slash(market.general, "case view", number=1)).text


async def test_members_are_not_told_where_the_server_says_never(start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))

    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")

    assert market.bob.dms == []
    assert "Member not told" in market.log.last.text


async def test_a_hundred_warnings_at_once_are_numbered_without_gaps(discord, start_host, market):
    await start_host("moderation", config=market.config(tell_member="never"))
    members = [market.guild.add_member(f"member-{number}") for number in range(100)]

    answers = [
        market.mod.start_slash(market.general, "warn", member=member, reason="raid") for member in members
    ]
    await discord.until(lambda: len(market.log.messages) == 100, patience=120)  # seconds, on a busy machine
    await discord.settle()

    assert sorted(int(answer.text.split("#")[1].split(":")[0]) for answer in answers) == list(range(1, 101))
    assert len(market.log.messages) == 100
    titles = {post.embeds[0]["title"] for post in market.log.messages}
    assert titles == {f"Warning · case #{number}" for number in range(1, 101)}


async def test_two_servers_number_their_cases_apart(discord, start_host, market):
    bazaar = discord.create_guild("Bazaar", owner="omar")
    square = bazaar.create_text_channel("square")
    dave = bazaar.add_member("dave")
    await start_host("moderation", config=market.config())

    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")
    answer = await bazaar.owner.slash(square, "warn", member=dave, reason="noise")

    assert "Case #1" in answer.text
    assert "Warning · case #1" in (await market.mod.slash(market.general, "case view", number=1)).text


async def test_the_same_interaction_delivered_twice_makes_one_case(discord, start_host, market):
    await start_host("moderation", config=market.config())
    sent = []
    emit = discord.backend.emit

    def twice(event, payload, *more, **options):
        emit(event, payload, *more, **options)
        if event == "INTERACTION_CREATE" and not sent:
            sent.append(payload)
            emit(event, payload, *more, **options)

    discord.backend.emit = twice
    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")

    assert len(sent) == 1
    assert len(market.log.messages) == 1
    assert len(market.bob.dms) == 1
    with_two = await market.mod.slash(market.general, "case view", number=2)
    assert "no case #2" in with_two.text


# ---- who may warn whom


async def test_a_member_without_the_permission_does_not_even_see_the_command(start_host, market):
    await start_host("moderation", config=market.config())

    with pytest.raises(ActError, match="hidden from alice"):
        await market.alice.slash(market.general, "warn", member=market.bob, reason="spam")


@pytest.mark.parametrize(
    ("whom", "why"),
    [
        ("self", "to yourself"),
        ("owner", "own this server"),
        ("peer", "not above theirs"),
        ("bot", "to myself"),
    ],
)
async def test_the_hierarchy_says_which_rule_refused(start_host, market, whom, why):
    await start_host("moderation", config=market.config())
    target = {
        "self": market.mod,
        "owner": market.guild.owner,
        "peer": market.guild.add_member("mia", roles=[market.mods]),
        "bot": market.guild.bot_member,
    }[whom]

    answer = await market.mod.slash(market.general, "warn", member=target, reason="spam")

    assert answer.ephemeral
    assert why in answer.text
    assert market.log.messages == []
    assert "no cases" in (await market.mod.slash(market.general, "history", member=target)).text


async def test_the_bot_cannot_warn_somebody_above_itself(start_host, market):
    await start_host("moderation", config=market.config())
    kings = market.guild.create_role("Kings", above=market.guild.bot_role)
    king = market.guild.add_member("king", roles=[kings])

    answer = await market.guild.owner.slash(market.general, "warn", member=king, reason="spam")

    assert "My highest role is not above theirs" in answer.text


async def test_somebody_who_left_cannot_be_warned_but_has_a_history(start_host, market):
    await start_host("moderation", config=market.config())
    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")
    await market.bob.leave()

    answer = await market.mod.slash(market.general, "warn", member=market.bob, reason="again")

    assert "not a member" in answer.text
    assert "1 case" in (await market.mod.slash(market.general, "history", member=market.bob)).text


async def test_a_blank_reason_and_a_bot_are_refused_in_plain_words(start_host, market):
    await start_host("moderation", config=market.config())
    radio = market.guild.add_member("radio", bot=True)

    blank = await market.mod.slash(market.general, "warn", member=market.bob, reason="   ")
    machine = await market.mod.slash(market.general, "warn", member=radio, reason="spam")

    assert "needs a reason" in blank.text
    assert "Bots read no warnings" in machine.text


# ---- a log that is broken


async def test_a_deleted_log_channel_costs_nothing_but_the_post(start_host, market):
    host = await start_host("moderation", config=market.config())
    market.log.delete()

    answer = await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")

    assert "Case #1" in answer.text
    assert len(market.bob.dms) == 1
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "no longer exists" in shown.text
    health = await host.hooks.call("moderation", "chandelier_health")
    assert health.level == "degraded"
    assert "case #1" in health.lines[0]

    new_log = market.guild.create_text_channel("log-2")
    await market.guild.owner.slash(
        market.general, "config set", plugin="moderation", setting="log_channel", value=new_log.mention
    )
    await market.mod.slash(market.general, "warn", member=market.alice, reason="noise")

    assert "case #2" in new_log.last.text
    assert (await host.hooks.call("moderation", "chandelier_health")).level == "ok"


async def test_a_log_that_may_not_be_written_in_says_what_is_missing(start_host, market):
    host = await start_host("moderation", config=market.config())
    market.log.set_overwrite(market.guild.bot_role, deny=["send_messages"])

    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")

    health = await host.hooks.call("moderation", "chandelier_health")
    assert "Send Messages" in health.lines[0]


async def test_a_log_that_does_not_answer_in_time_gets_its_post_later(discord, start_host, market):
    await start_host("moderation", config=market.config())
    discord.fail("POST", f"/channels/{market.log.id}/messages", status=408)

    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")
    assert len(market.bob.dms) == 1
    assert market.log.messages == []

    await discord.advance(60)
    assert [post.embeds[0]["title"] for post in market.log.messages] == ["Warning · case #1"]


async def test_nothing_is_lost_when_the_host_stops_between_the_case_and_its_effects(
    discord, start_host, market
):
    host = await start_host("moderation", config=market.config())
    await host.outbox.stop()
    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")
    assert market.log.messages == []

    await start_host.restart(host)

    assert len(market.log.messages) == 1
    assert len(market.bob.dms) == 1


async def test_an_attempt_whose_end_nobody_saw_is_not_repeated(discord, start_host, market):
    """A crash after the message was sent and before that was recorded: the outbox row is still started."""
    host = await start_host("moderation", config=market.config())
    await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")
    async with host.database.transaction() as session:
        await session.execute(text("UPDATE chandelier_outbox SET state = 'started' WHERE kind != 'relog'"))
        await session.execute(
            text("UPDATE moderation_cases SET dm = 'waiting', log = 'waiting', log_message_id = NULL")
        )

    host = await start_host.restart(host)

    assert len(market.log.messages) == 1
    assert len(market.bob.dms) == 1
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "told by DM" in shown.text


@pytest.mark.parametrize("reason", ["   ", "\u200b\u2060", "\u3164", "\u202e\n"])
async def test_a_reason_that_nobody_can_see_is_none(start_host, market, reason):
    await start_host("moderation", config=market.config())

    answer = await market.mod.slash(market.general, "warn", member=market.bob, reason=reason)

    assert "A warning needs a reason" in answer.text
    assert market.bob.dms == []

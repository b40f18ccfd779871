"""Stories of what moderators do by hand in Discord: it becomes a case, once, with its true author."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import text

from chandelier_moderation.casebook.entries import Mark, mark_of_reason
from chandelier_moderation.cases import Draft

HOUR = 3_600


@pytest.fixture
def staff(market):
    """A moderator who may do by hand what the bot does."""
    permissions = ["moderate_members", "ban_members", "kick_members", "manage_roles", "manage_nicknames"]
    return market.guild.add_member(
        "mia", roles=[market.guild.create_role("Trusted", permissions=permissions)]
    )


def draft(market, moderator, action, **facts):
    """An action as another room orders it."""
    return Draft(
        guild_id=market.guild.id,
        action=action,
        target_id=market.bob.id,
        moderator_id=moderator.id,
        source=f"test-{action}",
        log_channel_id=market.log.id,
        tell_member=False,
        **facts,
    )


def titles(market):
    """What was posted in the log, in order."""
    return [post.embeds[0]["title"] for post in market.log.messages]


async def rows(host, columns):
    """Columns of all cases, in order."""
    async with host.database.read() as session:
        query = text(f"SELECT {columns} FROM moderation_cases ORDER BY number")  # noqa: S608  # of tests only
        return [tuple(row) for row in await session.execute(query)]


async def test_what_is_done_by_hand_becomes_a_case_of_who_did_it(discord, start_host, market, staff):
    host = await start_host("moderation", config=market.config())

    discord.trouble.duplicate("GUILD_AUDIT_LOG_ENTRY_CREATE")  # Red #1052, #2901: duplicate cases
    await staff.time_out(market.alice, HOUR, reason="calm down")
    await staff.time_out(market.alice, 0)
    await staff.ban(market.bob, reason="scam")
    await staff.unban(market.bob)
    await staff.kick(market.alice)

    assert [action for (action,) in await rows(host, "action")] == [
        "timeout",
        "untimeout",
        "ban",
        "unban",
        "kick",
    ]
    posts = [post.text for post in market.log.messages]
    assert len(posts) == 5
    assert all(staff.mention in post and "by hand in Discord" in post for post in posts)
    assert "calm down" in posts[0]
    assert f"<t:{int(discord.clock.now().timestamp()) + HOUR}" in posts[0]
    assert "scam" in posts[2]
    assert await rows(host, "undoes, ended_how") == [
        (None, "by_hand"),
        (1, None),
        (None, "by_hand"),
        (3, None),
        (None, None),
    ]
    assert market.alice.dms == market.bob.dms == []
    assert len(market.guild.audit_log) == 5  # nothing was done because of them
    history = await market.mod.slash(market.general, "history", member=market.bob)
    assert "2 cases" in history.text


async def test_a_server_says_what_becomes_a_case(discord, start_host, market, staff):
    host = await start_host("moderation", config=market.config(adopt=["role", "nick"]))
    chatty = market.guild.create_role("Chatty")

    await staff.ban(market.bob)
    await staff.give_role(market.alice, chatty, reason="helpful")
    await staff.take_role(market.alice, chatty)
    await market.alice.rename("Alison")  # her own name is her own business
    with staff.doing("offensive name"):
        discord.backend.edit_member(market.guild.id, market.alice.id, {"nick": "Alice"})
    await discord.settle()

    done = await rows(host, "action, reason, moderator_id, details")
    assert [(action, reason) for action, reason, _, _ in done] == [
        ("role_give", "helpful"),
        ("role_take", ""),
        ("nick", "offensive name"),
    ]
    assert {moderator for _, _, moderator, _ in done} == {staff.id}
    post = market.log.messages[0].text
    assert f"<@&{chatty.id}>" in post
    assert "Alison" in market.log.messages[2].text


async def test_our_own_actions_are_not_counted_twice(discord, start_host, market, staff):
    host = await start_host("moderation", config=market.config())
    book = host.lifecycle.records["moderation"].plugin.book
    await book.open(draft(market, staff, "ban", reason="scam"))
    await discord.settle()
    await staff.unban(market.bob)
    # Another part of the bot, of which the book knows nothing.
    await host.bot.rest.kick_user(market.guild.id, market.alice.id, reason="left the shop")

    host = await start_host.restart(host)
    await discord.advance(60)

    assert len(titles(market)) == 2
    assert "ended by hand" in market.log.messages[0].text
    entries = {entry["action_type"]: int(entry["id"]) for entry in market.guild.audit_log}
    assert await rows(host, "audit_id, undoes") == [(entries[22], None), (entries[23], 1)]


async def test_what_was_missed_is_found_at_the_next_start(discord, start_host, market, staff):
    await staff.kick(market.guild.add_member("before"), reason="before the bot came")
    await discord.advance(1)
    host = await start_host("moderation", config=market.config())
    await discord.advance(HOUR)
    await staff.ban(market.bob, reason="seen")
    await start_host.stop(host)
    await discord.advance(HOUR)
    await staff.unban(market.bob, reason="while it was away")
    at = discord.clock.now()
    for number in range(120):  # more than a page of other things
        with staff.doing():
            discord.backend.edit_member(market.guild.id, market.alice.id, {"nick": f"alice {number}"})
    await discord.advance(HOUR)
    discord.fail("GET", f"/guilds/{market.guild.id}/audit-logs", status=408)

    host = await start_host.restart(host)
    assert await rows(host, "reason") == [("seen",)]
    await discord.advance(60)

    assert await rows(host, "reason") == [("seen",), ("while it was away",)]
    assert datetime.fromisoformat(market.log.last.embeds[0]["timestamp"]) == at
    await start_host.restart(host)
    await staff.ban(market.bob, reason="again")
    assert len(titles(market)) == 3


async def test_what_a_restored_backup_does_not_know_comes_back_from_the_audit_log(
    discord, start_host, market, staff
):
    host = await start_host("moderation", config=market.config())
    book = host.lifecycle.records["moderation"].plugin.book
    await book.open(draft(market, staff, "ban", reason="scam, again"))
    await discord.settle()
    async with host.database.transaction() as session:
        await session.execute(text("DELETE FROM moderation_cases"))
        await session.execute(text("DELETE FROM chandelier_outbox"))
        await session.execute(text("UPDATE moderation_counters SET last = 0"))
        await session.execute(text("UPDATE moderation_audit_places SET last_id = first_id"))

    host = await start_host.restart(host)
    await discord.settle()
    host = await start_host.restart(host)

    assert await rows(host, "number, action, moderator_id, reason") == [(1, "ban", staff.id, "scam, again")]
    assert "as Discord's audit log tells" in market.log.last.text


async def test_a_bot_that_may_not_read_the_audit_log_says_so_and_goes_on(discord, start_host, market, staff):
    market.guild.set_bot_permissions(["view_channel", "send_messages", "embed_links"])
    host = await start_host("moderation", config=market.config())
    host = await start_host.restart(host)

    await staff.ban(market.bob)

    assert await rows(host, "number") == []
    assert await host.lifecycle.records["moderation"].plugin.ctx.timers.pending("audit") == []
    assert "I need View Audit Log" in (await market.mod.slash(market.general, "status")).text


@pytest.mark.parametrize(
    ("reason", "mark"),
    [
        ("Case #12 by 123456789012345678: spam: a lot", Mark(12, 123456789012345678, "spam: a lot")),
        ("Caso #3 di 123456789012345678: ", Mark(3, 123456789012345678, "")),
        ("Case #12: Contains “scam”", Mark(12, None, "Contains “scam”")),
        ("see case #12 by 123456789012345678: spam", None),
        ("spam", None),
        (None, None),
    ],
)
def test_the_reason_of_an_action_of_ours_names_its_case(reason, mark):
    assert mark_of_reason(reason) == mark

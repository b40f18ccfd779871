"""Stories of what a case does on Discord: each kind of action, told first, done once, then logged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from chandelier_moderation.cases import Draft


@pytest.fixture
def act(discord, start_host, market):
    """Opens a case of any kind, as other rooms do, and returns it once everything is carried out."""

    async def open_case(host, action, target, *, source=None, **more):
        book = host.lifecycle.records["moderation"].plugin.book
        given = {"reason": "spam", "tell_member": False, "log_channel_id": market.log.id, **more}
        case, _ = await book.open(
            Draft(
                guild_id=market.guild.id,
                action=action,
                target_id=int(target.id),
                moderator_id=int(market.mod.id),
                source=source or f"test-{discord.clock.now()}-{action}-{len(discord.requests)}",
                **given,
            )
        )
        await discord.settle()
        return await book.get(market.guild.id, case.number)

    return open_case


async def test_every_kind_of_action_is_carried_out_and_says_when_it_was_so_already(
    discord, start_host, market, act
):
    host = await start_host("moderation", config=market.config())
    bob, role = market.bob, market.guild.create_role("Muted")
    later = discord.clock.now() + timedelta(hours=1)

    for action, more, so in (
        ("timeout", {"expires_at": later}, lambda: bob.timed_out_until is not None),
        ("untimeout", {}, lambda: bob.timed_out_until is None),
        ("role_give", {"details": {"role": str(role.id)}}, lambda: role in bob.roles),
        ("role_take", {"details": {"role": str(role.id)}}, lambda: role not in bob.roles),
        ("nick", {"details": {"nick": "Bobby"}}, lambda: bob.nick == "Bobby"),
        ("kick", {}, lambda: not bob.present),
        ("ban", {}, lambda: bob.id in market.guild.bans),
        ("unban", {}, lambda: bob.id not in market.guild.bans),
    ):
        assert not so()
        done = await act(host, action, bob, **more)
        assert so(), action
        assert (done.act, done.act_trouble) == ("done", None), action
        assert "Carried out" in market.log.last.text
        again = await act(host, action, bob, **more)
        assert again.act == "already", action
        assert "It was so already" in market.log.last.text
        assert so(), action

    assert done.number == 15
    note = await act(host, "note", bob)
    assert note.act == "off"
    assert "Note · case #17" in market.log.last.text
    entry = next(entry for entry in market.guild.audit_log if entry["action_type"] == 22)
    assert entry["reason"] == f"Case #13 by {market.mod.id}: spam"


async def test_a_member_is_told_before_a_ban_so_that_it_can_arrive(discord, start_host, market, act):
    host = await start_host("moderation", config=market.config())

    case = await act(host, "ban", market.bob, tell_member=True, details={"delete_seconds": 3600})

    assert "You were banned from Market" in market.bob.dms[-1].text
    assert (case.dm, case.act, case.log) == ("delivered", "done", "posted")
    changes = [(request.method, request.path) for request in discord.requests if request.method != "GET"]
    told = next(
        i for i, (_, path) in enumerate(changes) if path.endswith(f"/channels/{market.bob.dm.id}/messages")
    )
    banned = next(i for i, (_, path) in enumerate(changes) if "/bans/" in path)
    logged = next(i for i, (_, path) in enumerate(changes) if path.endswith(f"{market.log.id}/messages"))
    assert told < banned < logged
    assert len(market.log.messages) == 1


async def test_a_softban_deletes_what_was_written_and_lets_back_in(start_host, market, act):
    host = await start_host("moderation", config=market.config())
    said = await market.bob.send(market.general, "buy now")

    case = await act(host, "softban", market.bob, details={"delete_seconds": 86_400})

    assert case.act == "done"
    assert not market.bob.present
    assert said.deleted
    assert market.guild.bans == {}
    await market.bob.rejoin()
    await market.mod.guild.owner.ban(market.bob)
    refused = await act(host, "softban", market.bob)
    assert (refused.act, refused.act_trouble) == ("failed", "banned")
    assert market.bob.id in market.guild.bans


async def test_what_discord_forbids_is_told_to_nobody_and_named_in_the_log(start_host, market, act):
    host = await start_host("moderation", config=market.config())
    kings = market.guild.create_role("Kings", above=market.guild.bot_role)
    king = market.guild.add_member("king", roles=[kings])
    chief = market.guild.add_member(
        "chief", roles=[market.guild.create_role("A", permissions=["administrator"])]
    )
    ghost = market.guild.create_role("Ghost")
    ghost.delete()

    for action, target, more, trouble in (
        ("ban", king, {}, "rank"),
        ("ban", market.guild.owner, {}, "owner"),
        ("timeout", chief, {}, "admin"),
        ("role_give", market.bob, {"details": {"role": str(kings.id)}}, "role_rank"),
        ("role_give", market.bob, {"details": {"role": str(ghost.id)}}, "role_gone"),
    ):
        for tell in (True, False):
            case = await act(host, action, target, tell_member=tell, **more)
            assert (case.act, case.act_trouble, case.dm) == ("failed", trouble, "off"), action
            assert target.dms == []
            assert "Not carried out" in market.log.last.text
    market.guild.set_bot_permissions(["view_channel", "send_messages", "embed_links"])
    case = await act(host, "kick", market.bob, tell_member=True)
    assert case.act_trouble == "needs_kick_members"
    assert "I need Kick Members" in market.log.last.text


async def test_an_action_whose_end_nobody_saw_is_not_done_twice(start_host, market, act):
    """A crash after each step and before its record."""
    host = await start_host("moderation", config=market.config())
    await act(host, "ban", market.bob, tell_member=True)
    await act(host, "softban", market.alice, tell_member=True)
    bans = [entry for entry in market.guild.audit_log if entry["action_type"] in (22, 23)]
    async with host.database.transaction() as session:
        await session.execute(text("UPDATE chandelier_outbox SET state = 'started' WHERE kind != 'relog'"))
        await session.execute(
            text(
                "UPDATE moderation_cases SET dm = 'waiting', act = 'waiting', log = 'waiting', "
                "log_message_id = NULL"
            )
        )

    host = await start_host.restart(host)

    book = host.lifecycle.records["moderation"].plugin.book
    for number, member in ((1, market.bob), (2, market.alice)):
        case = await book.get(market.guild.id, number)
        assert (case.dm, case.act, case.log) == ("delivered", "done", "posted")
        assert len(member.dms) == 1
    assert len(market.log.messages) == 2
    assert [entry for entry in market.guild.audit_log if entry["action_type"] in (22, 23)] == bans


async def test_discord_in_trouble_delays_a_ban_and_a_message_holds_it_up_once(
    discord, start_host, market, act
):
    host = await start_host("moderation", config=market.config())
    discord.trouble.fail("PUT", "/guilds/*/bans/*", status=408, times=None)
    case = await act(host, "ban", market.bob)
    assert case.act == "waiting"
    discord.trouble.fail("POST", "/users/@me/channels", status=408, times=None)

    await discord.advance(4 * 3600)

    book = host.lifecycle.records["moderation"].plugin.book
    case = await book.get(market.guild.id, 1)
    assert (case.act, case.act_trouble) == ("failed", "unreachable")
    assert "Discord did not answer in time" in market.log.last.text
    await act(host, "kick", market.alice, tell_member=True)
    await discord.advance(6)
    case = await book.get(market.guild.id, 2)
    assert (case.dm, case.act) == ("failed", "done")
    assert "Member could not be told: Discord did not answer in time" in market.log.last.text


async def test_a_connection_that_breaks_after_each_step_doubles_nothing(discord, start_host, market, act):
    host = await start_host("moderation", config=market.config())
    discord.trouble.cut("POST", f"/channels/{market.bob.dm.id}/messages", after=True)
    discord.trouble.cut("DELETE", f"/guilds/*/members/{market.bob.id}", after=True)
    discord.trouble.cut("POST", f"/channels/{market.log.id}/messages", after=True)
    discord.trouble.rate_limit("PUT", "/guilds/*/bans/*", retry_after=0.01)

    kicked = await act(host, "kick", market.bob, tell_member=True)
    banned = await act(host, "ban", market.bob)
    discord.trouble.cut("DELETE", "/guilds/*/bans/*", after=True)
    lifted = await act(host, "unban", market.bob)
    gone = await act(host, "role_give", market.bob, details={"role": str(market.mods.id)})

    assert [case.act for case in (kicked, banned, lifted)] == ["done"] * 3
    assert (gone.act, gone.act_trouble) == ("failed", "absent")
    assert len(market.bob.dms) == 1
    assert len(market.log.messages) == 4
    assert "They are not in the server" in market.log.last.text


async def test_two_moderators_who_ban_at_once_make_one_ban(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    book = host.lifecycle.records["moderation"].plugin.book
    for number, moderator in enumerate((market.mod, market.guild.owner)):
        await book.open(
            Draft(
                guild_id=market.guild.id,
                action="ban",
                target_id=market.bob.id,
                moderator_id=moderator.id,
                reason="raid",
                source=f"interaction-{number}",
                log_channel_id=market.log.id,
                tell_member=False,
            )
        )
    await discord.settle()

    cases = [await book.get(market.guild.id, number) for number in (1, 2)]
    assert sorted(case.act for case in cases) == ["already", "done"]

"""Stories of requests that come twice: the same interaction again, or two moderators with the same idea."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

STAFF = [
    "moderate_members",
    "kick_members",
    "ban_members",
    "manage_nicknames",
    "manage_roles",
    "manage_channels",
    "manage_messages",
]


@pytest.fixture
def staffed(market):
    """Market, whose moderator may do everything."""
    market.guild.set_permissions(market.mods, STAFF)
    return market


@pytest.mark.parametrize("action", ["ban", "kick"])
async def test_two_moderators_with_the_same_idea_do_it_once_and_tell_once(
    discord, start_host, staffed, action
):
    await start_host("moderation", config=staffed.config())
    general, bob = staffed.general, staffed.bob
    mia = staffed.guild.add_member("mia", roles=[staffed.mods])
    option = {"user": bob} if action == "ban" else {"member": bob}

    answers = await asyncio.gather(
        *(moderator.slash(general, action, reason="raid", **option) for moderator in (staffed.mod, mia))
    )
    await discord.settle()

    assert sorted("It was so already" in answer.text for answer in answers) == [False, True]
    assert len(bob.dms) == 1
    kind = 22 if action == "ban" else 20
    assert len([entry for entry in staffed.guild.audit_log if entry["action_type"] == kind]) == 1
    assert len(staffed.log.messages) == 2


async def test_every_interaction_that_discord_delivers_twice_is_carried_out_once(
    discord, start_host, staffed
):
    host = await start_host("moderation", config=staffed.config(adopt=[]))
    mod, bob, general = staffed.mod, staffed.bob, staffed.general
    role = staffed.guild.create_role("Muted")
    emit, again = discord.backend.emit, []

    def twice(event, payload, *more, **options):
        emit(event, payload, *more, **options)
        if event == "INTERACTION_CREATE":
            emit(event, payload, *more, **options)
            again[:] = [lambda: emit(event, payload, *more, **options)]

    discord.backend.emit = twice

    async def made(asked):
        """How many posts in the log and entries in Discord's audit log came of a request."""
        posts, entries = len(staffed.log.messages), len(staffed.guild.audit_log)
        answer = await asked
        await discord.advance(3)
        return answer, len(staffed.log.messages) - posts, len(staffed.guild.audit_log) - entries

    for name, options, entries in (
        ("warn", {"member": bob, "reason": "spam"}, 0),
        ("note", {"user": bob, "text": "spam"}, 0),
        ("timeout", {"member": bob, "duration": "1h"}, 1),
        ("untimeout", {"member": bob}, 1),
        ("nick", {"member": bob, "name": "Bob"}, 1),
        ("role give", {"member": bob, "role": role, "duration": "2d"}, 1),
        ("role take", {"member": bob, "role": role}, 1),
        ("slowmode", {"wait": "30s"}, 1),
        ("lockdown channel", {"channel": general, "duration": "1h"}, 2),
        ("lockdown end", {}, 2),
        ("ban", {"user": bob}, 1),
        ("unban", {"user": bob}, 1),
        ("softban", {"user": staffed.guild.add_member("eve")}, 2),
        ("kick", {"member": staffed.guild.add_member("carl")}, 1),
        ("tempban", {"user": staffed.alice, "duration": "1d"}, 1),
    ):
        _, *came = await made(mod.slash(general, name, **options))
        assert came == [1, entries], name
    ban = staffed.log.last

    # ---- the end that was written as a length is counted from the first delivery on
    await mod.slash(general, "case edit", number=15, duration="2d")
    await discord.advance(60)
    again[0]()
    await discord.settle()
    async with host.database.read() as session:
        edits = "SELECT count(*) FROM chandelier_audit WHERE action LIKE '%case.edit'"
        assert await session.scalar(text(edits)) == 1

    # ---- buttons and forms
    _, *came = await made(mod.press(ban, label="Lift the ban"))
    assert came == [1, 1]
    dave = staffed.guild.add_member("dave")
    desk = await mod.menu(general, "Moderate…", dave)
    form = await mod.press(desk, label="Timeout")
    _, *came = await made(mod.submit(form, {"duration": "1h", "reason": ""}))
    assert came == [1, 1]
    bad = await staffed.guild.add_member("frank").send(general, "buy")
    desk = await mod.menu(general, "Act on this message", bad)
    form = await mod.press(desk, label="Kick")
    _, *came = await made(mod.submit(form, {"reason": "spam", "delete": "yes"}))
    assert came[0] == 1
    newest = await mod.slash(general, "case view", number=99)
    assert "the newest is #18" in newest.text

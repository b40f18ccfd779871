"""Stories of the pinger: what counts as a ping, who may, and what the report says."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from chandelier_moderation.pinger.pings import everybody, without_code


@pytest.fixture
def loud(market):
    """Everybody may ping everything in Market."""
    everything = ["view_channel", "send_messages", "read_message_history", "mention_everyone"]
    market.guild.set_permissions(market.guild.everyone, everything)
    return market


def reporting_to(channel, **more):
    """The config of a pinger that is switched on."""
    return {"moderation": {"version": 2, "pinger_channel": channel.id, **more}}


def titles(channel):
    """What was reported, oldest first."""
    return [embed["title"] for message in channel.messages for embed in message.embeds]


async def test_a_ping_is_reported_once_with_what_where_who_and_a_way_there(discord, start_host, loud):
    staff = loud.guild.create_text_channel("staff")
    owner = loud.guild.owner
    host = await start_host("moderation", config={"moderation": {"version": 2}})

    await loud.alice.send(loud.general, "@everyone nobody listens yet")
    answer = await owner.slash(loud.general, "pinger set", channel=staff)
    discord.trouble.duplicate("MESSAGE_CREATE")
    message = await loud.alice.send(loud.general, "@everyone look at `me` [x](https://evil.example)")
    await loud.alice.edit(message, "@everyone look again")

    assert answer.ephemeral
    assert f"Reports go to {staff.mention}" in answer.text
    assert titles(staff) == ["Ping: @everyone"]
    report = staff.last
    assert loud.alice.mention in report.text
    assert str(loud.alice.id) in report.text
    assert loud.general.mention in report.text
    assert "```\n@everyone look at ˋmeˋ [x](https://evil.example)\n```" in report.text
    assert report.pinged == []
    button = report.components[0]["components"][0]
    assert button["url"] == f"https://discord.com/channels/{loud.guild.id}/{loud.general.id}/{message.id}"

    off = await owner.slash(loud.general, "pinger off")
    await loud.alice.send(loud.general, "@everyone again")
    assert "Off." in off.text
    assert len(staff.messages) == 1
    assert (await host.hooks.call("moderation", "chandelier_health")).level == "ok"


async def test_here_is_not_everyone_and_code_and_lacking_permission_are_no_pings(discord, start_host, loud):
    staff = loud.guild.create_text_channel("staff")
    open_role = loud.guild.create_role("LFG")
    open_role.model.mentionable = True
    closed = loud.guild.create_role("Council")
    quiet = loud.guild.create_text_channel("quiet")
    quiet.set_overwrite(loud.guild.everyone, deny=["mention_everyone"])
    await start_host("moderation", config=reporting_to(staff))

    for place, text in [
        (loud.general, "@here come"),
        (loud.general, "@here, or `@everyone`"),
        (loud.general, "@everyone and @here"),
        (loud.general, f"{closed.mention} vote {closed.mention}"),
        (loud.general, f"@here {closed.mention} {open_role.mention}"),
        (loud.general, "hello @alice, everyone and here"),
        (quiet, "@everyone"),
        (quiet, closed.mention),
        (quiet, f"{open_role.mention} {closed.mention}"),
    ]:
        await loud.alice.send(place, text)

    assert titles(staff) == [
        "Ping: @here",
        "Ping: @here",
        "Ping: @everyone, @here",
        "Ping: a role",
        "Ping: @here, 2 roles",
        "Ping: a role",
    ]
    assert open_role.mention in staff.last.text
    assert closed.mention not in staff.last.embeds[0]["fields"][0]["value"]


async def test_what_is_allowed_or_left_out_is_not_reported(discord, start_host, loud):
    owner, guild = loud.guild.owner, loud.guild
    staff, events = guild.create_text_channel("staff"), guild.create_category("Events")
    stage = guild.create_text_channel("stage", category=events)
    lfg = guild.create_role("LFG")
    radio = guild.add_member("radio", bot=True)
    await start_host("moderation", config=reporting_to(staff))

    async def set_up(name, **options):
        return await owner.slash(loud.general, f"pinger {name}", **options)

    await set_up("allow", role=loud.mods)
    await set_up("exclude", channel=events)
    await set_up("exclude", role=lfg)
    for who, where, text in [
        (loud.mod, loud.general, "@everyone"),
        (loud.alice, stage, "@everyone"),
        (loud.alice, loud.general, lfg.mention),
        (radio, loud.general, "@everyone"),
    ]:
        await who.send(where, text)
    assert staff.messages == []

    shown = await set_up("show")
    for words in (loud.mods.mention, events.mention, lfg.mention):
        assert words in shown.text
    await set_up("allow", role=loud.mods, allowed=False)
    await set_up("exclude", channel=events, role=lfg, excluded=False)
    await set_up("set", bots=True, here=False)
    for who, where, text in [
        (loud.mod, loud.general, "@everyone 1"),
        (loud.alice, stage, "@everyone 2"),
        (loud.alice, loud.general, f"{lfg.mention} 3"),
        (radio, loud.general, "@everyone 4"),
        (loud.alice, loud.general, "@here 5"),
    ]:
        await who.send(where, text)
    said = "\n".join(message.text for message in staff.messages)
    assert [number for number in "12345" if f" {number}\n```" in said] == ["1", "2", "3", "4"]

    for words, name, options in [
        ("Give at least one", "set", {}),
        ("a `channel` or a `role`", "exclude", {}),
        ("Everybody has @everyone", "allow", {"role": guild.everyone}),
        ("everyone:False", "exclude", {"role": guild.everyone}),
    ]:
        assert words in (await set_up(name, **options)).text
    staff.set_overwrite(guild.bot_role, deny=["send_messages"])
    refused = await set_up("set", channel=staff)
    assert f"I cannot write in {staff.mention}. I need there: Send Messages" in refused.text


async def test_a_ping_that_is_deleted_at_once_or_meets_a_bad_moment_is_still_reported(
    discord, start_host, loud
):
    staff = loud.guild.create_text_channel("staff")
    host = await start_host("moderation", config=reporting_to(staff))
    path = f"/channels/{staff.id}/messages"

    discord.fail("POST", path, status=408)
    ghost = await loud.alice.send(loud.general, "@everyone boo")
    await loud.alice.delete(ghost)
    await discord.advance(60)
    assert "boo" in staff.last.text

    await host.outbox.stop()
    await loud.alice.send(loud.general, "@here kept")
    await loud.alice.delete(await loud.alice.send(loud.general, "@here gone"))
    host = await start_host.restart(host)
    later = "\n".join(message.text for message in staff.messages[1:])
    assert later.count("Ping: @here") == 2
    assert "kept" in later
    assert "the message is gone" in later

    count = len(staff.messages)
    async with host.database.transaction() as session:  # as after a crash between the report and its record
        back = "UPDATE chandelier_outbox SET state = 'started', done_at = NULL WHERE kind = 'ping'"
        await session.execute(sa.text(back))
    host = await start_host.restart(host)
    assert len(staff.messages) == count

    staff.delete()
    await loud.alice.send(loud.general, "@here nobody hears")
    health = await host.hooks.call("moderation", "chandelier_health")
    assert health.level == "degraded"
    assert "pings are not reported" in health.lines[-1]


async def test_a_hundred_pings_at_once_are_all_reported_in_few_messages(discord, start_host, loud):
    staff = loud.guild.create_text_channel("staff")
    host = await start_host("moderation", config=reporting_to(staff))
    await host.outbox.stop()
    for number in range(30):
        loud.general.post(loud.alice, f"@everyone {number}")
    await discord.settle()
    await host.outbox.start()
    await discord.settle()

    assert titles(staff) == ["Ping: @everyone"] * 30
    assert len(staff.messages) < 12
    said = "\n".join(message.text for message in staff.messages)
    assert all(f"@everyone {number}\n" in said for number in range(30))
    assert all(len(message.components[0]["components"]) == len(message.embeds) for message in staff.messages)


# ---- without a Discord


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@everyone", ("everyone",)),
        ("@here", ("here",)),
        ("a@here!", ("here",)),
        ("@here `@everyone`", ("here",)),
        ("```\n@everyone\n``` @here", ("here",)),
        ("``a ` @everyone`` @here", ("here",)),
        ("`unclosed @everyone @here", ("everyone", "here")),
        (r"\`@everyone\` @here", ("everyone", "here")),
        ("`@here`", ("here",)),
        ("", ("everyone",)),
    ],
)
def test_the_text_tells_which_it_was(text, found):
    assert everybody(text, flagged=True) == found
    assert everybody(text, flagged=False) == ()


@given(st.text("`ab\\\n", max_size=200))
def test_taking_code_out_leaves_what_stands_outside(text):
    assert len(without_code(text)) <= len(text) + text.count("`")
    assert "`" in text or without_code(text) == text

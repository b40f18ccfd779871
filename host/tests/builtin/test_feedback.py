"""`/feedback`: a member writes, the owners get it, one answers, and the member gets that."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from chandelier.storage.tables import OutboxRow

PING = "the music is too loud <@&1> @everyone"


@pytest.fixture
def market(discord):
    guild = discord.create_guild("Market", owner="olivia")
    return guild, guild.create_text_channel("general"), guild.add_member("alice"), guild.add_member("omar")


async def write(member, general, text=PING):
    form = await member.slash(general, "feedback")
    return await member.submit(form, {"text": text})


def told(member) -> str:
    return member.dms[-1].text


async def test_what_a_member_writes_reaches_the_owner_who_answers_and_the_member_reads_it(
    discord, start_host, market
) -> None:
    guild, general, alice, _ = market
    host = await start_host(host={"owner_ids": [guild.owner.id]})

    thanks = await write(alice, general)

    assert thanks.ephemeral
    [row] = await host.feedback.all()
    assert row.reference in thanks.text
    [message] = guild.owner.dms
    assert PING in message.text
    assert f"alice, `{alice.id}`" in message.text.replace("(", "").replace(")", "")
    assert "Market" in message.text
    assert row.reference in message.text
    assert message.pinged == []

    form = await guild.owner.press(message, label="Answer")
    said = await guild.owner.submit(form, {"text": "I turned it down. Better? @everyone"})

    assert row.reference in said.text
    [answer] = alice.dms
    assert "I turned it down" in answer.text
    assert "the music is too loud" in answer.text
    assert answer.pinged == []
    [row] = await host.feedback.all()
    assert (row.delivered, row.answered_by, row.answer_delivered) == (True, guild.owner.id, True)


async def crash_before_it_was_known_to_be_sent(host, start_host):
    """Start anew as after a crash between sending and noting that it was sent."""
    async with host.database.transaction() as session:
        await session.execute(update(OutboxRow).values(state="started", done_at=None))
    return await start_host.restart(host)


async def test_it_works_after_a_restart_and_a_crash_sends_nothing_twice(discord, start_host, market) -> None:
    guild, general, alice, _ = market
    host = await start_host(host={"owner_ids": [guild.owner.id]})

    await write(alice, general)
    host = await crash_before_it_was_known_to_be_sent(host, start_host)
    [message] = guild.owner.dms
    form = await guild.owner.press(message, label="Answer")
    await guild.owner.submit(form, {"text": "Thank you!"})
    await crash_before_it_was_known_to_be_sent(host, start_host)

    [answer] = alice.dms
    assert "Thank you!" in answer.text
    assert len(guild.owner.dms) == 1


async def test_when_one_owners_dms_are_closed_the_others_get_it_and_it_can_be_read_on_the_terminal(
    discord, start_host, market
) -> None:
    guild, general, alice, omar = market
    guild.owner.close_dms()
    host = await start_host(host={"owner_ids": [guild.owner.id, omar.id]})

    thanks = await write(alice, general)

    assert thanks.ephemeral
    assert PING in told(omar)
    [row] = await host.feedback.all()
    assert row.delivered is True
    assert str(guild.owner.id) in row.trouble
    assert row.text == PING
    host.owners.discard(omar.id)  # no owner any more
    refused = await omar.press(omar.dms[0], label="Answer")
    assert "Only the bot's owner" in refused.text


async def test_an_answer_that_cannot_arrive_is_told_to_the_owner(discord, start_host, market) -> None:
    guild, general, alice, _ = market
    host = await start_host(host={"owner_ids": [guild.owner.id]})
    await write(alice, general)
    alice.close_dms()

    form = await guild.owner.press(guild.owner.dms[0], label="Answer")
    await guild.owner.submit(form, {"text": "Better?"})

    assert "did not arrive" in told(guild.owner)
    [row] = await host.feedback.all()
    assert row.answer_delivered is False


async def test_feedback_is_limited_forgotten_in_time_and_erased_on_request(
    discord, start_host, market
) -> None:
    guild, general, alice, omar = market
    host = await start_host(host={"owner_ids": [guild.owner.id], "feedback_days": 1})
    empty = await write(alice, general, " \n ")
    assert "nothing in it" in empty.text
    assert guild.owner.dms == []
    for number in range(3):
        await write(alice, general, f"note {number}")

    slow = await alice.slash(general, "feedback")
    assert "Not so fast" in slow.text
    assert slow.modal is None
    await write(omar, general, "me too")

    exported = await host.privacy.export(alice.id)
    written = exported.document["plugins"]["core"]["feedback"]
    assert [one["text"] for one in written] == ["note 0", "note 1", "note 2"]
    account = await host.privacy.erase(alice.id, "person")
    assert [part.erased for part in account.parts if part.plugin == "core"] == [3]
    assert [row.text for row in await host.feedback.all()] == ["me too"]
    gone = await guild.owner.press(guild.owner.dms[0], label="Answer")
    assert "That feedback is gone" in gone.text

    await discord.advance(31 * 3600)
    assert await host.feedback.all() == []


async def test_from_a_direct_message_no_server_is_named_and_the_question_is_whole(start_host, market) -> None:
    guild, _, alice, _ = market
    await start_host(host={"owner_ids": [guild.owner.id]})
    alice.locale = "it"

    form = await alice.slash(alice.dm, "feedback")
    [row] = form.modal["components"]
    assert row["components"][0]["label"] == "Che cosa vuoi dire al proprietario del bot?"
    thanks = await alice.submit(form, {"text": "ciao"})

    assert "server" not in thanks.text and "Una risposta ti arriva qui." in thanks.text

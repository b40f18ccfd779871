"""Stories of the forward: who may, once, across restarts and crashes, and when the target is broken."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

ARROW = "➡️"


async def health(host):
    return await host.hooks.call("reactions", "chandelier_health")


async def test_a_curators_arrow_forwards_the_message_natively(start_host, gallery):
    await start_host("reactions", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "my new painting")

    await gallery.cora.react(message, ARROW)

    forward = gallery.best.last
    assert forward.forwarded["content"] == "my new painting"
    assert forward.reference["message_id"] == str(message.id)
    assert forward.pinged == []
    assert len(gallery.best.messages) == 1


async def test_a_member_without_the_role_forwards_nothing(start_host, gallery):
    await start_host("reactions", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "look at me")

    await gallery.alice.react(message, ARROW)
    await gallery.bob.react(message, "👍")
    await gallery.cora.react(message, "👍")

    assert gallery.best.messages == []


async def test_a_member_who_is_named_may_forward_without_the_role(start_host, gallery):
    await start_host("reactions", config=gallery.config(members=[gallery.bob.id]))
    message = await gallery.alice.send(gallery.general, "my new painting")

    await gallery.bob.react(message, ARROW)

    assert len(gallery.best.messages) == 1


@pytest.mark.parametrize(
    ("configured", "used"), [("➡️", "➡"), ("➡", "➡️"), ("➡️", "➡️"), ("❤️", "❤"), ("🔗", "🔗")]
)
async def test_variation_selectors_make_no_difference(start_host, gallery, configured, used):
    await start_host("reactions", config=gallery.config(emoji=configured))
    message = await gallery.alice.send(gallery.general, "my new painting")

    await gallery.cora.react(message, used)

    assert len(gallery.best.messages) == 1


async def test_a_hundred_reactions_at_once_give_one_forward(discord, start_host, gallery):
    """MODiX #438, tux #827, ModCore #153: duplicate starboard posts."""
    await start_host("reactions", config=gallery.config())
    crowd = [gallery.guild.add_member(f"curator-{n}", roles=[gallery.curators]) for n in range(100)]
    message = await gallery.alice.send(gallery.general, "my new painting")

    await asyncio.gather(*(curator.react(message, ARROW) for curator in crowd))

    assert len(message.reactions[ARROW]) == 100
    assert len(gallery.best.messages) == 1


async def test_a_reaction_that_is_taken_back_and_given_again_does_not_forward_again(start_host, gallery):
    host = await start_host("reactions", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "my new painting")
    await gallery.cora.react(message, ARROW)

    await gallery.cora.unreact(message, ARROW)
    await start_host.restart(host)
    await gallery.cora.react(message, ARROW)

    assert len(gallery.best.messages) == 1


async def test_a_message_from_before_the_bot_came_is_forwarded_too(start_host, gallery):
    """discord.py #1162, #1030: uncached reactions ignored."""
    message = gallery.general.post(gallery.alice, "an old painting")
    await start_host("reactions", config=gallery.config())

    await gallery.cora.react(message, ARROW)

    assert gallery.best.last.forwarded["content"] == "an old painting"


async def test_forwards_are_not_forwarded_to_where_they_are(start_host, gallery):
    await start_host("reactions", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "my new painting")
    await gallery.cora.react(message, ARROW)

    await gallery.cora.react(gallery.best.last, ARROW)

    assert len(gallery.best.messages) == 1


async def test_bots_forward_only_where_that_is_configured(start_host, gallery):
    host = await start_host("reactions", config=gallery.config())
    robot = gallery.guild.add_member("robot", bot=True, roles=[gallery.curators])
    message = await gallery.alice.send(gallery.general, "my new painting")

    await robot.react(message, ARROW)
    await host.bot.rest.add_reaction(gallery.general.id, message.id, ARROW)
    await gallery.alice.type(gallery.general)
    assert gallery.best.messages == []

    await gallery.guild.owner.slash(
        gallery.general, "config set", plugin="reactions", setting="bots", value="true"
    )
    await robot.unreact(message, ARROW)
    await robot.react(message, ARROW)
    assert len(gallery.best.messages) == 1


@pytest.mark.parametrize("value", [":+1:", "@everyone", "arrow"])
async def test_an_emoji_that_is_none_is_refused_with_what_to_write(start_host, gallery, value):
    await start_host("reactions", config=gallery.config())

    answer = await gallery.guild.owner.slash(
        gallery.general, "config set", plugin="reactions", setting="emoji", value=value
    )

    assert answer.text.startswith("**reactions**: ")
    assert "write the emoji itself, or <:name:id>" in answer.text
    message = await gallery.alice.send(gallery.general, "my new painting")
    await gallery.cora.react(message, ARROW)
    assert len(gallery.best.messages) == 1


async def test_a_server_chooses_its_own_emoji_and_channel(discord, start_host, gallery):
    await start_host("reactions", config=gallery.config())
    hall = gallery.guild.create_text_channel("hall-of-fame")
    for setting, value in (("emoji", "⭐"), ("channel", hall.mention)):
        answer = await gallery.guild.owner.slash(
            gallery.general, "config set", plugin="reactions", setting=setting, value=value
        )
        assert answer.ephemeral
    message = await gallery.alice.send(gallery.general, "my new painting")

    await gallery.cora.react(message, ARROW)
    assert hall.messages == []
    await gallery.cora.react(message, "⭐")

    assert len(hall.messages) == 1
    assert gallery.best.messages == []


# ---- crashes


async def test_a_forward_that_was_decided_before_the_host_stopped_is_made_after_it(start_host, gallery):
    host = await start_host("reactions", config=gallery.config())
    await host.outbox.stop()
    message = await gallery.alice.send(gallery.general, "my new painting")
    await gallery.cora.react(message, ARROW)
    assert gallery.best.messages == []

    await start_host.restart(host)

    assert len(gallery.best.messages) == 1


@pytest.mark.parametrize("forwarded_before", [True, False])
async def test_an_attempt_whose_end_nobody_saw_is_looked_for_in_the_channel(
    start_host, gallery, forwarded_before
):
    """A crash between the request and its record: the outbox row is still started."""
    host = await start_host("reactions", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "my new painting")
    await gallery.cora.react(message, ARROW)
    async with host.database.transaction() as session:
        await session.execute(text("UPDATE chandelier_outbox SET state = 'started'"))
        await session.execute(text("UPDATE reactions_entries SET state = 'waiting'"))
    if not forwarded_before:
        await gallery.guild.owner.delete(gallery.best.last)
    for number in range(60):
        gallery.best.post(gallery.bob, f"chatter {number}")

    await start_host.restart(host)

    forwards = [found for found in gallery.best.messages if found.forwarded]
    assert len(forwards) == 1
    assert forwards[0].id == gallery.best.messages[0].id or not forwarded_before


async def test_an_answer_that_never_came_makes_no_second_forward(discord, start_host, gallery):
    await start_host("reactions", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "my new painting")
    discord.fail("POST", f"/channels/{gallery.best.id}/messages", status=408)

    await gallery.cora.react(message, ARROW)
    assert gallery.best.messages == []
    await discord.advance(60)

    assert len(gallery.best.messages) == 1


# ---- a broken target


async def test_a_deleted_channel_is_said_in_health_and_repaired_by_a_new_one(discord, start_host, gallery):
    host = await start_host("reactions", config=gallery.config())
    gallery.best.delete()
    message = await gallery.alice.send(gallery.general, "my new painting")

    await gallery.cora.react(message, ARROW)

    said = await health(host)
    assert said.level == "degraded"
    assert "no longer exists" in said.lines[0]
    assert str(gallery.guild.id) in said.lines[0]
    assert (await host.hooks.call("reactions", "chandelier_status", guild_id=gallery.guild.id)).lines[
        -1
    ] == "0 done"

    hall = gallery.guild.create_text_channel("hall-of-fame")
    await gallery.guild.owner.slash(
        gallery.general, "config set", plugin="reactions", setting="channel", value=hall.mention
    )
    await discord.advance(61)
    await gallery.cora.unreact(message, ARROW)
    await gallery.cora.react(message, ARROW)

    assert len(hall.messages) == 1
    assert (await health(host)).level == "ok"


async def test_missing_permissions_are_named_and_a_crowd_does_not_hammer(discord, start_host, gallery):
    host = await start_host("reactions", config=gallery.config())
    gallery.best.set_overwrite(gallery.guild.bot_role, deny=["send_messages"])
    crowd = [gallery.guild.add_member(f"curator-{n}", roles=[gallery.curators]) for n in range(10)]
    message = await gallery.alice.send(gallery.general, "my new painting")

    for curator in crowd:
        await curator.react(message, ARROW)

    tries = [request for request in discord.requests if request.path.endswith(f"{gallery.best.id}/messages")]
    assert len(tries) == 1
    said = await health(host)
    assert said.level == "degraded"
    assert "Send Messages" in said.lines[0]
    assert gallery.best.messages == []


async def test_a_message_that_is_deleted_first_is_nobodys_fault(start_host, gallery):
    host = await start_host("reactions", config=gallery.config())
    await host.outbox.stop()
    message = await gallery.alice.send(gallery.general, "my new painting")
    await gallery.cora.react(message, ARROW)
    await gallery.alice.delete(message)

    host = await start_host.restart(host)

    assert gallery.best.messages == []
    assert (await health(host)).level == "ok"


async def test_who_may_forward_but_not_where_to_is_said_in_health(start_host, gallery):
    section = {"version": 2, "roles": [gallery.curators.id]}
    host = await start_host("reactions", config={"reactions": section})
    message = await gallery.alice.send(gallery.general, "my new painting")

    await gallery.cora.react(message, ARROW)

    assert "not where to" in (await health(host)).lines[0]
    assert gallery.best.messages == []


# ---- people


async def test_the_status_says_who_forwards_where(start_host, gallery):
    await start_host("reactions", config=gallery.config())
    await gallery.cora.react(await gallery.alice.send(gallery.general, "my new painting"), ARROW)

    status = await gallery.alice.slash(gallery.general, "status")

    assert gallery.best.mention in status.text
    assert gallery.curators.mention in status.text
    assert "1 done" in status.text


async def test_what_is_stored_about_a_person_can_be_exported_and_erased(start_host, gallery):
    host = await start_host("reactions", config=gallery.config())
    message = await gallery.alice.send(gallery.general, "my new painting")
    await gallery.cora.react(message, ARROW)

    exported = await host.hooks.call("reactions", "chandelier_export_person", user_id=gallery.cora.id)
    erased = await host.hooks.call("reactions", "chandelier_erase_person", user_id=gallery.cora.id)
    again = await host.hooks.call("reactions", "chandelier_export_person", user_id=gallery.cora.id)
    await gallery.cora.unreact(message, ARROW)
    await gallery.cora.react(message, ARROW)

    assert exported["reactions"][0]["message"] == str(message.id)
    assert exported["reactions"][0]["action"] == "reactions.forward"
    assert erased == 1
    assert again == {"reactions": []}
    assert len(gallery.best.messages) == 1

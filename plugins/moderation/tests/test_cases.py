"""Stories of `/case view`, `/history` and the Void button, restarts included."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from chandelier_moderation.cases import Draft
from loopcord import ActError


async def warn(market, member, *reasons):
    for reason in reasons:
        await market.mod.slash(market.general, "warn", member=member, reason=reason)


async def test_a_case_that_does_not_exist_is_answered_with_what_does(start_host, market):
    await start_host("moderation", config=market.config())

    empty = await market.mod.slash(market.general, "case view", number=1)
    await warn(market, market.bob, "spam")
    beyond = await market.mod.slash(market.general, "case view", number=7)

    assert "no cases in this server yet" in empty.text
    assert "no case #7; the newest is #1" in beyond.text
    assert beyond.ephemeral


async def test_a_case_number_below_one_cannot_even_be_typed(start_host, market):
    await start_host("moderation", config=market.config())

    with pytest.raises(ActError):
        await market.mod.slash(market.general, "case view", number=0)


async def test_a_history_is_paged_newest_first_and_its_buttons_survive_a_restart(start_host, market):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    await warn(market, market.bob, *(f"reason {number}" for number in range(1, 8)))
    await warn(market, market.alice, "another matter")

    shown = await market.mod.slash(market.general, "history", member=market.bob)
    assert "7 cases" in shown.text
    assert "Page 1 of 2" in shown.text
    assert [field["name"].split()[0] for field in shown.embeds[0]["fields"]] == ["#7", "#6", "#5", "#4", "#3"]
    with pytest.raises(ActError, match="disabled"):
        await market.mod.press(shown, label="Newer")

    await start_host.restart(host)
    older = await market.mod.press(shown, label="Older")

    assert older.updated
    assert [field["name"].split()[0] for field in shown.embeds[0]["fields"]] == ["#2", "#1"]
    assert "another matter" not in shown.text
    with pytest.raises(ActError, match="disabled"):
        await market.mod.press(shown, label="Older")
    await market.mod.press(shown, label="Newer")
    assert "Page 1 of 2" in shown.text


async def test_a_short_history_has_no_buttons(start_host, market):
    await start_host("moderation", config=market.config())

    empty = await market.mod.slash(market.general, "history", member=market.bob)
    await warn(market, market.bob, "spam")
    short = await market.mod.slash(market.general, "history", member=market.bob)

    assert "no cases" in empty.text
    assert empty.components == []
    assert "1 case" in short.text
    assert short.components == []


async def test_the_void_button_works_after_a_restart_and_only_once(start_host, market):
    host = await start_host("moderation", config=market.config())
    await warn(market, market.bob, "a mistake")
    post = market.log.last

    await start_host.restart(host)
    first = await market.mod.press(post, label="Void")

    assert first.ephemeral
    assert "Case #1 is void now" in first.text
    assert "case #1 (void)" in post.text
    assert market.mod.mention in post.text
    with pytest.raises(ActError, match="disabled"):
        await market.mod.press(post, label="Voided")
    assert "(void)" in (await market.mod.slash(market.general, "history", member=market.bob)).text


async def test_two_moderators_who_void_at_once_hear_who_was_first(discord, start_host, market):
    host = await start_host("moderation", config=market.config())
    mia = market.guild.add_member("mia", roles=[market.mods])
    await warn(market, market.bob, "a mistake")
    await host.outbox.stop()  # the post still shows its button when the second one looks
    post = market.log.last

    first = await market.mod.press(post, label="Void")
    second = await mia.press(post, label="Void")

    assert "is void now" in first.text
    assert f"was voided by {market.mod.mention} before" in second.text


async def test_a_member_cannot_press_void(start_host, market):
    await start_host("moderation", config=market.config())
    await warn(market, market.bob, "spam")

    answer = await market.alice.press(market.log.last, label="Void")

    assert answer.ephemeral
    assert "Moderate Members" in answer.text
    assert "(void)" not in market.log.last.text


async def test_a_moderator_cannot_void_a_case_about_themself(start_host, market):
    await start_host("moderation", config=market.config())
    await market.guild.owner.slash(market.general, "warn", member=market.mod, reason="too strict")

    answer = await market.mod.press(market.log.last, label="Void")

    assert "another moderator" in answer.text
    assert "(void)" not in market.log.last.text


async def test_a_button_with_a_forged_signature_does_nothing(discord, start_host, market):
    await start_host("moderation", config=market.config())
    await warn(market, market.bob, "spam", "more spam")
    button = market.log.last.model.components[0]["components"][0]
    button["custom_id"] = button["custom_id"].replace(":2:", ":1:")

    answer = await market.mod.press(market.log.last, label="Void")

    assert "no longer works" in answer.text
    assert "(void)" not in (await market.mod.slash(market.general, "case view", number=1)).text


async def test_a_post_that_was_deleted_by_hand_stops_nothing(discord, start_host, market):
    await start_host("moderation", config=market.config())
    await warn(market, market.bob, "spam")
    post = market.log.last
    discord.fail("PATCH", f"/channels/{market.log.id}/messages/*", status=404, code=10008)

    answer = await market.mod.press(post, label="Void")

    assert "is void now" in answer.text
    assert "(void)" in (await market.mod.slash(market.general, "case view", number=1)).text


async def test_the_status_shows_cases_rules_and_log(start_host, market):
    await start_host("moderation", config=market.config(words=["scam"]))
    await warn(market, market.bob, "spam")

    status = await market.alice.slash(market.general, "status")

    assert "Cases: 1, 1 of them in the last 7 days" in status.text
    assert "Rules of automod: 1" in status.text
    assert market.log.mention in status.text


async def test_what_is_stored_about_a_person_can_be_exported_and_erased(start_host, market):
    host = await start_host("moderation", config=market.config())
    await warn(market, market.bob, "his address is 12 Elm Street")
    await warn(market, market.alice, "spam")

    exported = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.bob.id)
    of_mod = await host.hooks.call("moderation", "chandelier_export_person", user_id=market.mod.id)
    erased = await host.hooks.call("moderation", "chandelier_erase_person", user_id=market.bob.id, by="owner")
    await market.alice.send(market.general, "hello")

    assert [case["reason"] for case in exported["cases"]] == ["his address is 12 Elm Street"]
    assert [case["role"] for case in of_mod["cases"]] == ["moderator", "moderator"]
    assert "reason" not in of_mod["cases"][0]
    assert erased.erased == 1
    assert erased.kept == ()
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "Elm Street" not in shown.text
    assert market.bob.mention not in shown.text
    posts = "\n".join(post.text for post in market.log.messages)
    assert "Elm Street" not in posts
    assert "spam" in posts


async def test_a_member_does_not_get_rid_of_a_warning_by_having_their_data_erased(start_host, market):
    host = await start_host("moderation", config=market.config())
    await warn(market, market.bob, "spam")

    question = await market.bob.slash(market.general, "privacy erase")
    assert "Stays: all of it" in question.text
    done = await market.bob.press(question, label="Erase it")

    assert (
        "Kept: cases about you (1), because a server's moderators have to be able to act fairly" in done.text
    )
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert market.bob.mention in shown.text
    assert "spam" in shown.text
    of_mod = await host.privacy.erase(market.mod.id, "person")
    [part] = [part for part in of_mod.parts if part.plugin == "moderation"]
    assert [(kept.count, kept.what) for kept in part.kept] == [(1, "cases of yours as a moderator")]


async def test_nothing_of_an_erased_person_is_left_in_the_outbox(start_host, market):
    host = await start_host("moderation", config=market.config())
    await warn(market, market.bob, "spam")

    await host.privacy.erase(market.bob.id, "owner")

    async with host.database.read() as session:
        rows = (await session.execute(text("SELECT key, payload FROM chandelier_outbox"))).all()
    assert rows
    assert str(market.bob.id) not in str(rows)


async def test_who_is_erased_while_their_case_is_being_posted_is_not_named_by_the_post(
    discord, start_host, market
):
    host = await start_host("moderation", config=market.config(tell_member="never"))
    await warn(market, market.bob, "12 Elm Street")
    plugin = host.lifecycle.records["moderation"].plugin
    as_posted = await plugin.book.get(market.guild.id, 1)
    post = market.log.last

    await host.hooks.call("moderation", "chandelier_erase_person", user_id=market.bob.id, by="owner")
    await discord.settle()
    discord.backend.edit_message(post.channel_id, post.id, {"content": "12 Elm Street", "embeds": []})
    await plugin.book.logged(as_posted, post.id)  # the post was under way meanwhile, and arrives now
    await discord.settle()

    assert market.bob.mention not in market.log.last.text
    assert "erased" in market.log.last.text


async def test_the_book_knows_a_source_again_and_wastes_no_number_on_it(start_host, market):
    """Red #1052, #2901: duplicate cases."""
    host = await start_host("moderation", config=market.config())
    book = host.lifecycle.records["moderation"].plugin.book
    draft = Draft(
        guild_id=market.guild.id,
        action="warn",
        target_id=market.bob.id,
        moderator_id=market.mod.id,
        reason="spam",
        source="interaction-1",
        log_channel_id=None,
        tell_member=False,
    )

    first, new = await book.open(draft)
    again, new_again = await book.open(draft)

    assert (first.number, new) == (1, True)
    assert (again.number, new_again) == (1, False)
    assert "Case #2" in (await market.mod.slash(market.general, "warn", member=market.bob, reason="x")).text

"""Stories of the setting `words`, a rule of automod: what vanishes, what stays, who is exempt."""

from __future__ import annotations

import pytest

WORDS = ["freenitro", "free nitro", "c++"]


@pytest.mark.parametrize(
    "text",
    [
        "get freenitro here",
        "FreeNitro",
        "freenitro!",
        "(freenitro)",
        "_freenitro_",
        "**freenitro**",
        "||freenitro||",
        "hello,freenitro,bye",
        "free   nitro",
        "free\nnitro",
        "I like C++.",
        "«freenitro»",
    ],
)
async def test_a_message_with_a_word_is_deleted_told_and_logged(start_host, market, text):
    await start_host("moderation", config=market.config(words=WORDS))

    message = await market.alice.send(market.general, text)

    assert message.deleted
    assert "Your message was removed" in market.alice.dms[-1].text
    post = market.log.last
    assert "Message removed · case #1" in post.text
    assert "Message deleted" in post.text
    assert text in post.text
    assert market.alice.mention in post.text


@pytest.mark.parametrize(
    "text", ["freenitrogen", "carefree nitrogen", "free and nitro", "c+", "nitro free", "", "fr eenitro"]
)
async def test_what_only_looks_like_a_word_stays(start_host, market, text):
    """Zeppelin PR #520, python-discord #230: loose matching hits innocent text."""
    await start_host("moderation", config=market.config(words=WORDS))

    message = await market.alice.send(market.general, text or "…")

    assert not message.deleted
    assert market.log.messages == []


async def test_an_edit_that_brings_a_word_in_is_noticed(start_host, market):
    await start_host("moderation", config=market.config(words=WORDS))
    message = await market.alice.send(market.general, "hello")

    await market.alice.edit(message, "hello, freenitro")

    assert message.deleted
    assert "case #1" in market.log.last.text


async def test_an_edit_of_a_message_from_before_the_bot_came_is_noticed(start_host, market):
    message = market.general.post(market.alice, "hello")
    await start_host("moderation", config=market.config(words=WORDS))

    await market.alice.edit(message, "freenitro")

    assert message.deleted


async def test_a_forwarded_message_is_read_too(discord, start_host, market):
    """python-discord PR #3555, lawliet #63: forwarded content escapes."""
    elsewhere = discord.create_guild("Elsewhere")
    far = elsewhere.create_text_channel("far")
    elsewhere.add_member(market.alice)
    original = far.post(market.alice, "freenitro")
    await start_host("moderation", config=market.config())
    await market.guild.owner.slash(
        market.general, "config set", plugin="moderation", setting="words", value="freenitro"
    )

    forward = await market.alice.forward(original, market.general)

    assert forward.deleted
    assert not original.deleted
    assert "case #1" in market.log.last.text


async def test_one_message_makes_one_case_per_find_even_when_it_stays_and_is_edited(start_host, market):
    host = await start_host("moderation", config=market.config(words=WORDS))
    market.guild.set_bot_permissions(["view_channel", "send_messages", "embed_links", "read_message_history"])

    message = await market.alice.send(market.general, "freenitro")
    await market.alice.edit(message, "freenitro, really")
    assert len(market.log.messages) == 1
    await market.alice.edit(message, "free nitro, then")

    assert not message.deleted
    assert len(market.log.messages) == 2
    assert "I need Manage Messages" in market.log.last.text
    health = await host.hooks.call("moderation", "chandelier_health")
    assert health.level == "degraded"
    assert "Manage Messages" in health.lines[0]


async def test_a_message_that_its_author_took_back_first_is_no_error(discord, start_host, market):
    await start_host("moderation", config=market.config(words=WORDS))
    discord.fail("DELETE", f"/channels/{market.general.id}/messages/*", status=404, code=10008)

    await market.alice.send(market.general, "freenitro")

    assert "was gone already" in market.log.last.text


async def test_who_may_manage_messages_is_exempt_by_role_or_in_the_channel(start_host, market):
    await start_host("moderation", config=market.config(words=WORDS))
    market.general.set_overwrite(market.bob, allow=["manage_messages"])

    by_mod = await market.mod.send(market.general, "freenitro")
    by_owner = await market.guild.owner.send(market.general, "freenitro")
    by_bob = await market.bob.send(market.general, "freenitro")
    other = market.guild.create_text_channel("other")
    elsewhere = await market.bob.send(other, "freenitro")

    assert not by_mod.deleted
    assert not by_owner.deleted
    assert not by_bob.deleted
    assert elsewhere.deleted


async def test_an_overwrite_that_takes_manage_messages_away_ends_the_exemption(start_host, market):
    await start_host("moderation", config=market.config(words=WORDS))
    market.general.set_overwrite(market.mods, deny=["manage_messages"])

    message = await market.mod.send(market.general, "freenitro")

    assert message.deleted


async def test_exempt_roles_may_write_the_words(start_host, market):
    traders = market.guild.create_role("Traders")
    tina = market.guild.add_member("tina", roles=[traders])
    await start_host("moderation", config=market.config(words=WORDS, exempt_roles=[traders.id]))

    assert not (await tina.send(market.general, "freenitro")).deleted
    assert (await market.alice.send(market.general, "freenitro")).deleted
    # What the server's own rules deny, a setting does not give: it may be changed by more people.
    rule = {"capability": "moderation.exempt", "who": tina}
    await market.guild.owner.slash(market.general, "access deny", **rule)
    assert (await tina.send(market.general, "freenitro")).deleted


async def test_bots_are_left_alone(start_host, market):
    await start_host("moderation", config=market.config(words=WORDS))
    radio = market.guild.add_member("radio", bot=True)

    assert not (await radio.send(market.general, "freenitro")).deleted


async def test_words_set_in_one_server_are_in_force_at_once_there_and_nowhere_else(
    discord, start_host, market
):
    bazaar = discord.create_guild("Bazaar")
    square = bazaar.create_text_channel("square")
    dave = bazaar.add_member("dave")
    host = await start_host("moderation", config=market.config())
    assert not (await market.alice.send(market.general, "scam")).deleted

    await market.guild.owner.slash(
        market.general, "config set", plugin="moderation", setting="words", value="scam"
    )

    assert (await market.alice.send(market.general, "scam")).deleted
    assert not (await dave.send(square, "scam")).deleted

    host = await start_host.restart(host)
    assert (await market.alice.send(market.general, "scam")).deleted
    await market.guild.owner.slash(market.general, "config reset", plugin="moderation", setting="words")
    assert not (await market.alice.send(market.general, "scam")).deleted


async def test_without_a_log_channel_the_rule_still_works(start_host, market):
    await start_host("moderation", config={"moderation": {"version": 2, "words": WORDS}})

    message = await market.alice.send(market.general, "freenitro")

    assert message.deleted
    assert market.log.messages == []
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "Contains “freenitro”" in shown.text


async def test_what_was_removed_cannot_ping_or_link_from_the_log(start_host, market):
    await start_host("moderation", config=market.config(words=WORDS))

    await market.alice.send(market.general, "@everyone `freenitro` [click](https://evil.example) ```")

    post = market.log.last
    assert post.pinged == []
    block = next(field["value"] for field in post.embeds[0]["fields"] if field["name"] == "Message")
    assert block.startswith("```\n")
    assert block.count("`") == 6


async def test_a_message_to_delete_is_not_forgotten_by_a_restart(start_host, market):
    host = await start_host("moderation", config=market.config(words=WORDS))
    await host.outbox.stop()
    message = await market.alice.send(market.general, "freenitro")
    assert not message.deleted

    await start_host.restart(host)

    assert message.deleted
    assert len(market.log.messages) == 1


async def test_the_deletion_names_its_case_in_the_audit_log(discord, start_host, market):
    await start_host("moderation", config=market.config(words=WORDS))

    await market.alice.send(market.general, "freenitro")

    deletions = [request for request in discord.requests if request.method == "DELETE"]
    assert [request.reason for request in deletions] == ["Case #1: Contains “freenitro”"]

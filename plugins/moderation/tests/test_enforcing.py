"""Stories of automod in a server: rules that staff makes, and what becomes of what they hit."""

from __future__ import annotations


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
    assert "Contains “free nitro”" in market.log.last.text
    assert "Your message was removed" in market.alice.dms[-1].text

    again = await olga.slash(general, "automod rule add", name="SCAM", trigger="words", what="x")
    assert "Nothing was saved" in again.text
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

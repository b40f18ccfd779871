"""Everything that this plugin says to people is there in Italian too, and reaches those who read it."""

from __future__ import annotations

from chandelier.tools.locales import complaints


def test_nothing_is_missing_in_italian() -> None:
    assert complaints("chandelier_moderation", "it") == []


async def test_a_warning_between_two_languages(start_host, market) -> None:
    """An Italian moderator, an English one and an Italian member in an Italian server."""
    market.guild.set_locale("it")
    giulia = market.guild.add_member("giulia", roles=[market.mods], locale="it")
    market.bob.locale = "it"
    await start_host("moderation", config=market.config(words=["spam"]))

    italian = await giulia.slash(market.general, "warn", member=market.alice, reason="insulti")
    english = await market.mod.slash(market.general, "warn", member=market.bob, reason="insults")

    assert italian.embeds[0]["title"] == "Caso #1: avvertimento dato"
    assert english.embeds[0]["title"] == "Case #2: warned"
    first, second = market.log.messages
    assert "Avvertimento · caso #1" in first.text
    assert "Membro avvisato tramite DM" in first.text
    assert first.components[0]["components"][0]["label"] == "Annulla"
    # Nothing has been heard of alice's language yet, so she is written to in the server's.
    assert "Hai ricevuto un avvertimento in Market" in market.alice.dms[-1].text
    assert "Motivo\ninsults" in market.bob.dms[-1].text
    voided = await market.mod.press(second, label="Annulla")
    assert voided.content == "Case #2 is void now."
    assert "(annullato)" in market.log.messages[1].text


async def test_a_member_is_written_to_in_the_language_they_use(start_host, market) -> None:
    market.guild.set_locale("it")
    await start_host("moderation", config=market.config(words=["spam"]))
    await market.alice.slash(market.general, "status")  # she uses Discord in English

    await market.alice.send(market.general, "spam!")

    assert "Your message was removed in Market" in market.alice.dms[-1].text
    assert "Contains “spam”" in market.alice.dms[-1].text
    assert "Contiene “spam”" in market.log.messages[-1].text
    shown = await market.mod.slash(market.general, "case view", number=1)
    assert "Contains “spam”" in shown.text


async def test_a_refused_command_in_italian(start_host, market) -> None:
    giulia = market.guild.add_member("giulia", roles=[market.mods], locale="it")
    await start_host("moderation", config=market.config())

    answer = await giulia.slash(market.general, "warn", member=market.alice, reason="\u200b")

    assert answer.content == "Un avvertimento richiede un motivo: il membro lo leggerà."

"""Moderation's story: a warning, a word that is not wanted, a restart in the middle, a case taken back."""

from __future__ import annotations


async def test_a_moderator_keeps_the_market_tidy(discord, start_host):
    market = discord.create_guild("Market", owner="olga")
    mods = market.create_role("Mods", permissions=["moderate_members", "manage_messages"])
    general, log = market.create_text_channel("general"), market.create_text_channel("mod-log")
    mod, bob = market.add_member("mod", roles=[mods]), market.add_member("bob")
    host = await start_host("moderation", config={"moderation": {"version": 2, "log_channel": log.id}})

    answer = await mod.slash(general, "warn", member=bob, reason="shouting")
    assert "Case #1" in answer.text
    assert "You were warned in Market" in bob.dms[-1].text
    warning = log.last
    assert "Warning · case #1" in warning.text

    await market.owner.slash(general, "config set", plugin="moderation", setting="words", value="free nitro")
    host = await start_host.restart(host)

    spam = await bob.send(general, "get (FREE NITRO) here")
    assert spam.deleted
    assert "Message removed · case #2" in log.last.text
    assert not (await mod.send(general, "nobody gives away free nitro")).deleted

    await mod.press(warning, label="Void")
    assert "case #1 (void)" in warning.text
    history = await mod.slash(general, "history", member=bob)
    assert "2 cases" in history.text
    assert [field["name"] for field in history.embeds[0]["fields"]] == [
        "#2 · Message removed",
        "#1 · Warning (void)",
    ]

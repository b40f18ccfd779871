"""The story of reactions: a curator's arrow forwards a message, once, also across a restart."""

from __future__ import annotations


async def test_a_curators_arrow_puts_a_message_among_the_best(discord, start_host):
    gallery = discord.create_guild("Gallery", owner="olga")
    curators = gallery.create_role("Curators")
    general, best = gallery.create_text_channel("general"), gallery.create_text_channel("best")
    cora, alice = gallery.add_member("cora", roles=[curators]), gallery.add_member("alice")
    host = await start_host("reactions")
    for setting, value in (("channel", best.mention), ("roles", curators.mention)):
        await gallery.owner.slash(general, "config set", plugin="reactions", setting=setting, value=value)

    painting = await alice.send(general, "my new painting")
    await alice.react(painting, "➡️")
    assert best.messages == []
    await cora.react(painting, "➡️")
    assert [forward.forwarded["content"] for forward in best.messages] == ["my new painting"]

    await cora.unreact(painting, "➡️")
    host = await start_host.restart(host)
    await cora.react(painting, "➡")
    assert len(best.messages) == 1

    best.delete()
    await cora.react(await alice.send(general, "another one"), "➡️")
    plugins = await host.hooks.call("reactions", "chandelier_health")
    assert "no longer exists" in plugins.lines[0]

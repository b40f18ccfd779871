"""The story of a find: a monitor posts it, a moderator picks it, the list has it."""

from __future__ import annotations


async def test_a_find_is_marked_picked_and_listed_across_a_restart(discord, start_host):
    guild = discord.create_guild("Market")
    monitor = guild.create_text_channel("monitor")
    mod = guild.add_member("mod", roles=[guild.create_role("Mods", ["manage_messages"])])
    alice = guild.add_member("alice")
    bot = guild.add_member("lvr-monitor", bot=True)
    host = await start_host("luisaviaroma")

    url = "https://www.luisaviaroma.com/en-it/p/golden-lantern/men/80I-GLN001"
    find = await bot.send(monitor, embeds=[{"title": "Super-Moth sneakers", "url": f"{url}?lvrid=_p"}])
    assert find.reactions == {"🔗": [discord.bot.id]}

    await start_host.restart(host)
    await alice.react(find, "🔗")
    assert "No product is stored" in (await mod.slash(monitor, "luisaviaroma list")).text

    await mod.react(find, "🔗")
    listed = await mod.slash(monitor, "luisaviaroma list")
    assert "80I-GLN001" in listed.text
    assert f"({url})" in listed.text
    assert "1 stored" in listed.text

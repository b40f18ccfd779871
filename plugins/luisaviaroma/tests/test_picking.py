"""From a monitor's post to the list of stored products, over real sockets."""

from __future__ import annotations

import pytest

from loopcord import ActError

NOTHING = "No product is stored"


async def test_a_moderators_link_stores_the_product_of_a_post_once(discord, start_host, market):
    host = await start_host("luisaviaroma")
    find = await market.find()
    assert find.reactions == {"🔗": [discord.bot.id]}, "the find is marked"

    # The post is older than the process now, hence in no cache (discord.py #1162, #1030).
    host = await start_host.restart(host)
    await market.alice.react(find, "🔗")
    assert NOTHING in (await market.listed()).text

    await market.mod.react(find, "🔗")
    listed = await market.listed()
    assert listed.ephemeral
    assert "80I-GLN001" in listed.text
    assert "288 €" in listed.text
    assert "(https://www.luisaviaroma.com/en-it/p/golden-lantern/men/80I-GLN001)" in listed.text
    assert f"https://discord.com/channels/{market.guild.id}/{market.monitor.id}/{find.id}" in listed.text
    assert market.mod.mention in listed.text
    assert find.reactions["✅"] == [discord.bot.id]

    again = await market.find()
    await market.mod.react(again, "🔗")
    await market.mod.unreact(again, "🔗")
    await market.mod.react(again, "🔗")
    assert "1 stored" in (await market.listed()).text
    assert again.reactions["✅"] == [discord.bot.id], "one sees that it is stored, from this post too"


async def test_embeds_that_arrive_later_are_recognised_once(discord, start_host, market, embed):
    """discord-api-docs #5406: embeds arrive in an update."""
    await start_host("luisaviaroma")
    find = await market.bot.send(market.monitor, "https://www.luisaviaroma.com/en-it/p/80I-GLN001")
    assert find.reactions == {}

    await market.unfurl(find, embed())
    await market.unfurl(find, embed(title="Super-Moth sneakers, one size left"))
    assert find.reactions == {"🔗": [discord.bot.id]}
    marks = [
        request for request in discord.requests if request.method == "PUT" and "reactions" in request.path
    ]
    assert len(marks) == 1

    await market.mod.react(find, "🔗")
    assert "one size left" in (await market.listed()).text, "as it stands now"


async def test_a_post_with_several_products_stores_all_of_them(start_host, market, embed):
    await start_host("luisaviaroma")
    find = await market.find(embed(), embed("81I-MLU014", "Candelabra cardigan"))
    await market.mod.react(find, "🔗")

    text = (await market.listed()).text
    assert "80I-GLN001" in text
    assert "81I-MLU014" in text
    assert "2 stored" in text


async def test_what_people_post_is_no_find(discord, start_host, market):
    await start_host("luisaviaroma")
    said = await market.alice.send(market.monitor, "https://www.luisaviaroma.com/en-it/p/80I-GLN001")
    await market.unfurl(said, {"title": "Sneakers", "url": "https://www.luisaviaroma.com/en-it/p/80I-GLN001"})
    await market.mod.react(said, "🔗")

    assert said.reactions == {"🔗": [market.mod.id]}
    assert NOTHING in (await market.listed()).text


async def test_only_configured_monitors_in_configured_channels_count(discord, start_host, market, embed):
    other = market.guild.add_member("weather", bot=True)
    config = {"version": 2, "monitor_names": ["LVR-Monitor"], "channels": [market.monitor.id]}
    await start_host("luisaviaroma", config={"luisaviaroma": config})

    elsewhere = await market.bot.send(market.general, embeds=[embed()])
    stranger = await other.send(market.monitor, embeds=[embed()])
    find = await market.find()
    for message in (elsewhere, stranger, find):
        await market.mod.react(message, "🔗")

    assert elsewhere.reactions == {"🔗": [market.mod.id]}
    assert stranger.reactions == {"🔗": [market.mod.id]}
    assert find.reactions["🔗"] == [discord.bot.id, market.mod.id]
    assert f"/{find.id}" in (await market.listed()).text


async def test_a_configured_role_may_store_without_managing_messages(start_host, market):
    config = {"version": 2, "moderator_roles": [market.helpers.id], "monitor_bots": [market.bot.id]}
    await start_host("luisaviaroma", config={"luisaviaroma": config})
    find = await market.find()

    await market.alice.react(find, "🔗")
    assert NOTHING in (await market.listed()).text
    # What the server's own rules deny, a setting does not give: it may be changed by more people.
    rule = {"capability": "luisaviaroma.store", "who": market.helper}
    await market.guild.owner.slash(market.general, "access deny", **rule)
    await market.helper.react(find, "🔗")
    assert NOTHING in (await market.listed()).text
    await market.guild.owner.slash(market.general, "access remove", **rule)
    await market.helper.unreact(find, "🔗")
    await market.helper.react(find, "🔗")
    assert "80I-GLN001" in (await market.listed()).text


async def test_a_channels_overwrites_decide_who_moderates_it(start_host, market):
    market.monitor.set_overwrite(market.helpers, allow=["manage_messages"])
    market.monitor.set_overwrite(market.mod, deny=["manage_messages"])
    await start_host("luisaviaroma")
    find = await market.find()

    await market.mod.react(find, "🔗")
    assert NOTHING in (await market.listed()).text
    await market.helper.react(find, "🔗")
    assert "80I-GLN001" in (await market.listed()).text


async def test_another_bots_link_and_another_emoji_store_nothing(start_host, market):
    await start_host("luisaviaroma")
    find = await market.find()
    await market.bot.react(find, "🔗")
    await market.mod.react(find, "🔥")

    assert NOTHING in (await market.listed()).text


async def test_a_post_that_is_gone_is_nothing_to_store(discord, start_host, market):
    host = await start_host("luisaviaroma")
    find = await market.find()
    discord.fail("GET", f"/channels/{market.monitor.id}/messages/{find.id}", status=404, code=10008)
    await market.mod.react(find, "🔗")

    assert NOTHING in (await market.listed()).text
    assert host.lifecycle.records["luisaviaroma"].state == "running"


async def test_a_missing_permission_is_told_in_the_health(discord, start_host, market):
    host = await start_host("luisaviaroma")
    plugin = host.lifecycle.records["luisaviaroma"].plugin
    market.monitor.set_overwrite(market.guild.bot_role, deny=["add_reactions"])
    await market.find()

    health = await plugin.chandelier_health()
    assert health.level == "degraded"
    assert "Add Reactions" in health.lines[0]

    market.monitor.set_overwrite(market.guild.bot_role, allow=["add_reactions"])
    await market.find()
    assert (await plugin.chandelier_health()).level == "ok"


# ---- the list


async def test_pages_are_turned_after_a_restart_and_products_removed(discord, start_host, market, embed):
    host = await start_host("luisaviaroma")
    for number in range(1, 11):
        find = await market.find(embed(f"80I-GLN{number:03}", f"Lamp {number}"))
        await market.mod.react(find, "🔗")
        await discord.advance(60)
    listed = await market.listed()
    assert "10 stored · page 1 of 2" in listed.text
    assert listed.text.index("80I-GLN010") < listed.text.index("80I-GLN009"), "the newest first"
    assert "80I-GLN001" not in listed.text

    await start_host.restart(host)
    await market.mod.press(listed, label="Next")
    assert "80I-GLN001" in listed.text

    offered = await market.mod.autocomplete(market.general, "luisaviaroma remove", "product", "lamp 10")
    assert offered == [{"name": "80I-GLN010 Lamp 10", "value": "80I-GLN010"}]
    gone = await market.mod.slash(market.general, "luisaviaroma remove", product=" 80i-gln010 ")
    assert "Lamp 10 is no longer stored" in gone.text
    again = await market.mod.slash(market.general, "luisaviaroma remove", product="80I-GLN010")
    assert "No product with that code" in again.text
    assert again.ephemeral
    assert "9 stored" in (await market.listed()).text


async def test_members_without_the_permission_do_not_see_the_list(start_host, market):
    await start_host("luisaviaroma")
    with pytest.raises(ActError, match="hidden"):
        await market.alice.slash(market.general, "luisaviaroma list")


async def test_text_of_posts_is_only_text(start_host, market, embed):
    await start_host("luisaviaroma")
    find = await market.find(embed(title="[free](https://evil.example) @everyone `x`" + "y" * 150))
    await market.mod.react(find, "🔗")

    listed = await market.listed()
    assert "[free](" not in listed.text
    assert listed.message.pinged == []


async def test_long_addresses_do_not_break_the_list(start_host, market, embed):
    await start_host("luisaviaroma")
    long = "x" * 500
    for number in range(8):
        url = f"https://www.luisaviaroma.com/en-it/p/{long}/80I-GLN00{number}"
        await market.mod.react(await market.find(embed(url=url, title="T" * 200)), "🔗")

    listed = await market.listed()
    assert "8 stored" in listed.text
    assert len(listed.embeds[0]["description"]) <= 4096


# ---- people and servers that go


async def test_who_stored_a_product_is_exported_and_erased(start_host, market):
    host = await start_host("luisaviaroma")
    await market.mod.react(await market.find(), "🔗")
    plugin = host.lifecycle.records["luisaviaroma"].plugin

    exported = await plugin.chandelier_export_person(market.mod.id)
    assert [one["product"] for one in exported["products_stored"]] == ["80I-GLN001"]
    assert await plugin.chandelier_erase_person(market.mod.id) == 1
    assert await plugin.chandelier_export_person(market.mod.id) == {"products_stored": []}
    text = (await market.listed()).text
    assert "80I-GLN001" in text
    assert market.mod.mention not in text


async def test_a_server_that_removes_the_bot_leaves_nothing(discord, start_host, market):
    host = await start_host("luisaviaroma")
    await market.mod.react(await market.find(), "🔗")
    market.guild.remove_bot()
    await discord.settle()

    assert await host.lifecycle.records["luisaviaroma"].plugin.products.count(market.guild.id) == 0

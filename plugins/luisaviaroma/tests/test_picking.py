"""From a monitor's post to the list of stored products, over real sockets."""

from __future__ import annotations

from typing import Any


async def test_a_moderators_link_stores_the_product_of_a_post_once(
    discord: Any, start_host: Any, market: Any, post: Any
) -> None:
    host = await start_host("luisaviaroma")
    find = await market.bot.send(market.monitor, embeds=[post()])
    assert find.reactions == {"🔗": [discord.bot.id]}, "the find is marked"

    host = await start_host.restart(host)  # the post is now older than the process, hence in no cache
    await market.alice.react(find, "🔗")
    assert "No product is stored" in (await market.mod.slash(market.general, "luisaviaroma list")).text

    await market.mod.react(find, "🔗")
    shown = await market.mod.slash(market.general, "luisaviaroma list")
    assert shown.ephemeral
    assert "80I-GLN001" in shown.text
    assert "288 €" in shown.text
    assert "(https://www.luisaviaroma.com/en-it/p/golden-lantern/men/shoes/sneakers/80I-GLN001)" in shown.text
    assert f"https://discord.com/channels/{market.guild.id}/{market.monitor.id}/{find.id}" in shown.text
    assert find.reactions["✅"] == [discord.bot.id]

    again = await market.bot.send(market.monitor, embeds=[post()])
    await market.mod.react(again, "🔗")
    assert "1 stored" in (await market.mod.slash(market.general, "luisaviaroma list")).text

"""Stories of `/purge`: what the preview says, what goes, what stays, and how exact the account is."""

from __future__ import annotations


async def purge(market, **options):
    """The moderator uses `/purge`; the answer is its preview."""
    return await market.mod.slash(market.general, "purge", **options)


async def test_a_purge_previews_asks_deletes_and_gives_its_account(discord, start_host, market):
    await start_host("moderation", config=market.config())
    kept = await market.alice.send(market.general, "hello")
    gone = [await market.bob.send(market.general, f"spam {number}") for number in range(3)]

    preview = await purge(market, count=50, member=market.bob, reason="cleaning up")

    assert preview.ephemeral
    assert "Delete 3 messages?" in preview.text
    assert not any(message.deleted for message in gone)
    await market.mod.press(preview, label="Delete 3")
    await discord.advance(10)

    assert all(message.deleted for message in gone)
    assert not kept.deleted
    assert "3 messages deleted" in preview.text
    post = market.log.last
    assert "Purge · 3 messages deleted" in post.text
    assert "cleaning up" in post.text
    assert post.attachments[0]["filename"].startswith("purge-")

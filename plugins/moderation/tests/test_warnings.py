"""Stories of `/warn`: what the moderator, the member and the log see, over real sockets."""

from __future__ import annotations

import pytest

from loopcord import ActError, LocalDiscord


async def test_a_warning_reaches_the_member_the_log_and_the_book(discord, start_host, market):
    await start_host("moderation", config=market.config())

    answer = await market.mod.slash(market.general, "warn", member=market.bob, reason="spam")

    assert answer.ephemeral and "Case #1" in answer.text and "spam" in answer.text
    assert "You were warned in Market" in market.bob.dms[-1].text
    assert "spam" in market.bob.dms[-1].text
    post = market.log.last
    assert "Warning · case #1" in post.text and "Member told by DM" in post.text
    assert market.bob.mention in post.text and market.mod.mention in post.text
    assert post.pinged == []

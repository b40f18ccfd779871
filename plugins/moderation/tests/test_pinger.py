"""Stories of the pinger: what counts as a ping, who may, and what the report says."""

from __future__ import annotations

import pytest


@pytest.fixture
def loud(market):
    """Everybody may ping everything in Market."""
    market.guild.set_permissions(market.guild.everyone, ["view_channel", "send_messages", "mention_everyone"])
    return market


async def test_a_ping_is_reported_once_with_what_where_who_and_a_way_there(discord, start_host, loud):
    staff = loud.guild.create_text_channel("staff")
    await start_host("moderation", config={"moderation": {"version": 2}})

    silent = await loud.alice.send(loud.general, "@everyone look")
    answer = await loud.guild.owner.slash(loud.general, "pinger set", channel=staff)
    message = await loud.alice.send(loud.general, "@everyone look at `me`")

    assert staff.mention in answer.text
    assert not silent.deleted
    report = staff.last
    assert len(staff.messages) == 1
    assert "@everyone was pinged" in report.text
    assert loud.alice.mention in report.text
    assert loud.general.mention in report.text
    assert "look at ˋmeˋ" in report.text
    assert report.pinged == []
    button = report.components[0]["components"][0]
    assert button["url"].endswith(f"/{loud.guild.id}/{loud.general.id}/{message.id}")

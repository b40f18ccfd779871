"""Stories of incident actions: invites and direct messages are paused, and it ends by itself.

Source: https://discord.com/developers/docs/resources/guild#modify-guild-incident-actions
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

import loopcord


@pytest.fixture
def market(discord: loopcord.LocalDiscord) -> loopcord.Guild:
    return discord.create_guild("Market", owner="olga")


def later(discord: loopcord.LocalDiscord, **span: float) -> str:
    return (discord.clock.now() + timedelta(**span)).isoformat()


async def test_paused_invites_let_nobody_in_until_their_time_is_over(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, api: Any, listen: Any
) -> None:
    listener = await listen()
    until = later(discord, hours=2)

    answer = await api("PUT", f"/guilds/{market.id}/incident-actions", {"invites_disabled_until": until})

    assert answer.status == 200
    assert answer.body == {"invites_disabled_until": until, "dms_disabled_until": None}
    assert market.paused.invites == datetime.fromisoformat(until)
    await discord.settle()
    assert listener.of("GUILD_UPDATE")[-1]["incidents_data"] == answer.body
    with pytest.raises(loopcord.ActError, match="its invites are paused"):
        await market.join("rita")
    radio = await market.join("radio", bot=True)  # an admin adds it, without an invite
    assert radio.present

    await discord.advance(2 * 3_600)

    assert market.paused.invites is None
    assert (await api("GET", f"/guilds/{market.id}")).body["incidents_data"] is None
    assert (await market.join("rita")).present


async def test_what_is_not_named_is_paused_no_more(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, api: Any
) -> None:
    path, until = f"/guilds/{market.id}/incident-actions", later(discord, hours=24)
    both = await api("PUT", path, {"invites_disabled_until": until, "dms_disabled_until": until})
    assert both.body == {"invites_disabled_until": until, "dms_disabled_until": until}

    await api("PUT", path, {"dms_disabled_until": until})

    assert market.paused.invites is None
    assert market.paused.dms is not None
    ended = await api("PUT", path, {"invites_disabled_until": None, "dms_disabled_until": None})
    assert ended.body == {"invites_disabled_until": None, "dms_disabled_until": None}
    assert (market.paused.invites, market.paused.dms) == (None, None)


async def test_it_takes_manage_guild_and_a_moment_within_a_day(
    discord: loopcord.LocalDiscord, market: loopcord.Guild, api: Any
) -> None:
    path = f"/guilds/{market.id}/incident-actions"
    late = await api("PUT", path, {"invites_disabled_until": later(discord, hours=24, seconds=1)})
    odd = await api("PUT", path, {"dms_disabled_until": "tomorrow"})
    market.set_bot_permissions(["view_channel"])
    denied = await api("PUT", path, {"invites_disabled_until": later(discord, hours=1)})

    assert (late.status, late.code) == (400, 50035)
    assert list(late.body["errors"]) == ["invites_disabled_until"]
    assert list(odd.body["errors"]) == ["dms_disabled_until"]
    assert (denied.status, denied.code) == (403, 50013)
    assert market.paused.invites is None

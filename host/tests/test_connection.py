"""What Discord says no to for good, and what may pass: a service manager restarts only for the latter."""

from __future__ import annotations

import hikari
import pytest

from chandelier.connection import Refused, connect
from chandelier.errors import ServiceUnavailable
from loopcord import LocalDiscord


def bot_for(discord: LocalDiscord, intents: hikari.Intents = hikari.Intents.GUILDS) -> hikari.GatewayBot:
    return hikari.GatewayBot(
        discord.token, rest_url=discord.rest_url, intents=intents, banner=None, logs=None
    )


async def test_intents_that_are_switched_off_are_refused_with_where_to_switch_them_on() -> None:
    async with LocalDiscord(denied_intents=["message_content"]) as discord:
        bot = bot_for(discord, hikari.Intents.GUILD_MESSAGES | hikari.Intents.MESSAGE_CONTENT)

        with pytest.raises(Refused, match=r"the intents MESSAGE_CONTENT\. Switch them on at https://discord"):
            await connect(bot)


async def test_a_wrong_token_is_refused_with_where_to_make_one(discord: LocalDiscord) -> None:
    discord.fail("GET", "/gateway/bot", status=401)

    with pytest.raises(Refused, match=r"Discord refuses the token\. Make a new one at https://discord"):
        await connect(bot_for(discord))


async def test_an_outage_is_no_refusal_and_says_where_to_look() -> None:
    bot = hikari.GatewayBot(
        "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB",
        rest_url="http://127.0.0.1:9/",  # the discard port, where nobody listens
        max_retries=0,
        banner=None,
        logs=None,
    )

    with pytest.raises(ServiceUnavailable, match=r"cannot connect to Discord: .*rest_url") as outage:
        await connect(bot)

    assert not isinstance(outage.value, Refused)

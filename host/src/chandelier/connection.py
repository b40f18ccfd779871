"""Connecting to Discord, with every refusal in words that say what to do."""

from __future__ import annotations

import hikari

from chandelier.errors import ServiceUnavailable

__all__ = ["connect"]

DISALLOWED_INTENTS = 4014
"""Source: Discord's documentation, Gateway close event codes."""


async def connect(bot: hikari.GatewayBot) -> None:
    """Start the bot; returns when every shard is READY. Raises ServiceUnavailable."""
    try:
        await bot.start(check_for_updates=False)
    except hikari.UnauthorizedError as error:
        raise ServiceUnavailable(
            "Discord refuses the token. Make a new one at https://discord.com/developers/applications "
            "(Bot, Reset Token) and set CHANDELIER_TOKEN."
        ) from error
    except hikari.GatewayServerClosedConnectionError as error:
        reason = _close_reason(error, bot.intents)
        raise ServiceUnavailable(f"Discord closed the connection: {reason}") from error
    except (hikari.HTTPError, hikari.GatewayError, OSError) as error:
        raise ServiceUnavailable(f"cannot connect to Discord: {error}") from error


def _close_reason(error: hikari.GatewayServerClosedConnectionError, intents: hikari.Intents) -> str:
    if error.code == DISALLOWED_INTENTS:
        return (
            f"it does not allow the intents {intents & hikari.Intents.ALL_PRIVILEGED}. Switch them on at "
            "https://discord.com/developers/applications (Bot, Privileged Gateway Intents)."
        )
    return f"{error.reason} ({error.code})"

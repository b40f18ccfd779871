"""Connecting to Discord, with every refusal in words that say what to do."""

from __future__ import annotations

import asyncio
from typing import Any

import hikari

from chandelier.errors import ServiceUnavailable

__all__ = ["connect"]

DISALLOWED_INTENTS = 4014
"""Source: Discord's documentation, Gateway close event codes."""


async def connect(bot: hikari.GatewayBot) -> None:
    """Start the bot; returns when every shard is READY. Raises ServiceUnavailable."""
    try:
        await bot.start(check_for_updates=False)
    except asyncio.CancelledError:
        await _end_lost_shards(bot)
        raise
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


async def _end_lost_shards(bot: hikari.GatewayBot) -> None:
    """End the shards that a cancelled start leaves behind.

    hikari 2.6 shields a shard's task while it waits for READY and forgets it when that wait is cancelled;
    the shard would reconnect for ever and no close() knows of it.
    """
    lost: list[asyncio.Task[Any]] = []
    for task in asyncio.all_tasks():
        frame = getattr(task.get_coro(), "cr_frame", None)
        shard = None if frame is None else frame.f_locals.get("self")
        if (
            isinstance(shard, hikari.impl.GatewayShardImpl)
            and shard._event_manager is bot.event_manager
            and shard not in bot.shards.values()
        ):
            task.cancel()
            lost.append(task)
    await asyncio.gather(*lost, return_exceptions=True)


def _close_reason(error: hikari.GatewayServerClosedConnectionError, intents: hikari.Intents) -> str:
    if error.code == DISALLOWED_INTENTS:
        return (
            f"it does not allow the intents {intents & hikari.Intents.ALL_PRIVILEGED}. Switch them on at "
            "https://discord.com/developers/applications (Bot, Privileged Gateway Intents)."
        )
    return f"{error.reason} ({error.code})"

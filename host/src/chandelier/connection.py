"""Connecting to Discord, with every refusal in words that say what to do."""

from __future__ import annotations

import asyncio
import re
from typing import Any, Final

import hikari

from chandelier.errors import ServiceUnavailable

__all__ = ["Refused", "connect", "token_problem"]

DISALLOWED_INTENTS = 4014
_FINAL: Final = frozenset({4004, DISALLOWED_INTENTS})
"""A wrong token, and intents that are switched off. Source of both: Discord's documentation, Gateway close
event codes."""

_TOKEN: Final = re.compile(r"[\w.-]+", re.ASCII)
"""https://discord.com/developers/docs/reference#authentication: parts in base64 with dots between."""


class Refused(ServiceUnavailable):
    """Discord will go on saying no until a person changes something, so trying again helps nobody."""


def token_problem(token: str) -> str | None:
    """What an operator should know about a text that cannot be a bot's token; None when it can.

    Whether Discord accepts it, only Discord says. The text itself is not in the answer.
    """
    whole = "copy the whole token from https://discord.com/developers/applications (Bot, Reset Token)"
    if not token.strip():
        return f"the token is blank: {whole}"
    if token.lower().startswith(("bot ", "bearer ")):
        return f"the token starts with the word {token.split()[0]!r}: leave it out"
    if _TOKEN.fullmatch(token) is None:
        return f"the token has characters that none has, such as quotes, spaces or line breaks: {whole}"
    try:
        hikari.applications.get_token_id(token)
    except ValueError:
        return f"the token does not begin with a bot's id, so it may be another secret or a part: {whole}"
    return None


async def connect(bot: hikari.GatewayBot) -> None:
    """Start the bot; returns when every shard is READY.

    Raises Refused for a wrong token and for intents that are switched off, else ServiceUnavailable.
    """
    try:
        await bot.start(check_for_updates=False)
    except asyncio.CancelledError:
        await _end_lost_shards(bot)
        raise
    except hikari.UnauthorizedError as error:
        raise Refused(
            "Discord refuses the token. Make a new one at https://discord.com/developers/applications "
            "(Bot, Reset Token) and set CHANDELIER_TOKEN."
        ) from error
    except hikari.GatewayServerClosedConnectionError as error:
        reason = _close_reason(error, bot.intents)
        kind = Refused if error.code in _FINAL else ServiceUnavailable
        raise kind(f"Discord closed the connection: {reason}") from error
    except (hikari.HTTPError, hikari.GatewayError, OSError) as error:
        raise ServiceUnavailable(
            f"cannot connect to Discord: {error}. Is the network up, and rest_url right, if it is set?"
        ) from error


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

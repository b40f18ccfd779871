"""Running a bot until it is told to stop, or cannot go on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import hikari
from loguru import logger

from chandelier.app import Host
from chandelier.config.deployment import Deployment
from chandelier.connection import ended, refused_token
from chandelier.errors import ServiceUnavailable
from chandelier.observe.log import Logs

__all__ = ["run"]


async def run(deployment: Deployment, *, without: Sequence[str] = (), logs: Logs | None = None) -> None:
    """Run a deployment until cancelled (it stops cleanly then) or until the connection is lost for good.

    Raises ConfigError, or ServiceUnavailable when Discord or the database cannot be used.
    """
    host = Host(deployment, without=without, logs=logs)
    await host.start()
    joined = asyncio.ensure_future(host.bot.join())
    refused = asyncio.ensure_future(host.token_watch.refused.wait())
    try:
        # Not cancelled: a cancelled join takes the shards down under hikari; its close() then waits for ever.
        await asyncio.wait({joined, refused}, return_when=asyncio.FIRST_COMPLETED)
        if refused.done():
            raise refused_token()
        joined.result()
        raise ServiceUnavailable("the connection to Discord ended and was not restored")
    except (hikari.HTTPError, hikari.GatewayError, OSError) as error:
        raise ended(error, host.bot, host.asked_intents) from error
    finally:
        refused.cancel()
        logger.info("stopping")
        await host.stop()
        await asyncio.gather(joined, return_exceptions=True)

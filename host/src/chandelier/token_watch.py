"""Notices that Discord refuses the token while the bot runs, so that it ends instead of asking for ever.

Who goes on asking with a wrong token gets their address banned: 10,000 refused requests in ten minutes
are enough (https://discord.com/developers/docs/topics/rate-limits#invalid-request-limit-aka-cloudflare-bans).
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import aiohttp
import hikari
from loguru import logger

__all__ = ["TokenWatch"]

UNAUTHORIZED = 401


class TokenWatch:
    """Looks at every answer that a bot's REST client gets; ``refused`` is set once the token is."""

    def __init__(self, bot: hikari.GatewayBot) -> None:
        self.refused = asyncio.Event()
        self._bot = bot
        self._asking: asyncio.Task[None] | None = None
        self._trace = aiohttp.TraceConfig()
        self._trace.on_request_end.append(self._answered)
        self._trace.freeze()
        bot.subscribe(hikari.StartingEvent, self._look_on)

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _look_on(self, _: hikari.StartingEvent) -> None:
        session: aiohttp.ClientSession | None = getattr(self._bot.rest, "_client_session", None)
        if session is not None:
            session.trace_configs.append(self._trace)

    async def _answered(self, _session: aiohttp.ClientSession, _context: SimpleNamespace, told: Any) -> None:
        # Webhooks and interactions have tokens of their own, which expire: they do not count.
        if told.response.status != UNAUTHORIZED or "Authorization" not in told.headers:
            return
        if self._asking is None and not self.refused.is_set():
            self._asking = asyncio.create_task(self._ask(), name="is the token refused")

    async def _ask(self) -> None:
        """Ask for what every valid token may have, so that one odd answer ends nothing."""
        try:
            await self._bot.rest.fetch_my_user()
        except hikari.UnauthorizedError:
            logger.critical("Discord refuses the token: it was reset, or the application deleted; stopping")
            self.refused.set()
        except hikari.HikariError as error:
            logger.warning("whether the token is still good could not be asked: {}", error)
        finally:
            self._asking = None

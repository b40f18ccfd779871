"""The language of guilds: what their admins chose, else what Discord says, asked for where nobody knows."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

import hikari
from loguru import logger

from chandelier.clock import Clock

__all__ = ["GuildLocales"]

KEPT = 1_000
"""Guilds whose language is remembered without a cache."""
FRESH = 3600.0
"""Seconds after which Discord is asked again; a guild changes its language about never."""


class GuildLocales:
    """Answers in which language a guild is written to."""

    def __init__(
        self,
        cache: hikari.api.Cache,
        rest: hikari.api.RESTClient,
        clock: Clock,
        chosen: Callable[[int], Awaitable[str | None]],
    ) -> None:
        """``chosen`` answers what a guild's admins have chosen; None when they left it to Discord."""
        self._chosen = chosen
        self._cache = cache
        self._rest = rest
        self._clock = clock
        self._known: OrderedDict[int, tuple[float, str | None]] = OrderedDict()

    async def get(self, guild_id: int, said: str | None = None) -> str | None:
        """The guild's locale; None, which means English, when Discord does not say.

        ``said`` is its preferred locale, where an interaction has just told it.
        https://discord.com/developers/docs/resources/guild#guild-object (``preferred_locale``)
        """
        try:
            chosen = await self._chosen(guild_id)
        except Exception as error:  # noqa: BLE001 - a database's bad day must not cost people their answer
            logger.debug("the language that guild {} has chosen cannot be read: {}", guild_id, error)
            chosen = None
        return chosen or said or await self._of_discord(guild_id)

    async def _of_discord(self, guild_id: int) -> str | None:
        cached = self._cache.get_guild(guild_id)
        if cached is not None:
            return str(cached.preferred_locale)
        known = self._known.get(guild_id)
        if known is not None and self._clock.monotonic() - known[0] < FRESH:
            return known[1]
        try:
            locale = str((await self._rest.fetch_guild(guild_id)).preferred_locale)
        except hikari.HikariError:  # a text in English is better than none
            locale = None
        self._known[guild_id] = (self._clock.monotonic(), locale)
        self._known.move_to_end(guild_id)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return locale

"""The language of guilds: what Discord says of each, asked for where the cache does not know."""

from __future__ import annotations

from collections import OrderedDict

import hikari

from chandelier.clock import Clock

__all__ = ["GuildLocales"]

KEPT = 1_000
"""Guilds whose language is remembered without a cache."""
FRESH = 3600.0
"""Seconds after which Discord is asked again; a guild changes its language about never."""


class GuildLocales:
    """Answers in which language a guild is written to: its preferred locale."""

    def __init__(self, cache: hikari.api.Cache, rest: hikari.api.RESTClient, clock: Clock) -> None:
        self._cache = cache
        self._rest = rest
        self._clock = clock
        self._known: OrderedDict[int, tuple[float, str | None]] = OrderedDict()

    async def get(self, guild_id: int) -> str | None:
        """The guild's locale; None, which means English, when Discord does not say.

        https://discord.com/developers/docs/resources/guild#guild-object (``preferred_locale``)
        """
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

"""Alerts forget in time: what a member wrote is edited out of their posts, as it is out of cases'."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import hikari

import chandelier
from chandelier_moderation.cards import quoted
from chandelier_moderation.config import ModerationConfig
from chandelier_moderation.enforcing.tables import StoredHit

__all__ = ["FADE", "Fading"]

_ = chandelier.Messages("chandelier_moderation")

FADE = "automod_fade"
"""Kind of the timer that does it; its key is the post's id."""
_LONGEST = timedelta(days=3_650)
"""Where a server keeps its evidence for good, this is asked again."""
_PACE = timedelta(seconds=2)
"""Between two posts when a server keeps less than before: a channel takes about one edit a second."""


class Fading:
    """Keeps a timer for each post that shows what somebody wrote."""

    def __init__(self, ctx: chandelier.PluginContext[ModerationConfig]) -> None:
        self._ctx = ctx

    async def remember(self, hit: StoredHit, card: hikari.Embed, channel_id: int, message_id: int) -> None:
        """Have the words in a post forgotten when the server's evidence is (`evidence_days`)."""
        shown = quoted(hit.evidence or "")
        place = next((n for n, field in enumerate(card.fields) if field.value == shown), None)
        if hit.evidence is None or place is None:
            return
        payload = {
            "guild": str(hit.guild_id),
            "channel": str(channel_id),
            "user": str(hit.user_id),
            # Posts come as fast as Discord takes them, and so they fade; a raid's hits are of one moment.
            "at": self._ctx.now().isoformat(),
            "field": place,
        }
        await self._ctx.timers.schedule(
            FADE, key=str(message_id), due=await self._due(payload), payload=payload
        )

    async def fade(self, timer: chandelier.Timer) -> datetime | None:
        """Edit the words out of a post; answers when to come again where they are kept longer now."""
        said = timer.payload
        if not said.get("erased") and (due := await self._due(said)) > self._ctx.now():
            return due
        channel, post = int(said["channel"]), int(timer.key)
        language = await self._ctx.language(int(said["guild"]))
        gone = _("No longer kept: this server keeps evidence for a time only.")
        try:
            embeds = list((await self._ctx.rest.fetch_message(channel, post)).embeds)
            if embeds:  # else someone took them off
                _write(embeds[0], said["field"], self._ctx.into(language, gone))
                if said.get("erased"):
                    _write(embeds[0], 0, self._ctx.into(language, _("*erased*")))
                await self._ctx.rest.edit_message(
                    channel,
                    post,
                    embeds=embeds,
                    user_mentions=False,
                    role_mentions=False,
                    mentions_everyone=False,
                )
        except (hikari.NotFoundError, hikari.ForbiddenError):
            return None  # someone took the post away, or us
        return None

    async def tidy(self) -> None:
        """Bring forward what a server has since decided to keep for a shorter time."""
        soonest = self._ctx.now()
        for timer in await self._ctx.timers.pending(FADE):
            due = await self._due(timer.payload)
            if due < timer.due and not timer.payload.get("erased"):
                if due <= soonest:
                    due = soonest = soonest + _PACE
                await self._ctx.timers.schedule(FADE, key=timer.key, due=due, payload=timer.payload)

    async def forget_person(self, user_id: int) -> int:
        """Take a person and their words out of the posts soon; returns of how many."""
        theirs = await self._of(user_id)
        for number, timer in enumerate(theirs):
            payload = {**timer.payload, "user": "0", "erased": True}
            due = self._ctx.now() + number * _PACE
            await self._ctx.timers.schedule(FADE, key=timer.key, due=due, payload=payload)
        return len(theirs)

    async def of_person(self, user_id: int) -> list[Mapping[str, Any]]:
        """Which posts show what a person wrote, for their export."""
        return [
            {"guild": timer.payload["guild"], "channel": timer.payload["channel"], "post": timer.key}
            for timer in await self._of(user_id)
        ]

    async def _of(self, user_id: int) -> list[chandelier.Timer]:
        pending = await self._ctx.timers.pending(FADE)
        return [timer for timer in pending if timer.payload["user"] == str(user_id)]

    async def _due(self, said: Mapping[str, Any]) -> datetime:
        days = (await self._ctx.config_for(int(said["guild"]))).evidence_days
        return datetime.fromisoformat(said["at"]) + (timedelta(days=days) if days else _LONGEST)


def _write(card: hikari.Embed, place: int, value: str) -> None:
    field = card.fields[place]
    card.edit_field(place, field.name, value, inline=field.is_inline)

"""Carries alerts to the owners, each once, whatever happens in between."""

from __future__ import annotations

from chandelier.app import Host
from chandelier.observe.readings import NOTICE, send_notice
from chandelier.routing.loader import Loader
from chandelier.services.outbox import Effect

__all__ = ["loader"]

loader = Loader()


@loader.effect(NOTICE)
async def tell_owner(effect: Effect, host: Host) -> None:
    """Send one owner one text; told twice, after a crash at the wrong moment, it does no harm."""
    await send_notice(
        host.bot.rest, int(effect.payload["owner"]), str(effect.payload["text"]), f"notice-{effect.id}"
    )

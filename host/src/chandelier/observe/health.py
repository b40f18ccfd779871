"""Whether the bot is alive, and whether it is ready: for whatever restarts it or waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chandelier.record import State
from chandelier.routing.events import RoutedBot

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["alive", "reasons"]


def alive(host: Host) -> dict[str, Any]:
    """That this can be said at all means that the event loop runs."""
    up = (host.clock.now() - host.started_at).total_seconds() if host.started_at is not None else 0.0
    return {
        "alive": True,
        "up_seconds": round(up, 3),
        "loop_lag_seconds": round(host.observatory.metrics.lag.worst, 3),
    }


async def reasons(host: Host) -> list[str]:
    """Why the bot cannot do its work now; empty when it can. Without names of people, ids or secrets."""
    found: list[str] = []
    bot: RoutedBot | None = getattr(host, "bot", None)
    if host.stopped.is_set():
        found.append("the bot is being stopped")
    elif not host.connected or bot is None or host.started_at is None:
        found.append("the bot is still starting")
    elif away := [str(shard.id) for shard in bot.shards.values() if not shard.is_connected]:
        found.append(f"no connection to Discord (shard {', '.join(away)}); it is being tried again")
    depths = await host.observatory.metrics.refresh()
    if depths.problem is not None:
        found.append(f"the database does not answer: {depths.problem}")
    for name in sorted(host.essential):
        record = host.lifecycle.records.get(name)
        if record is None or (host.started_at is not None and not record.active):
            state = record.state if record is not None else State.FOUND
            found.append(f"the plugin {name} does not run ({state})")
    return found

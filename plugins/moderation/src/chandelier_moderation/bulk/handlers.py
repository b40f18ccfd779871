"""What the host calls this room for: its effects, and the timers of batches and of what ends by itself."""

from __future__ import annotations

from datetime import datetime

import chandelier
from chandelier_moderation.bulk.locks import LOCK, UNLOCK
from chandelier_moderation.plugin import ModerationPlugin

__all__ = ["loader"]

loader = chandelier.Loader()


@loader.effect(LOCK)
async def lock_channel(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Lock one channel of a lockdown."""
    await plugin.bulk.locks.lock_channel(effect)


@loader.effect(UNLOCK)
async def unlock_channel(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Restore one channel of a lockdown."""
    await plugin.bulk.locks.unlock_channel(effect)


@loader.timer("place_ends")
async def place_ends(timer: chandelier.Timer, plugin: ModerationPlugin) -> None:
    """A lockdown or slowmode for a time is over."""
    await plugin.bulk.time_is_up(int(timer.payload["guild"]), timer.payload["number"])


@loader.effect("batch")
async def batch(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Open the cases of a part of a batch."""
    await plugin.bulk.runner.open_cases(effect)


@loader.effect("batch_log")
async def batch_log(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Post a batch in the log."""
    await plugin.bulk.runner.post(effect)


@loader.timer("batch")
async def batch_progress(timer: chandelier.Timer, plugin: ModerationPlugin) -> datetime | None:
    """Show how a batch stands."""
    return await plugin.bulk.runner.tick(timer)


@loader.effect("report")
async def report(effect: chandelier.Effect, plugin: ModerationPlugin) -> None:
    """Show a report to the moderators as it is now."""
    await plugin.bulk.picks.post(effect)


@loader.timer("picks")
async def old_picks(timer: chandelier.Timer, plugin: ModerationPlugin) -> datetime:
    """Forget messages that were picked long ago."""
    return await plugin.bulk.picks.forget_old()

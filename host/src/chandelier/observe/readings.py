"""What the alerts look at in a running host, and how the owners hear of it."""

from __future__ import annotations

import asyncio
import math
import shutil
from typing import TYPE_CHECKING, Any

import hikari
from loguru import logger

from chandelier.errors import ServiceUnavailable
from chandelier.observe.alerts import Reading
from chandelier.observe.process import cpu_seconds, resident_bytes
from chandelier.record import State

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["NOTICE", "Readings", "send_notice", "tell_owners"]

NOTICE = "owner_notice"
"""The kind of effect that carries a text to one owner."""
_MEGABYTE = 1_000_000
_CANNOT_MESSAGE = 50007
"""Cannot send messages to this user.

Source: https://discord.com/developers/docs/topics/opcodes-and-status-codes.
"""

_NO_MENTIONS: dict[str, Any] = {"mentions_everyone": False, "user_mentions": False, "role_mentions": False}


class Readings:
    """Looks at one host; called for every look of the alerts."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._cpu: tuple[float, float] | None = None

    async def __call__(self) -> list[Reading]:
        """How everything is that the config asks for."""
        host, limits = self._host, self._host.config.alerts
        metrics = host.observatory.metrics
        depths = await metrics.refresh()
        now = host.clock.monotonic()
        found: list[Reading] = []

        def number(cause: str, value: float | None, limit: int, unit: str, do: str) -> None:
            if value is not None and limit:
                found.append(Reading.of(cause, value, limit, unit, do))

        look = "`chandelier status` and `chandelier logs` say more."
        number("memory", resident_bytes() / _MEGABYTE, limits.memory_mb, "MB", look)
        number("processor time", self._cpu_percent(now), limits.cpu_percent, "%", look)
        recent = sum(1 for at in metrics.errors if now - at <= 60)
        number("failures", recent, limits.errors_per_minute, "a minute", look)
        number("gateway latency", self._latency(), limits.latency_ms, "ms", "See https://discordstatus.com.")
        number(
            "loop lag",
            metrics.lag.worst * 1000,
            limits.loop_lag_ms,
            "ms",
            "Something works too long at a time: the log names it, or the machine is overloaded.",
        )
        late = None if depths.problem else depths.total("timers", "late") + depths.total("outbox", "late")
        number("late timers and messages", late, limits.late_rows, "rows", look)
        if limits.disk_free_mb:
            found += await self._disk(limits.disk_free_mb)
        if limits.database:
            found.append(
                Reading(
                    cause="database",
                    bad=depths.problem is not None,
                    well=depths.problem is None,
                    now=f"the database does not answer: {depths.problem}"
                    if depths.problem
                    else "the database answers",
                    do="`chandelier check` says more.",
                )
            )
        if limits.quarantine:
            found += self._quarantined()
        return found

    def _cpu_percent(self, now: float) -> float | None:
        used = cpu_seconds()
        before, self._cpu = self._cpu, (now, used)
        if before is None or now <= before[0]:
            return None
        return (used - before[1]) / (now - before[0]) * 100

    def _latency(self) -> float | None:
        latency = self._host.bot.heartbeat_latency
        return None if math.isnan(latency) else latency * 1000

    async def _disk(self, limit: int) -> list[Reading]:
        folder = self._host.config.data_path(self._host.deployment.base)
        try:
            free = (await asyncio.to_thread(shutil.disk_usage, folder)).free / _MEGABYTE
        except OSError:
            return []
        return [
            Reading(
                cause="disk",
                bad=free <= limit,
                well=free > limit * 1.1,
                now=f"{free:.0f} MB are left on the disk of the data folder; the limit is {limit} MB",
                do="Look at data/backups and the log file.",
            )
        ]

    def _quarantined(self) -> list[Reading]:
        return [
            Reading(
                cause=f"plugin {record.name}",
                bad=record.state is State.QUARANTINED,
                well=record.active or not record.enabled,
                now=f"the plugin {record.name} is {record.state}",
                do="`/plugins list` says why; it is tried again by itself.",
                at_once=True,
            )
            for record in self._host.lifecycle.records.values()
        ]


async def tell_owners(host: Host, text: str) -> None:
    """Have every owner told, through the outbox; directly when that cannot be written to."""
    redactor = host.redactor
    said = text if redactor is None else redactor.text(text)
    at = host.clock.now().isoformat()
    outbox = host.outbox.outbox("core")
    for owner in sorted(host.owners):
        try:
            await outbox.put(
                NOTICE, key=f"{owner} {at} {hash_of(said)}", payload={"owner": owner, "text": said}
            )
        except Exception as error:  # noqa: BLE001 - the database may be what the alert is about
            logger.warning("an alert does not wait for the database, which fails: {}", error)
            await _directly(host, owner, said)


def hash_of(text: str) -> str:
    """A short name for a text, the same in every process."""
    import hashlib

    return hashlib.blake2s(text.encode("utf-8", "replace"), digest_size=6).hexdigest()


async def send_notice(rest: hikari.api.RESTClient, owner: int, text: str, nonce: str) -> None:
    """Send a text to one owner. Somebody who takes no messages is noted in the log, and not tried again."""
    try:
        channel = await rest.create_dm_channel(owner)
        await rest.create_message(channel, text[:2000], nonce=nonce, **_NO_MENTIONS)
    except hikari.ForbiddenError as error:
        if error.code != _CANNOT_MESSAGE:
            raise
        logger.warning("the owner {} takes no direct messages from the bot, so missed this: {}", owner, text)


async def _directly(host: Host, owner: int, text: str) -> None:
    try:
        await send_notice(host.bot.rest, owner, text, f"alert-{hash_of(text)}")
    except (hikari.HikariError, ServiceUnavailable) as error:
        logger.error("the owner {} could not be told ({}): {}", owner, error, text)

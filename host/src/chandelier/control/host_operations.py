"""What every running host offers on its control socket: its status, its plugins, its log."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from chandelier.control.operations import Operations, text_argument
from chandelier.errors import InvalidRequest
from chandelier.observe import health
from chandelier.observe.process import cpu_seconds, resident_bytes
from chandelier.observe.recent import KEPT, RecentLogs, Wanted
from chandelier.record import Record

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["HostOperations"]

Args = Mapping[str, Any]


class HostOperations:
    """Registers itself; each method is an operation."""

    def __init__(self, host: Host, recent: RecentLogs, operations: Operations) -> None:
        self._host = host
        self._recent = recent
        for verb in ("enable", "disable", "reload"):
            operations.register(f"plugins.{verb}", self._changing(verb))
        operations.register("status", self.status)
        operations.register("logs", self.logs)

    async def status(self, _: Args) -> dict[str, Any]:
        """How the bot is, as far as an operator wants to know at a glance."""
        host, metrics = self._host, self._host.observatory.metrics
        reasons = await health.reasons(host)
        depths = metrics.snapshot.depths
        bot = getattr(host, "bot", None)
        shards = list(bot.shards.values()) if bot is not None else []
        up = (host.clock.now() - host.started_at).total_seconds() if host.started_at is not None else None
        return {
            "version": version("chandelier"),
            "ready": not reasons,
            "reasons": reasons,
            "up_seconds": up,
            "gateway_latency_seconds": {
                str(shard.id): shard.heartbeat_latency
                for shard in shards
                if not math.isnan(shard.heartbeat_latency)
            },
            "loop_lag_seconds": metrics.lag.worst,
            "memory_bytes": resident_bytes(),
            "cpu_seconds": cpu_seconds(),
            "database_bytes": depths.database_bytes,
            "timers": depths.total("timers", "set"),
            "timers_late": depths.total("timers", "late"),
            "outbox": depths.total("outbox", "waiting") + depths.total("outbox", "started"),
            "outbox_late": depths.total("outbox", "late"),
            "outbox_failed": depths.total("outbox", "failed"),
            "alerts": host.observatory.alerts.active,
            "plugins": [_plugin(record, self._clean) for record in host.lifecycle.records.values()],
        }

    async def logs(self, args: Args) -> AsyncGenerator[Any]:
        """The last entries, and with ``follow`` the new ones as they come."""
        count, plugin, level = args.get("count", 100), args.get("plugin"), args.get("level")
        if not isinstance(count, int) or not 0 <= count <= KEPT:
            raise InvalidRequest(f"count is a whole number, 0 to {KEPT}")
        if not isinstance(plugin, str | None) or not isinstance(level, str | None):
            raise InvalidRequest("plugin and level are text")
        wanted = Wanted(plugin=plugin, level=level)
        if not args.get("follow"):
            for entry in self._recent.last(count, wanted):
                yield entry
            return
        async with aclosing(self._recent.follow(count, wanted)) as entries:
            async for entry in entries:
                yield entry

    def _changing(self, verb: str) -> Any:
        async def change(args: Args) -> dict[str, Any]:
            record = await getattr(self._host, verb)(text_argument(args, "name"))
            return _plugin(record, self._clean)

        return change

    def _clean(self, text: str) -> str:
        redactor = self._host.redactor
        return text if redactor is None else redactor.text(text)


def _plugin(record: Record, clean: Any) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.candidate.version,
        "state": str(record.state),
        "reason": clean(record.reason),
        "since": record.since.isoformat(),
        "failed": record.failed,
        "last_error": clean(record.last_error),
    }

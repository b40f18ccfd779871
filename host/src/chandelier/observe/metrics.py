"""The metrics of one host, in Prometheus' format: what is counted as it happens, and who is told.

A registry of its own per host, so two hosts in a process do not share a number. Labels are plugins, kinds
and templates: never an id, a name or a token. What can be looked up instead of counted is in `snapshot`.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

import hikari
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from chandelier.ledger import Ledger
from chandelier.observe.depths import Depths, read_depths
from chandelier.observe.lag import LoopLag
from chandelier.observe.plugin_metrics import Metrics
from chandelier.observe.snapshot import Snapshot
from chandelier.observe.wire import MeasuredBuckets, measure_requests

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["KINDS", "HostMetrics"]

KINDS: Final = frozenset(
    {"command", "listener", "component", "form", "autocompletion", "timer", "effect", "task", "hook"}
)
"""What a piece of a plugin's work can be; anything else is "other"."""
_HANDLER_SECONDS: Final = (0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10, 30)
_REQUEST_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LAG_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 5)
_ERRORS_REMEMBERED: Final = 10_000


class HostMetrics:
    """What a host counts while it runs."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.registry = CollectorRegistry()
        self.snapshot = Snapshot(host)
        self.registry.register(self.snapshot)
        make = self.registry
        self._commands = Counter(
            "chandelier_commands", "Commands that were run.", ("plugin", "command"), registry=make
        )
        self._seconds = Histogram(
            "chandelier_handler_seconds",
            "Seconds that plugins' work took.",
            ("plugin", "kind"),
            buckets=_HANDLER_SECONDS,
            registry=make,
        )
        self._errors = Counter(
            "chandelier_errors",
            "Failures: of the asker (validation, access), of others (api), our own (runtime).",
            ("plugin", "kind"),
            registry=make,
        )
        self._requests = Histogram(
            "chandelier_rest_request_seconds",
            "Seconds until Discord's REST API answered.",
            ("method", "route", "status"),
            buckets=_REQUEST_SECONDS,
            registry=make,
        )
        self._waits = Counter(
            "chandelier_rest_ratelimit_waits", "Requests that waited for a rate limit.", registry=make
        )
        self._waited = Counter(
            "chandelier_rest_ratelimit_wait_seconds", "Seconds waited for rate limits.", registry=make
        )
        self._lost = Counter(
            "chandelier_gateway_disconnects", "Connections to the gateway that ended.", registry=make
        )
        self._late = Histogram(
            "chandelier_loop_lag_seconds",
            "How late the event loop woke a task that was due.",
            buckets=_LAG_SECONDS,
            registry=make,
        )
        self.lag = LoopLag(self._late.observe)
        self.errors: deque[float] = deque(maxlen=_ERRORS_REMEMBERED)
        """When our own failures (runtime) happened of late, in seconds of the host's clock."""
        self._known: dict[tuple[str, str], Histogram] = {}

    def attach(self) -> None:
        """Be told by the host's parts, before the bot starts."""
        host = self._host
        host.containment.measure = self.work_ended
        host.gate.count = self.failed
        rest = host.bot.rest
        rest._bucket_manager = MeasuredBuckets(rest._bucket_manager.max_rate_limit, self._had_to_wait)  # pyright: ignore[reportAttributeAccessIssue]
        measure_requests(host.bot, host.config.rest_url, self._request_took)
        host.bot.subscribe(hikari.ShardDisconnectedEvent, self._disconnected)

    def of(self, plugin: str, ledger: Ledger) -> Metrics:
        """Where one plugin keeps metrics of its own."""
        return Metrics(plugin, self.registry, ledger)

    def work_ended(self, owner: str, what: str, seconds: float) -> None:
        """Count a piece of a plugin's work."""
        kind, _, rest = what.partition(" ")
        if kind.startswith("/"):
            self._commands.labels(owner, f"{kind} {rest}".rstrip()).inc()
            kind = "command"
        elif kind not in KINDS:
            kind = "other"
        series = self._known.get((owner, kind))
        if series is None:  # the library's own look-up costs more than the observation
            series = self._known[owner, kind] = self._seconds.labels(owner, kind)
        series.observe(seconds)

    def failed(self, owner: str, kind: str) -> None:
        """Count a failure."""
        self._errors.labels(owner, kind).inc()
        if kind == "runtime":
            self.errors.append(self._host.clock.monotonic())

    async def refresh(self) -> Depths:
        """Read anew what stands in the database."""
        self.snapshot.depths = await read_depths(self._host.database, self._host.clock)
        return self.snapshot.depths

    async def exposition(self) -> bytes:
        """Everything, in Prometheus' text format."""
        await self.refresh()
        return generate_latest(self.registry)

    def _request_took(self, method: str, route: str, status: str, seconds: float) -> None:
        self._requests.labels(method, route, status).observe(seconds)

    def _had_to_wait(self, seconds: float) -> None:
        self._waits.inc()
        self._waited.inc(seconds)

    async def _disconnected(self, _: hikari.ShardDisconnectedEvent) -> None:
        self._lost.inc()

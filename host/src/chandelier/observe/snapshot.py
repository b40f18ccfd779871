"""What is only looked at when somebody scrapes: states, caches, queues and memory at that moment."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Final

import hikari
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from chandelier.observe.depths import Depths
from chandelier.observe.process import cpu_seconds, resident_bytes
from chandelier.routing.events import RoutedBot

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["Snapshot", "cache_sizes"]

_CACHES: Final = {
    "guilds": "_guild_entries",
    "channels": "_guild_channel_entries",
    "threads": "_guild_thread_entries",
    "roles": "_role_entries",
    "users": "_user_entries",
    "messages": "_message_entries",
    "emojis": "_emoji_entries",
    "stickers": "_sticker_entries",
    "invites": "_invite_entries",
    "dm_channels": "_dm_channel_entries",
}
"""Parts of hikari's cache. Its public views build a copy to be counted, which is too dear for a scrape."""


class Snapshot(Collector):
    """Reads one host; registered with that host's registry."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.depths = Depths()
        """The queues as they were read last: the database cannot be asked from within a scrape."""
        self._build = [
            version("chandelier"),
            platform.python_version(),
            version("hikari"),
            version("hikari-lightbulb"),
        ]

    def collect(self) -> Iterable[Metric]:
        """Everything, as it is now."""
        host = self._host
        yield _gauge(
            "chandelier_build_info",
            "Versions of what runs.",
            ("version", "python", "hikari", "lightbulb"),
            [(self._build, 1)],
        )
        started = host.started_at.timestamp() if host.started_at is not None else 0
        yield _gauge("chandelier_started_timestamp_seconds", "When it became ready.", (), [((), started)])
        yield _gauge("process_resident_memory_bytes", "Memory in use.", (), [((), resident_bytes())])
        yield _counter("process_cpu_seconds", "Processor time used.", (), [((), cpu_seconds())])
        yield from self._plugins(host)
        yield from self._gateway(host)
        yield from self._database()
        yield from self._alerts(host)

    def _plugins(self, host: Host) -> Iterator[Metric]:
        records = list(host.lifecycle.records.values())
        yield _gauge(
            "chandelier_plugin_state",
            "1 for the state that each plugin is in.",
            ("plugin", "state", "version"),
            [((record.name, str(record.state), record.candidate.version), 1) for record in records],
        )
        yield _gauge(
            "chandelier_plugin_held",
            "What each plugin holds of the host.",
            ("plugin", "kind"),
            [((each.name, kind), n) for each in records for kind, n in each.ledger.counts().items()],
        )
        yield _gauge(
            "chandelier_guild_configs",
            "Servers whose config is kept in memory.",
            ("plugin",),
            [((each.name,), len(each.context.guilds)) for each in records if each.context is not None],
        )
        yield _counter(
            "chandelier_loop_blocked_seconds",
            "Seconds that a plugin, or the host, kept the event loop from running.",
            ("plugin",),
            [((name,), lag.seconds) for name, lag in list(host.watchdog.lags.items())],
        )

    def _gateway(self, host: Host) -> Iterator[Metric]:
        bot: RoutedBot | None = getattr(host, "bot", None)
        shards = list(bot.shards.values()) if bot is not None else []
        yield _gauge("chandelier_connected", "Whether the bot is at work.", (), [((), int(host.connected))])
        yield _gauge(
            "chandelier_shard_connected",
            "Whether each connection to the gateway stands.",
            ("shard",),
            [((str(shard.id),), int(shard.is_connected)) for shard in shards],
        )
        yield _gauge(
            "chandelier_gateway_latency_seconds",
            "From a heartbeat to its acknowledgement.",
            ("shard",),
            [
                ((str(shard.id),), shard.heartbeat_latency)
                for shard in shards
                if not math.isnan(shard.heartbeat_latency)
            ],
        )
        yield _counter(
            "chandelier_gateway_events",
            "Events that Discord sent, wanted or not.",
            ("event",),
            [((name,), count) for name, count in (bot.router.seen.items() if bot is not None else ())],
        )
        yield _gauge(
            "chandelier_cache_entries",
            "What hikari keeps in memory.",
            ("cache",),
            [((name,), size) for name, size in (cache_sizes(bot.cache) if bot is not None else {}).items()],
        )

    def _alerts(self, host: Host) -> Iterator[Metric]:
        yield _gauge(
            "chandelier_alert_active",
            "1 for each cause of which the owners are, or will be, told.",
            ("cause",),
            [((cause,), 1) for cause in host.observatory.alerts.active],
        )

    def _database(self) -> Iterator[Metric]:
        depths = self.depths
        yield _gauge(
            "chandelier_database_up", "Whether the database answers.", (), [((), int(depths.problem is None))]
        )
        if depths.database_bytes is not None:
            yield _gauge("chandelier_database_bytes", "Its size.", (), [((), depths.database_bytes)])
        yield _gauge(
            "chandelier_queue_rows",
            "Timers that are set, due and late; effects by state, and late. Late rows are counted twice.",
            ("queue", "plugin", "state"),
            [(labels, count) for labels, count in depths.rows.items()],
        )


def cache_sizes(cache: hikari.api.Cache) -> dict[str, int]:
    """How many things each part of hikari's cache holds; empty for a cache of another make."""
    sizes: dict[str, int] = {}
    for name, slot in _CACHES.items():
        entries = getattr(cache, slot, None)
        if entries is not None:
            sizes[name] = len(entries)
    guilds = getattr(cache, "_guild_entries", {})
    if sizes:
        sizes["members"] = sum(len(guild.members) for guild in guilds.values() if guild.members)
    return sizes


Samples = Sequence[tuple[Sequence[str], float]]


def _gauge(name: str, text: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family


def _counter(name: str, text: str, labels: Sequence[str], samples: Samples) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, number in samples:
        family.add_metric(values, number)
    return family

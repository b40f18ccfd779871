"""Metrics of plugins: each under its plugin's own prefix, in the ledger, with a bound on its labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from chandelier.errors import PluginError
from chandelier.ledger import Ledger

if TYPE_CHECKING:  # the library is imported when a host runs: the command line need not wait for it
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
    from prometheus_client.metrics import MetricWrapperBase

__all__ = ["Metrics"]

MOST_LABELS: Final = 4
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")

MetricT = TypeVar("MetricT", bound="MetricWrapperBase")
_BUCKETS: Final = (0.005, 0.025, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """What one plugin counts and measures; the host serves it, and takes it away when the plugin stops.

    The metrics are those of the library prometheus-client: ``inc()``, ``set()``, ``observe()``,
    ``labels()``, ``time()``. Label values are few and fixed, never an id, a name or a text of a person.
    """

    def __init__(self, plugin: str, registry: CollectorRegistry, ledger: Ledger) -> None:
        self._plugin = plugin
        self._registry = registry
        self._ledger = ledger

    def counter(self, name: str, help: str, labels: Sequence[str] = ()) -> Counter:  # noqa: A002 - its word
        """Something that only grows: ``ctx.metrics.counter("forwards", "Messages forwarded.").inc()``.

        Served as ``chandelier_plugin_PLUGIN_NAME_total``. Raises PluginError for a name that is taken or
        that Prometheus does not allow.
        """
        from chandelier.observe.bounded import BoundedCounter

        return self._hold(BoundedCounter, name, help, labels)

    def gauge(self, name: str, help: str, labels: Sequence[str] = ()) -> Gauge:  # noqa: A002 - its word
        """Something that goes up and down; ``set_function`` asks for the value when it is looked at."""
        from chandelier.observe.bounded import BoundedGauge

        return self._hold(BoundedGauge, name, help, labels)

    def histogram(
        self,
        name: str,
        help: str,  # noqa: A002 - its word
        labels: Sequence[str] = (),
        *,
        buckets: Sequence[float] = _BUCKETS,
    ) -> Histogram:
        """How something is spread, most often seconds; ``buckets`` are upper bounds, in growing order."""
        from chandelier.observe.bounded import BoundedHistogram

        return self._hold(BoundedHistogram, name, help, labels, buckets=tuple(buckets))

    def _hold(
        self,
        kind: type[MetricT],
        name: str,
        text: str,
        labels: Sequence[str],
        **options: Any,
    ) -> MetricT:
        if _NAME.fullmatch(name) is None:
            raise PluginError(f"a metric cannot be named {name!r}: use a-z, 0-9 and _, first a letter")
        if len(labels) > MOST_LABELS:
            raise PluginError(f"the metric {name!r} has more than {MOST_LABELS} labels")
        if name in self._ledger.names("metric"):
            raise PluginError(
                f"plugin {self._plugin} has a metric named {name!r} already: make it once, in setup"
            )
        full = f"chandelier_plugin_{self._plugin.replace('-', '_')}_{name}"
        try:
            metric = kind(full, text, tuple(labels), registry=self._registry, **options)
        except ValueError as error:
            raise PluginError(f"plugin {self._plugin} cannot have the metric {name!r}: {error}") from error
        self._ledger.hold("metric", name, lambda: self._registry.unregister(metric))
        return metric

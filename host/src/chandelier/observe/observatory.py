"""All that watches one running host, and speaks for it: started before its plugins and stopped after them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from chandelier.control.data_operations import DataOperations
from chandelier.control.host_operations import HostOperations
from chandelier.control.operations import Operations
from chandelier.control.server import ControlServer
from chandelier.observe.alerts import Alerts
from chandelier.observe.log import Logs
from chandelier.observe.metrics import HostMetrics
from chandelier.observe.notify import ServiceManager
from chandelier.observe.readings import Readings, tell_owners
from chandelier.observe.recent import RecentLogs
from chandelier.observe.sentry import ErrorReports
from chandelier.observe.server import MonitorServer

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["Observatory"]


class Observatory:
    """Metrics, health, control socket and everything else with which an operator sees a host from outside."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.metrics = HostMetrics(host)
        self.recent = RecentLogs()
        self.operations = Operations()
        HostOperations(host, self.recent, self.operations)
        DataOperations(host, self.operations)
        clean = host.redactor.text if host.redactor is not None else str
        data = host.config.data_path(host.deployment.base)
        self.control = ControlServer(data, self.operations, clean=clean)
        port = host.config.metrics_port
        self.server = None if port is None else MonitorServer(host, host.config.metrics_host, port)
        alerts = host.config.alerts
        self.alerts = Alerts(
            host.clock, Readings(host), self._tell_owners, every=alerts.every, cooldown=alerts.cooldown
        )
        self.manager = ServiceManager(host.deployment.environ, host.clock)
        self.reports: ErrorReports | None = None
        self._added: list[Callable[[], None]] = []

    async def start(self) -> None:
        """Begin, once the database is open: how a start goes on can be seen as well."""
        self.metrics.lag.start()
        if self._host.logs is not None:
            self._added.append(self._host.logs.add(self.recent.take))
            self._report_errors(self._host.logs)
        await self.control.start()
        if self.server is not None:
            await self.server.start()

    def ready(self) -> None:
        """The bot is at work."""
        if self._host.config.alerts.enabled:
            self.alerts.start()
        running = [record.name for record in self._host.lifecycle.records.values() if record.active]
        self.manager.ready(f"{len(running)} plugins running: {', '.join(running)}")

    async def leave(self) -> None:
        """The host is about to stop: take no more orders, and say so."""
        await self.manager.stopping()
        await self.alerts.stop()
        await self.control.stop()

    async def close(self) -> None:
        """End, when everything else has ended."""
        async with AsyncExitStack() as steps:
            for remove in self._added:
                steps.callback(remove)
            if self.reports is not None:
                steps.push_async_callback(self.reports.stop)
            steps.push_async_callback(self.metrics.lag.stop)
            if self.server is not None:
                steps.push_async_callback(self.server.stop)

    def _report_errors(self, logs: Logs) -> None:
        config = self._host.config
        if config.sentry_dsn is None:
            return
        reports = ErrorReports(logs.redactor, texts=config.sentry_texts)
        if reports.start(config.sentry_dsn):
            self.reports = reports
            self._added.append(logs.add(reports.take))

    async def _tell_owners(self, text: str) -> None:
        await tell_owners(self._host, text)

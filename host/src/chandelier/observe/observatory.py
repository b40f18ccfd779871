"""All that watches one running host, started before its plugins and stopped after them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from chandelier.observe.metrics import HostMetrics
from chandelier.observe.server import MonitorServer

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["Observatory"]


class Observatory:
    """Metrics, health and everything else with which an operator sees a host from outside."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.metrics = HostMetrics(host)
        port = host.config.metrics_port
        self.server = None if port is None else MonitorServer(host, host.config.metrics_host, port)

    async def start(self) -> None:
        """Begin, once the database is open: how a start goes on can be seen as well."""
        self.metrics.lag.start()
        if self.server is not None:
            await self.server.start()

    async def close(self) -> None:
        """End, when everything else has ended."""
        async with AsyncExitStack() as steps:
            steps.push_async_callback(self.metrics.lag.stop)
            if self.server is not None:
                steps.push_async_callback(self.server.stop)

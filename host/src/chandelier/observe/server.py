"""What a monitor asks over HTTP: /metrics, /healthz and /readyz, on loopback unless asked for otherwise."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from aiohttp import web
from loguru import logger

from chandelier.observe import health

if TYPE_CHECKING:
    from chandelier.app import Host

__all__ = ["MonitorServer"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""https://prometheus.io/docs/instrumenting/exposition_formats/"""


class MonitorServer:
    """Serves one host's numbers and health. It never keeps the bot from starting."""

    def __init__(self, host: Host, address: str, port: int) -> None:
        self._host = host
        self._address = address
        self._wanted = port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int | None:
        """Where it listens; None when it does not."""
        addresses = self._runner.addresses if self._runner is not None else ()
        return addresses[0][1] if addresses else None

    async def start(self) -> None:
        """Listen. A port that cannot be had is an error in the log, not the end of the bot."""
        if not _is_loopback(self._address):
            logger.warning(
                "metrics_host is {}: whoever reaches this address can read the bot's metrics; they are "
                "neither encrypted nor protected by a password",
                self._address,
            )
        app = web.Application()
        app.router.add_get("/metrics", self._metrics)
        app.router.add_get("/healthz", self._healthz)
        app.router.add_get("/readyz", self._readyz)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._address, self._wanted).start()
        except OSError as error:
            logger.error(
                "no metrics and no health checks: {} port {} cannot be used: {}. Change metrics_port or "
                "metrics_host",
                *(self._address, self._wanted, error.strerror or error),
            )
            await self.stop()
            return
        logger.info("metrics and health checks: http://{}:{}/metrics", self._address, self.port)

    async def stop(self) -> None:
        """Listen no more."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _metrics(self, _: web.Request) -> web.Response:
        body = await self._host.observatory.metrics.exposition()
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def _healthz(self, _: web.Request) -> web.Response:
        return web.json_response(health.alive(self._host))

    async def _readyz(self, _: web.Request) -> web.Response:
        reasons = await health.reasons(self._host)
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"

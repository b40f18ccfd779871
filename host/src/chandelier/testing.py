"""pytest fixtures for authors of plugins: a local Discord and a real host with the plugins named.

::

    async def test_warning(discord, start_host):
        guild = discord.create_guild("Market")
        ...
        host = await start_host("moderation", config={"moderation": {"log_channel": log.id}})
        reply = await mod.slash(general, "warn", member=bob, reason="spam")

Needs the extra ``chandelier[testing]``. The host's clock is the local Discord's virtual clock.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
import tomlkit

from chandelier.loading import restore_modules

if TYPE_CHECKING:
    from chandelier.app import Host
    from loopcord import LocalDiscord

__all__ = ["HostStarter", "database_url", "start_host"]


class HostStarter:
    """Starts, stops and restarts hosts against one local Discord; they share config and database."""

    def __init__(self, discord: LocalDiscord, folder: Path, database_url: str | None) -> None:
        self._discord = discord
        self.folder = folder
        """Where the deployment lives: `config.toml` and the data folder."""
        self._database_url = database_url
        self._hosts: list[tuple[Host, Callable[[], None]]] = []
        self._modules = dict(sys.modules)
        self._packages: set[str] = set()

    async def __call__(
        self,
        *plugins: str,
        config: Mapping[str, Mapping[str, Any]] | None = None,
        host: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Host:
        """Start a host with the plugins named (and the host's own commands).

        ``config`` has the sections of plugins by name, ``host`` overrides keys of [chandelier]; given
        neither and a config.toml already there, that is used as it is.
        """
        from chandelier.app import Host
        from chandelier.config.deployment import Deployment

        path = self.folder / "config.toml"
        if config is not None or host is not None or not path.exists():
            self._write(path, config or {}, host or {})
        deployment = Deployment.read(path, {"CHANDELIER_TOKEN": self._discord.token, **(environ or {})})
        running = Host(
            deployment, only=plugins, clock=self._discord.clock, choose=lambda alphabet: alphabet[0]
        )
        remove = self._discord.add_idle_probe(running.idle)
        self._hosts.append((running, remove))
        try:
            await running.start()
        except BaseException:
            await self.stop(running)
            raise
        await self._discord.settle()
        return running

    async def stop(self, host: Host) -> None:
        """Stop a host in good order."""
        for entry in list(self._hosts):
            if entry[0] is host:
                self._hosts.remove(entry)
                entry[1]()
                self._packages |= {record.candidate.package for record in host.lifecycle.records.values()}
                await host.stop()

    async def restart(self, host: Host) -> Host:
        """Stop a host and start another on the same config and database, with the same plugins."""
        names = [name for name in host.lifecycle.records if name != "core"]
        await self.stop(host)
        return await self(*names)

    async def close(self) -> None:
        """Stop everything that still runs."""
        for host, _ in list(self._hosts):
            await self.stop(host)
        for package in self._packages:  # a reload in one test must not give another test a second class
            restore_modules([package], _of_package(package, self._modules))

    def _write(self, path: Path, config: Mapping[str, Mapping[str, Any]], host: Mapping[str, Any]) -> None:
        # How long real seconds last depends on the machine, and no test may.
        patient = {"block_limit": 600.0}
        own: dict[str, Any] = {"version": 1, "rest_url": self._discord.rest_url, **patient, **host}
        # A look every minute would make a test that moves the clock by a year take long.
        own.setdefault("alerts", {"enabled": False})
        if self._database_url is not None:
            own.setdefault("database_url", self._database_url)
        document = {"chandelier": own, "plugins": {name: dict(section) for name, section in config.items()}}
        path.write_text(tomlkit.dumps(document), encoding="utf-8")


def _of_package(package: str, modules: Mapping[str, ModuleType]) -> dict[str, ModuleType]:
    return {name: module for name, module in modules.items() if name.partition(".")[0] == package}


@pytest.fixture
def database_url() -> str | None:
    """The database of the hosts under test; None for SQLite in the test's folder. Override it to choose."""
    return None


class _WithoutTls:
    """asyncio for hikari's shards, which sleep after each connection until TLS is closed: here is none."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, delay: float) -> None:
        await asyncio.sleep(0 if delay == _WAIT_FOR_TLS else delay)


_WAIT_FOR_TLS = 0.25
"""Seconds; without it a story would spend half of its time with waiting. Source: hikari.impl.shard."""


@pytest.fixture
async def start_host(
    discord: LocalDiscord, tmp_path: Path, database_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[HostStarter]:
    """Starts hosts against the ``discord`` fixture; they are stopped at the end of the test."""
    monkeypatch.setattr("hikari.impl.shard.asyncio", _WithoutTls())
    starter = HostStarter(discord, tmp_path, database_url)
    try:
        yield starter
    finally:
        await starter.close()

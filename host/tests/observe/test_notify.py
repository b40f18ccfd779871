"""systemd hears that the bot is ready, that it is alive, and that it stops; over a real datagram socket."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from chandelier.observe.notify import ServiceManager
from loopcord import VirtualClock

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no Unix sockets")


class Systemd:
    def __init__(self, name: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        found: list[str] = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture(params=["a file", "an abstract name"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Systemd, str]]:
    named = str(tmp_path / "notify") if request.param == "a file" else f"@chandelier-test-{os.getpid()}"
    listening = Systemd(named.replace("@", "\0", 1) if named.startswith("@") else named)
    yield listening, named
    listening.socket.close()


async def test_a_life_as_systemd_hears_of_it(discord, systemd) -> None:
    listening, named = systemd
    clock = discord.clock
    environ = {"NOTIFY_SOCKET": named, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}
    manager = ServiceManager(environ, clock)

    manager.ready("2 plugins running:\nREADY=0")
    assert listening.heard() == ["READY=1\nSTATUS=2 plugins running: READY=0"]
    await discord.advance(0)
    assert listening.heard() == ["WATCHDOG=1"]
    await discord.advance(95)
    assert listening.heard() == ["WATCHDOG=1"] * 3, "every half of the time"
    await manager.stopping()
    await discord.advance(120)
    assert listening.heard() == ["STOPPING=1\nSTATUS=stopping"]


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": "/nowhere/notify"},
        {"NOTIFY_SOCKET": "relative"},
        {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "soon"},
        {"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
async def test_without_a_manager_that_listens_nothing_happens(environ: dict[str, str]) -> None:
    manager = ServiceManager(environ, VirtualClock())

    manager.ready("running")

    assert manager._task is None
    await manager.stopping()

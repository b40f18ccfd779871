"""The subject: a host with every installed plugin, as a deployment has it.

Run as a program it starts like ``chandelier run``, says when it is READY and waits:
``python -m benchmarks.ours FOLDER`` with CHANDELIER_TOKEN in the environment.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import lightbulb

from chandelier import Loader
from chandelier.app import Host
from chandelier.config.deployment import Deployment


def write_config(folder: Path, rest_url: str) -> Path:
    """A deployment in ``folder``: rules are on, so that messages have something to be held against."""
    path = folder / "config.toml"
    words = ", ".join(f'"forbidden{number}"' for number in range(100))
    path.write_text(
        f"""
[chandelier]
version = 1
rest_url = "{rest_url}"
log_level = "WARNING"

[plugins.moderation]
version = 2
words = [{words}]

[plugins.reactions]
version = 2
channel = 1
roles = [2]
""",
        encoding="utf-8",
    )
    return path


def make(path: Path, token: str) -> Host:
    """A host on that deployment."""
    return Host(Deployment.read(path, {"CHANDELIER_TOKEN": token}))


async def add_ping(host: Host) -> None:
    """Give the host the command that the bare bot has, so that both do the same work."""
    loader = Loader()

    @loader.command
    class Ping(lightbulb.SlashCommand, name="ping", description="Answer"):
        @lightbulb.invoke
        async def invoke(self, ctx: lightbulb.Context) -> None:
            await ctx.respond("pong")

    record = host.lifecycle.records["core"]
    await host.binder.bind("core", [loader], record.ledger)
    await host.sync()


async def main(path: Path) -> None:
    """Start, say so, and wait for the end of standard input."""
    host = make(path, os.environ["CHANDELIER_TOKEN"])
    await host.start()
    print("READY", flush=True)
    print("CACHED", flush=True)  # its plugins ask for no members in the cache
    await asyncio.to_thread(sys.stdin.readline)
    await host.stop()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))

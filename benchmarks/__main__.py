"""``python -m benchmarks [PART…]``: run benchmarks, print ratios.

The parts are live, processes, metrics, local, conformance, automod and moderation; without any, all are run.

The first two compare a host with a bare bot, the third a host with and without its metrics, the fourth
loopcord with a bare echo, the fifth a validation with reading the same JSON, the sixth automod with many
rules and with few, the last one what moderation makes a host do with what a host has to do anyway.
"""

from __future__ import annotations

import asyncio
import sys

from loguru import logger

from benchmarks import automod, conformance, live, local_discord, metrics, moderation, processes
from benchmarks.report import show

PARTS = {
    "live": live.compare,
    "processes": processes.compare,
    "metrics": metrics.compare,
    "local": local_discord.compare,
    "conformance": conformance.compare,
    "automod": automod.compare,
    "moderation": moderation.compare,
}


async def main(names: list[str]) -> None:
    """Run the parts named, or all."""
    if unknown := sorted(set(names) - PARTS.keys()):
        raise SystemExit(f"there is no benchmark named {unknown[0]!r}; there are {' and '.join(PARTS)}")
    logger.remove()
    rows = [row for name in names or list(PARTS) for row in await PARTS[name]()]
    show(rows)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

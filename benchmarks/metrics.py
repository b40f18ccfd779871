"""What it costs to count: one host hands messages to a listener, with its metrics and without, in turn."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import hikari

import loopcord
from benchmarks import ours
from benchmarks.live import MESSAGES, ROUNDS, feed
from benchmarks.report import Row, paired
from chandelier import Loader

__all__ = ["compare"]


async def compare() -> list[Row]:
    """Processor time for a message that a plugin handles."""
    async with loopcord.LocalDiscord(clock=loopcord.SystemClock()) as discord:
        channel = discord.create_guild("Market").create_text_channel("general")
        with tempfile.TemporaryDirectory() as folder:
            host = ours.make(ours.write_config(Path(folder), discord.rest_url), discord.token)
            await host.start()
            await _listen(host)
            counted = host.containment.measure
            without: list[float] = []
            with_them: list[float] = []
            for number in range(ROUNDS):
                turns = [(_nothing, without), (counted, with_them)]
                for host.containment.measure, spent in turns if number % 2 else turns[::-1]:
                    began = time.process_time()  # so little is drowned by whatever else the machine does
                    await feed(host.bot, channel, host.containment.idle)
                    spent.append((time.process_time() - began) / MESSAGES * 1_000_000)
            await host.stop()
    return [paired("a message handled, counted or not", "microseconds", without, with_them, "at most 1.03")]


def _nothing(_owner: str, _what: str, _seconds: float) -> None:
    """Counts nothing."""


async def _listen(host: ours.Host) -> None:
    loader = Loader()

    @loader.listener(hikari.GuildMessageCreateEvent)
    async def on_message(event: hikari.GuildMessageCreateEvent) -> None:
        pass

    await host.binder.bind("core", [loader], host.lifecycle.records["core"].ledger)

"""Start and memory: each bot as a process of its own, in turn, against one guild of 10,000 members."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import loopcord
from benchmarks import ours
from benchmarks.report import Row, paired

__all__ = ["compare"]

ROUNDS = 5
MEMBERS = 10_000


async def compare() -> list[Row]:
    """Process start to READY in seconds, and resident memory after it in MiB."""
    started: dict[str, list[float]] = {"bare": [], "ours": []}
    memory: dict[str, list[float]] = {"bare": [], "ours": []}
    async with loopcord.LocalDiscord(clock=loopcord.SystemClock()) as discord:
        guild = discord.create_guild("Market")
        for number in range(MEMBERS):
            guild.add_member(f"member{number}")
        with tempfile.TemporaryDirectory() as folder:
            path = ours.write_config(Path(folder), discord.rest_url)
            commands = {
                "bare": ["-m", "benchmarks.bare", discord.rest_url, discord.token, str(MEMBERS)],
                "ours": ["-m", "benchmarks.ours", str(path)],
            }
            for _ in range(ROUNDS + 1):  # the first is a warm-up: byte code, migrations
                for name, command in commands.items():
                    seconds, mebibytes = await _run(command, discord.token)
                    started[name].append(seconds)
                    memory[name].append(mebibytes)
    return [
        paired("process start to READY", "seconds", started["bare"][1:], started["ours"][1:], "at most 1.5"),
        paired(
            "memory after READY, 10,000 members", "MiB", memory["bare"][1:], memory["ours"][1:], "at most 1"
        ),
    ]


async def _run(command: list[str], token: str) -> tuple[float, float]:
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "CHANDELIER_TOKEN": token},
    )
    assert process.stdin is not None and process.stdout is not None
    line = await process.stdout.readline()
    seconds = time.perf_counter() - began
    assert line == b"READY\n", line
    assert await process.stdout.readline() == b"CACHED\n"
    resident = _resident(process.pid)
    process.stdin.write(b"\n")
    await process.communicate()
    return seconds, resident


def _resident(pid: int) -> float:
    """Resident memory of a process in MiB."""
    import psutil

    return psutil.Process(pid).memory_info().rss / 2**20

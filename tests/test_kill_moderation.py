"""kill -9 between each pair of steps of a ban: case → DM → ban → log → timer → unban; each happens once."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest
import tomlkit

import loopcord.rest
from loopcord import LocalDiscord, SystemClock

pytestmark = pytest.mark.endurance

PATIENCE = 180.0
"""Real seconds that a busy machine may take."""

STEPS = (
    ("POST", "/users/@me/channels"),
    ("POST", "/channels/{dm}/messages"),
    ("PUT", "/guilds/*/bans/*"),
    ("POST", "/channels/{log}/messages"),
)
ENDING = ("DELETE", "/guilds/*/bans/*")


@pytest.fixture
async def discord() -> AsyncIterator[LocalDiscord]:
    """In real time, because the bot is another process."""
    async with LocalDiscord(clock=SystemClock()) as local:
        yield local


@asynccontextmanager
async def bot_in(folder: Path, discord: LocalDiscord) -> AsyncIterator[asyncio.subprocess.Process]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHANDELIER_")}
    own = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_LOG_LEVEL": "WARNING"}
    before = syncs(discord)
    words = [word for name in ("reactions", "redeye", "luisaviaroma") for word in ("--without", name)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "chandelier", "run", *words, cwd=folder, env={**clean, **own}
    )
    try:
        await discord.until(
            lambda: syncs(discord) > before or process.returncode is not None, patience=PATIENCE
        )
        assert process.returncode is None
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
        await process.wait()


async def test_a_ban_survives_kill_9_between_each_pair_of_its_steps(
    discord: LocalDiscord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild = discord.create_guild("Market", owner="olga")
    mods = guild.create_role("Mods", permissions=["ban_members"])
    general, log = guild.create_text_channel("general"), guild.create_text_channel("mod-log")
    mod = guild.add_member("mod", roles=[mods])
    config = {
        "chandelier": {"version": 1, "rest_url": discord.rest_url},
        "plugins": {"moderation": {"version": 2, "log_channel": log.id}},
    }
    (tmp_path / "config.toml").write_text(tomlkit.dumps(config), encoding="utf-8")

    running: list[asyncio.subprocess.Process] = []
    really_cut = loopcord.rest.cut

    def kill_and_cut(transport, *, reset):
        running[0].send_signal(signal.SIGKILL)  # the bot never learns what became of its request
        really_cut(transport, reset=reset)

    monkeypatch.setattr("loopcord.rest.cut", kill_and_cut)
    victims, ended = [], set()
    async with AsyncExitStack() as stack:

        async def start() -> asyncio.subprocess.Process:
            await stack.aclose()  # what is left of the one before
            running[:] = [await stack.enter_async_context(bot_in(tmp_path, discord))]
            return running[0]

        process = await start()
        for method, path, after in [(*step, after) for step in (*STEPS, ENDING) for after in (False, True)]:
            victim = guild.add_member(f"victim-{len(victims)}")
            victims.append(victim)
            number, ends = len(victims), (method, path) == ENDING
            if ends:
                mod.start_slash(general, "tempban", user=victim, duration="1d", reason="scam")
                await settled(tmp_path, number, ends=False)
                await stack.aclose()
                time_is_up(tmp_path, number)
                ended.add(number)
                discord.trouble.cut(method, path, after=after)
                process = await start()
            else:
                discord.trouble.cut(method, path.format(dm=victim.dm.id, log=log.id), after=after)
                mod.start_slash(general, "tempban", user=victim, duration="1d", reason="scam")
            async with asyncio.timeout(PATIENCE):
                await process.wait()
            process = await start()
            await settled(tmp_path, number, ends=ends)
            assert (victim.id in guild.bans) is not ends
            assert len(victim.dms) == 1, (path, after)
            assert len(log.messages) == number, (path, after)

    with closing(sqlite3.connect(database_of(tmp_path))) as connection:
        rows = connection.execute(
            "SELECT number, act, dm, log, ended_how FROM moderation_cases ORDER BY number"
        ).fetchall()
        timers = connection.execute(
            "SELECT key FROM chandelier_timers WHERE plugin = 'moderation' AND kind = 'term'"
        ).fetchall()
    for number, act, dm, posted, how in rows:
        assert (number, act, dm, posted) == (number, "done", "delivered", "posted")
        assert how == ("expired" if number in ended else None)
    assert [number for number, *_ in rows] == list(range(1, len(victims) + 1))
    assert {key for (key,) in timers} == {
        f"{guild.id}-{number}" for number in range(1, len(victims) + 1) if number not in ended
    }
    bans = [entry["target_id"] for entry in guild.audit_log if entry["action_type"] == 22]
    assert sorted(bans) == sorted(victim.id for victim in victims)


def syncs(discord: LocalDiscord) -> int:
    """How often a bot has made sure of its commands, after which it hears of them."""
    if not any(command["name"] == "tempban" for command in discord.commands()):
        return 0
    return sum(one.method == "GET" and one.path.endswith("/commands") for one in discord.requests)


def database_of(folder: Path) -> Path:
    """Where the deployment keeps its SQLite file."""
    (found,) = folder.rglob("*.db")
    return found


def time_is_up(folder: Path, number: int) -> None:
    """Let a case end now; the bot does not run."""
    with closing(sqlite3.connect(database_of(folder))) as connection:
        past = "2026-01-01 00:00:00.000000"
        connection.execute("UPDATE moderation_cases SET expires_at = ? WHERE number = ?", (past, number))
        connection.execute(
            "UPDATE chandelier_timers SET due_at = ? WHERE kind = 'term' AND key LIKE ?",
            (past, f"%-{number}"),
        )
        connection.commit()


async def settled(folder: Path, number: int, *, ends: bool) -> None:
    """Wait until a case is carried out and posted, and over if it is to be."""
    query = "SELECT act, log, ended_at IS NOT NULL FROM moderation_cases WHERE number = ?"
    async with asyncio.timeout(PATIENCE):
        while True:
            with closing(sqlite3.connect(database_of(folder))) as connection:
                row = connection.execute(query, (number,)).fetchone()
            if row == ("done", "posted", int(ends)):
                return
            await asyncio.sleep(0.1)

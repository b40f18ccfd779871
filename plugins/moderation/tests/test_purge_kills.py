"""kill -9 again and again while a purge or a ban is under way: nothing is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import aiohttp
import pytest

from chandelier import discovery
from loopcord import LocalDiscord, SystemClock

pytestmark = pytest.mark.endurance

PATIENCE = 180.0
"""Real seconds that a busy machine may take for one step."""
MESSAGES = 350
BANNED_FOR = "45s"
"""On a slow machine it is over while the bot is down; what comes of it is the same."""
CONFIG = """\
[chandelier]
version = 1
[plugins.moderation]
version = 2
log_channel = {log}
tell_member = "always"
"""


class Bot:
    """`chandelier run` in a process of its own."""

    def __init__(self, folder, discord):
        others = [one.name for one in discovery.candidates() if one.name not in {"core", "moderation"}]
        self._words = ["run", *(word for name in others for word in ("--without", name))]
        self._folder = folder
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CHANDELIER_")}
        token = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_REST_URL": discord.rest_url}
        self._environ = {**clean, **token, "CHANDELIER_LOG_LEVEL": "WARNING"}
        self._process = None

    async def start(self):
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chandelier", *self._words, cwd=self._folder, env=self._environ
        )

    async def end(self, how=signal.SIGKILL):
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            return await process.wait()
        return 0


async def test_a_purge_that_is_killed_after_every_step_gives_an_exact_account(tmp_path):
    async with LocalDiscord(clock=SystemClock()) as discord:
        guild = discord.create_guild("Market")
        general, log = guild.create_text_channel("general"), guild.create_text_channel("mod-log")
        bob, owner = guild.add_member("bob"), guild.owner
        for number in range(MESSAGES):
            general.post(bob, f"spam {number}")
        (tmp_path / "config.toml").write_text(CONFIG.format(log=log.id), encoding="utf-8")
        bot = Bot(tmp_path, discord)

        async def comes(what):
            assert await discord.until(what, patience=PATIENCE)

        async def killed():
            assert await bot.end() == -signal.SIGKILL
            await bot.start()
            await comes(lambda: bool(discord.connections))

        try:
            await bot.start()
            await comes(lambda: any(one["name"] == "purge" for one in discord.commands()))
            preview = owner.start_slash(general, "purge", count=1_000)
            await comes(lambda: preview.acknowledged)
            await killed()
            await comes(lambda: f"Delete {MESSAGES} messages?" in preview.text)
            await killed()
            await owner.press(preview, label=f"Delete {MESSAGES}")
            for left in (250, 150, 50, 0):
                # The moment after Discord has deleted them, and before the bot can have written that down.
                await comes(lambda left=left: len(general.messages) <= left)
                await killed()
            await comes(lambda: bool(log.messages))
            await killed()
            await asyncio.sleep(3)  # in which a second post would come
            assert await bot.end(signal.SIGTERM) == 0
        finally:
            await bot.end()

        assert general.messages == []
        assert [f"{MESSAGES} messages deleted" in message.text for message in log.messages] == [True]
        assert "gone" not in log.last.text
        url = log.last.attachments[0]["url"]
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            written = await answer.text()
        said = [line.strip() for line in written.splitlines() if line.startswith("  spam ")]
        assert said == [f"spam {number}" for number in range(MESSAGES)]


async def test_a_ban_for_a_time_that_is_killed_after_every_step_is_done_told_and_ended_once(tmp_path):
    """Between the request, the case, the direct message, the ban, its post, and the end in its time."""
    async with LocalDiscord(clock=SystemClock()) as discord:
        guild = discord.create_guild("Market")
        general, log = guild.create_text_channel("general"), guild.create_text_channel("mod-log")
        bob, owner = guild.add_member("bob"), guild.owner
        (tmp_path / "config.toml").write_text(CONFIG.format(log=log.id), encoding="utf-8")
        bot = Bot(tmp_path, discord)

        def asked(path):
            return any(request.path.endswith(path) for request in discord.requests)

        def done(kind):
            return [entry for entry in guild.audit_log if entry["action_type"] == kind]

        try:
            await bot.start()
            assert await discord.until(
                lambda: any(one["name"] == "tempban" for one in discord.commands()), patience=PATIENCE
            )
            owner.start_slash(general, "tempban", user=bob, duration=BANNED_FOR, reason="spam")
            for step in (
                lambda: asked("/users/@me/channels"),  # the case is written
                lambda: bool(bob.dms),
                lambda: bool(done(22)),
                lambda: bool(log.messages),
                lambda: bool(done(23)),
            ):
                assert await discord.until(step, patience=PATIENCE)
                assert await bot.end() == -signal.SIGKILL
                await bot.start()
                assert await discord.until(lambda: bool(discord.connections), patience=PATIENCE)
            assert await discord.until(lambda: "It ended in its time" in log.last.text, patience=PATIENCE)
            await asyncio.sleep(3)  # in which anything that comes twice would come
            assert await bot.end(signal.SIGTERM) == 0
        finally:
            await bot.end()

        assert [len(bob.dms), len(done(22)), len(done(23)), len(log.messages)] == [1] * 4
        assert guild.bans == {}
        assert "case #1" in log.last.text

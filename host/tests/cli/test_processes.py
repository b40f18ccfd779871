"""The bot and the demo as processes of their own, stopped as an operator or a service manager stops them."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from chandelier import barrier
from chandelier.cli import signals
from chandelier.control.client import answers
from chandelier.control.place import supported
from chandelier.errors import InvalidRequest
from loopcord import LocalDiscord

PATIENCE = 180.0
"""Real seconds that a process may take to start or stop on a busy machine."""


@asynccontextmanager
async def process(*words: str, folder: Path, **environ: str) -> AsyncIterator[asyncio.subprocess.Process]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CHANDELIER_")}
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chandelier",
        *words,
        cwd=folder,
        env={**clean, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        # What a shell starts in the background ignores Ctrl-C, and so would its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.kill()
            await started.wait()


async def the_end(started: asyncio.subprocess.Process) -> tuple[int, str]:
    async with asyncio.timeout(PATIENCE):
        output, _ = await started.communicate()
    assert started.returncode is not None
    return started.returncode, output.decode()


def ask_about_a_person(folder: Path) -> None:
    """What `chandelier data` asks of a bot that runs, over its socket."""
    *pieces, missing = answers(folder, "data.export", user=7)
    assert missing == {"missing": {}}
    exported = json.loads(b"".join(base64.b64decode(piece["data"]) for piece in pieces))
    assert exported["person"] == "7"
    [done] = answers(folder, "data.erase", user=7)
    assert done["done"] and {part["plugin"]: part["problem"] for part in done["parts"]}["core"] is None
    assert list(answers(folder, "data.erasures")) == [[]]
    with pytest.raises(InvalidRequest, match="a person's id"):
        list(answers(folder, "data.export", user="alice"))


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
async def test_the_bot_runs_until_it_is_told_to_stop(
    told: signal.Signals, discord: LocalDiscord, tmp_path: Path
) -> None:
    discord.create_guild("Market")
    environ = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_REST_URL": discord.rest_url}

    async with process("run", folder=tmp_path, **environ) as bot:
        assert await discord.until(
            lambda: bool(discord.connections and discord.commands()), patience=PATIENCE
        )
        if told is signal.SIGTERM and supported():
            await asyncio.to_thread(ask_about_a_person, tmp_path / "data")
        bot.send_signal(told)
        code, output = await the_end(bot)

    assert code == 0, output
    assert "KeyboardInterrupt" not in output
    assert "CancelledError" not in output, output
    assert discord.token not in output
    assert await discord.until(lambda: not discord.connections)


async def test_a_refused_token_is_said_in_one_sentence(discord: LocalDiscord, tmp_path: Path) -> None:
    wrong = "MTIzNDU2Nzg5MDEyMzQ1Njc4.wrong1.abcdefghijklmnopqrstuvwxyz0123456789AB"
    environ = {"CHANDELIER_TOKEN": wrong, "CHANDELIER_REST_URL": discord.rest_url}

    async with process("run", folder=tmp_path, **environ) as bot:
        code, output = await the_end(bot)

    assert code == 78, "a service manager must not go on trying"
    assert output.splitlines()[-1].startswith("error: Discord refuses the token.")
    assert wrong not in output


async def test_the_bot_can_be_stopped_while_discord_does_not_answer(
    discord: LocalDiscord, tmp_path: Path
) -> None:
    discord.fail("GET", "/gateway/bot", status=503, times=None)
    environ = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_REST_URL": discord.rest_url}

    async with process("run", folder=tmp_path, **environ) as bot:
        assert await discord.until(
            lambda: any(request.path.endswith("/gateway/bot") for request in discord.requests),
            patience=PATIENCE,
        )
        bot.send_signal(signal.SIGTERM)
        code, output = await the_end(bot)

    assert code == 0, output


async def test_the_demo_starts_everything_and_says_so(tmp_path: Path) -> None:
    async with process("demo", "--smoke", "150", folder=tmp_path) as demo:
        code, output = await the_end(demo)

    assert code == 0, output
    assert "/status" in output
    assert "the page answered" in output
    assert sorted(await asyncio.to_thread(tmp_path.rglob, "*")) == []


async def test_the_demo_lives_until_ctrl_c(tmp_path: Path) -> None:
    async with process("demo", folder=tmp_path) as demo:
        page = await find_line(demo, lambda line: "/" in line and "Open this page:" in line)
        url = page.split()[-1]
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert response.status == 200
        await find_line(demo, lambda line: "Ctrl-C" in line)
        demo.send_signal(signal.SIGINT)
        code, output = await the_end(demo)

    assert code == 0, output
    assert "KeyboardInterrupt" not in output
    assert "CancelledError" not in output, output


async def find_line(started: asyncio.subprocess.Process, wanted: Callable[[str], bool]) -> str:
    """Read the process's output up to a line."""
    assert started.stdout is not None
    seen: list[str] = []
    async with asyncio.timeout(PATIENCE):
        async for raw in started.stdout:
            seen.append(raw.decode())
            if wanted(seen[-1]):
                return seen[-1]
    raise AssertionError("".join(seen))


def test_a_task_that_refuses_to_end_does_not_keep_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barrier, "PATIENCE", 0.01)
    monkeypatch.setattr(barrier, "ASKED_AGAIN", (0.01,))
    refused = []

    async def refuse() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                refused.append(True)

    async def work() -> None:
        refused.append(asyncio.create_task(refuse(), name="watcher: poll"))
        await asyncio.sleep(0)

    assert not signals.run_until_told(work())
    assert refused[1:] == [True, True]
    refused[0].get_coro().close()


def test_a_stop_goes_on_although_a_cancellation_got_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library swallowed the first one; the second ended the wait that the demo hung in."""
    monkeypatch.setattr(signals, "STOP_WITHIN", 0.01)
    swallowed = []

    async def stubborn() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            swallowed.append(True)
        await asyncio.Event().wait()

    assert signals.run_until_told(stubborn())
    assert swallowed == [True]


BUSY = """
async def setup(self, ctx):
    while True:
        pass
"""


async def hear(started: asyncio.subprocess.Process, words: str) -> str:
    """Read what a process says up to a line with these words."""
    assert started.stdout is not None
    said = ""
    async with asyncio.timeout(PATIENCE):
        while words not in said:
            line = await started.stdout.readline()
            assert line, said
            said += line.decode()
    return said


@pytest.mark.endurance
async def test_what_blocks_the_bot_is_named_and_a_second_ctrl_c_ends_it(
    discord: LocalDiscord, tmp_path: Path, install
) -> None:
    install("busy", methods=BUSY)
    environ = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_REST_URL": discord.rest_url}
    environ["PYTHONPATH"] = str(tmp_path / "site")

    async with process("run", folder=tmp_path, **environ) as bot:
        said = await hear(bot, "--without busy")
        bot.send_signal(signal.SIGINT)
        await asyncio.sleep(0.5)  # two signals at once are one to a process
        bot.send_signal(signal.SIGINT)
        code, _ = await the_end(bot)

    assert "plugin busy has blocked the event loop" in said
    assert "Made.setup" in said and ".py:" in said
    assert code != 0


@pytest.mark.endurance
async def test_a_plugin_that_blocks_while_the_command_line_loads_it_is_named(tmp_path: Path, install) -> None:
    install("busy", "while True: pass")

    async with process("check", folder=tmp_path, PYTHONPATH=str(tmp_path / "site")) as check:
        said = await hear(check, "--without busy")
        check.send_signal(signal.SIGINT)
        await the_end(check)

    assert "the plugin busy is still being loaded after 5 seconds, at <module> (" in said

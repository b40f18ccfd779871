"""An operator at the machine speaks with the running bot: asks, switches, follows its log; no one else."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import socket
import stat
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from loguru import logger

from chandelier.app import Host
from chandelier.cli import main
from chandelier.config.deployment import Deployment
from chandelier.control import place, server
from chandelier.control.client import NotRunning, ask, follow
from chandelier.control.operations import Operations
from chandelier.control.protocol import LONGEST_REQUEST, encode
from chandelier.control.server import ControlServer
from chandelier.errors import InvalidRequest, ServiceUnavailable
from chandelier.observe.log import Logs
from chandelier.record import State

pytestmark = pytest.mark.skipif(not place.supported(), reason="no Unix sockets that asyncio serves")


async def asked(folder: Path, op: str, /, **args: Any) -> Any:
    """Ask in a thread, as the command line does in a process of its own."""
    return await asyncio.to_thread(lambda: ask(folder, op, **args))


@pytest.fixture
async def offered(tmp_path: Path) -> AsyncIterator[tuple[Path, Operations]]:
    """A socket on which the test decides what can be asked."""
    operations = Operations()
    control = ControlServer(tmp_path, operations, clean=lambda text: text.replace("s3cret", "…"))
    await control.start()
    try:
        yield tmp_path, operations
    finally:
        await control.stop()


# ---- the socket


async def test_the_socket_is_for_its_own_user_only(offered) -> None:
    folder, _ = offered

    assert stat.S_IMODE((folder / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "run" / "control.sock").stat().st_mode) == 0o600


async def test_another_user_is_refused_even_if_the_folder_were_open(offered, monkeypatch) -> None:
    folder, operations = offered

    async def secret(_: Mapping[str, Any]) -> str:
        return "the secret"

    operations.register("secret", secret)
    monkeypatch.setattr(server, "peer_may_speak", lambda _: False)

    with pytest.raises(ServiceUnavailable, match="only the bot's own user"):
        await asked(folder, "secret")


async def test_a_dead_processs_socket_is_replaced_and_a_stopped_hosts_is_gone(tmp_path: Path) -> None:
    place.make_folder(tmp_path)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "run" / "control.sock"))
    with pytest.raises(NotRunning, match="the bot does not run on the data folder"):
        ask(tmp_path, "status")

    operations = Operations()
    operations.register("ping", pong)
    control = ControlServer(tmp_path, operations)
    await control.start()
    assert await asked(tmp_path, "ping") == "pong"
    await control.stop()

    assert not (tmp_path / "run" / "control.sock").exists()


async def test_a_data_folder_with_a_long_path_works_as_well(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 120) / ("b" * 120)
    operations = Operations()
    operations.register("ping", pong)
    control = ControlServer(folder, operations)
    await control.start()

    assert await asked(folder, "ping") == "pong"
    await control.stop()
    assert not (folder / "run" / "control.sock").exists()


async def test_a_folder_that_is_no_folder_costs_the_socket_and_not_the_bot(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    control = ControlServer(tmp_path, Operations())

    await control.start()

    with pytest.raises(NotRunning):
        ask(tmp_path, "status")
    await control.stop()


async def pong(_: Mapping[str, Any]) -> str:
    return "pong"


# ---- the protocol


async def test_an_operation_answers_with_data_or_with_a_reason(offered) -> None:
    folder, operations = offered

    async def export(args: Mapping[str, Any]) -> dict[str, Any]:
        if args["user"] == 0:
            raise InvalidRequest("there is nobody with the token s3cret")
        if args["user"] == 1:
            raise RuntimeError("s3cret detail")
        return {"user": args["user"], "text": "ü\ud800\n" + "x" * 200_000}

    operations.register("data.export", export)

    found = await asked(folder, "data.export", user=7)
    assert (found["user"], len(found["text"])) == (7, 200_003)
    with pytest.raises(InvalidRequest, match="the token …"):
        await asked(folder, "data.export", user=0)
    with pytest.raises(ServiceUnavailable, match="it failed: RuntimeError; the bot's log says where"):
        await asked(folder, "data.export", user=1)
    with pytest.raises(InvalidRequest, match=r"no operation 'data.exprt'; did you mean data.export\?"):
        await asked(folder, "data.exprt")
    with pytest.raises(ValueError, match="already"):
        operations.register("data.export", export)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"\x00\xff garbage\n", "not JSON"),
        (b"[" * 50_000 + b"\n", "not JSON"),
        (b"[1]\n", "an object with v, op and args"),
        (b'{"v": 2, "op": "ping"}\n', "speaks version 1 of this protocol, not 2"),
        (b'{"v": 1, "op": ["ping"]}\n', "op is text"),
        (b'{"v": 1, "op": "ping", "args": 3}\n', "args is an object"),
        (b"x" * (LONGEST_REQUEST + 10) + b"\n", "at most 65536 bytes"),
    ],
)
async def test_nonsense_gets_a_sentence_and_hurts_nobody(offered, line: bytes, said: str) -> None:
    folder, operations = offered
    operations.register("ping", pong)

    reader, writer = await asyncio.open_unix_connection(folder / "run" / "control.sock")
    with contextlib.suppress(ConnectionError):  # it may have been answered before all of it was taken
        writer.write(line)
        await writer.drain()
    answer = json.loads(await reader.readline())
    writer.close()

    assert not answer["ok"]
    assert said in answer["error"]
    assert await asked(folder, "ping") == "pong"


async def test_who_says_nothing_or_reads_nothing_is_let_go(offered, monkeypatch) -> None:
    folder, operations = offered
    monkeypatch.setattr(server, "ASK_WITHIN", 0.05)
    monkeypatch.setattr(server, "READ_WITHIN", 0.05)
    ended = asyncio.Event()

    async def flood(_: Mapping[str, Any]) -> Any:
        try:
            while True:
                yield "x" * 100_000
        finally:
            ended.set()

    operations.register("flood", flood)
    silent, _writer = await asyncio.open_unix_connection(folder / "run" / "control.sock")
    _, deaf = await asyncio.open_unix_connection(folder / "run" / "control.sock")
    deaf.write(encode({"v": 1, "op": "flood"}))

    await asyncio.wait_for(ended.wait(), 30)
    assert await asyncio.wait_for(silent.read(), 30) == b""
    _writer.close()
    deaf.transport.abort()


async def test_more_clients_than_fit_are_told_so(offered, monkeypatch) -> None:
    folder, operations = offered
    operations.register("ping", pong)
    monkeypatch.setattr(server, "MOST_CLIENTS", 1)
    _, idle = await asyncio.open_unix_connection(folder / "run" / "control.sock")

    with pytest.raises(ServiceUnavailable, match="1 others speak with the bot"):
        await asked(folder, "ping")
    idle.close()


async def test_an_operation_goes_on_when_who_asked_for_it_is_gone(offered) -> None:
    folder, operations = offered
    begun, go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def reload(_: Mapping[str, Any]) -> str:
        begun.set()
        await go_on.wait()
        done.set()
        return "x" * 1_000_000

    operations.register("reload", reload)
    operations.register("ping", pong)
    _, writer = await asyncio.open_unix_connection(folder / "run" / "control.sock")
    writer.write(encode({"v": 1, "op": "reload"}))
    await begun.wait()
    writer.transport.abort()
    go_on.set()
    await done.wait()

    assert await asked(folder, "ping") == "pong"


# ---- a running host, from the command line


@pytest.fixture
async def running(discord, install, tmp_path: Path, monkeypatch, database_url) -> AsyncIterator[Any]:
    """A host with a plugin, with its logs as `chandelier run` has them, and a terminal in its folder."""
    install("greeter", BODY)
    monkeypatch.chdir(tmp_path)
    lines = ["[chandelier]", "version = 1", f'rest_url = "{discord.rest_url}"']
    lines += [] if database_url is None else [f'database_url = "{database_url}"']
    (tmp_path / "config.toml").write_text("\n".join(lines) + "\n")
    deployment = Deployment.read(tmp_path / "config.toml", {"CHANDELIER_TOKEN": discord.token})
    with Logs(stream=io.StringIO()) as logs:
        logs.redactor.learn(discord.token)
        host = Host(deployment, only=["greeter"], clock=discord.clock, logs=logs)
        remove = discord.add_idle_probe(host.idle)
        await host.start()
        try:
            yield host
        finally:
            remove()
            await host.stop()


BODY = """
@loader.command
class Hello(lightbulb.SlashCommand, name="hello", description="Say hello"):
    @lightbulb.invoke
    async def invoke(self, ctx: lightbulb.Context) -> None:
        await ctx.respond("one")
"""


async def typed(*words: str) -> Any:
    return await asyncio.to_thread(lambda: CliRunner().invoke(main, list(words), catch_exceptions=False))


async def test_status_and_the_plugins_of_a_running_bot(running, discord, install) -> None:
    host = running
    status = await typed("status")
    assert status.exit_code == 0, status.output
    assert "✓ ready" in status.output
    assert "greeter" in status.output
    found = json.loads((await typed("status", "--json")).output)
    assert (found["ready"], found["timers"], found["outbox_late"]) == (True, 1, 0)  # core's own daily timer
    assert discord.token not in json.dumps(found)

    off = await typed("plugins", "disable", "greeter")
    assert (off.exit_code, off.output) == (0, "greeter 1.0 is stopped: disabled\n")
    assert host.lifecycle.records["greeter"].state is State.STOPPED
    assert "hello" not in [command["name"] for command in discord.commands()]
    assert (await typed("plugins", "enable", "greeter")).output == "greeter 1.0 is running\n"

    install("greeter", BODY.replace("one", "two"), version="2.0")
    assert (await typed("plugins", "reload", "greeter")).output == "greeter 2.0 is running\n"
    install("greeter", "raise RuntimeError('broken')", version="3.0")
    broken = await typed("plugins", "reload", "greeter")
    assert broken.exit_code == 1
    assert "greeter 3.0 did not start" in broken.output
    assert "version 2.0 goes on running" in " ".join(broken.output.split())
    unknown = await typed("plugins", "disable", "greter")
    assert unknown.exit_code == 1
    assert "there is no plugin named 'greter'" in unknown.output


async def test_the_log_of_a_running_bot_is_shown_and_followed_without_secrets(
    running, discord, tmp_path
) -> None:
    logger.bind(plugin="greeter").warning("hello\x1b[2J from {}", discord.token)
    logger.bind(plugin="redeye").info("nothing new")

    shown = await typed("logs", "--level", "info")
    assert discord.token not in shown.output
    assert "greeter hello\\x1b[2J from" in shown.output
    assert "nothing new" in shown.output
    only = await typed("logs", "--plugin", "redeye", "--json", "-n", "1")
    assert json.loads(only.output)["message"] == "nothing new"

    entries = follow(tmp_path / "data", "logs", count=1, plugin="greeter", follow=True)
    assert "hello" in (await asyncio.to_thread(next, entries))["message"]
    for number in (1, 2):
        logger.bind(plugin="greeter").info("news {}", number)
        logger.info("not about it")
    news = [(await asyncio.to_thread(next, entries))["message"] for _ in range(2)]
    assert news == ["news 1", "news 2"]

    entries.close()
    async with asyncio.timeout(60):
        while running.observatory.recent._followers:  # the host hears of it when the system tells it
            await asked(tmp_path / "data", "status")


async def test_without_a_running_bot_the_commands_say_so_and_offer_the_next_start(
    install, tmp_path: Path, monkeypatch, database_url
) -> None:
    install("greeter")
    monkeypatch.chdir(tmp_path)
    if database_url is not None:
        monkeypatch.setenv("CHANDELIER_DATABASE_URL", database_url)
    for words in (["status"], ["logs"], ["plugins", "reload", "greeter"], ["plugins", "enable", "greeter"]):
        result = await typed(*words)
        assert result.exit_code == 1
        assert "the bot does not run on the data folder" in result.output

    wrong = await typed("plugins", "disable", "greter", "--next-start")
    assert "did you mean greeter?" in wrong.output
    result = await typed("plugins", "disable", "greeter", "--next-start")
    assert (result.exit_code, result.output) == (0, "greeter will be disabled at the next start\n")
    deployment = Deployment.read(tmp_path / "config.toml", {"CHANDELIER_TOKEN": "x"} | dict(os.environ))
    host = Host(deployment, only=["greeter"])
    await host._open_storage()
    assert await host.state.disabled() == {"greeter"}
    await host.database.close()

"""Errors reach a service that speaks Sentry's protocol, and nothing about people or secrets does."""

from __future__ import annotations

import asyncio
import builtins
import io
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from loguru import logger

from chandelier.config.secret import Secret
from chandelier.observe import sentry
from chandelier.observe.log import Logs
from chandelier.observe.sentry import MOST_A_MINUTE, ErrorReports

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"
PRIVATE = ("hello from alice", "alice", TOKEN, "s3cret-value", "123456789012345678", "local")


class Service:
    """The envelope endpoint: https://develop.sentry.dev/sdk/data-model/envelopes/."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.raw = ""
        self.came = asyncio.Event()
        self.port = 0

    @property
    def dsn(self) -> Secret:
        return Secret(f"http://publickey@127.0.0.1:{self.port}/7")

    async def take(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        self.raw += body
        lines = body.splitlines()
        self.events += [
            json.loads(data)
            for header, data in zip(lines[1::2], lines[2::2], strict=True)
            if json.loads(header)["type"] == "event"
        ]
        self.came.set()
        return web.json_response({})


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    service = Service()
    app = web.Application()
    app.router.add_post("/api/7/envelope/", service.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.port = runner.addresses[0][1]
    yield service
    await runner.cleanup()


@pytest.fixture
def written() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
async def logs(written: io.StringIO) -> AsyncIterator[Logs]:
    with Logs(stream=written) as logs:
        logs.redactor.learn("s3cret-value")
        yield logs


async def sent(logs: Logs, dsn: Secret, *, texts: bool = False) -> None:
    """An error happens, with everything private that an error can carry."""
    reports = ErrorReports(logs.redactor, texts=texts)
    assert reports.start(dsn)
    remove = logs.add(reports.take)
    try:
        _fail("hello from alice")
    except ValueError as error:
        bound = logger.bind(plugin="redeye", reference="K7QF", member="alice")
        bound.opt(exception=error).error("listener of 'alice' failed for 123456789012345678")
    logger.warning("no error, so it stays here")
    remove()
    await reports.stop()


def _fail(content: str) -> None:
    local = {"content": content, "token": TOKEN}
    try:
        raise KeyError(f"local {local['content']}")
    except KeyError as error:
        raise ValueError(f"cannot read {content!r} of 123456789012345678: broken") from error


async def test_an_error_arrives_with_its_place_and_without_anything_private(logs, service) -> None:
    await sent(logs, service.dsn)

    [event] = service.events
    assert event["tags"] == {"plugin": "redeye", "reference": "K7QF"}
    assert event["level"] == "error"
    assert event["release"].startswith("chandelier@")
    first, last = event["exception"]["values"]
    assert (first["type"], last["type"]) == ("KeyError", "ValueError")
    assert last["stacktrace"]["frames"][-1]["function"] == "_fail"
    assert [word for word in PRIVATE if word in service.raw] == []
    assert not event.keys() & {
        "server_name",
        "user",
        "breadcrumbs",
        "extra",
        "request",
        "modules",
        "contexts",
    }


async def test_texts_leave_only_if_wanted_and_without_quotes_ids_and_secrets(logs, service) -> None:
    await sent(logs, service.dsn, texts=True)

    [event] = service.events
    assert event["message"] == "listener of '…' failed for <id>"
    assert event["exception"]["values"][-1]["value"] == "cannot read '…' of <id>: broken"
    assert [word for word in PRIVATE if word in service.raw] == []


async def test_an_exception_that_carries_a_secret_leaves_without_it(logs, service) -> None:
    reports = ErrorReports(logs.redactor, texts=True)
    reports.start(service.dsn)
    remove = logs.add(reports.take)
    try:
        raise RuntimeError(f"login with s3cret-value and {TOKEN}")
    except RuntimeError as error:
        logger.opt(exception=error).error("no")
    remove()
    await reports.stop()

    assert len(service.events) == 1
    assert "s3cret-value" not in service.raw
    assert TOKEN not in service.raw


async def test_a_service_that_never_answers_does_not_keep_the_bot(logs, monkeypatch) -> None:
    monkeypatch.setattr(sentry, "FLUSH_WITHIN", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # accepts, and says nothing
        dsn = Secret(f"http://publickey@127.0.0.1:{silent.getsockname()[1]}/7")
        async with asyncio.timeout(20):
            await sent(logs, dsn)


async def test_a_flood_is_bounded(logs, service) -> None:
    time = 0.0
    reports = ErrorReports(logs.redactor, now=lambda: time)
    reports.start(service.dsn)
    remove = logs.add(reports.take)
    for _ in range(MOST_A_MINUTE + 20):
        logger.error("again")
    time = 61.0
    logger.error("a minute later")
    remove()
    await reports.stop()

    assert len(service.events) == MOST_A_MINUTE + 1


@pytest.mark.parametrize("dsn", ["nonsense", "http://127.0.0.1/7", "https://key@host/"])
def test_a_dsn_that_is_none_is_said_without_showing_it(logs, written, dsn: str) -> None:
    assert not ErrorReports(logs.redactor).start(Secret(dsn))
    assert "sentry_dsn cannot be read" in written.getvalue()


def test_a_missing_library_is_said_with_what_to_install(logs, written, monkeypatch) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name.startswith("sentry_sdk"):
            raise ModuleNotFoundError(name=name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)

    assert not ErrorReports(logs.redactor).start(Secret("http://publickey@127.0.0.1:1/7"))
    assert "pip install 'chandelier[sentry]'" in written.getvalue()


async def test_a_running_host_reports_what_its_plugins_do(discord, install, tmp_path, service) -> None:
    from chandelier.app import Host
    from chandelier.config.deployment import Deployment

    (tmp_path / "config.toml").write_text(f'[chandelier]\nversion = 1\nrest_url = "{discord.rest_url}"\n')
    environ = {"CHANDELIER_TOKEN": discord.token, "CHANDELIER_SENTRY_DSN": service.dsn.reveal()}
    deployment = Deployment.read(tmp_path / "config.toml", environ)
    install("broken", methods="async def setup(self, ctx):\n    raise KeyError('alice')")
    with Logs(stream=io.StringIO()) as logs:
        host = Host(deployment, only=["broken"], clock=discord.clock, logs=logs)
        await host.start()
        await host.stop()

    [event] = service.events
    assert event["tags"] == {"plugin": "broken"}
    assert event["exception"]["values"][-1]["type"] == "KeyError"
    assert "alice" not in service.raw

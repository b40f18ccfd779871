"""Logs as an operator reads them: whose line it is, what happened, and never a secret."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import threading
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import aiohttp
import alembic.util.messaging  # the logger exists once the library is there
import hikari
import pytest
from aiohttp import web
from loguru import logger

from chandelier.config.secret import Secret
from chandelier.errors import InvalidRequest
from chandelier.observe.log import Logs

assert alembic.util.messaging is not None

TOKEN = "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcDe.abcdefghijklmnopqrstuvwxyz0123456789AB"


class Written:
    """The lines that a host has logged so far."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def written() -> Written:
    return Written()


@pytest.fixture
def logs(written: Written) -> Iterator[Logs]:
    with Logs(level="DEBUG", format="json", stream=written.stream) as logs:
        yield logs


def test_a_log_file_that_cannot_be_written_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    logs = Logs(stream=io.StringIO(), file=tmp_path / "file" / "bot.log")

    with pytest.raises(InvalidRequest, match=r"log_file: .*bot\.log cannot be written: .*another file"):
        logs.start()


def test_a_record_says_which_plugin_and_which_reference(logs: Logs, written: Written) -> None:
    with logs.about(reference="K7QF"):
        logs.plugin("moderation").info("warned {}", "bob", case=12)

    [entry] = written.entries
    assert entry["message"] == "warned bob"
    assert (entry["plugin"], entry["reference"], entry["case"]) == ("moderation", "K7QF", 12)
    assert entry["level"] == "INFO"


@pytest.mark.parametrize("library", ["hikari.gateway.0", "lightbulb.client"])
def test_the_libraries_join_with_the_marks_of_the_work_they_do(
    library: str, logs: Logs, written: Written
) -> None:
    with logs.about(plugin="redeye", reference="AB12"):
        logging.getLogger(library).info("did %s", "something")

    # Others may speak meanwhile, such as a library about what is collected.
    [entry] = [entry for entry in written.entries if entry["logger"] == library]
    assert entry["message"] == "did something"
    assert (entry["plugin"], entry["reference"]) == ("redeye", "AB12")


def test_alembic_speaks_up_only_when_something_is_wrong(logs: Logs, written: Written) -> None:
    alembic_logger = logging.getLogger("alembic.runtime.migration")

    alembic_logger.info("Running upgrade 0001 -> 0002")  # the host says so itself, in one line
    alembic_logger.warning("something is odd")

    assert [entry["message"] for entry in written.entries] == ["something is odd"]


def test_hikaris_own_trace_level_is_known(written: Written) -> None:
    with Logs(level="TRACE", format="json", stream=written.stream):
        logging.getLogger("hikari.rest").log(hikari.internal.ux.TRACE, "bytes")

    assert [entry["level"] for entry in written.entries] == ["TRACE"]


def test_sqlalchemy_joins_without_the_data_in_its_statements(logs: Logs, written: Written) -> None:
    logging.getLogger("sqlalchemy.engine.Engine").info("INSERT … ['alice']")
    logging.getLogger("sqlalchemy.pool").warning("the pool is exhausted")

    assert [entry["message"] for entry in written.entries] == ["the pool is exhausted"]


def test_what_a_library_says_of_a_cancellation_is_no_error(logs: Logs, written: Written) -> None:
    try:
        raise asyncio.CancelledError
    except asyncio.CancelledError:
        logging.getLogger("sqlalchemy.pool").error("terminating a connection", exc_info=True)

    [line] = written.entries
    assert (line["level"], line["message"]) == ("DEBUG", "terminating a connection")
    assert "CancelledError" not in json.dumps(line)


def test_the_libraries_loggers_are_given_back_as_they_were() -> None:
    hikari_logger = logging.getLogger("hikari")
    before = (hikari_logger.level, hikari_logger.propagate, list(hikari_logger.handlers))
    first, second = Logs(stream=io.StringIO()), Logs(level="ERROR", stream=io.StringIO())

    first.start()
    second.start()
    first.stop()
    assert hikari_logger.level == logging.ERROR
    assert hikari_logger.propagate is False
    second.stop()

    assert (hikari_logger.level, hikari_logger.propagate, list(hikari_logger.handlers)) == before


def test_two_hosts_in_one_process_keep_their_logs_apart() -> None:
    ours, theirs = io.StringIO(), io.StringIO()

    def host(stream: io.StringIO, name: str) -> Logs:
        logs = Logs(stream=stream)
        logs.start()
        logs.logger.info("{} speaks", name)
        logging.getLogger("hikari").info("hikari of %s", name)
        logger.info("a plugin's own loguru of {}", name)
        return logs

    market = copy_context().run(host, ours, "market")
    forum = copy_context().run(host, theirs, "forum")
    market.stop()
    forum.stop()

    for stream, own, other in ((ours, "market", "forum"), (theirs, "forum", "market")):
        lines = stream.getvalue().splitlines()
        assert len(lines) == 3
        assert all(own in line and other not in line for line in lines)


def test_nothing_is_written_after_the_stop(written: Written) -> None:
    logs = Logs(stream=written.stream)
    logs.start()
    logs.stop()

    logs.logger.info("too late")
    logging.getLogger("hikari").error("too late as well")

    assert written.text == ""


def test_a_registered_secret_is_taken_out_of_message_and_extra(logs: Logs, written: Written) -> None:
    logs.redactor.learn(Secret("s3cr3t-key"))

    logs.logger.bind(headers={"X-Key": "s3cr3t-key"}).warning("sent {} to the shop", "s3cr3t-key")

    [entry] = written.entries
    assert entry["message"] == "sent <secret> to the shop"
    assert entry["headers"] == {"X-Key": "<secret>"}
    assert "s3cr3t" not in written.text


def test_a_traceback_shows_no_local_variables_and_no_secret(logs: Logs, written: Written) -> None:
    logs.redactor.learn(Secret("s3cr3t-key"))

    def connect(token: str) -> None:
        local_copy = f"Bot {token}"
        raise ConnectionError(f"refused with {local_copy}")

    for token in ("s3cr3t-key", TOKEN):
        try:
            try:
                connect(token)
            except ConnectionError as error:
                raise RuntimeError("cannot start") from error
        except RuntimeError:
            logs.logger.exception("the gateway failed")

    first, second = written.entries
    assert "s3cr3t" not in written.text
    assert TOKEN not in written.text
    for entry in (first, second):
        assert "ConnectionError: refused with Bot <secret>" in entry["exception"]
        assert "RuntimeError: cannot start" in entry["exception"]
        assert 'raise ConnectionError(f"refused with {local_copy}")' in entry["exception"]


def test_a_traceback_whose_secret_is_only_a_local_variable_stays_readable(
    logs: Logs, written: Written
) -> None:
    def connect(token: str) -> int:
        return len(token) // 0

    try:
        connect(TOKEN)
    except ZeroDivisionError:
        logs.logger.exception("the gateway failed")

    assert TOKEN not in written.text
    assert "return len(token) // 0" in written.entries[0]["exception"]


def test_a_sink_of_someone_else_sees_no_secret_either(logs: Logs) -> None:
    logs.redactor.learn(Secret("s3cr3t-key"))
    seen: list[Any] = []
    foreign = logger.add(
        lambda message: seen.append((message, message.record)), diagnose=True, backtrace=True
    )

    def connect(token: str) -> None:
        raise ConnectionError(token)

    try:
        try:
            connect("s3cr3t-key")
        except ConnectionError:
            for log in (logs.plugin("redeye"), logger):
                log.bind(key="s3cr3t-key").exception("failed with s3cr3t-key")
    finally:
        logger.remove(foreign)

    assert len(seen) == 2
    for line, record in seen:
        assert "failed with <secret>" in line
        assert "s3cr3t" not in line
        assert "s3cr3t" not in repr(record)


def test_what_a_thread_logs_is_redacted_as_well(logs: Logs, written: Written) -> None:
    logs.redactor.learn(Secret("s3cr3t-key"))

    thread = threading.Thread(target=lambda: logger.info("sent {}", "s3cr3t-key"))
    thread.start()
    thread.join()

    assert [entry["message"] for entry in written.entries] == ["sent <secret>"]


def test_a_plugin_that_uses_loguru_itself_is_redacted_too(logs: Logs, written: Written) -> None:
    logs.redactor.learn(Secret("s3cr3t-key"))

    logger.opt(colors=True).info("<red>key</red> {}", "s3cr3t-key")

    assert [entry["message"] for entry in written.entries] == ["key <secret>"]


async def test_an_aiohttp_error_does_not_show_the_token_it_was_sent_with(
    logs: Logs, written: Written
) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_get("/{tail:.*}", refuse)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bot {TOKEN}"}) as session:
            url = f"http://{host}:{port}/webhooks/123456789012345678/aW50ZXJhY3Rpb246MTIzNDU2"
            async with session.get(url) as response:
                response.raise_for_status()
    except aiohttp.ClientResponseError as error:
        assert TOKEN in repr(error)
        logs.logger.opt(exception=error).bind(error=error).error("{!r}", error)
    finally:
        await runner.cleanup()

    assert "401" in written.entries[0]["message"]
    assert TOKEN not in written.text
    assert "aW50ZXJh" not in written.text


def test_text_from_people_can_neither_forge_a_line_nor_colour_it(written: Written) -> None:
    with Logs(format="pretty", stream=written.stream) as logs:
        logs.logger.info("{}", "hello\n2026-01-01 00:00:00 ERROR    host all is lost \x1b[31m<red>{x}")

    lines = written.text.splitlines()
    assert lines[1] == r"    2026-01-01 00:00:00 ERROR    host all is lost \x1b[31m<red>{x}"


def test_a_pretty_line_names_plugin_reference_and_the_rest(written: Written) -> None:
    with Logs(format="pretty", stream=written.stream) as logs, logs.about(plugin="redeye", reference="K7QF"):
        logs.logger.warning("the shop does not answer", host="shop.example")

    assert "WARNING" in written.text
    assert written.text.endswith("redeye the shop does not answer [K7QF] host=shop.example\n")


def test_the_file_is_for_its_owner_only_and_a_new_one_is_started_in_time(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "chandelier.log"
    with Logs(stream=io.StringIO(), file=file, rotation="200 B", retention=2) as logs:
        for number in range(10):
            logs.logger.info("line {} of a long story about #general and those who write in it", number)

    files = sorted(file.parent.iterdir())
    assert len(files) == 3
    assert all(entry.stat().st_mode & 0o077 == 0 for entry in files)
    assert "line 9" in file.read_text(encoding="utf-8")


def test_an_unknown_level_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ValueError, match="'LOUD', allowed: TRACE, DEBUG, INFO"):
        Logs(level="LOUD")


def test_importing_touches_nothing() -> None:
    assert not logging.getLogger("hikari").handlers
